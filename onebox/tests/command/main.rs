//! The command as its users run it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

mod bundles;
mod check;
mod decide;
mod fields;
mod first_page;
mod forced;
mod init;
mod keys;
mod moves;
mod package;
mod reproducible;
mod schedule;
mod secrets;
mod serve;
mod token;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// A folder with a configuration in it, to run the command in.
struct Desk(TempDir);

/// What a run gave.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    out: String,
    err: String,
}

/// A valid configuration.
const CONFIG: &str = r#"
[release]
id = "web-2026-11-20"
share = "20%"
[partition]
keys = ["cookie:session", ["client-ip", "header:user-agent"], "header:user-agent"]
[origins.regular]
domain = "reg.example.org"
[origins.one-box]
domain = "box.example.org"
"#;

/// A valid configuration that uses everything.
const ALL: &str = r#"[release]
id = "web-2026-11-20"
share = "20%"
[partition]
keys = ["cookie:session", ["client-ip", "header:user-agent"], "header:user-agent"]
[origins.regular]
domain = "reg.example.org"
[origins.one-box]
domain = "box.example.org"
[pin]
max_age = "7d"
secret = "env:ONEBOX_SECRET"
[override]
secret = "env:ONEBOX_SECRET"
[crawlers]
contains = ["bot"]
[function]
store = "a1b2c3"
"#;

/// The same with a signed pin.
fn pinned(config: &str) -> String {
    format!("{config}[pin]\nsecret = \"env:ONEBOX_SECRET\"\n")
}

/// What ONEBOX_SECRET holds in every run.
const SECRET: &str = "correct horse battery staple";

/// The Node.js to test with.
fn node() -> String {
    std::env::var("ONEBOX_NODE").unwrap_or_else(|_| "node".to_owned())
}

/// The njs to test with.
fn njs() -> String {
    std::env::var("ONEBOX_NJS").unwrap_or_else(|_| "njs".to_owned())
}

impl Desk {
    /// A folder with this `onebox.toml`.
    fn with(config: &str) -> Self {
        let desk = Self::empty();
        desk.write("onebox.toml", config.as_bytes());
        desk
    }

    fn empty() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onebox"));
        command.current_dir(self.path()).env("ONEBOX_SECRET", SECRET);
        command
    }

    fn run(&self, args: &[&str]) -> Done {
        self.run_with(args, b"")
    }

    /// Runs the command with this standard input.
    fn run_with(&self, args: &[&str], input: &[u8]) -> Done {
        let mut child = self
            .command()
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            // A command that does not read its input closes the pipe.
            scope.spawn(move || drop(stdin.write_all(input)));
            child.wait_with_output().unwrap()
        });
        Done {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

#[test]
fn a_wrong_command_line_is_64_and_help_is_0() {
    let desk = Desk::with(CONFIG);
    for args in [
        &[][..],
        &["chekc"],
        &["check", "--confg", "x"],
        &["check", "extra"],
        &["decide", "--now", "today"],
        &["package", "--out"],
        &["serve", "--port", "65536"],
        &["serve", "--runtime", "deno"],
        &["demo", "--json"],
        &["demo", "--share", "120%"],
        &["demo", "--seconds", "0"],
        &["demo", "--visitors", "5", "--no-crowd"],
        &["release", "begin"],
        &["release", "promote"],
        &["alias", "set", "orders", "live"],
        &["serve", "--origin-address", "reg.example.org"],
    ] {
        let done = desk.run(args);
        assert_eq!((done.code, &*done.out), (Some(64), ""), "{args:?}: {done:?}");
        assert!(!done.err.is_empty(), "{args:?}");
    }
    let alone = ["init", "check", "decide", "token", "package", "serve", "demo", "release", "shift", "alias"];
    let release = ["init", "plan", "start", "status", "watch", "resume", "abort", "promote", "history"];
    let verbs = alone.into_iter().map(|verb| vec![verb]);
    for verb in verbs.chain(release.map(|verb| vec!["release", verb])).chain([vec!["alias", "set"]]) {
        let done = desk.run(&[&*verb, &["--help"]].concat());
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.out.contains("Examples:\n"), "{verb:?} has no examples: {}", done.out);
    }
    assert_eq!(desk.run(&["--version"]).out, concat!("onebox ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn nothing_is_coloured_where_nobody_looks_or_where_it_is_not_wanted() {
    let desk = Desk::with("");
    assert!(!desk.run(&["check"]).err.contains('\x1b'));
    for (name, value, coloured) in [("CLICOLOR_FORCE", "1", true), ("NO_COLOR", "1", false)] {
        let output = desk.command().arg("check").env(name, value).output().unwrap();
        assert_eq!(output.stderr.contains(&0x1b), coloured, "{name}");
    }
}
