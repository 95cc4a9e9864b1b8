//! Compiles the handlers to WebAssembly, for the bundles that `onebox package` writes.
//!
//! A module is the same, byte for byte, wherever it is compiled: no path of the machine gets into it, and nothing of
//! how this build was asked for (flags, wrappers, profiles) does.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

const HANDLERS: [&str; 4] = ["viewer-request", "origin-request", "origin-response", "viewer-response"];
/// The packages that the modules are made of.
const PACKAGES: [&str; 6] = ["core", "edge", "viewer-request", "origin-request", "origin-response", "viewer-response"];
const TARGET: &str = "wasm32-unknown-unknown";

fn main() -> ExitCode {
    let built = Build::of_cargo().and_then(|build| {
        let own = PACKAGES.iter().flat_map(|package| ["src", "Cargo.toml"].map(|file| format!("{package}/{file}")));
        for source in own.chain(["Cargo.toml", "Cargo.lock"].map(str::to_owned)) {
            println!("cargo::rerun-if-changed={}", build.workspace.join(source).display());
        }
        build.modules()
    });
    match built {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("cargo::error={why}");
            ExitCode::FAILURE
        }
    }
}

/// What is compiled, with what, and where to.
pub struct Build {
    /// The workspace's folder.
    pub workspace: PathBuf,
    /// Where the modules go, each named after its handler.
    pub out: PathBuf,
    /// The `cargo` command.
    pub cargo: String,
    /// The `rustc` command.
    pub rustc: String,
}

impl Build {
    /// What Cargo asks of this script.
    fn of_cargo() -> Result<Self, String> {
        let package = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
        Ok(Self {
            workspace: package.parent().ok_or("the package is in no workspace")?.to_owned(),
            out: variable("OUT_DIR")?.into(),
            cargo: variable("CARGO")?,
            rustc: variable("RUSTC")?,
        })
    }

    /// Compiles every handler to `out`.
    pub fn modules(&self) -> Result<(), String> {
        let flags = flags(&self.workspace, &Rustc::ask(&self.rustc)?)?;
        for handler in HANDLERS {
            let module = self.module(handler, &flags)?;
            fs::copy(&module, self.out.join(format!("{handler}.wasm")))
                .map_err(|error| format!("{}: {error}", module.display()))?;
        }
        Ok(())
    }

    /// Compiles one handler and says where its module is.
    fn module(&self, handler: &str, flags: &str) -> Result<PathBuf, String> {
        let mut cargo = Command::new(&self.cargo);
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(of_this_build) {
                cargo.env_remove(name);
            }
        }
        // A target directory of its own: the outer one is locked by the build that is running.
        let target = self.out.join("wasm");
        let done = cargo
            .current_dir(&self.workspace)
            .env("RUSTC", &self.rustc)
            .env("CARGO_ENCODED_RUSTFLAGS", flags)
            .args(["rustc", "--locked", "--quiet", "--profile", "wasm", "--target", TARGET, "--target-dir"])
            .arg(&target)
            .args(["--package", &format!("onebox-{handler}"), "--lib", "--crate-type", "cdylib"])
            .output()
            .map_err(|error| format!("{} cannot be started: {error}", self.cargo))?;
        if !done.status.success() {
            eprintln!("{}", String::from_utf8_lossy(&done.stderr));
            return Err(format!("onebox-{handler} does not compile for {TARGET}; its messages are below"));
        }
        Ok(target.join(TARGET).join("wasm").join(format!("onebox_{}.wasm", handler.replace('-', "_"))))
    }
}

/// The compiler in use.
struct Rustc {
    sysroot: String,
    commit: String,
}

impl Rustc {
    fn ask(path: &str) -> Result<Self, String> {
        let libraries = output(path, &["--print", "target-libdir", "--target", TARGET])?;
        if !Path::new(libraries.trim()).is_dir() {
            return Err(format!("the handlers are compiled to WebAssembly: run `rustup target add {TARGET}`"));
        }
        let sysroot = output(path, &["--print", "sysroot"])?.trim().to_owned();
        let version = output(path, &["-vV"])?;
        let commit =
            version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown").to_owned();
        Ok(Self { sysroot, commit })
    }
}

/// The compiler's flags, separated as Cargo wants them.
fn flags(workspace: &Path, rustc: &Rustc) -> Result<String, String> {
    // Node.js has had 128-bit SIMD since version 16; memchr uses it.
    let mut flags = vec!["-Ctarget-feature=+simd128".to_owned()];
    let mut remap = |from: &str, to: &str| flags.push(format!("--remap-path-prefix={from}={to}"));
    remap(&workspace.display().to_string(), "/onebox");
    // Where the standard library's sources are installed, the compiler names them instead of this.
    remap(&format!("{}/lib/rustlib/src/rust", rustc.sysroot), &format!("/rustc/{}", rustc.commit));
    for sources in registries()? {
        remap(&sources.display().to_string(), "/registry");
    }
    Ok(flags.join("\u{1f}"))
}

/// Where Cargo unpacks packages: a folder for every registry, named after its address.
fn registries() -> Result<Vec<PathBuf>, String> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo"))).ok_or("CARGO_HOME is not set")?;
    let folder = home.join("registry").join("src");
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    Ok(paths)
}

/// Whether an environment variable says how this build, and not every build, is to be done.
fn of_this_build(name: &str) -> bool {
    const PREFIXES: [&str; 9] = [
        "RUSTC_",
        "RUSTFLAGS",
        "CLIPPY_",
        "CARGO_BUILD_",
        "CARGO_CFG_",
        "CARGO_ENCODED_",
        "CARGO_INCREMENTAL",
        "CARGO_PROFILE_",
        "CARGO_TARGET_",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn output(program: &str, args: &[&str]) -> Result<String, String> {
    let done = Command::new(program).args(args).output().map_err(|error| format!("{program}: {error}"))?;
    if !done.status.success() {
        return Err(format!("{program} {}: {}", args.join(" "), String::from_utf8_lossy(&done.stderr)));
    }
    String::from_utf8(done.stdout).map_err(|error| format!("{program}: {error}"))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}"))
}
