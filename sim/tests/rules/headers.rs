//! The headers that CloudFront strips, changes and adds.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html>

use std::sync::{Arc, Mutex};

use http::{HeaderMap, HeaderValue};
use onebox_edge::Trigger;
use onebox_sim::{OriginRequestPolicy, Selection};
use serde_json::json;

use crate::{
    props::answer,
    stage::{REGULAR, Setup},
};

/// What the origin gets of a viewer's headers.
async fn forwarded(setup: Setup, headers: &[(&str, &str)]) -> HeaderMap {
    let got = Arc::new(Mutex::new(HeaderMap::new()));
    let seen = got.clone();
    let stage = setup
        .origin(move |request| {
            *seen.lock().unwrap() = request.headers().clone();
            answer("", &[])
        })
        .await;
    stage.get_with("/", headers).await;
    std::mem::take(&mut *got.lock().unwrap())
}

fn bare() -> Setup {
    Setup::new().settings(|settings| settings.origin_request_policy = OriginRequestPolicy::none())
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html>
#[tokio::test]
async fn without_an_origin_request_policy_only_the_cache_key_and_cloudfronts_own_headers_are_forwarded() {
    let sent = [
        ("accept", "text/html"),
        ("accept-language", "en"),
        ("cookie", "a=1"),
        ("referer", "http://example.org/"),
        ("user-agent", "Firefox/145"),
        ("x-any", "1"),
        ("accept-encoding", "deflate, br, gzip"),
    ];
    let got = forwarded(bare(), &sent).await;
    let mut names: Vec<&str> = got.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    let expected =
        ["accept-encoding", "host", "user-agent", "via", "x-amz-cf-id", "x-forwarded-for", "x-req-partition"];
    assert_eq!(names, expected);
    assert_eq!(got["accept-encoding"], "br,gzip");
    assert_eq!(got["host"], REGULAR);
    assert_eq!(got["user-agent"], "Amazon CloudFront");
    assert_eq!(got["via"], "1.1 d1onebox.cloudfront.net (CloudFront)");
    assert_eq!(got["x-forwarded-for"], "127.0.0.1");
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html>
#[tokio::test]
async fn all_viewer_except_host_header_forwards_what_is_not_cloudfronts_own() {
    for (name, sent, expected) in [
        ("cookie", "a=1; b=2", Some("a=1; b=2")),
        ("user-agent", "Firefox/145", Some("Firefox/145")),
        ("x-any", "1", Some("1")),
        ("referer", "http://example.org/", Some("http://example.org/")),
        ("x-forwarded-for", "192.0.2.4,192.0.2.3", Some("192.0.2.4,192.0.2.3,127.0.0.1")),
        ("via", "1.0 proxy", Some("1.0 proxy, 1.1 d1onebox.cloudfront.net (CloudFront)")),
        ("host", "shop.example.org", Some(REGULAR)),
        ("range", "bytes=0-1", Some("bytes=0-1")),
        ("accept-encoding", "deflate", None),
        ("accept-encoding", "gzip", Some("gzip")),
        ("expect", "nothing", None),
        ("te", "trailers", None),
        ("trailer", "x", None),
        ("proxy-authorization", "Basic eA==", None),
        ("proxy-connection", "keep-alive", None),
        ("x-edge-location", "here", None),
        ("x-amz-cf-spoof", "1", None),
        ("x-forwarded-proto", "https", None),
        ("x-real-ip", "192.0.2.1", None),
        ("if-none-match", "\"v1\"", None),
    ] {
        let got = forwarded(Setup::new(), &[(name, sent)]).await;
        assert_eq!(got.get(name).map(|value| value.to_str().unwrap()), expected, "{name}: {sent}");
    }
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Cookies.html>
#[tokio::test]
async fn listed_cookies_and_parameters_are_forwarded_alone() {
    let setup = bare().settings(|settings| {
        settings.origin_request_policy.cookies = Selection::Only(vec!["lang".into()]);
        settings.origin_request_policy.headers = Selection::Only(vec!["x-any".into()]);
        settings.cache_policy.cookies = Selection::Only(vec!["sid".into()]);
    });
    let got =
        forwarded(setup, &[("cookie", "ad=1; lang=en"), ("cookie", "sid=7"), ("x-any", "1"), ("x-other", "2")]).await;
    assert_eq!(got["cookie"], "lang=en; sid=7");
    assert!(got.contains_key("x-any") && !got.contains_key("x-other"));
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html>
#[tokio::test]
async fn an_origins_custom_headers_are_added() {
    let setup = bare().settings(|settings| {
        settings.regular.custom_headers.insert("x-onebox-domain", HeaderValue::from_static("box.example.org"));
    });
    assert_eq!(forwarded(setup, &[]).await["x-onebox-domain"], "box.example.org");
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#ResponseCustomRemovedHeaders>
#[tokio::test]
async fn a_viewer_gets_cloudfronts_headers_instead_of_the_origins_connection_headers() {
    let stage = Setup::new()
        .origin(|_| {
            answer(
                "page",
                &[
                    ("connection", "x-hop"),
                    ("x-hop", "1"),
                    ("keep-alive", "timeout=5"),
                    ("via", "1.0 proxy"),
                    ("x-cache", "Hit from elsewhere"),
                    ("x-edge-thing", "1"),
                    ("x-accel-redirect", "/secret"),
                    ("server", "origin/1"),
                    ("x-any", "1"),
                ],
            )
        })
        .await;
    let got = stage.get("/").await;
    for removed in ["x-hop", "keep-alive", "x-edge-thing", "x-accel-redirect", "transfer-encoding"] {
        assert_eq!(got.header(removed), None, "{removed}");
    }
    assert_eq!(got.header("via"), Some("1.1 d1onebox.cloudfront.net (CloudFront)"));
    assert_eq!(
        (got.x_cache(), got.header("server"), got.header("x-any")),
        ("Miss from cloudfront", Some("origin/1"), Some("1"))
    );
    assert_eq!(got.header("content-length"), Some("4"));
    assert_eq!(got.header("x-amz-cf-pop"), Some("LOCAL1-P1"));
    let record = stage.watcher.records.lock().unwrap().last().unwrap().clone();
    assert_eq!(got.header("x-amz-cf-id"), Some(record.request_id.as_str()));
    assert_eq!(record.request_id.len(), 56);
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-disallowed-headers>
#[tokio::test]
async fn functions_do_not_see_disallowed_headers_which_pass_them_by() {
    let stage = Setup::new()
        .functions(|trigger, event| {
            let message = crate::stage::unchanged(trigger, &event);
            assert!(message["headers"].get("x-amz-cf-id").is_none());
            assert!(message["headers"].get("x-amzn-requestid").is_none());
            Ok(message)
        })
        .origin(|request| {
            assert!(request.headers().contains_key("x-amz-cf-id"));
            answer("page", &[("x-amzn-requestid", "r-1")])
        })
        .await;
    assert_eq!(stage.get("/").await.header("x-amzn-requestid"), Some("r-1"));
}

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-encoding>
#[tokio::test]
async fn a_value_that_is_not_utf8_is_latin1_for_functions_and_unchanged_for_the_origin() {
    let stage = Setup::new()
        .functions(|trigger, event| {
            if trigger == Trigger::ViewerRequest {
                let headers = &event["Records"][0]["cf"]["request"]["headers"];
                assert_eq!(headers["x-name"], json!([{"key": "X-Name", "value": "café"}]));
                assert_eq!(headers["x-utf8"], json!([{"key": "X-Utf8", "value": "caf\u{e9}"}]));
            }
            Ok(crate::stage::unchanged(trigger, &event))
        })
        .origin(|request| {
            assert_eq!(request.headers()["x-name"].as_bytes(), b"caf\xe9");
            assert_eq!(request.headers()["x-utf8"].as_bytes(), "café".as_bytes());
            answer("page", &[])
        })
        .await;
    let request = b"GET / HTTP/1.1\r\nHost: x\r\nX-Name: caf\xe9\r\nX-Utf8: caf\xc3\xa9\r\nConnection: close\r\n\r\n";
    let answer = crate::requests::raw(stage.address, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}
