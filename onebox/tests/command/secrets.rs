use std::path::Path;

use crate::{ALL, Desk, Done, SECRET, package::tree};

fn command_without(desk: &Desk, variable: &str, args: &[&str]) -> Done {
    let output = desk.command().args(args).env_remove(variable).output().unwrap();
    Done {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn a_secret_that_is_missing_is_named_by_its_variable_with_its_line() {
    let desk = Desk::with(ALL);
    let token = ["token", "--partition", "one-box", "--for", "1h"];
    for args in [&["check"][..], &["decide"], &["package"], &["serve"], &token] {
        let done = command_without(&desk, "ONEBOX_SECRET", args);
        assert_eq!((done.code, &*done.out), (Some(64), ""), "{args:?}");
        assert_eq!(
            done.err,
            "error: onebox.toml has 2 problems:
onebox.toml:12:1: pin.secret: the environment variable ONEBOX_SECRET is not set: it has to hold the secret
onebox.toml:14:1: override.secret: the environment variable ONEBOX_SECRET is not set: it has to hold the secret
",
            "{args:?}"
        );
    }
    assert!(!desk.path().join("dist").exists());
}

#[test]
fn a_secret_that_is_short_or_empty_is_refused_and_not_shown() {
    let desk = Desk::with(ALL);
    for (secret, expected) in [
        ("", "the environment variable ONEBOX_SECRET is empty: it has to hold"),
        ("tooshort", "the secret has 8 bytes, and needs at least 16"),
    ] {
        let output = desk.command().arg("check").env("ONEBOX_SECRET", secret).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64));
        assert!(err.contains(expected) && !err.contains("tooshort"), "{err}");
    }
}

#[test]
fn a_secret_that_is_no_utf_8_is_refused_as_such() {
    use std::os::unix::ffi::OsStrExt as _;
    let secret = std::ffi::OsStr::from_bytes(b"correct horse battery \xff staple");
    let output = Desk::with(ALL).command().arg("check").env("ONEBOX_SECRET", secret).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(
        err.contains("the environment variable ONEBOX_SECRET holds what is not UTF-8") && !err.contains("horse"),
        "{err}"
    );
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    for value in ["hex:00112233445566778899aabbccddeeff", "hex:zz", "correct horse battery staple"] {
        let config = ALL.replace("env:ONEBOX_SECRET", value);
        let desk = Desk::with(&config);
        for args in [&["check"][..], &["check", "--json"], &["package"]] {
            let done = desk.run(args);
            assert_eq!(done.code, Some(64), "{args:?}");
            let said = done.out + &done.err;
            assert!(said.contains("env:NAME") && !said.contains(value), "{said}");
            assert_eq!(said.matches("pin.secret").count(), 1, "{said}");
        }
    }
}

#[test]
fn secrets_are_in_the_functions_that_need_them_and_never_in_what_is_printed() {
    let desk = Desk::with(ALL);
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let line =
        br#"{"headers":{"cookie":"__Host-onebox=web-2026-11-20.1.0000000000000000","onebox-force":"one-box.1.0"}}"#;
    let token = ["token", "--partition", "one-box", "--for", "1h"];
    for args in [
        &["check"][..],
        &["check", "--json"],
        &["decide"],
        &["package"],
        &["package", "--json"],
        &token,
        &[&token[..], &["--json"]].concat(),
    ] {
        let done = desk.run_with(args, line);
        assert_eq!(done.code, Some(0), "{args:?}: {}", done.err);
        for said in [done.out, done.err] {
            assert!(!said.contains(SECRET) && !said.contains(&hex), "{args:?}: {said}");
        }
    }
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let files = tree(&desk.path().join("dist"));
    let with_secret: Vec<_> =
        files.iter().filter(|(_, bytes)| holds(bytes, &hex) || holds(bytes, SECRET)).map(|(path, _)| path).collect();
    for name in ["config.json", "config.bin"] {
        let count = with_secret.iter().filter(|path| Path::new(path).ends_with(name)).count();
        assert!(count >= 4, "{name}: {with_secret:?}");
    }
    assert!(!holds(&files["manifest.json"], SECRET) && !holds(&files["manifest.json"], &hex));
}

