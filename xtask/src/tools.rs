//! The tools that the steps need: found, or installed at a pinned version.
//!
//! Nothing is skipped because a tool is missing. What a package manager of the language can bring is installed into
//! the target directory or the project's own `node_modules`; what it cannot is named in a sentence.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{
    apt,
    line::{Failure, Line},
};

/// The Node.js versions that run the bundles: those that Lambda@Edge offers, and the oldest that is promised to work.
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html>
pub(crate) const NODE_VERSIONS: [u32; 3] = [20, 22, 24];

/// The oldest Node.js that may stand on the machine.
const OLDEST_NODE: u32 = 20;

/// Every pinned Node.js, by its name in `node_modules`.
const PINNED_NODE: &str = include_str!("../node/package.json");

/// Makes sure that handlers can be compiled to WebAssembly.
///
/// # Errors
/// If the target is missing and rustup cannot add it.
pub(crate) fn wasm_target() -> Result<(), Failure> {
    let target = "wasm32-unknown-unknown";
    let folder = Line::of("rustc --print target-libdir --target").args([target]).output();
    if folder.is_some_and(|folder| Path::new(&folder).is_dir()) {
        return Ok(());
    }
    // Asked for by name: RUSTUP_AUTO_INSTALL=0 turns off only what rustup would install unasked.
    Line::of("rustup target add").args([target]).run()
}

/// Makes sure that a component of the toolchain, such as clippy, answers to its command.
///
/// # Errors
/// If the component is missing and rustup cannot add it.
pub(crate) fn component(name: &str, command: &str) -> Result<(), Failure> {
    if Line::of(command).args(["--version"]).output().is_some() {
        return Ok(());
    }
    Line::of("rustup component add").args([name]).run()
}

/// Makes sure that Python, npm and a recent Node.js are on the path.
///
/// # Errors
/// Which one is missing or too old, and what to install.
pub(crate) fn languages() -> Result<(), Failure> {
    for (program, package) in
        [("python3", "Python 3"), ("node", "Node.js 20 or newer"), ("npm", "npm, Node.js' package manager")]
    {
        let version = Line::of(program).args(["--version"]).output();
        let version = version.ok_or_else(|| Failure::new(format!("{program} is missing: install {package}")))?;
        println!("{program} {version}");
        if program == "node" && major(&version).is_none_or(|major| major < OLDEST_NODE) {
            return Err(Failure::new(format!("node is {version}: install {package}")));
        }
    }
    Ok(())
}

/// njs, which runs CloudFront Functions: the path of its program.
///
/// # Errors
/// If it is missing and cannot be installed.
pub(crate) fn njs() -> Result<String, Failure> {
    apt::program(&["njs"], "njs")
}

/// Chromium, named by `CHROMIUM` or on the path: the path of its program.
///
/// # Errors
/// If it is missing and cannot be installed.
pub(crate) fn chromium() -> Result<String, Failure> {
    env::var("CHROMIUM").or_else(|_| apt::program(&["chromium", "chromium-browser", "google-chrome"], "chromium"))
}

/// moto, patched to keep AWS's rules, in a virtual environment of its own: the path of its Python. The tests that need
/// it ask the same script, and find it there.
///
/// # Errors
/// If Python is missing or too old, or pip cannot install it.
pub(crate) fn moto() -> Result<String, Failure> {
    let line = Line::of("python3 aws/tests/moto/start.py --prepare --venv");
    let line = line.args([target_dir().join("moto").display().to_string()]);
    line.run()?;
    line.output().ok_or_else(|| Failure::new(format!("it was there a moment ago; try again:\n    {line}")))
}

/// Makes sure that AWS's runtime clients are there, as published on npm. What they run when they are installed compiles
/// their native HTTP addon, for which the tests have a stand-in.
///
/// # Errors
/// If npm cannot install them.
pub(crate) fn runtime_clients() -> Result<(), Failure> {
    let folder = "onebox/tests/client";
    let is_there = |client: &str| Path::new(folder).join("node_modules").join(client).join("package.json").exists();
    if is_there("client3") && is_there("client4") {
        return Ok(());
    }
    Line::of("npm ci --ignore-scripts --bin-links=false --no-audit --no-fund --loglevel=error --prefix")
        .args([folder])
        .run()
}

