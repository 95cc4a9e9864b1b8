//! The override's token, where the function moves requests and no origin-request is there to remove it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

use harness::{Case, ENGINES, config, run, visit::Visit};
use onebox_core::{Overrides, Partition, Secret};
use onebox_edge::Config;
use serde_json::{Value, json};

const SECRET: &[u8] = b"correct horse battery staple";
const MARK: &str = "x-req-partition-forced";

fn packaged(pin: bool, function: &Value) -> Config {
    let hex: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut more = json!({ "override": { "secret": format!("hex:{hex}") }, "function": function });
    if pin {
        more["pin"] = json!({});
    }
    config(&json!({ "id": "web-1", "share": "50%" }), &json!(["cookie:session"]), &more)
}

fn token(partition: Partition) -> String {
    Overrides::new("onebox-force", Secret::new(SECRET)).token(partition, 1_900_000_000)
}

fn visit(headers: &[(&str, &str)], cookies: &[&str]) -> Visit {
    Visit {
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect(),
        cookies: cookies.iter().map(|line| (*line).to_owned()).collect(),
        client_ip: None,
    }
}

/// What every engine makes of an event of one of the two functions.
fn answers(config: &Config, of: &str, event: &Value) -> [Value; 2] {
    let functions = onebox_cff::functions(config).unwrap();
    let function = if of == "viewer-request" { functions.viewer_request } else { functions.viewer_response.unwrap() };
    ENGINES.map(|engine| {
        let case = Case { function: 0, now: 1_795_176_000_000, store: None, event: event.clone() };
        let answer = run(engine, std::slice::from_ref(&function), &[case])[0].clone();
        assert_eq!(answer.get("thrown"), None, "{answer}");
        answer["message"].clone()
    })
}

#[test]
fn a_function_that_moves_requests_removes_the_token_and_leaves_everything_else() {
    let (one_box, regular) = (token(Partition::OneBox), token(Partition::Regular));
    let line = format!("a=1; onebox-force={regular}; b=\"2\"; onebox-force=x");
    let visit = visit(&[("onebox-force", &one_box), ("x-other", "1"), (MARK, "viewer")], &[&line, "Onebox-Force=3"]);
    for function in [json!({ "origin": "function" }), json!({ "origin": "function", "one_box_id": "box" })] {
        for pin in [false, true] {
            for message in answers(&packaged(pin, &function), "viewer-request", &visit.request()) {
                let mut headers = json!({ "x-other": { "value": "1" }, "x-req-partition": { "value": "one-box" } });
                headers[MARK] = json!({ "value": if pin { "true" } else { "viewer" } });
                assert_eq!(message["headers"], headers);
                let cookies =
                    json!({ "Onebox-Force": { "value": "3" }, "a": { "value": "1" }, "b": { "value": "\"2\"" } });
                assert_eq!(message["cookies"], cookies);
            }
        }
    }
}

#[test]
fn a_token_that_forces_nobody_is_removed_and_no_mark_is_left() {
    let visit = visit(&[("onebox-force", "one-box.1.00"), (MARK, "true")], &["onebox-force=x; session=7f3a"]);
    for message in answers(&packaged(true, &json!({ "origin": "function" })), "viewer-request", &visit.request()) {
        assert_eq!(message["headers"].as_object().unwrap().keys().collect::<Vec<_>>(), ["x-req-partition"]);
        assert_eq!(message["cookies"], json!({ "session": { "value": "7f3a" } }));
    }
}

#[test]
fn a_function_that_only_tags_leaves_the_token_to_origin_request() {
    let token = token(Partition::OneBox);
    let visit = visit(&[("onebox-force", &token)], &[&format!("onebox-force={token}")]);
    for message in answers(&packaged(true, &json!({})), "viewer-request", &visit.request()) {
        assert_eq!(message["headers"]["onebox-force"]["value"], json!(token));
        assert_eq!(message["cookies"]["onebox-force"]["value"], json!(token));
        assert_eq!(message["headers"].get(MARK), None);
    }
}

/// viewer-response may see the request as the viewer sent it, or as viewer-request has left it: AWS's page says the first
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html>), and its page on
/// Lambda@Edge the second.
#[test]
fn a_forced_visitor_is_pinned_under_neither_reading() {
    let config = packaged(true, &json!({ "origin": "function" }));
    for partition in [Partition::OneBox, Partition::Regular] {
        let token = token(partition);
        for visit in [
            visit(&[("onebox-force", &token)], &["session=7f3a"]),
            visit(&[], &[&format!("session=7f3a; onebox-force={token}")]),
        ] {
            for changed in answers(&config, "viewer-request", &visit.request()) {
                let received = visit.response();
                let mut left = received.clone();
                left["request"] = changed;
                for event in [received, left] {
                    for message in answers(&config, "viewer-response", &event) {
                        assert_eq!(message["cookies"], json!({ "of-origin": { "value": "1" } }), "{event}");
                    }
                }
            }
        }
    }
    let visit = visit(&[], &["session=7f3a"]);
    for changed in answers(&config, "viewer-request", &visit.request()) {
        let mut event = visit.response();
        event["request"] = changed;
        for message in answers(&config, "viewer-response", &event) {
            assert!(message["cookies"]["__Host-onebox"]["value"].is_string(), "{message}");
        }
    }
}
