use serde_json::{Value, json};

use crate::{CONFIG, Desk, SECRET};

fn desk() -> Desk {
    Desk::with(&format!("{CONFIG}\n[override]\nsecret = \"env:ONEBOX_SECRET\"\n"))
}

const NOON: &str = "2026-11-20T12:00:00Z";

fn token(desk: &Desk, partition: &str) -> String {
    let args = ["token", "--partition", partition, "--for", "1h", "--now", NOON, "--json"];
    let done = desk.run(&args);
    let offer: Value = serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {done:?}"));
    offer["token"].as_str().unwrap().to_owned()
}

fn decided(desk: &Desk, header: &str, value: &str, now: &str) -> Value {
    let line = json!({ "headers": { header: value, "Cookie": "session=7f3a" } }).to_string();
    let line = if header == "cookie" { json!({ "headers": { header: value } }).to_string() } else { line };
    serde_json::from_str(&desk.run_with(&["decide", "--now", now], line.as_bytes()).out).unwrap()
}

#[test]
fn a_token_is_printed_with_what_to_do_with_it() {
    let desk = desk();
    let done = desk.run(&["token", "--partition", "one-box", "--for", "1h", "--now", NOON]);
    assert_eq!((done.code, &*done.err), (Some(0), ""));
    // The tag was computed with Python's hmac.
    let token = "one-box.1795179600.a56bd9edc91e50661e6d3b0f1df710a5";
    assert_eq!(
        done.out,
        format!(
            "{token}
  expires      2026-11-20T13:00:00Z
  curl         curl -H 'onebox-force: {token}' https://www.example.com/
  bookmarklet  javascript:document.cookie='onebox-force={token};path=/;max-age=3600;secure;samesite=lax';location.reload()
The bookmarklet's cookie cannot be HttpOnly: scripts of the site can read it.
"
        )
    );
    let until = desk.run(&["token", "--partition", "one-box", "--until", "2026-11-20T14:00:00+01:00", "--now", NOON]);
    assert_eq!(until.out, done.out);
}

#[test]
fn a_token_decides_as_header_and_as_cookie_until_it_expires() {
    let desk = desk();
    for partition in ["one-box", "regular"] {
        let token = token(&desk, partition);
        let forced = json!({ "partition": partition, "bucket": null, "source": "override" });
        for now in [NOON, "2026-11-20T12:59:59.999Z"] {
            assert_eq!(decided(&desk, "Onebox-Force", &token, now), forced);
            assert_eq!(decided(&desk, "cookie", &format!("a=b; onebox-force={token}"), now), forced);
        }
        let late = decided(&desk, "onebox-force", &token, "2026-11-20T13:00:00Z");
        assert_eq!(late["source"], "cookie:session", "{late}");
    }
}

#[test]
fn a_token_beats_a_share_of_0_and_only_with_its_own_secret() {
    let desk = desk();
    let token = token(&desk, "one-box");
    let zero = String::from_utf8(desk.read("onebox.toml")).unwrap().replace("20%", "0%");
    desk.write("onebox.toml", zero.as_bytes());
    assert_eq!(decided(&desk, "onebox-force", &token, NOON)["source"], "override");
    let forged = token.replace("one-box.", "regular.");
    assert_eq!(decided(&desk, "onebox-force", &forged, NOON)["source"], "share-zero");
    let line = json!({ "headers": { "onebox-force": token } }).to_string();
    desk.write("line.jsonl", line.as_bytes());
    let input = std::fs::File::open(desk.path().join("line.jsonl")).unwrap();
    let mut other = desk.command();
    other.args(["decide", "--now", NOON]).env("ONEBOX_SECRET", SECRET.to_uppercase()).stdin(input);
    let output = other.output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("share-zero"));
}

#[test]
fn without_an_override_there_are_no_tokens() {
    let done = Desk::with(CONFIG).run(&["token", "--partition", "one-box", "--for", "1h"]);
    assert_eq!((done.code, &*done.out), (Some(64), ""));
    assert!(done.err.contains("onebox.toml has no [override]: add\n\n[override]\n"), "{}", done.err);
}

#[test]
fn an_expiry_has_to_be_said_once_and_to_lie_ahead() {
    let desk = desk();
    for (args, expected) in [
        (&[][..], "required"),
        (&["--for", "1h", "--until", "2026-11-21T12:00:00Z"], "cannot be used with"),
        (&["--for", "1 day"], "expected a duration from 1s to 365d"),
        (&["--until", "tomorrow"], "expected a time of RFC 3339"),
        (&["--until", NOON], "a token has to expire after now"),
        (&["--until", "1969-01-01T00:00:00Z"], "a token has to expire after now"),
        (&["--until", "2028-11-20T12:00:00Z"], "at most 365 days after"),
    ] {
        let done = desk.run(&[&["token", "--partition", "one-box", "--now", NOON], args].concat());
        assert_eq!((done.code, &*done.out), (Some(64), ""), "{args:?}");
        assert!(done.err.contains(expected), "{args:?}: {}", done.err);
    }
    assert_eq!(desk.run(&["token", "--partition", "both", "--for", "1h"]).code, Some(64));
    // Before 1970 there are no seconds to count.
    let done = desk.run(&["token", "--partition", "one-box", "--for", "1h", "--now", "1960-01-01T00:00:00Z"]);
    assert_eq!(done.code, Some(64));
}
