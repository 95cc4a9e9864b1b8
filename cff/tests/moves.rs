//! Functions that move a request to the one-box by themselves:
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html>.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

use harness::{Case, ENGINES, config, run, visit::Visit};
use onebox_edge::Config;
use serde_json::{Value, json};

fn packaged(share: &str, origin: &Value, function: &Value) -> Config {
    let mut one_box = json!({ "domain": "box.example.org" });
    one_box.as_object_mut().unwrap().extend(origin.as_object().unwrap().clone());
    let more = json!({ "origins": { "one-box": one_box }, "function": function });
    config(&json!({ "id": "web-1", "share": share }), &json!(["client-ip"]), &more)
}

/// Which side a visitor is told, and the moves.
fn moved(config: &Config) -> [(Value, Value); 2] {
    let event = Visit { client_ip: Some("198.51.100.7".into()), ..Visit::default() }.request();
    let function = onebox_cff::functions(config).unwrap().viewer_request;
    ENGINES.map(|engine| {
        let case = Case { function: 0, now: 0, store: None, event: event.clone() };
        let answers = run(engine, std::slice::from_ref(&function), &[case]);
        (answers[0]["message"]["headers"]["x-req-partition"]["value"].clone(), answers[0]["moves"].clone())
    })
}

fn both(side: &str, moves: &Value) -> [(Value, Value); 2] {
    [(json!(side), moves.clone()), (json!(side), moves.clone())]
}

#[test]
fn a_request_of_the_one_box_is_moved_with_its_host() {
    let tls = json!(["TLSv1.2"]);
    for (origin, update) in [
        (
            json!({ "domain": "box.example.org" }),
            json!({ "domainName": "box.example.org", "hostHeader": "box.example.org" }),
        ),
        (
            json!({ "domain": "box.example.org", "host": "www.example.org", "path": "/v2" }),
            json!({ "domainName": "box.example.org", "hostHeader": "www.example.org", "originPath": "/v2" }),
        ),
        (
            json!({ "domain": "box.example.org", "port": 8443 }),
            json!({ "domainName": "box.example.org", "hostHeader": "box.example.org",
                "customOriginConfig": { "port": 8443, "protocol": "https", "sslProtocols": tls } }),
        ),
        (
            json!({ "domain": "box.example.org", "port": 80 }),
            json!({ "domainName": "box.example.org", "hostHeader": "box.example.org",
                "customOriginConfig": { "port": 80, "protocol": "http", "sslProtocols": tls } }),
        ),
        (
            json!({ "domain": "box.example.org", "protocol": "http" }),
            json!({ "domainName": "box.example.org", "hostHeader": "box.example.org",
                "customOriginConfig": { "port": 80, "protocol": "http", "sslProtocols": tls } }),
        ),
    ] {
        let config = packaged("100%", &origin, &json!({ "origin": "function" }));
        assert_eq!(moved(&config), both("one-box", &json!([{ "update": update }])), "{origin}");
    }
}

#[test]
fn a_request_of_the_one_box_is_moved_to_an_origin_of_the_distribution() {
    let function = json!({ "origin": "function", "one_box_id": "box \"1\"" });
    let plain = packaged("100%", &json!({}), &function);
    assert_eq!(moved(&plain), both("one-box", &json!([{ "select": "box \"1\"", "origin": {} }])));
    let with_host = packaged("100%", &json!({ "host": "www.example.org" }), &function);
    let expected = json!([{ "select": "box \"1\"", "origin": { "hostHeader": "www.example.org" } }]);
    assert_eq!(moved(&with_host), both("one-box", &expected));
}

#[test]
fn a_regular_request_is_not_moved() {
    let config = packaged("0%", &json!({}), &json!({ "origin": "function" }));
    assert_eq!(moved(&config), both("regular", &json!([])));
}

#[test]
fn the_lambda_moves_where_the_function_does_not() {
    let config = packaged("100%", &json!({}), &json!({}));
    assert_eq!(moved(&config), both("one-box", &json!([])));
    assert!(!onebox_cff::functions(&config).unwrap().viewer_request.contains("import"));
}

/// Tagged as the one-box's it would be cached as the one-box's, with what the regular origin answers.
#[test]
fn a_request_that_cannot_be_moved_is_regular() {
    let config = packaged("100%", &json!({}), &json!({ "origin": "function", "one_box_id": "missing" }));
    assert_eq!(moved(&config), both("regular", &json!([])));
}
