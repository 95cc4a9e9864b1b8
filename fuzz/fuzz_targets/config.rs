//! Any text is a configuration or a list of its mistakes, and what is packaged reads the same again.
//!
//! Input: TOML or JSON. A secret is what a variable of any name holds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onebox_edge::{Config, Handler, Settings};
use onebox_origin_request::OriginRequest;
use onebox_origin_response::OriginResponse;
use onebox_viewer_request::ViewerRequest;
use onebox_viewer_response::ViewerResponse;

fuzz_target!(|input: &str| {
    match onebox_config::read_with(input, &secret) {
        Ok((config, _)) => accepted(&config),
        Err(mistakes) => {
            let lines = input.split('\n').count();
            assert!(!mistakes.is_empty(), "refused without a reason");
            for mistake in mistakes {
                assert!(!mistake.message.is_empty(), "a mistake without a message");
                assert!((1..=lines).contains(&mistake.line) && mistake.column >= 1, "{mistake} is in no line");
            }
        }
    }
    if let Ok(settings) = Settings::from_json(input) {
        check(&settings);
    }
});

fn secret(variable: &str) -> Option<String> {
    Some(format!("the secret that {variable} holds"))
}

fn check(settings: &Settings) {
    match Config::read_with(settings, &secret) {
        Ok(config) => accepted(&config),
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            assert!(problems.iter().all(|problem| !problem.message.is_empty()), "a mistake without a message");
        }
    }
}

/// What is accepted is packaged, and read by every handler.
fn accepted(config: &Config) {
    assert_eq!(Config::from_json(&config.to_json()).as_ref(), Ok(config));
    assert_eq!(Config::unpack(&config.pack()).as_ref(), Some(config));
    assert_eq!(config.policy().keys(), config.partition.keys);
    assert!(!ViewerRequest::new(config).fields().is_empty());
    assert!(!OriginRequest::new(config).fields().is_empty());
    assert!(!OriginResponse::new(config).fields().is_empty());
    assert!(!ViewerResponse::new(config).fields().is_empty());
    let policy = config.policy();
    assert_eq!(policy.ramp(), &config.release.share);
    assert_eq!(policy.pins().is_some(), config.pin.is_some());
    assert_eq!(policy.overrides().is_some(), config.forced.is_some());
    assert_eq!(policy.crawlers().is_some(), !config.crawlers.contains.is_empty());
}
