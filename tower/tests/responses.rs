//! What a response gets, and what it keeps.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod service;

use std::{fs, path::Path, time::Duration};

use http::{HeaderMap, Request, Response};
use onebox_core::{Pins, Policy, Share};
use onebox_tower::OneboxLayer;
use serde::Deserialize;
use service::{ask, headers, send};
use tower::{Layer, ServiceExt, service_fn};

fn policy() -> Policy {
    Policy::new("web-2026-11-20", Share::ALL, vec!["cookie:session".parse().unwrap()])
}

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Merged>,
}

#[derive(Deserialize)]
struct Merged {
    name: String,
    header: String,
    lines: Vec<String>,
    expected: Vec<String>,
}

/// A layer knows its header in lower case, in which `Vary` is compared anyway:
/// <https://www.rfc-editor.org/rfc/rfc9110#field.vary>.
#[test]
fn every_vary_is_merged_as_the_vectors_have_it() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/vectors/vary.json");
    let vectors: Vectors = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert!(vectors.cases.len() >= 20, "only {} cases", vectors.cases.len());
    for Merged { name, header, lines, expected } in vectors.cases {
        let layer = OneboxLayer::new(policy()).header(header.parse().unwrap());
        let lines: Vec<_> = lines.iter().map(|line| ("vary", line.as_bytes())).collect();
        let response = send(&layer, Request::new(()), &headers(&lines));
        let found: Vec<_> = response
            .headers()
            .get_all("vary")
            .iter()
            .map(|line| str::from_utf8(line.as_bytes()).unwrap().to_ascii_lowercase())
            .collect();
        let expected: Vec<_> = expected.iter().map(|line| line.to_ascii_lowercase()).collect();
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_response_shows_its_partition_only_for_debugging() {
    for (debug, shown) in [(false, None), (true, Some("one-box"))] {
        let response = ask(&OneboxLayer::new(policy()).debug(debug), &[("cookie", b"session=7f3a")]);
        assert_eq!(response.headers().get("x-req-partition").map(|line| line.to_str().unwrap()), shown);
    }
}

#[test]
fn what_the_service_says_stays() {
    let pins = Pins::new("__Host-onebox", "web-2026-11-20", None);
    let layer = OneboxLayer::new(policy().with_pins(pins)).write_pins(Duration::from_secs(60)).debug(true);
    let said: [(&str, &[u8]); 5] = [
        ("set-cookie", b"session=new; Path=/"),
        ("set-cookie", b"\xe9=\xff"),
        ("vary", b"Accept-Encoding"),
        ("cache-control", b"no-store"),
        ("x-other", b""),
    ];
    let mut request = Request::new(());
    *request.headers_mut() = headers(&[("cookie", b"session=7f3a")]);
    let response = send(&layer, request, &headers(&said));
    let pin = b"__Host-onebox=web-2026-11-20.76282; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=60";
    let expected: HeaderMap = headers(&[
        ("set-cookie", b"session=new; Path=/"),
        ("set-cookie", b"\xe9=\xff"),
        ("set-cookie", pin),
        ("vary", b"Accept-Encoding, x-req-partition"),
        ("cache-control", b"no-store"),
        ("x-other", b""),
        ("x-req-partition", b"one-box"),
    ]);
    assert_eq!(*response.headers(), expected);
}

#[tokio::test]
async fn an_error_passes_unchanged() {
    let service = OneboxLayer::new(policy())
        .layer(service_fn(async |_: Request<()>| Err::<Response<()>, _>("the database is away")));
    assert_eq!(service.oneshot(Request::new(())).await.unwrap_err(), "the database is away");
}

#[tokio::test]
async fn a_response_that_takes_its_time_is_waited_for() {
    let service = OneboxLayer::new(policy()).layer(service_fn(async |_: Request<()>| {
        tokio::task::yield_now().await;
        Ok::<_, ()>(Response::new("late"))
    }));
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(response.headers()["vary"], "x-req-partition");
    assert_eq!(*response.body(), "late");
}
