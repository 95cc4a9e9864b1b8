//! The test vectors of core's specification, asked of finished functions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

use std::{collections::BTreeMap, fs, path::Path};

use harness::{Case, ENGINES, config, run, visit::Visit};
use onebox_edge::{Config, CrawlerTexts, Pin};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    group: String,
    name: String,
    policy: Value,
    request: Map<String, Value>,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    partition: String,
    bucket: Option<u32>,
    source: String,
    pin: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    salt: String,
    share: Value,
    keys: Value,
    pin: Option<Pinned>,
    #[serde(rename = "override")]
    forced: Option<Forced>,
    #[serde(default)]
    crawlers: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pinned {
    cookie: String,
    release: String,
    secret: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forced {
    name: String,
    secret: String,
}

/// Where a vector has no pins: a pin that no request has tells the bucket.
const WITNESS: &str = "__Host-of-the-test";

/// The vectors say more than a file may; what a file may not say is set behind its back.
fn configured(rules: Rules) -> Config {
    // A key may be the pin's own cookie in a vector, and not in a file: there the pin has another name.
    let mut more = json!({ "pin": { "cookie": WITNESS }, "partition": { "salt": rules.salt } });
    let pin_secret = rules.pin.as_ref().and_then(|pin| pin.secret.as_deref());
    if pin_secret.is_some() {
        more["pin"]["secret"] = json!(secret(PIN_SECRET));
    }
    if rules.forced.is_some() {
        more["override"] = json!({ "secret": secret(OVERRIDE_SECRET) });
    }
    let release = rules.pin.as_ref().map_or("web-1", |pin| &pin.release);
    let mut config = config(&json!({ "id": release, "share": rules.share }), &rules.keys, &more);
    if let Some(secret) = pin_secret {
        config = with_secret(&config, PIN_SECRET, secret);
    }
    if let Some(forced) = &rules.forced {
        config = with_secret(&config, OVERRIDE_SECRET, &forced.secret);
    }
    config.crawlers = CrawlerTexts { contains: rules.crawlers, except: rules.except };
    let cookie = rules.pin.map_or_else(|| WITNESS.into(), |pin| pin.cookie);
    config.pin = config.pin.map(|pin| Pin { cookie, ..pin });
    config.forced = config.forced.zip(rules.forced).map(|(mut forced, rules)| {
        forced.name = rules.name;
        forced
    });
    config
}

/// What a file may hold, in place of what a vector holds: secrets that a file may not hold, because they can be guessed.
const PIN_SECRET: &str = "the secret of pins";
const OVERRIDE_SECRET: &str = "the secret of tokens";

fn secret(text: &str) -> String {
    text.bytes().fold("hex:".into(), |text, byte| format!("{text}{byte:02x}"))
}

/// The configuration with another secret: where a module reads it, nothing is checked any more.
fn with_secret(config: &Config, of_file: &str, of_vector: &str) -> Config {
    let sized = |text: &str| [&u32::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes()].concat();
    let (packed, old) = (config.pack(), sized(of_file));
    let at = packed.windows(old.len()).position(|bytes| bytes == old).unwrap();
    Config::unpack(&[&packed[..at], &sized(of_vector), &packed[at + old.len()..]].concat()).unwrap()
}

/// The pin that viewer-response has to write.
fn pin(vector: &Vector) -> Option<String> {
    let by_key = !["pin", "override", "share-zero", "crawler", "none"].contains(&&*vector.expected.source);
    match vector.expected.bucket {
        Some(bucket) if by_key && vector.policy.get("pin").is_none() => Some(format!("web-1.{bucket}")),
        _ => vector.expected.pin.clone(),
    }
}

#[test]
fn every_vector_is_decided_as_in_core() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/vectors/decisions.json");
    let vectors: Vectors = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut functions: Vec<String> = Vec::new();
    let mut indices = BTreeMap::new();
    let mut cases = Vec::new();
    for vector in &vectors.cases {
        let function = *indices.entry(vector.policy.to_string()).or_insert_with(|| {
            let config = configured(serde_json::from_value(vector.policy.clone()).unwrap());
            let built = onebox_cff::functions(&config).unwrap();
            functions.extend([built.viewer_request, built.viewer_response.unwrap()]);
            functions.len() - 2
        });
        let mut request = vector.request.clone();
        let now = request.remove("now").map_or(0, |now| now.as_i64().unwrap());
        let visit: Visit = serde_json::from_value(request.into()).unwrap();
        let case = |function, event| Case { function, now, store: None, event };
        cases.extend([case(function, visit.request()), case(function + 1, visit.response())]);
    }
    for engine in ENGINES {
        let answers = run(engine, &functions, &cases);
        for (vector, answers) in vectors.cases.iter().zip(answers.chunks(2)) {
            let place = format!("{engine:?}: {}: {}", vector.group, vector.name);
            let side = &answers[0]["message"]["headers"]["x-req-partition"];
            assert_eq!(*side, json!({ "value": vector.expected.partition }), "{place}");
            let cookies = answers[1]["message"]["cookies"].as_object().unwrap();
            let mut written = cookies.iter().filter(|(name, _)| *name != "of-origin");
            assert_eq!(
                written.next().map(|(_, pin)| pin["value"].as_str().unwrap()),
                pin(vector).as_deref(),
                "{place}"
            );
        }
    }
}
