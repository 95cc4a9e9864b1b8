//! The output folder: it is replaced as a whole or not at all, and only if everything in it is ours.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    Artifact,
    manifest::{Hash, Manifest, NAME},
};
use crate::Failure;

/// How many foreign files are named before a person has seen enough.
const NAMED: usize = 5;

/// Replaces the folder by one with these files and their manifest.
pub(crate) fn replace(out: &Path, artifacts: &[Artifact], manifest: &Manifest) -> Result<(), Failure> {
    let foreign = foreign(out).map_err(|error| Failure::stuck(format!("{}: {error}", out.display())))?;
    if !foreign.is_empty() {
        return Err(Failure::usage(format!(
            "{} holds what `onebox package` did not write: {}; move it away or choose another `--out`",
            out.display(),
            foreign.join(", ")
        )));
    }
    swap(out, artifacts, manifest)
        .map_err(|error| Failure::stuck(format!("{} cannot be written: {error}", out.display())))
}

/// Writes everything beside the folder, then moves it into its place.
fn swap(out: &Path, artifacts: &[Artifact], manifest: &Manifest) -> io::Result<()> {
    let out = if out.exists() { out.canonicalize()? } else { std::path::absolute(out)? };
    let parent = out.parent().ok_or_else(|| io::Error::other("the root folder is no place for it"))?;
    fs::create_dir_all(parent)?;
    let beside = tempfile::Builder::new().prefix(".onebox-").tempdir_in(parent)?;
    // Also where the mask of the process takes bits away from the owner.
    set_mode(beside.path(), 0o700)?;
    let (new, old) = (beside.path().join("new"), beside.path().join("old"));
    create_folder(&new)?;
    for Artifact { path, bytes } in artifacts {
        let path = new.join(path);
        path.parent().map_or(Ok(()), create_folder)?;
        create_file(&path, bytes)?;
    }
    create_file(&new.join(NAME), manifest.to_json()?.as_bytes())?;
    if !out.exists() {
        return fs::rename(&new, &out);
    }
    fs::rename(&out, &old)?;
    let Err(error) = fs::rename(&new, &out) else { return Ok(()) };
    if fs::rename(&old, &out).is_err() {
        // What was there before is never removed before there is something in its place.
        let kept = beside.keep().join("old");
        return Err(io::Error::other(format!("{error}; what it held is in {} now", kept.display())));
    }
    Err(error)
}

/// Creates a folder that nobody else may look into: secrets may be in it.
fn create_folder(path: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(path)?;
    set_mode(path, 0o700)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere modes mean nothing")]
fn set_mode(_: &Path, _: u32) -> io::Result<()> {
    Ok(())
}

/// Creates a file that nobody else may read, and that nobody could before it had its mode.
fn create_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    file.write(true).create_new(true).open(path)?.write_all(bytes)?;
    set_mode(path, 0o600)
}

/// What is in the folder and was not written by an earlier run, or was changed since; the first few.
fn foreign(out: &Path) -> io::Result<Vec<String>> {
    match fs::metadata(out) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
        Ok(found) if !found.is_dir() => return Ok(vec![out.display().to_string()]),
        Ok(_) => {}
    }
    let manifest = fs::read(out.join(NAME)).ok().and_then(|text| serde_json::from_slice::<Manifest>(&text).ok());
    let mut foreign = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(out.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(path);
            } else if !(kind.is_file() && manifest.as_ref().is_some_and(|manifest| wrote(manifest, out, &path))) {
                foreign.push(path.display().to_string());
            }
            if foreign.len() == NAMED {
                return Ok(foreign);
            }
        }
    }
    foreign.sort();
    Ok(foreign)
}

/// Whether a file is as this manifest lists it, or is the manifest.
fn wrote(manifest: &Manifest, out: &Path, path: &Path) -> bool {
    path == Path::new(NAME)
        || manifest.files.iter().any(|listed| {
            Path::new(&listed.path) == path
                && fs::metadata(out.join(path)).is_ok_and(|found| found.len() == listed.size as u64)
                && fs::read(out.join(path)).is_ok_and(|bytes| Hash::of(&bytes) == listed.sha256)
        })
}
