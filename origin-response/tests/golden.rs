//! The golden events of origin-response, in every runtime.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

#[path = "../../edge/tests/golden/mod.rs"]
mod golden;

use onebox_origin_response::OriginResponse;

#[test]
fn golden_events_pass_natively() {
    let edited = ["/headers/vary", "/headers/x-side"];
    golden::natively(OriginResponse::new, &edited);
}

#[test]
fn golden_events_pass_in_the_binary() {
    golden::in_the_binary("origin-response", env!("CARGO_BIN_EXE_onebox-origin-response"));
}

#[test]
fn golden_events_pass_in_node() {
    golden::in_node("origin-response");
}
