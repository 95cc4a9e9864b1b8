//! The bundle of a function: what Lambda@Edge runs under Node.js.

use onebox_edge::{Config, Trigger};

/// The loader, the same in every bundle.
const LOADER: &str = include_str!("../../edge/node/onebox.mjs");

/// How a handler's entry says that it needs the loader.
const IMPORT: &str = "import { load } from './onebox.mjs';\n";

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its name at the bundle's root.
    pub(crate) name: &'static str,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
}

/// The files of a trigger's bundle, by name. Nothing else is needed where it runs, and config.json is for people: the
/// module reads it packed.
pub(crate) fn files(trigger: Trigger, config: &Config) -> [File; 4] {
    let (index, module) = sources(trigger);
    // One file: to import another one is most of a millisecond of a cold start.
    let index = LOADER.to_owned() + index.trim_start_matches(IMPORT);
    [
        File { name: "config.bin", bytes: config.pack() },
        File { name: "config.json", bytes: config.to_json().into_bytes() },
        File { name: "handler.wasm", bytes: module.to_vec() },
        File { name: "index.mjs", bytes: index.into_bytes() },
    ]
}

/// The files of the package with the decision for a Node.js service, by name.
pub(crate) fn decide(config: &Config) -> [File; 7] {
    macro_rules! source {
        ($name:literal) => {
            File { name: $name, bytes: include_bytes!(concat!("../../edge/node/decide/", $name)).to_vec() }
        };
    }
    // viewer-request is the handler that decides.
    let [packed, config, module, _] = files(Trigger::ViewerRequest, config);
    let loader = File { name: "onebox.mjs", bytes: LOADER.as_bytes().to_vec() };
    [packed, config, module, source!("index.d.ts"), source!("index.mjs"), loader, source!("package.json")]
}

/// The handler's entry and its module.
fn sources(trigger: Trigger) -> (&'static str, &'static [u8]) {
    macro_rules! handler {
        ($name:literal) => {
            (
                include_str!(concat!("../../", $name, "/index.mjs")),
                include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".wasm")),
            )
        };
    }
    match trigger {
        Trigger::ViewerRequest => handler!("viewer-request"),
        Trigger::OriginRequest => handler!("origin-request"),
        Trigger::OriginResponse => handler!("origin-response"),
        Trigger::ViewerResponse => handler!("viewer-response"),
    }
}
