//! Random requests, asked of finished functions and of core. The example `parity` asks as many as it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

use harness::{Engine, parity::agree};

/// Every step of the decision has decided some.
fn is_full(counts: &harness::parity::Counts) -> bool {
    ["override", "share-zero", "crawler", "pin", "key", "none"].iter().all(|source| counts.contains_key(source))
}

#[test]
fn njs_decides_random_requests_as_core_does() {
    let counts = agree(Engine::Njs, 1, 4000);
    assert!(is_full(&counts), "{counts:?}");
}

#[test]
fn node_decides_random_requests_as_core_does() {
    let counts = agree(Engine::Node, 1000, 4000);
    assert!(is_full(&counts), "{counts:?}");
}
