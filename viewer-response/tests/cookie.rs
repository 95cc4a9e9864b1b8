//! The cookie that is written, as another parser reads it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

use cookie::{Cookie, SameSite, time::Duration};
use onebox_core::Time;
use onebox_edge::{Config, handle};
use onebox_viewer_response::ViewerResponse;
use proptest::{option, prelude::*};
use serde_json::{Value, json};

/// What viewer-response adds to a response of this visitor.
fn written(config: &Value, session: &str) -> Vec<String> {
    let handler = ViewerResponse::new(&Config::from_json(&config.to_string()).unwrap());
    let cookie = format!("session={session}");
    let event = json!({ "Records": [{ "cf": {
        "request": { "headers": { "cookie": [{ "key": "Cookie", "value": cookie }] } },
        "response": { "status": "200", "headers": {} },
    } }] });
    let response: Value = serde_json::from_str(&handle(&handler, &event.to_string(), Time::MIN).unwrap()).unwrap();
    let lines = response["headers"]["set-cookie"].as_array().cloned().unwrap_or_default();
    lines.iter().map(|line| line["value"].as_str().unwrap().to_owned()).collect()
}

proptest! {
    #[test]
    fn the_cookie_crate_reads_what_is_written(
        id in "[A-Za-z0-9_-]{1,64}",
        name in "__Host-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}",
        seconds in 1..=34_560_000_u32,
        secret in option::of("[0-9a-f]{32}"),
        session in "[a-z0-9]{1,40}",
    ) {
        let mut config = json!({
            "release": { "id": id, "share": "5%" },
            "partition": { "keys": ["cookie:session"] },
            "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } },
            "pin": { "cookie": name, "max_age": format!("{seconds}s") },
        });
        if let Some(digits) = &secret {
            config["pin"]["secret"] = json!(format!("hex:{digits}"));
        }
        let lines = written(&config, &session);
        prop_assert_eq!(lines.len(), 1);

        // https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-the-__host-prefix asks for Secure,
        // for Path=/ and for no Domain.
        let cookie = Cookie::parse(&*lines[0]).unwrap();
        let policy = Config::from_json(&config.to_string()).unwrap().policy();
        let pins = policy.pins().unwrap();
        prop_assert_eq!(cookie.name(), name);
        let bucket = pins.read(cookie.value().as_bytes());
        prop_assert!(bucket.is_some(), "{} is no pin", cookie.value());
        prop_assert_eq!(cookie.value().split('.').count(), if secret.is_some() { 3 } else { 2 });
        prop_assert_eq!(cookie.path(), Some("/"));
        prop_assert_eq!(cookie.secure(), Some(true));
        prop_assert_eq!(cookie.http_only(), Some(true));
        prop_assert_eq!(cookie.same_site(), Some(SameSite::Lax));
        prop_assert_eq!(cookie.max_age(), Some(Duration::seconds(seconds.into())));
        prop_assert_eq!(cookie.domain(), None);
        prop_assert_eq!(cookie.expires(), None);
        prop_assert_eq!(cookie.partitioned(), None);
        // There is nothing in the line that the other parser has passed over.
        prop_assert_eq!(lines[0].split(';').count(), 6);
        prop_assert!(!lines[0].contains(&session) || session.len() < 3, "a pin holds no identifier");
    }
}
