//! The Node.js loader where something is wrong or unusual: `edge/node/loader.test.mjs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod bundle;

use std::{fs, path::Path};

use bundle::Module;

#[test]
fn the_loader_keeps_its_promises_in_node() {
    let bundles = Path::new(env!("CARGO_TARGET_TMPDIR")).join("loader");
    let config = |name: &str| fs::read_to_string(bundle::workspace().join("edge/fixtures/config").join(name)).unwrap();
    let handlers = ["viewer-request", "origin-request", "origin-response", "viewer-response"];
    for handler in handlers {
        let config = config(if handler == "viewer-response" { "pinned.json" } else { "plain.json" });
        bundle::write(&bundles.join(handler), &Module::Handler(handler).compile(), &config);
    }
    bundle::write(&bundles.join("trap"), &Module::Example("trap").compile(), &config("plain.json"));
    bundle::test_in_node("loader.test.mjs", &bundles);
}
