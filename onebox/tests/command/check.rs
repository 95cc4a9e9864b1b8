use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{CONFIG, Desk};

/// What is wrong with a configuration: `LINE:COLUMN: FIELD: MESSAGE` for each.
fn mistakes(text: &str) -> Vec<String> {
    let found = onebox::config::read(text);
    found.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn a_valid_configuration_is_described() {
    let done = Desk::with(CONFIG).run(&["check"]);
    assert_eq!((done.code, &*done.err), (Some(0), ""));
    assert_eq!(
        done.out,
        "onebox.toml is valid.
  release   web-2026-11-20, 20% on the one-box
  keys      cookie:session, else client-ip+header:user-agent, else header:user-agent
  header    X-Req-Partition
  regular   reg.example.org
  one-box   box.example.org
"
    );
    let done = Desk::with(CONFIG).run(&["check", "--json"]);
    assert_eq!(done.out, "{\"ok\":true,\"problems\":[],\"warnings\":[]}\n");
}

#[test]
fn every_field_has_its_rule() {
    /// A line of a configuration, what it is replaced by, and what is said.
    const CASES: &[(&str, &str, &str)] = &[
        ("id = \"web-2026-11-20\"", "", "2:2: release.id: is missing"),
        ("id = \"web-2026-11-20\"", "id = 7", "3:1: release.id: expected a text, found a whole number"),
        (
            "id = \"web-2026-11-20\"",
            "id = \"a b\"",
            "3:1: release.id: expected 1 to 64 letters, digits, \"_\" or \"-\"",
        ),
        ("share = \"20%\"", "", "2:2: release.share: is missing"),
        ("share = \"20%\"", "share = 20", "4:1: release.share: expected a text, found a whole number"),
        (
            "share = \"20%\"",
            "share = \"20\"",
            "4:1: release.share: expected a percentage with up to three decimals, such as \"5%\" or \"0.125%\"",
        ),
        ("share = \"20%\"", "share = \"101%\"", "4:1: release.share: a share is at most \"100%\""),
        (
            "share = \"20%\"",
            "shard = \"20%\"\nshare = \"20%\"",
            "4:1: release.shard: is unknown: did you mean release.share?",
        ),
        (
            "[partition]",
            "[partition]\nheader = \"X Y\"",
            "6:1: partition.header: expected a header name, such as \"X-Req-Partition\"",
        ),
        (
            "[partition]",
            "[partition]\nheader = \"Host\"",
            "6:1: partition.header: this header has another meaning: choose a name of your own, such as \"X-Req-Partition\"",
        ),
        (
            "[partition]",
            "[partition]\nheader = \"X-Edge-Side\"",
            "6:1: partition.header: CloudFront does not allow a function to add this header: choose a name of your own, \
             such as \"X-Req-Partition\"",
        ),
        (
            "[partition]",
            "[partition]\nsalt = \"\"",
            "6:1: partition.salt: expected some text without control characters; leave it out to use the release id",
        ),
        ("[partition]", "[partition]\nsecret = 1", "6:1: partition.secret: is unknown: remove it"),
        ("[partition]", "[partition]\n\"a.b\" = 1", "6:1: partition.\"a.b\": is unknown: remove it"),
        (
            "keys = [",
            "keys = \"cookie:session\"\nkeyz = [",
            "6:1: partition.keys: expected a list of at least one entry, found a text",
        ),
        (
            "keys = [",
            "keys = [\"cookie\", ",
            "6:9: partition.keys.0: expected \"cookie:NAME\", \"header:NAME\" or \"client-ip\"",
        ),
        (
            "keys = [",
            "keys = [\"cookie:a b\", ",
            "6:9: partition.keys.0: a cookie or header name is one or more letters, digits or any of !#$%&'*+-.^_`|~",
        ),
        ("keys = [", "keys = [[], ", "6:9: partition.keys.0: an entry needs at least one part"),
        ("keys = [", "keys = [[\"client-ip\", 1], ", "6:23: partition.keys.0.1: expected a text, found a whole number"),
        (
            "keys = [",
            "keys = [\"header:User-Agent\", ",
            "6:84: partition.keys.3: is listed above already and would never be asked: remove it",
        ),
        (
            "keys = [",
            "keys = [\"header:x-req-partition\", ",
            "6:9: partition.keys.0: is the partition header itself, which a viewer could send to choose a side",
        ),
        (
            "keys = [",
            "keys = [\"header:CloudFront-Viewer-City\", ",
            "6:9: partition.keys.0: CloudFront adds its CloudFront-* headers after viewer-request: it would never yield",
        ),
        ("domain = \"reg.example.org\"", "", "7:10: origins.regular.domain: is missing"),
        (
            "domain = \"reg.example.org\"",
            "domain = \"https://reg.example.org\"",
            "8:1: origins.regular.domain: expected a domain name of at most 253 characters, without scheme, port or path",
        ),
        (
            "domain = \"reg.example.org\"",
            "domain = \"192.0.2.1\"",
            "8:1: origins.regular.domain: CloudFront does not connect to an IP address: expected a domain name",
        ),
        (
            "domain = \"box.example.org\"",
            "domain = \"reg.example.org\"",
            "9:10: origins.one-box: is the regular origin: name where the one-box is",
        ),
        (
            "[origins.one-box]",
            "[origins.one-box]\nhost = \"a/b\"",
            "10:1: origins.one-box.host: expected a domain name of at most 253 characters, without scheme, port or path",
        ),
        (
            "[origins.one-box]",
            "[origins.one-box]\npath = \"release/\"",
            "10:1: origins.one-box.path: expected a path that begins with \"/\", does not end with it and is URL-encoded, \
             up to 255 characters",
        ),
        (
            "[origins.one-box]",
            "[origins.one-box]\nport = 22",
            "10:1: origins.one-box.port: expected 80, 443 or a number from 1024 to 65535",
        ),
        (
            "[origins.one-box]",
            "[origins.one-box]\nport = 99999999999999999999",
            "10:1: origins.one-box.port: expected 80, 443 or a number from 1024 to 65535",
        ),
        (
            "[origins.one-box]",
            "[origins.one-box]\nprotocol = \"h2\"",
            "10:1: origins.one-box.protocol: expected \"http\" or \"https\"",
        ),
        (
            "[release]",
            "[debug]\nresponse_header = \"yes\"\n[release]",
            "3:1: debug.response_header: expected true or false, found a text",
        ),
        ("[release]", "debug = 2026-11-20\n[release]", "2:1: debug: expected a table, found a text"),
        ("[release]", "[[debug]]\n[release]", "2:3: debug: expected a table, found a list"),
        ("[release]", "[releases]\n[release]", "2:2: releases: is unknown: did you mean release?"),
    ];
    for (line, replacement, expected) in CASES {
        let found = mistakes(&CONFIG.replacen(line, replacement, 1));
        assert!(found.iter().any(|found| found == expected), "{replacement}: expected {expected}, found {found:#?}");
    }
}

#[test]
fn all_problems_come_in_one_run_in_the_order_of_the_file() {
    let config = CONFIG.replace("20%", "20").replace("reg.example.org", "a b").replace("[release]", "[relase]");
    let done = Desk::with(&config).run(&["check"]);
    assert_eq!((done.code, &*done.out), (Some(64), ""));
    assert_eq!(
        done.err,
        "error: onebox.toml has 4 problems:
onebox.toml:1:1: release.id: is missing
onebox.toml:1:1: release.share: is missing
onebox.toml:2:2: relase: is unknown: did you mean release?
onebox.toml:8:1: origins.regular.domain: expected a domain name of at most 253 characters, without scheme, port or path
"
    );
}

#[test]
fn every_verb_that_reads_the_file_lists_the_same() {
    let desk = Desk::with("[release]\nid = 1\n");
    let expected = desk.run(&["check"]).err;
    assert_eq!(expected.lines().count(), 6, "{expected}");
    for verb in ["decide", "package", "serve"] {
        let done = desk.run(&[verb]);
        assert_eq!((done.code, &*done.out, &done.err), (Some(64), "", &expected), "{verb}");
    }
}

#[test]
fn syntax_errors_are_all_listed_and_hide_nothing_that_stands_elsewhere() {
    let config =
        CONFIG.replace("id = \"web-2026-11-20\"", "id = ").replace("20%", "20").replace("[partition]", "[partition");
    assert_eq!(
        mistakes(&config),
        [
            "3:6: string values must be quoted, expected literal string",
            "4:1: release.share: expected a percentage with up to three decimals, such as \"5%\" or \"0.125%\"",
            "5:11: unclosed table, expected `]`",
        ]
    );
    for (text, expected) in [
        ("release.id = 1\nrelease = 2\n", "2:1: duplicate key"),
        ("[release]\n[release]\n", "2:2: duplicate key"),
        ("a = \"\\q\"", "1:7: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\\`, `\"`, `x`, `u`, `U`"),
        ("= 1", "1:1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`"),
        ("a = 1979-99-99", "1:5: invalid date, expected month between 01 and 12"),
        ("a = \"é\" \"", "1:9: unexpected key or value, expected newline, `#`"),
    ] {
        let found = mistakes(text);
        assert!(found.iter().any(|found| found == expected), "{text:?}: {found:#?}");
    }
}

#[test]
fn problems_are_there_for_machines_too() {
    let done = Desk::with(&CONFIG.replace("20%", "20")).run(&["check", "--json"]);
    let found: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(
        found,
        json!({ "ok": false, "problems": [{
            "line": 4,
            "column": 1,
            "field": "release.share",
            "message": "expected a percentage with up to three decimals, such as \"5%\" or \"0.125%\"",
        }] })
    );
    assert_eq!((done.code, &*done.err), (Some(64), ""));
    let found: Value = serde_json::from_str(&Desk::empty().run(&["check", "--json"]).out).unwrap();
    assert_eq!((&found["ok"], &found["problems"][0]["line"]), (&json!(false), &Value::Null));
}

#[test]
fn what_is_allowed_but_hardly_meant_is_a_warning() {
    let uneven =
        CONFIG.lines().map(|line| if line.starts_with("keys") { "keys = [\"header:User-Agent\"]" } else { line });
    let uneven = uneven.collect::<Vec<_>>().join("\n");
    for (config, expected) in [
        (CONFIG.replace("20%", "0%"), "4:1: release.share: nobody is on the one-box"),
        (CONFIG.replace("20%", "100%"), "4:1: release.share: everybody who has a key is on the one-box"),
        (uneven, "6:1: partition.keys: all visitors with the same browser go to one side together"),
    ] {
        let desk = Desk::with(&config);
        let done = desk.run(&["check"]);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(done.err.starts_with(&format!("warning: onebox.toml:{expected}")), "{}", done.err);
        assert_eq!(done.err.lines().count(), 1);
        let found: Value = serde_json::from_str(&desk.run(&["check", "--json"]).out).unwrap();
        assert_eq!((&found["ok"], found["warnings"].as_array().map(Vec::len)), (&json!(true), Some(1)));
    }
}

#[test]
fn a_file_that_is_no_configuration_is_one_sentence() {
    let desk = Desk::empty();
    desk.write("folder/onebox.toml", b"");
    desk.write("binary.toml", b"a = 1\n\xff\n");
    desk.write("large.toml", &b"# and so on\n".repeat(100 << 20 >> 3));
    for (path, expected) in [
        (
            "missing.toml",
            "No such file or directory (os error 2); `onebox init` writes one, `--config FILE` names another",
        ),
        ("folder", "it is a directory; name the file in it"),
        ("binary.toml", "line 2 is not UTF-8; save it anew in that encoding"),
        ("large.toml", "it is larger than 64 KiB, which no file of this kind is"),
    ] {
        let done = desk.run(&["check", "--config", path]);
        assert_eq!((done.code, &*done.out), (Some(64), ""));
        assert_eq!(done.err, format!("error: {path} cannot be read: {expected}\n"));
    }
}

#[test]
fn the_largest_heap_of_mistakes_is_listed() {
    let mut text = String::new();
    let mut count = 0;
    while text.len() < (64 << 10) - 16 {
        writeln!(text, "a{count} = [[1]]").unwrap();
        count += 1;
    }
    // Beside the five that are missing.
    assert_eq!(mistakes(&text).len(), count + 5);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = onebox::config::read(&text);
    }

    #[test]
    fn no_piece_of_toml_makes_the_reader_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        for mistake in mistakes(&pieces.concat()) {
            let line: usize = mistake.split(':').next().unwrap().parse().unwrap();
            prop_assert!(line <= 1 + pieces.concat().matches('\n').count());
        }
    }

    #[test]
    fn a_cut_or_spoilt_configuration_makes_no_reader_panic(at in 0..CONFIG.len(), byte in any::<char>(), cut in any::<bool>()) {
        let mut text = CONFIG[..at].to_owned();
        if !cut {
            text.push(byte);
            text.push_str(&CONFIG[at..]);
        }
        let _ = onebox::config::read(&text);
    }
}

/// What TOML is made of.
const PIECES: &[&str] = &[
    "\n",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    " ",
    ".",
    ",",
    "\"",
    "\"\"\"",
    "'",
    "#",
    "\\",
    "release",
    "partition",
    "keys",
    "origins",
    "one-box",
    "id",
    "share",
    "port",
    "1",
    "0x7f",
    "1.5",
    "true",
    "1979-05-27T07:32:00Z",
    "\"5%\"",
    "\"cookie:a\"",
    "é",
    "\r\n",
    "\0",
    "release.id = 1\n",
    "[origins.regular]\n",
    "[a.b.c]\n",
];
