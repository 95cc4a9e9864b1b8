//! Node.js bundles as the tests run them: compiled here, laid out as `onebox package` lays them out, but with the
//! loader as a file of its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use onebox_edge::Config;

/// What becomes `handler.wasm`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Module {
    /// The library of a handler's package.
    #[allow(dead_code, reason = "every test that has bundles has one of the two")]
    Handler(&'static str),
    /// An example of this package.
    #[allow(dead_code, reason = "every test that has bundles has one of the two")]
    Example(&'static str),
}

impl Module {
    /// Compiles it to WebAssembly and says where it is.
    pub(crate) fn compile(self) -> PathBuf {
        let mut cargo = Command::new(env!("CARGO"));
        // What this build was started with (clippy as the compiler, a profile, flags) is no concern of that one.
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_of_a_build)) {
            cargo.env_remove(name);
        }
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wasm");
        cargo
            .current_dir(workspace())
            .env("RUSTFLAGS", "-Ctarget-feature=+simd128")
            .args(["rustc", "--locked", "--quiet", "--profile", "wasm", "--target", "wasm32-unknown-unknown"])
            .arg("--target-dir")
            .arg(&target);
        let out = target.join("wasm32-unknown-unknown/wasm");
        let module = match self {
            Self::Handler(name) => {
                cargo.args(["--package", &format!("onebox-{name}"), "--lib", "--crate-type", "cdylib"]);
                out.join(format!("onebox_{}.wasm", name.replace('-', "_")))
            }
            Self::Example(name) => {
                cargo.args(["--package", "onebox-edge", "--example", name]);
                out.join("examples").join(format!("{name}.wasm"))
            }
        };
        let done = cargo.output().unwrap();
        assert!(
            done.status.success(),
            "{self:?} does not compile; is the target there? `rustup target add wasm32-unknown-unknown`\n{}",
            String::from_utf8_lossy(&done.stderr)
        );
        module
    }
}

fn is_of_a_build(name: &str) -> bool {
    let prefixes =
        ["RUSTC", "RUSTFLAGS", "CLIPPY_", "CARGO_BUILD_", "CARGO_ENCODED_", "CARGO_PROFILE_", "CARGO_TARGET_"];
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// The checkout.
pub(crate) fn workspace() -> &'static Path {
    // This file is part of tests of several packages; each of their folders is in the workspace's.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Writes a bundle.
pub(crate) fn write(folder: &Path, module: &Path, config: &str) {
    fs::create_dir_all(folder).unwrap();
    let copy = |from: &Path, name: &str| fs::copy(from, folder.join(name)).unwrap();
    copy(module, "handler.wasm");
    copy(&workspace().join("edge/node/onebox.mjs"), "onebox.mjs");
    copy(&workspace().join("viewer-request/index.mjs"), "index.mjs");
    fs::write(folder.join("config.bin"), Config::from_json(config).unwrap().pack()).unwrap();
}

/// Runs the tests of a file in `edge/node/` over the bundles in a folder, and fails as they fail.
pub(crate) fn test_in_node(file: &str, bundles: &Path) {
    let Output { status, stdout, stderr } = node()
        .current_dir(workspace().join("edge/node"))
        .args(["--test", file])
        .env("ONEBOX_BUNDLES", bundles)
        .output()
        .expect("Node.js 20 or later has to be on the PATH, or ONEBOX_NODE has to name it");
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{file} under Node.js:\n{stdout}\n{stderr}");
    let passed = stdout.lines().find_map(|line| line.trim_start_matches(['#', 'ℹ', ' ']).strip_prefix("pass "));
    assert!(passed.is_some_and(|count| count != "0"), "{file} under Node.js ran no test:\n{stdout}");
}

/// The Node.js that the tests use.
fn node() -> Command {
    Command::new(env::var_os("ONEBOX_NODE").unwrap_or_else(|| "node".into()))
}
