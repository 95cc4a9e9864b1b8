//! Any text goes through the four handlers: an answer comes back, and only what a handler changes is changed.
//!
//! Input: an event, or anything else. Every input goes through every handler.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use onebox_core::Time;
use onebox_edge::{Config, Handler, Trigger, handle, serve};
use onebox_origin_request::OriginRequest;
use onebox_origin_response::OriginResponse;
use onebox_viewer_request::ViewerRequest;
use onebox_viewer_response::ViewerResponse;
use serde_json::{Value, json};

/// 2026-11-20T12:00:00Z.
const NOW: Time = Time::from_unix_millis(1_795_176_000_000);

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let config = json!({
        "release": { "id": "web-1", "share": "50%" },
        "partition": { "keys": ["cookie:session", ["client-ip/64", "header:user-agent"], "header:user-agent"] },
        "origins": {
            "regular": { "domain": "reg.example.org" },
            "one-box": { "domain": "box.example.org", "path": "/box", "port": 8443, "protocol": "https" },
        },
        "pin": { "secret": "hex:00112233445566778899aabbccddeeff" },
        "override": { "secret": "hex:00112233445566778899aabbccddeeff" },
        "crawlers": { "contains": ["bot"], "except": ["cubot"] },
        "debug": { "response_header": true },
    });
    Config::from_json(&config.to_string()).expect("a correct configuration")
});
static VIEWER_REQUEST: LazyLock<ViewerRequest> = LazyLock::new(|| ViewerRequest::new(&CONFIG));
static ORIGIN_REQUEST: LazyLock<OriginRequest> = LazyLock::new(|| OriginRequest::new(&CONFIG));
static ORIGIN_RESPONSE: LazyLock<OriginResponse> = LazyLock::new(|| OriginResponse::new(&CONFIG));

static VIEWER_RESPONSE: LazyLock<ViewerResponse> = LazyLock::new(|| ViewerResponse::new(&CONFIG));

fuzz_target!(|input: &str| {
    check(&*VIEWER_REQUEST, input, &["/headers/x-req-partition"]);
    let origin = |kind| ["domainName", "path", "port", "protocol"].map(|name| format!("/origin/{kind}/{name}"));
    let moved = [origin("custom"), origin("s3")].concat();
    let moved = moved.iter().map(String::as_str).chain(["/headers/host", "/headers/onebox-force", "/headers/cookie"]);
    check(&*ORIGIN_REQUEST, input, &moved.collect::<Vec<_>>());
    check(&*ORIGIN_RESPONSE, input, &["/headers/vary", "/headers/x-req-partition"]);
    check(&*VIEWER_RESPONSE, input, &["/headers/set-cookie"]);
});

/// Holds one handler to what every handler promises. `may_change` points at the members that it may change.
fn check<H: Handler>(handler: &H, input: &str, may_change: &[&str]) {
    let Ok(output) = handle(handler, input, NOW) else {
        // One line on standard error for each of these would be most of what a run costs.
        return;
    };
    if !handler.reads_clock() {
        assert_eq!(serve(handler, input), output);
    }

    // JSON that serde_json's own tree refuses (a lone surrogate, 1e999, 128 levels) passes a handler untouched.
    let Ok(event) = serde_json::from_str::<Value>(input) else { return };
    let kind = H::TRIGGER.message();
    let before = event.pointer(&format!("/Records/0/cf/{kind}")).expect("only an event has an answer");
    assert!(before.is_object(), "a message is an object");
    let after: Value = serde_json::from_str(&output).expect("a message is JSON");
    assert_eq!(without(before, may_change), without(&after, may_change), "an unknown member did not survive");

    if H::TRIGGER == Trigger::ViewerResponse {
        // Its request has no pin the second time either, so a line is added again.
        return;
    }
    let mut again = event.clone();
    again["Records"][0]["cf"][kind] = after.clone();
    let again = handle(handler, &again.to_string(), NOW).expect("an answer is a message again");
    assert_eq!(serde_json::from_str::<Value>(&again).expect("a message is JSON"), after, "twice is not once");
}

/// The message without some of its members.
fn without(message: &Value, pointers: &[&str]) -> Value {
    let mut message = message.clone();
    for pointer in pointers {
        let (table, name) = pointer.rsplit_once('/').expect("a pointer to a member");
        if let Some(Value::Object(members)) = message.pointer_mut(table) {
            members.remove(name);
        }
    }
    message
}
