//! Any text is a configuration or a list of its mistakes, and what is packaged reads the same again.
//!
//! Input: TOML, JSON, or the lines that the Node.js loader writes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onebox_edge::{Config, Handler, Settings, Value};
use onebox_origin_request::OriginRequest;
use onebox_origin_response::OriginResponse;
use onebox_viewer_request::ViewerRequest;

fuzz_target!(|input: &str| {
    match onebox::config::read(input) {
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
    if let Ok(settings) = Settings::from_lines(input)
        && lists_are_as_long_as_they_say(&settings)
    {
        check(&settings);
    }
});

fn check(settings: &Settings) {
    match Config::read(settings) {
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
    assert_eq!(config.policy().keys(), config.partition.keys);
    assert!(!ViewerRequest::new(config).fields().is_empty());
    assert!(!OriginRequest::new(config).fields().is_empty());
    assert!(!OriginResponse::new(config).fields().is_empty());
}

/// The loader counts the items that it then writes; every one that is missing would be a mistake of its own.
fn lists_are_as_long_as_they_say(settings: &Settings) -> bool {
    let all = settings.iter().count();
    settings.iter().all(|(_, value)| !matches!(value, Value::List(length) if *length > all))
}
