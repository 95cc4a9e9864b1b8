//! The golden events of viewer-response, in every runtime.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

#[path = "../../edge/tests/golden/mod.rs"]
mod golden;

use onebox_viewer_response::ViewerResponse;

#[test]
fn golden_events_pass_natively() {
    golden::natively(ViewerResponse::new, &["/headers/set-cookie"]);
}

#[test]
fn golden_events_pass_in_the_binary() {
    golden::in_the_binary("viewer-response", env!("CARGO_BIN_EXE_onebox-viewer-response"));
}

#[test]
fn golden_events_pass_in_node() {
    golden::in_node("viewer-response");
}