/// A command of this project that cargo has built, in the folder of a profile: the path of its program.
///
/// # Errors
/// If nobody knows where xtask itself is.
pub(crate) fn built(name: &str, profile: &str) -> Result<String, Failure> {
    // xtask lies in the folder of a profile as well, beside this one or in it.
    let xtask = env::current_exe().map_err(|error| Failure::new(format!("where is xtask? {error}")))?;
    let target = xtask.ancestors().nth(2).unwrap_or(Path::new("target"));
    Ok(target.join(profile).join(name).with_extension(env::consts::EXE_EXTENSION).display().to_string())
}

/// A command of Cargo's at a version, installed if need be: the path of its program.
///
/// # Errors
/// If it cannot be installed.
pub(crate) fn cargo_tool(name: &str, version: &str) -> Result<String, Failure> {
    let root = target_dir().join("tools");
    let program = root.join("bin").join(name).display().to_string();
    let found = Line::program(&program).args(["--version"]).output();
    if found.is_none_or(|found| found != format!("{name} {version}")) {
        // Unoptimised: it runs for a second, and would be compiled for minutes.
        Line::of("cargo install --quiet --locked --force --debug --root")
            .args([root.display().to_string(), format!("{name}@{version}")])
            .run()?;
    }
    Ok(program)
}

/// A Node.js of this major version: named by `ONEBOX_NODE_22` and the like, or the pinned one, installed if need be.
///
/// # Errors
/// If there is none for this machine, or npm cannot install it.
pub(crate) fn node(wanted: u32) -> Result<String, Failure> {
    let variable = format!("ONEBOX_NODE_{wanted}");
    let program = match env::var(&variable) {
        Ok(program) => program,
        Err(_) => pinned_node(wanted, &variable)?,
    };
    let version = Line::program(&program).args(["--version"]).output();
    let version =
        version.ok_or_else(|| Failure::new(format!("{program} does not run: set {variable} to a Node.js {wanted}")))?;
    if major(&version) != Some(wanted) {
        return Err(Failure::new(format!("{program} is {version}: set {variable} to a Node.js {wanted}")));
    }
    Ok(program)
}

fn pinned_node(wanted: u32, variable: &str) -> Result<String, Failure> {
    let arch = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    let name = format!("node{wanted}-{}-{arch}", env::consts::OS);
    let none = || Failure::new(format!("no {name} is pinned in xtask/node: set {variable} to a Node.js {wanted}"));
    let pinned = pinned_version(&name).ok_or_else(none)?;

    let folder =
        Path::new("xtask/node").canonicalize().map_err(|error| Failure::new(format!("xtask/node: {error}")))?;
    let program = folder.join("node_modules").join(&name).join("bin/node").display().to_string();
    if Line::program(&program).args(["--version"]).output() != Some(format!("v{pinned}")) {
        Line::of("npm ci --prefix xtask/node --ignore-scripts --bin-links=false --no-audit --no-fund --loglevel=error")
            .run()?;
    }
    Ok(program)
}

/// The version that is pinned under a name.
fn pinned_version(name: &str) -> Option<String> {
    let package: serde_json::Value = serde_json::from_str(PINNED_NODE).ok()?;
    let (_, version) = package["optionalDependencies"][name].as_str()?.rsplit_once('@')?;
    Some(version.to_owned())
}

/// The major number of a version such as `v22.23.3`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Where cargo builds, and what was installed lies.
pub(crate) fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_a_major_number() {
        assert_eq!(major("v22.23.3"), Some(22));
        assert_eq!(major("Python 3.11"), None);
    }

    #[test]
    fn every_version_is_pinned_for_both_kinds_of_linux_machines() {
        for (wanted, arch) in NODE_VERSIONS.iter().flat_map(|wanted| [(wanted, "x64"), (wanted, "arm64")]) {
            let version = pinned_version(&format!("node{wanted}-linux-{arch}")).unwrap();
            assert!(version.starts_with(&format!("{wanted}.")), "{version}");
        }
    }
}
