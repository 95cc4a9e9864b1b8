//! Secrets are packaged and used, and shown to nobody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

use onebox_edge::{Config, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};

const VARIABLE: &str = "ONEBOX_SECRET";

fn settings(pin: &str, forced: &str) -> Value {
    json!({
        "release": { "id": "web-1", "share": "5%" },
        "partition": { "keys": ["cookie:session"] },
        "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } },
        "pin": { "secret": pin },
        "override": { "secret": forced },
    })
}

/// A secret as a text, as hexadecimal digits and as a list of bytes: the forms in which it could get out.
fn forms(secret: &str) -> Vec<String> {
    let list = |of: &[u8]| of.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let digits = |of: &[u8]| of.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let some = &secret.as_bytes()[..8.min(secret.len())];
    let begins = String::from_utf8_lossy(some).into_owned();
    vec![begins, digits(some), digits(some).to_uppercase(), list(some), secret.to_owned()]
}

fn assert_hides(shown: &str, secret: &str) {
    for form in forms(secret) {
        assert!(!shown.contains(&form), "{form:?} is in {shown}");
    }
}

proptest! {
    #[test]
    fn what_is_shown_of_a_configuration_has_no_secret_in_it(secret in "[!-~]{16,80}", other in "\\PC{16,40}") {
        let read = |settings: &Value| {
            let settings = Settings::from_json(&settings.to_string()).unwrap();
            Config::read_with(&settings, &|name| (name == VARIABLE).then(|| secret.clone()))
        };
        let config = read(&settings("env:ONEBOX_SECRET", "env:ONEBOX_SECRET")).unwrap();
        prop_assert_eq!(config.pin.as_ref().unwrap().secret.as_ref().unwrap().bytes(), secret.as_bytes());
        for shown in [
            format!("{config:?}"),
            format!("{config:#?}"),
            format!("{:?}", config.pin),
            format!("{:?}", config.forced),
            format!("{:?}", config.policy()),
        ] {
            assert_hides(&shown, &secret);
        }
        prop_assert!(config.to_json().contains(&forms(&secret)[1]), "the function gets it");
        prop_assert_eq!(Config::from_json(&config.to_json()), Ok(config));

        // Whoever writes a secret where its variable's name belongs reads about it in a log.
        let digits = forms(&secret)[1].clone();
        for mistake in [&*secret, &*other, &format!("hex:{digits}"), &format!("hex:{secret}"), &format!("hex:0{digits}")] {
            let Err(problems) = read(&settings(mistake, "env:ONEBOX_SECRET")) else {
                prop_assert!(false, "{mistake:?} is a secret");
                unreachable!()
            };
            let all: String = problems.iter().map(|problem| format!("{problem} {problem:?}\n")).collect();
            prop_assert!(problems.iter().all(|problem| problem.path == "pin.secret"), "{}", all);
            assert_hides(&all, &secret);
            prop_assert!(!all.contains(mistake), "{}", all);
        }
    }
}

#[test]
fn a_secret_that_is_not_set_is_named() {
    let settings = Settings::from_json(&settings("env:PIN_KEY", "env:FORCE_KEY").to_string()).unwrap();
    for value in [None, Some(String::new())] {
        let problems = Config::read_with(&settings, &|_| value.clone()).unwrap_err();
        let all: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all[0].starts_with("pin.secret: ") && all[0].contains("PIN_KEY"), "{all:?}");
        assert!(all[1].starts_with("override.secret: ") && all[1].contains("FORCE_KEY"), "{all:?}");
    }
}

#[test]
fn a_short_secret_is_refused_without_being_shown() {
    let settings = Settings::from_json(&settings("env:A", "env:A").to_string()).unwrap();
    let problems = Config::read_with(&settings, &|_| Some("tooshortbyone..".to_owned())).unwrap_err();
    let all: String = problems.iter().map(|problem| format!("{problem} {problem:?}\n")).collect();
    assert!(all.contains("15 bytes") && all.contains("at least 16"), "{all}");
    assert_hides(&all, "tooshortbyone..");
}
