//! What a function may return, rule by rule: the same pure function that the distribution uses.

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use onebox_edge::Trigger;
use onebox_sim::{CustomOrigin, Origin, Outcome, Protocol, Request, Response, Rule, Sent, Violation, event, validate};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::stage::unchanged;

use Trigger::{OriginRequest, OriginResponse, ViewerRequest, ViewerResponse};

fn request(trigger: Trigger) -> Request {
    let origin = Origin::Custom(CustomOrigin {
        custom_headers: HeaderMap::new(),
        domain: "regular.test".into(),
        path: "/prod".into(),
        port: 443,
        protocol: Protocol::Https,
        keepalive_timeout: 5,
        read_timeout: 30,
        response_completion_timeout: None,
        ssl_protocols: vec!["TLSv1.2".into()],
    });
    let mut headers = HeaderMap::new();
    for (name, value) in [("host", "shop.test"), ("cookie", "a=1"), ("accept-encoding", "br"), ("x-real-ip", "hidden")]
    {
        headers.append(name, HeaderValue::from_static(value));
    }
    headers.append("via", HeaderValue::from_static("1.1 a"));
    headers.append("x-latin", HeaderValue::from_bytes(b"caf\xe9").unwrap());
    Request {
        client_ip: [192, 0, 2, 7].into(),
        method: Method::GET,
        uri: "/shop".into(),
        querystring: "p=2".into(),
        headers,
        origin: matches!(trigger, OriginRequest | OriginResponse).then_some(origin),
    }
}

fn response() -> Response {
    let headers = HeaderMap::from_iter([
        (http::header::CONTENT_TYPE, HeaderValue::from_static("text/html")),
        (http::header::VIA, HeaderValue::from_static("1.1 b")),
    ]);
    Response { status: StatusCode::OK, headers }
}

/// A result that changes nothing.
fn nothing(trigger: Trigger) -> Value {
    let response = response();
    let response = (trigger.message() == "response").then_some(&response);
    let event = event(trigger, "rq-1", &request(trigger), response).unwrap();
    unchanged(trigger, &serde_json::from_str(&event).unwrap())
}

fn judge(trigger: Trigger, result: &str) -> Result<Outcome, Violation> {
    let (request, response) = (request(trigger), response());
    let response = (trigger.message() == "response").then_some(&response);
    validate(trigger, Sent { request: &request, response }, result)
}

fn broken(trigger: Trigger, result: &Value) -> Rule {
    judge(trigger, &result.to_string()).expect_err(&format!("{trigger}: {result}")).rule
}

/// What is broken by setting one field, given as a JSON pointer, to a value; `null` takes the field away.
fn with(trigger: Trigger, pointer: &str, value: Value) -> Value {
    let mut result = nothing(trigger);
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = result.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(field);
    } else {
        parent.insert(field.to_owned(), value);
    }
    result
}

fn line(key: &str, value: &str) -> Value {
    json!([{"key": key, "value": value}])
}

