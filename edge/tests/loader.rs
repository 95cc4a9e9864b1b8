//! The Node.js loader where something is wrong or unusual: `edge/node/loader.test.mjs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod bundle;

use std::{fs, path::Path};

use bundle::Module;

#[test]
fn the_loader_keeps_its_promises_in_node() {
    let bundles = Path::new(env!("CARGO_TARGET_TMPDIR")).join("loader");
    let config = fs::read_to_string(bundle::workspace().join("edge/fixtures/config/plain.json")).unwrap();
    for (name, module) in [("viewer-request", Module::Handler("viewer-request")), ("trap", Module::Example("trap"))] {
        bundle::write(&bundles.join(name), &module.compile(), &config);
    }
    bundle::test_in_node("loader.test.mjs", &bundles);
}
