//! The modules are the same wherever they are compiled.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{CONFIG, Desk};

#[allow(dead_code, missing_docs, unreachable_pub, reason = "a build script that is used here as a library")]
#[path = "../../build.rs"]
mod build;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Copies what Cargo needs to see of the workspace.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (name, path) = (entry.file_name(), entry.path());
        let left_out = ["target", "node_modules", "dist"].iter().any(|left_out| name == *left_out);
        if left_out || name.to_string_lossy().starts_with('.') {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn a_module_is_the_same_from_any_folder() {
    let elsewhere = TempDir::new().unwrap();
    let build = build::Build {
        workspace: elsewhere.path().join("another name/of some/depth"),
        out: elsewhere.path().join("out"),
        cargo: env!("CARGO").to_owned(),
        rustc: "rustc".to_owned(),
    };
    copy(&workspace(), &build.workspace);
    fs::create_dir(&build.out).unwrap();
    build.modules().unwrap();

    let desk = Desk::with(CONFIG);
    assert_eq!(desk.run(&["package"]).code, Some(0));
    for handler in ["viewer-request", "origin-request", "origin-response", "viewer-response"] {
        let there = fs::read(build.out.join(format!("{handler}.wasm"))).unwrap();
        let here = desk.read(&format!("dist/{handler}/handler.wasm"));
        assert!(here == there, "{handler}: {} bytes here, {} bytes there", here.len(), there.len());
        let home = std::env::var("HOME").unwrap();
        for path in [workspace().to_str().unwrap(), &home, ".cargo", ".rustup", "/tmp"] {
            let found = here.windows(path.len()).any(|window| window == path.as_bytes());
            assert!(!found, "{handler} names {path}");
        }
    }
}

#[test]
fn without_the_target_the_build_says_how_to_get_it() {
    let folder = TempDir::new().unwrap();
    let rustc = folder.path().join("rustc");
    fs::write(&rustc, "#!/bin/sh\necho /nowhere/rustlib/wasm32-unknown-unknown/lib\n").unwrap();
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755)).unwrap();
    let build = build::Build {
        workspace: workspace(),
        out: folder.path().to_owned(),
        cargo: env!("CARGO").to_owned(),
        rustc: rustc.to_str().unwrap().to_owned(),
    };
    let why = build.modules().unwrap_err();
    assert_eq!(why, "the handlers are compiled to WebAssembly: run `rustup target add wasm32-unknown-unknown`");
}
