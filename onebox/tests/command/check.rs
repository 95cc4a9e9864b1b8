use std::fmt::Write;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{CONFIG, Desk, pinned};

/// What is wrong with a configuration: `LINE:COLUMN: FIELD: MESSAGE` for each.
pub(crate) fn mistakes(text: &str) -> Vec<String> {
    let found = onebox_config::read(text);
    found.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn a_valid_configuration_is_described() {
    let desk = Desk::with(&pinned(CONFIG));
    let done = desk.run(&["check"]);
    assert_eq!((done.code, &*done.err), (Some(0), ""));
    assert_eq!(
        done.out,
        "onebox.toml is valid.
  release   web-2026-11-20, 20% on the one-box
  keys      cookie:session, else client-ip+header:user-agent, else header:user-agent
  header    X-Req-Partition
  regular   reg.example.org
  one-box   box.example.org
  pin       __Host-onebox, signed, for 7d
"
    );
    let done = desk.run(&["check", "--json"]);
    let told: Value = serde_json::from_str(&done.out).unwrap();
    let ramp = json!([{ "at": null, "share": "20%" }]);
    assert_eq!(told, json!({ "ok": true, "problems": [], "ramp": ramp, "warnings": [] }));
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
        (pinned(&CONFIG.replace("20%", "0%")), "4:1: release.share: nobody is on the one-box"),
        (pinned(&CONFIG.replace("20%", "100%")), "4:1: release.share: everybody who has a key is on the one-box"),
        (
            format!("{CONFIG}[pin]\n[override]\nname = \"try\"\nsecret = \"env:ONEBOX_SECRET\"\n"),
            "11:2: pin: is not signed: a visitor who edits the cookie chooses a bucket, and with it a side, without the token",
        ),
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

/// The warnings about crawlers: field and message.
fn of_crawlers(table: &str) -> Vec<(String, String)> {
    let done = Desk::with(&format!("{}[crawlers]\n{table}\n", pinned(CONFIG))).run(&["check", "--json"]);
    let found: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{done:?}"));
    let text = |warning: &Value, name: &str| warning[name].as_str().unwrap().to_owned();
    found["warnings"]
        .as_array()
        .unwrap_or_else(|| panic!("{found}"))
        .iter()
        .map(|warning| (text(warning, "field"), text(warning, "message")))
        .collect()
}

#[test]
fn a_crawler_that_never_matches_or_matches_everybody_is_a_warning() {
    for text in ["[wW]get", r"Googlebot\\/", "^Mozilla", "bot$", "Google.*bot", "bot|spider", "Java/[0-9]"] {
        let found = of_crawlers(&format!("contains = [\"bingbot\", \"{text}\"]"));
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert_eq!(found[0].0, "crawlers.contains.1");
        assert!(found[0].1.starts_with("looks like a regular expression"), "{found:?}");
    }
    for text in ["Mozilla", " ", ".", "/", "mozilla/5.0", "(", ";"] {
        let found = of_crawlers(&format!("contains = [\"bingbot\", \"{text}\"]"));
        assert!(found.len() == 1 && found[0].0 == "crawlers.contains.1", "{text}: {found:?}");
        assert!(
            found[0].1.starts_with("is in practically every User-Agent, so that they are all regular"),
            "{found:?}"
        );
    }
    assert!(of_crawlers("contains = [\"Safari\"]")[0].1.starts_with("is in most browsers' User-Agent"));
    let found = of_crawlers("contains = [\"Googlebot\", \"spider\"]\nexcept = [\"CUBOT\", \"BOT\"]");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "crawlers.contains.0");
    assert!(found[0].1.starts_with("never counts: ") && found[0].1.contains("\"BOT\" of crawlers.except"), "{found:?}");
    for plain in ["bot", "crawler", "(compatible; bingbot/", "+http", "curl/", "M bot"] {
        assert_eq!(of_crawlers(&format!("contains = [\"{plain}\"]")), [], "{plain}");
    }
    // Enough is enough.
    let many = vec!["\"a\\\\/\""; 300].join(", ");
    let found = of_crawlers(&format!("contains = [{many}]"));
    assert_eq!(found.len(), 11, "{found:?}");
    assert!(found[10].0 == "crawlers.contains" && found[10].1.starts_with("290 more of these texts: "), "{found:?}");
}

/// 5,000 texts of 12 characters, as a list of crawlers by name has them.
#[test]
fn a_long_list_of_crawlers_is_checked_decided_and_packaged() {
    let texts: Vec<String> = (0..5_000).map(|at| format!("crawler{at:05}")).collect();
    let desk = Desk::with(&format!("{}[crawlers]\ncontains = {texts:?}\n", pinned(CONFIG)));
    assert!(desk.read("onebox.toml").len() > 64 << 10);
    assert_eq!(desk.run(&["check"]).code, Some(0));
    let visit = b"{\"headers\":{\"user-agent\":\"a Crawler04999/1\"}}\n";
    assert!(desk.run_with(&["decide"], visit).out.contains(r#""source":"crawler""#));
    let done = desk.run(&["package"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.err.contains("of the 5000 texts"), "{}", done.err);
}

#[test]
fn a_long_list_of_exceptions_is_named_where_it_leaves_no_room() {
    let texts: Vec<String> = (0..900).map(|at| format!("device{at:03}bot{}", at * 7919 % 1000)).collect();
    let desk =
        Desk::with(&format!("{}[crawlers]\ncontains = [\"bot\", \"spider\"]\nexcept = {texts:?}\n", pinned(CONFIG)));
    let done = desk.run(&["package"]);
    assert!(done.err.contains("warning: crawlers.except: the CloudFront Functions look for "), "{}", done.err);
    assert!(done.err.contains("shorten this list"), "{}", done.err);
}

#[test]
fn a_pin_without_a_secret_is_a_note() {
    let desk = Desk::with(&format!("{CONFIG}[pin]\n"));
    let done = desk.run(&["check"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let expected = "note: onebox.toml:11:2: pin: is not signed: a visitor who edits the cookie chooses a bucket";
    assert!(done.err.starts_with(expected) && done.err.lines().count() == 1, "{}", done.err);
    let found: Value = serde_json::from_str(&desk.run(&["check", "--json"]).out).unwrap();
    assert_eq!(
        (&found["ok"], &found["warnings"], &found["notes"][0]["field"]),
        (&json!(true), &json!([]), &json!("pin"))
    );
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
        ("large.toml", "it is larger than 1024 KiB, the most that a file of this kind has; name another one"),
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
    while text.len() < (1 << 20) - 16 {
        writeln!(text, "a{count} = [[1]]").unwrap();
        count += 1;
    }
    // Beside the five that are missing.
    assert_eq!(mistakes(&text).len(), count + 5);
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        let _ = onebox_config::read(&text);
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
        let _ = onebox_config::read(&text);
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
