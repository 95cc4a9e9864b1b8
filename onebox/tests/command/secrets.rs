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
    for (secret, expected) in [("", "is not set"), ("tooshort", "the secret has 8 bytes, and needs at least 16")] {
        let output = desk.command().arg("check").env("ONEBOX_SECRET", secret).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64));
        assert!(err.contains(expected) && !err.contains("tooshort"), "{err}");
    }
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