#[test]
fn a_result_that_changes_nothing_is_a_message_that_is_not_changed() {
    for trigger in [ViewerRequest, OriginRequest] {
        let Outcome::Request(after) = judge(trigger, &nothing(trigger).to_string()).unwrap() else {
            panic!("{trigger} goes on");
        };
        let before = request(trigger);
        assert_eq!((&after.uri, &after.querystring, &after.origin), (&before.uri, &before.querystring, &before.origin));
        assert_eq!(after.headers.len(), before.headers.len());
        assert!(after.headers.iter().all(|(name, value)| before.headers.get(name) == Some(value)));
    }
    for trigger in [OriginResponse, ViewerResponse] {
        let Outcome::Response(after) = judge(trigger, &nothing(trigger).to_string()).unwrap() else {
            panic!("{trigger} answers");
        };
        assert_eq!((after.status, after.headers, after.body), (StatusCode::OK, response().headers, None));
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html>
#[test]
fn viewer_response_changes_neither_the_status_nor_the_body() {
    for (status, rule) in [
        ("404", Rule::ReadOnlyStatus),
        ("201", Rule::ReadOnlyStatus),
        ("99", Rule::StatusRange),
        ("", Rule::StatusRange),
    ] {
        assert_eq!(broken(ViewerResponse, &with(ViewerResponse, "/status", json!(status))), rule, "{status}");
    }
    for body in ["", "sorry"] {
        assert_eq!(broken(ViewerResponse, &with(ViewerResponse, "/body", json!(body))), Rule::ReadOnlyBody, "{body}");
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>
#[test]
fn a_result_has_the_documented_form() {
    for trigger in Trigger::ALL {
        for (result, rule) in [
            ("", Rule::ResultNotJson),
            ("undefined", Rule::ResultNotJson),
            ("{", Rule::ResultNotJson),
            ("null", Rule::ResultShape),
            ("[]", Rule::ResultShape),
            ("\"request\"", Rule::ResultShape),
            ("{}", Rule::MissingField),
        ] {
            assert_eq!(judge(trigger, result).unwrap_err().rule, rule, "{trigger} {result}");
        }
        for (value, rule) in [
            (json!("x"), Rule::ResultShape),
            (json!({"x-a": "1"}), Rule::ResultShape),
            (json!({"x-a": ["1"]}), Rule::ResultShape),
            (json!({"x-a": [{"key": "X-A"}]}), Rule::MissingField),
            (json!({"x-a": [{"key": "X-A", "value": 1}]}), Rule::ResultShape),
            (json!({"x-a": [{"key": "X-B", "value": "1"}]}), Rule::InvalidHeader),
            (json!({"x-a": [{"value": "a\r\nx-b: 1"}]}), Rule::InvalidHeader),
            (json!({"X-A": [{"value": "1"}]}), Rule::InvalidHeader),
            (json!({"x a": [{"value": "1"}]}), Rule::InvalidHeader),
            (Value::Null, Rule::MissingField),
        ] {
            assert_eq!(broken(trigger, &with(trigger, "/headers", value.clone())), rule, "{trigger} {value}");
        }
    }
    for field in ["/uri", "/querystring", "/method", "/clientIp"] {
        assert_eq!(broken(ViewerRequest, &with(ViewerRequest, field, Value::Null)), Rule::MissingField);
        assert_eq!(broken(ViewerRequest, &with(ViewerRequest, field, json!(1))), Rule::ResultShape);
    }
    assert_eq!(broken(OriginResponse, &with(OriginResponse, "/status", json!(200))), Rule::ResultShape);
    assert_eq!(broken(OriginRequest, &with(OriginRequest, "/origin", Value::Null)), Rule::MissingField);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-disallowed-headers>
#[test]
fn disallowed_headers_cannot_be_added() {
    for trigger in Trigger::ALL {
        for name in
            ["connection", "upgrade", "x-amz-cf-id", "x-edge-location", "x-cache", "x-real-ip", "x-forwarded-proto"]
        {
            let result = with(trigger, &format!("/headers/{name}"), line(name, "1"));
            assert_eq!(broken(trigger, &result), Rule::DisallowedHeader, "{trigger} {name}");
        }
    }
    // <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html>
    let country = with(ViewerRequest, "/headers/cloudfront-viewer-country", line("CloudFront-Viewer-Country", "NL"));
    assert_eq!(broken(ViewerRequest, &country), Rule::DisallowedHeader);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-read-only-headers>
#[test]
fn read_only_headers_cannot_be_added_edited_or_deleted() {
    for (trigger, names) in [
        (ViewerRequest, &["cdn-loop", "content-length", "host", "transfer-encoding", "via"][..]),
        (OriginRequest, &["accept-encoding", "cdn-loop", "content-length", "if-none-match", "if-range", "via"]),
        (OriginResponse, &["transfer-encoding", "via"]),
        (ViewerResponse, &["content-encoding", "content-length", "transfer-encoding", "via", "warning"]),
    ] {
        for name in names {
            let pointer = format!("/headers/{name}");
            assert_eq!(
                broken(trigger, &with(trigger, &pointer, line(name, "other"))),
                Rule::ReadOnlyHeader,
                "{trigger} {name}"
            );
            if nothing(trigger).pointer(&pointer).is_some() {
                assert_eq!(
                    broken(trigger, &with(trigger, &pointer, Value::Null)),
                    Rule::ReadOnlyHeader,
                    "{trigger} {name}"
                );
            }
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>
#[test]
fn other_headers_may_be_added_edited_and_deleted() {
    for (trigger, name) in [
        (ViewerRequest, "x-req-partition"),
        (ViewerRequest, "cookie"),
        (ViewerRequest, "user-agent"),
        (OriginRequest, "host"),
        (OriginRequest, "x-req-partition"),
        (OriginResponse, "vary"),
        (OriginResponse, "set-cookie"),
        (OriginResponse, "content-type"),
        (ViewerResponse, "set-cookie"),
        (ViewerResponse, "cache-control"),
    ] {
        for value in [line(name, "new"), json!([{"value": "new"}]), Value::Null] {
            let result = with(trigger, &format!("/headers/{name}"), value);
            assert!(judge(trigger, &result.to_string()).is_ok(), "{trigger} {name}");
        }
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>
#[test]
fn method_and_address_are_read_only_and_a_body_cannot_be_given() {
    for (pointer, value, rule) in [
        ("/method", json!("POST"), Rule::ReadOnlyField),
        ("/clientIp", json!("192.0.2.8"), Rule::ReadOnlyField),
        ("/body", json!({"action": "replace", "data": "x"}), Rule::RequestBodyNotIncluded),
    ] {
        assert_eq!(broken(ViewerRequest, &with(ViewerRequest, pointer, value)), rule);
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>
#[test]
fn uri_and_query_string_can_be_sent_and_are_limited() {
    for (pointer, value, rule) in [
        ("/uri", "shop".to_owned(), Rule::UriWithoutSlash),
        ("/uri", String::new(), Rule::UriWithoutSlash),
        ("/uri", "/a b".to_owned(), Rule::InvalidUri),
        ("/uri", "/a?b".to_owned(), Rule::InvalidUri),
        ("/uri", "/a#b".to_owned(), Rule::InvalidUri),
        ("/uri", format!("/{}", "a".repeat(8192)), Rule::ResultUrlTooLong),
        ("/querystring", "a b".to_owned(), Rule::InvalidQuerystring),
        ("/querystring", "a\tb".to_owned(), Rule::InvalidQuerystring),
        ("/querystring", "a#b".to_owned(), Rule::InvalidQuerystring),
        ("/querystring", "a".repeat(8187), Rule::ResultUrlTooLong),
    ] {
        for trigger in [ViewerRequest, OriginRequest] {
            assert_eq!(broken(trigger, &with(trigger, pointer, json!(value))), rule, "{pointer} {value:.20}");
        }
    }
    for (pointer, value) in [("/uri", "/a%20b/ü".to_owned()), ("/querystring", "a".repeat(8186))] {
        assert!(judge(ViewerRequest, &with(ViewerRequest, pointer, json!(value)).to_string()).is_ok(), "{pointer}");
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html#request-event-fields-origin>
#[test]
fn the_origin_object_keeps_its_limits() {
    for (field, wrong) in [
        (
            "domainName",
            vec![json!(""), json!("192.0.2.1"), json!("a:80"), json!("a b"), json!("a".repeat(254)), json!(1)],
        ),
        ("port", vec![json!(0), json!(81), json!(1023), json!(65536), json!("80")]),
        ("protocol", vec![json!("ftp"), json!("HTTPS"), json!("match-viewer")]),
        (
            "path",
            vec![json!("prod"), json!("/prod/"), json!("/a b"), json!("/a?b"), json!(format!("/{}", "a".repeat(255)))],
        ),
        ("keepaliveTimeout", vec![json!(0), json!(121), json!(1.5)]),
        ("readTimeout", vec![json!(0), json!(121), json!("30")]),
        ("responseCompletionTimeout", vec![json!(-1), json!("30")]),
        ("sslProtocols", vec![json!([]), json!("TLSv1.2"), json!(["TLSv1.9"])]),
    ] {
        let pointer = format!("/origin/custom/{field}");
        for value in wrong {
            assert_eq!(
                broken(OriginRequest, &with(OriginRequest, &pointer, value.clone())),
                Rule::InvalidOrigin,
                "{field} {value}"
            );
        }
        if field != "responseCompletionTimeout" {
            assert_eq!(
                broken(OriginRequest, &with(OriginRequest, &pointer, Value::Null)),
                Rule::MissingField,
                "{field}"
            );
        }
    }
    for origin in [json!({}), json!("regular.test"), json!({"custom": "x"}), json!({"s3": {}, "custom": {}})] {
        assert_eq!(
            broken(OriginRequest, &with(OriginRequest, "/origin", origin.clone())),
            Rule::InvalidOrigin,
            "{origin}"
        );
    }
    let twice = with(OriginRequest, "/origin/custom/customHeaders/cookie", line("Cookie", "b=2"));
    assert_eq!(broken(OriginRequest, &twice), Rule::HeaderTwice);
    for (auth, rule) in [("origin-access-identity", Rule::OriginIdentityNotImitated), ("oac", Rule::InvalidOrigin)] {
        let bucket =
            json!({"s3": {"authMethod": auth, "domainName": "b.s3.eu-west-1.amazonaws.com", "path": "", "region": ""}});
        assert_eq!(broken(OriginRequest, &with(OriginRequest, "/origin", bucket)), rule);
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-generating-http-responses-in-requests.html>
#[test]
fn a_generated_response_keeps_its_limits() {
    for (trigger, limit) in [(ViewerRequest, 40 << 10), (OriginRequest, 1 << 20)] {
        let sized = |size: usize| json!({"status": "200", "body": "x".repeat(size - 6), "headers": {"x-a": [{"value": "123"}]}});
        assert!(judge(trigger, &sized(limit).to_string()).is_ok(), "{trigger}");
        assert_eq!(broken(trigger, &sized(limit + 1)), Rule::GeneratedTooLarge, "{trigger}");
        for status in ["199", "600", "0", "2xx", "-200", ""] {
            assert_eq!(broken(trigger, &json!({"status": status})), Rule::StatusRange, "{status}");
        }
        for (body, rule) in [
            (json!({"status": "200", "body": {}}), Rule::ResultShape),
            (json!({"status": "200", "body": "?", "bodyEncoding": "base64"}), Rule::InvalidBody),
            (json!({"status": "200", "body": "x", "bodyEncoding": "gzip"}), Rule::InvalidBody),
            (json!({"status": "200", "headers": {"transfer-encoding": [{"value": "chunked"}]}}), Rule::ReadOnlyHeader),
        ] {
            assert_eq!(broken(trigger, &body), rule, "{trigger} {body}");
        }
    }
    assert_eq!(broken(ViewerRequest, &json!({"status": "204", "body": "x"})), Rule::BodyWithoutContent);
    let large = with(OriginResponse, "/body", json!("x".repeat(1 << 20)));
    assert_eq!(broken(OriginResponse, &large), Rule::GeneratedTooLarge);
}

/// A map of headers has a size that it cannot outgrow.
#[test]
fn too_many_headers_are_refused() {
    let headers: serde_json::Map<String, Value> =
        (0..50_000).map(|number| (format!("x-{number}"), json!([{"value": ""}]))).collect();
    let lines: Vec<Value> = (0..50_000).map(|_| json!({"value": ""})).collect();
    for headers in [Value::Object(headers), json!({"x-a": lines})] {
        for trigger in Trigger::ALL {
            assert_eq!(broken(trigger, &with(trigger, "/headers", headers.clone())), Rule::InvalidHeader, "{trigger}");
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Z0-9/ .:\\-\r\n\u{e9}\u{2028}]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let key = prop_oneof!["[a-zA-Z-]{1,8}", Just("value".to_owned()), Just("key".into()), Just("via".into())];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..4).prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

proptest! {
    /// Whatever a function returns, there is an answer, and what it may not change is as it was.
    #[test]
    fn any_result_is_judged(
        trigger in proptest::sample::select(&Trigger::ALL[..]),
        field in proptest::sample::select(&["headers", "uri", "querystring", "origin", "status", "body", "method", "x"][..]),
        value in any_json(),
    ) {
        let mut result = nothing(trigger);
        result[field] = value;
        match judge(trigger, &result.to_string()) {
            Ok(Outcome::Request(after)) => {
                let before = request(trigger);
                prop_assert_eq!(after.method, before.method);
                prop_assert_eq!(after.headers.get("via"), before.headers.get("via"));
                prop_assert_eq!(after.headers.get("x-real-ip"), before.headers.get("x-real-ip"));
                prop_assert!(after.uri.starts_with('/'));
            }
            Ok(Outcome::Response(after)) => prop_assert!((200..600).contains(&after.status.as_u16())),
            Err(violation) => prop_assert!(!violation.detail.is_empty()),
        }
    }
}
