//! What a module reads is what was packaged: `Config::pack` and `Config::unpack`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

use std::{fs, path::Path, sync::LazyLock};

use onebox_edge::Config;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The configurations of the golden events, and one for everything that a function of CloudFront may do.
static CONFIGS: LazyLock<Vec<Config>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config");
    let texts = fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let functions = [
        json!({ "origin": "function" }),
        json!({ "origin": "function", "one_box_id": "my box", "store": "a1b2-c3", "key": "web/1" }),
    ];
    let with_function = functions.map(|function| {
        let mut config: Value = serde_json::from_str(PLAIN).unwrap();
        config["function"] = function;
        config.to_string()
    });
    let with_networks = ["client-ip/16", "client-ip/64", "client-ip/128"].map(|part| {
        let mut config: Value = serde_json::from_str(PLAIN).unwrap();
        config["partition"]["keys"] = json!([[part, "header:user-agent"], part]);
        config["partition"]["forward_host"] = json!("X-Forwarded-Host");
        config.to_string()
    });
    texts.chain(with_function).chain(with_networks).map(|text| Config::from_json(&text).unwrap()).collect()
});

const VERSION: &str = concat!("onebox ", env!("CARGO_PKG_VERSION"), "\n");

const PLAIN: &str = include_str!("../fixtures/config/plain.json");

#[test]
fn every_configuration_is_unpacked_as_it_was() {
    assert!(CONFIGS.len() > 5);
    for config in CONFIGS.iter() {
        assert_eq!(Config::unpack(&config.pack()).as_ref(), Some(config));
    }
}

#[test]
fn a_part_of_it_or_more_than_it_is_none() {
    for config in CONFIGS.iter() {
        let packed = config.pack();
        for end in 0..packed.len() {
            assert_eq!(Config::unpack(&packed[..end]), None, "{end} of {} bytes", packed.len());
        }
        assert_eq!(Config::unpack(&[&packed[..], b"\0"].concat()), None);
    }
}

#[test]
fn what_another_version_packed_is_none() {
    let packed = CONFIGS[0].pack();
    assert!(packed.starts_with(VERSION.as_bytes()));
    let other = [&b"onebox 0.0.9\n"[..], &packed[VERSION.len()..]].concat();
    assert_eq!(Config::unpack(&other), None);
}

#[test]
fn a_length_beyond_the_end_is_none_and_takes_no_memory() {
    assert_eq!(Config::unpack(&[VERSION.as_bytes(), &[0xFF; 64]].concat()), None);
    let packed = CONFIGS[0].pack();
    for at in 0..packed.len() - 3 {
        let mut changed = packed.clone();
        changed[at..at + 4].fill(0xFF);
        if let Some(config) = Config::unpack(&changed) {
            assert_eq!(config.pack(), changed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn what_is_unpacked_is_packed_as_it_was(
        config in 0..CONFIGS.len(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut packed = CONFIGS[config].pack();
        for (at, byte) in changes {
            let at = at.index(packed.len());
            packed[at] = byte;
        }
        if let Some(config) = Config::unpack(&packed) {
            prop_assert_eq!(config.pack(), packed);
        }
    }

    #[test]
    fn any_bytes_are_a_configuration_or_none(bytes in proptest::collection::vec(0u8..4, 0..200)) {
        let packed = [VERSION.as_bytes(), &bytes].concat();
        if let Some(config) = Config::unpack(&packed) {
            prop_assert_eq!(config.pack(), packed);
        }
    }
}
