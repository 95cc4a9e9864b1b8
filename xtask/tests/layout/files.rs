//! The project's own files.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Folders that hold what is built, installed or found, and nothing of ours.
const NOT_OURS: &[&str] =
    &[".git", ".onebox", "artifacts", "corpus", "coverage", "dist", "node_modules", "target", "mutants.out"];

/// The checkout, as cargo says when it runs: two may share a target directory, and one of them compiles for both.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).parent().unwrap().to_owned()
}

/// Every file whose extension is one of these, or whose whole name is.
pub(crate) fn files(kinds: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&root(), kinds, &mut found);
    found
}

fn collect(folder: &Path, kinds: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !NOT_OURS.contains(&name) {
                collect(&path, kinds, found);
            }
        } else if kinds.contains(&name.rsplit('.').next().unwrap()) {
            found.push(path);
        }
    }
}

/// Whether a file holds this text.
pub(crate) fn mentions(file: &Path, text: &str) -> bool {
    let bytes = fs::read(file).unwrap();
    String::from_utf8_lossy(&bytes).contains(text)
}
