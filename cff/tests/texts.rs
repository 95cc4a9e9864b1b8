//! Whatever a configuration says stands in the function as it was said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

use harness::{Case, ENGINES, config, run, visit::Visit};
use onebox_core::{Partition, Time};
use serde_json::json;

/// What has a meaning in JavaScript, in JSON or in a regular expression.
const ODD: [&str; 9] = [
    "`${x}`",
    "'\"\\",
    "\\u0041\\",
    "$& $1 \\1",
    "</script><!-- //",
    "a\u{2028}b\u{2029}c",
    "\u{feff}\u{a0}\u{ad}",
    "😀 é \u{10ffff}",
    "!#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
];

/// What core and both engines say, which has to be the same.
fn sides(config: &onebox_edge::Config, visit: &Visit) -> Vec<String> {
    let function = onebox_cff::functions(config).unwrap().viewer_request;
    let core = config.policy().decide(visit, Time::from_unix_millis(0)).partition.to_string();
    let engines = ENGINES.map(|engine| {
        let case = Case { function: 0, now: 0, store: None, event: visit.request() };
        let answers = run(engine, std::slice::from_ref(&function), &[case]);
        answers[0]["message"]["headers"]["x-req-partition"]["value"].as_str().unwrap().to_owned()
    });
    std::iter::once(core).chain(engines).collect()
}

#[test]
fn a_salt_is_any_text() {
    let visit = Visit { client_ip: Some("198.51.100.7".into()), ..Visit::default() };
    for salt in ODD {
        let config = config(
            &json!({ "id": "web-1", "share": "50%" }),
            &json!(["client-ip"]),
            &json!({ "partition": { "salt": salt } }),
        );
        let bucket = config.policy().decide(&visit, Time::from_unix_millis(0)).bucket.unwrap();
        // With a share that ends at this very bucket another salt would hardly give the same answers.
        for (thousandths, side) in [(u32::from(bucket), "regular"), (u32::from(bucket) + 1, "one-box")] {
            let mut config = config.clone();
            config.release.share = onebox_core::Share::from_thousandths(thousandths).unwrap().into();
            assert_eq!(sides(&config, &visit), [side; 3], "{salt}");
        }
    }
}

#[test]
fn a_crawler_is_any_text() {
    for part in ODD {
        let more = json!({ "crawlers": { "contains": ["bot", part] } });
        let config = config(&json!({ "id": "web-1", "share": "100%" }), &json!(["header:user-agent"]), &more);
        let agent = |text: &str| {
            let headers = [("user-agent".to_owned(), vec![text.to_owned()])].into();
            sides(&config, &Visit { headers, ..Visit::default() })
        };
        assert_eq!(agent(&format!("x{part}y")), ["regular"; 3], "{part}");
        assert_eq!(agent(&part.to_ascii_uppercase()), ["regular"; 3], "{part}");
        let without_its_end: String = part.chars().take(part.chars().count() - 1).collect();
        assert_eq!(agent(&format!("x{without_its_end}")), ["one-box"; 3], "{part}");
    }
}

#[test]
fn a_secret_is_any_text_or_bytes() {
    let texts = ODD.map(|text| [text.as_bytes(), b"0123456789abcdef"].concat());
    for secret in texts.into_iter().chain([(0..16).collect(), (0..=255).collect(), (192..=255).collect()]) {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let more = json!({ "override": { "secret": format!("hex:{hex}") } });
        let config = config(&json!({ "id": "web-1", "share": "0%" }), &json!(["client-ip"]), &more);
        let token = config.policy().overrides().unwrap().token(Partition::OneBox, 1);
        let visit = Visit { cookies: vec![format!("onebox-force={token}")], ..Visit::default() };
        assert_eq!(sides(&config, &visit), ["one-box"; 3], "{hex}");
    }
}

/// Every byte that HTTP allows in a name.
#[test]
fn a_name_is_any_token() {
    let name = "!#$%&'*+-.^_`|~aZ0";
    let more = json!({ "partition": { "header": "X`${1}".replace(['{', '}'], "'") } });
    let keys = json!([format!("cookie:{name}"), format!("header:{name}")]);
    let config = config(&json!({ "id": "web-1", "share": "100%" }), &keys, &more);
    let function = onebox_cff::functions(&config).unwrap().viewer_request;
    let by_cookie = Visit { cookies: vec![format!("{name}=1")], ..Visit::default() };
    let headers = [(name.to_ascii_lowercase(), vec!["1".to_owned()])].into();
    let by_header = Visit { headers, ..Visit::default() };
    let none = Visit { cookies: vec![format!("{}=1", name.to_ascii_lowercase())], ..Visit::default() };
    for engine in ENGINES {
        let cases = [&by_cookie, &by_header, &none].map(|visit| Case {
            function: 0,
            now: 0,
            store: None,
            event: visit.request(),
        });
        let answers = run(engine, std::slice::from_ref(&function), &cases);
        let side = |at: usize| &answers[at]["message"]["headers"]["x`$'1'"]["value"];
        assert_eq!([side(0), side(1), side(2)], ["one-box", "one-box", "regular"], "{engine:?}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let secret = json!("hex:73776f7264666973682073776f726466697368");
    let more = json!({ "pin": { "secret": secret } });
    let config = config(&json!({ "id": "web-1", "share": "5%" }), &json!(["client-ip"]), &more);
    let functions = onebox_cff::functions(&config).unwrap();
    assert!(functions.viewer_request.contains("swordfish swordfish"));
    assert!(!format!("{functions:?}").contains("swordfish"));
}