#[test]
fn a_secret_that_can_be_guessed_is_refused_with_a_command_that_generates_one() {
    let desk = Desk::with(ALL);
    let repeated = ["a".repeat(16), "a".repeat(100), "0".repeat(32), "ab".repeat(20), "é".repeat(16)];
    let blank = [" ".repeat(16), "\t \n".repeat(8), "\u{3000}".repeat(16), "\u{a0} ".repeat(16)];
    for (secrets, expected) in [(&repeated[..], "repeats one or a few characters"), (&blank[..], "is blank")] {
        for secret in secrets {
            for args in [&["check"][..], &["package"], &["token", "--partition", "one-box", "--for", "1h"]] {
                let output = desk.command().args(args).env("ONEBOX_SECRET", secret).output().unwrap();
                let err = String::from_utf8(output.stderr).unwrap();
                assert_eq!(output.status.code(), Some(64), "{secret:?}");
                assert_eq!(err.matches(expected).count(), 2, "{err}");
                assert!(err.contains("pin.secret: the secret ") && err.contains("openssl rand -hex 32"), "{err}");
                assert!(!err.contains(secret.as_str()), "{err}");
            }
        }
    }
}

#[test]
fn a_secret_with_a_line_break_around_it_is_refused() {
    let desk = Desk::with(ALL);
    for secret in [format!("{SECRET}\n"), format!(" {SECRET}"), format!("{SECRET}\r\n"), format!("\t{SECRET}")] {
        let output = desk.command().arg("check").env("ONEBOX_SECRET", &secret).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{secret:?}");
        assert!(err.contains("begins or ends with a blank or a line break") && !err.contains(SECRET), "{err}");
    }
}

#[test]
fn package_says_which_secrets_are_in_the_folder_and_only_then() {
    let desk = Desk::with(ALL);
    let secret = "secret = \"env:ONEBOX_SECRET\"\n";
    let forced = format!("[override]\n{secret}");
    for (config, expected) in [
        (ALL.to_owned(), &["pin.secret", "override.secret"][..]),
        (ALL.replacen(secret, "", 1), &["override.secret"]),
        (ALL.replace(&forced, ""), &["pin.secret"]),
        (ALL.replace(&forced, "").replace(secret, ""), &[]),
    ] {
        desk.write("onebox.toml", config.as_bytes());
        let done = desk.run(&["package", "--out", "edge/dist"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        let said = format!("edge/dist contains secrets ({}): only you can read it", expected.join(", "));
        assert_eq!(done.err.contains(&said), !expected.is_empty(), "{}", done.err);
        assert_eq!(done.err.contains("contains secrets"), !expected.is_empty(), "{}", done.err);
        let manifest: serde_json::Value =
            serde_json::from_str(&desk.run(&["package", "--out", "edge/dist", "--json"]).out).unwrap();
        assert_eq!(manifest.get("secrets").map_or(0, |list| list.as_array().unwrap().len()), expected.len());
    }
}

/// Whatever the umask, and over a folder that everybody could read.
#[cfg(unix)]
#[test]
fn only_its_owner_can_read_what_is_packaged_and_git_does_not_see_it() {
    use std::{fs, os::unix::fs::PermissionsExt, process::Command};

    fn modes(folder: &Path, found: &mut Vec<(String, u32)>) {
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        found.push((folder.display().to_string(), mode(folder)));
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                modes(&path, found);
            } else {
                found.push((path.display().to_string(), mode(&path)));
            }
        }
    }

    let desk = Desk::with(ALL);
    let package = || {
        let mut shell = Command::new("sh");
        shell.args(["-c", "umask 000; exec \"$0\" package", env!("CARGO_BIN_EXE_onebox")]);
        assert!(shell.current_dir(desk.path()).env("ONEBOX_SECRET", SECRET).output().unwrap().status.success());
    };
    let dist = desk.path().join("dist");
    fs::create_dir(&dist).unwrap();
    fs::set_permissions(&dist, fs::Permissions::from_mode(0o777)).unwrap();
    for _ in 0..2 {
        package();
        let mut found = Vec::new();
        modes(&dist, &mut found);
        assert!(found.len() > 30, "{found:?}");
        for (path, mode) in found {
            assert_eq!(mode, if Path::new(&path).is_dir() { 0o700 } else { 0o600 }, "{path}");
        }
    }
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).current_dir(desk.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "--quiet"]);
    assert_eq!(git(&["status", "--porcelain", "--untracked-files=all"]), "?? onebox.toml\n");
}
