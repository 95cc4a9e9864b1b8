//! Functions that move a request to the one-box by themselves:
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html>.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

use harness::{Case, ENGINES, config, run, visit::Visit};
use onebox_edge::Config;
use serde_json::{Value, json};

fn packaged(share: &str, origin: &Value, function: &Value) -> Config {
    from(share, &json!({}), origin, function)
}

fn from(share: &str, regular: &Value, one_box: &Value, function: &Value) -> Config {
    let origin = |domain: &str, more: &Value| {
        let mut origin = json!({ "domain": domain });
        origin.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        origin
    };
    let origins =
        json!({ "regular": origin("reg.example.org", regular), "one-box": origin("box.example.org", one_box) });
    config(
        &json!({ "id": "web-1", "share": share }),
        &json!(["client-ip"]),
        &json!({ "origins": origins, "function": function }),
    )
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

/// What the helper is told to move to, beside the connection.
fn update(domain: &str, host: &str, path: Option<&str>, connection: Option<(&str, u16)>) -> Value {
    let mut update = json!({ "domainName": domain, "hostHeader": host });
    if let Some(path) = path {
        update["originPath"] = path.into();
    }
    if let Some((protocol, port)) = connection {
        update["customOriginConfig"] = json!({ "port": port, "protocol": protocol, "sslProtocols": ["TLSv1.2"] });
    }
    json!([{ "update": update }])
}

/// Whether an unset protocol is inherited is not certain
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html>).
#[test]
fn a_move_always_says_host_port_and_protocol_and_takes_the_rest_from_the_regular_origin() {
    let http = json!({ "protocol": "http", "port": 8080 });
    let (domain, host) = ("box.example.org", "box.example.org");
    for (regular, one_box, host, path, connection) in [
        (json!({}), json!({}), host, None, ("https", 443)),
        (
            json!({}),
            json!({ "host": "www.example.org", "path": "/v2" }),
            "www.example.org",
            Some("/v2"),
            ("https", 443),
        ),
        (json!({}), json!({ "port": 8443 }), host, None, ("https", 8443)),
        (json!({}), json!({ "port": 80 }), host, None, ("http", 80)),
        (json!({}), json!({ "protocol": "http" }), host, None, ("http", 80)),
        (http.clone(), json!({ "port": 8080 }), host, None, ("http", 8080)),
        (http.clone(), json!({}), host, None, ("http", 8080)),
        (http.clone(), json!({ "protocol": "https" }), host, None, ("https", 8080)),
        (http, json!({ "protocol": "https", "port": 8443 }), host, None, ("https", 8443)),
        (json!({ "path": "/v1" }), json!({}), host, Some("/v1"), ("https", 443)),
        (json!({ "path": "/v1" }), json!({ "path": "" }), host, Some(""), ("https", 443)),
        (json!({ "host": "www.example.org" }), json!({}), "www.example.org", None, ("https", 443)),
        (json!({ "host": "REG.example.org" }), json!({}), host, None, ("https", 443)),
    ] {
        let config = from("100%", &regular, &one_box, &json!({ "origin": "function" }));
        let expected = update(domain, host, path, Some(connection));
        assert_eq!(moved(&config), both("one-box", &expected), "{regular} {one_box}");
    }
}

/// `customOriginConfig` is not for S3:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html>.
#[test]
fn a_move_from_a_bucket_to_a_bucket_says_no_connection() {
    let (bucket, other) =
        (json!({ "domain": "reg.s3.amazonaws.com" }), json!({ "domain": "Box.s3.eu-west-1.amazonaws.com" }));
    let name = "box.s3.eu-west-1.amazonaws.com";
    let function = json!({ "origin": "function" });
    assert_eq!(moved(&from("100%", &bucket, &other, &function)), both("one-box", &update(name, name, None, None)));
    let api = json!({ "domain": "api.example.org" });
    let expected = update("api.example.org", "api.example.org", None, Some(("https", 443)));
    assert_eq!(moved(&from("100%", &bucket, &api, &function)), both("one-box", &expected));
    let expected = update(name, name, None, Some(("https", 443)));
    assert_eq!(moved(&from("100%", &json!({}), &other, &function)), both("one-box", &expected));
}

#[test]
fn a_request_of_the_one_box_is_moved_to_an_origin_of_the_distribution() {
    let function = json!({ "origin": "function", "one_box_id": "box \"1\"" });
    let plain = packaged("100%", &json!({}), &function);
    assert_eq!(
        moved(&plain),
        both("one-box", &json!([{ "select": "box \"1\"", "origin": { "hostHeader": "box.example.org" } }]))
    );
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
