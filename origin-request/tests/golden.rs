//! The golden events of origin-request, in every runtime.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

#[path = "../../edge/tests/golden/mod.rs"]
mod golden;

use onebox_origin_request::OriginRequest;

#[test]
fn golden_events_pass_natively() {
    let edited = [
        "/headers/host",
        "/headers/onebox-force",
        "/headers/cookie",
        "/origin/custom/domainName",
        "/origin/custom/path",
        "/origin/custom/port",
        "/origin/custom/protocol",
        "/origin/s3/domainName",
        "/origin/s3/path",
        "/origin/s3/region",
    ];
    golden::natively(OriginRequest::new, &edited);
}

#[test]
fn golden_events_pass_in_the_binary() {
    golden::in_the_binary("origin-request", env!("CARGO_BIN_EXE_onebox-origin-request"));
}

#[test]
fn golden_events_pass_in_node() {
    golden::in_node("origin-request");
}
