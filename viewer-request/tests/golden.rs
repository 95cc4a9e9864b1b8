//! The golden events of viewer-request, in every runtime.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

#[path = "../../edge/tests/golden/mod.rs"]
mod golden;

use onebox_viewer_request::ViewerRequest;

#[test]
fn golden_events_pass_natively() {
    let edited = ["/headers/x-req-partition", "/headers/x-side", "/headers/x-forwarded-host"];
    golden::natively(ViewerRequest::new, &edited);
}

#[test]
fn golden_events_pass_in_the_binary() {
    golden::in_the_binary("viewer-request", env!("CARGO_BIN_EXE_onebox-viewer-request"));
}

#[test]
fn golden_events_pass_in_node() {
    golden::in_node("viewer-request");
}
