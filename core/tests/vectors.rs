//! The vectors of `SPEC.md`: every case in every file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod visit;

use std::{fs, path::Path, process::Command};

use onebox_core::{
    Crawlers, Entry, Incoming, Origin, Overrides, Partition, Pins, Policy, Ramp, Secret, Share, Source, Step, Vary,
    merge,
};
use serde::{Deserialize, de::DeserializeOwned};
use visit::Visit;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors<T> {
    specification: u32,
    #[serde(rename = "about")]
    _about: String,
    cases: Vec<T>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    group: String,
    name: String,
    policy: Rules,
    request: Visit,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    salt: String,
    share: Shares,
    keys: Vec<Key>,
    pin: Option<Pin>,
    #[serde(rename = "override")]
    forced: Option<Override>,
    crawlers: Option<Vec<String>>,
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Shares {
    Constant(String),
    Schedule(Vec<Moment>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Moment {
    at: String,
    share: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pin {
    cookie: String,
    release: String,
    secret: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    name: String,
    secret: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Key {
    Part(String),
    Composite(Vec<String>),
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    partition: String,
    bucket: Option<u32>,
    source: String,
    /// The pin to write.
    pin: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Merged {
    name: String,
    header: String,
    lines: Vec<String>,
    expected: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Routed {
    name: String,
    regular: Place,
    partition: Option<String>,
    incoming: Place,
    moves: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Place {
    domain: Option<String>,
    path: Option<String>,
    port: Option<u16>,
    protocol: Option<String>,
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors"))
}

fn vectors<T: DeserializeOwned>(file: &str) -> Vec<T> {
    let text = fs::read_to_string(folder().join(file)).unwrap();
    let vectors: Vectors<T> = serde_json::from_str(&text).unwrap();
    assert_eq!(vectors.specification, 1);
    vectors.cases
}

impl Key {
    fn entry(self) -> Entry {
        let parts = match self {
            Self::Part(part) => vec![part],
            Self::Composite(parts) => parts,
        };
        Entry::new(parts.iter().map(|part| part.parse().unwrap()).collect()).unwrap()
    }
}

impl Shares {
    fn ramp(self) -> Ramp {
        let share = |text: String| text.parse::<Share>().unwrap();
        match self {
            Self::Constant(text) => share(text).into(),
            Self::Schedule(steps) => {
                let steps =
                    steps.into_iter().map(|step| Step { at: step.at.parse().unwrap(), share: share(step.share) });
                Ramp::schedule(steps.collect()).unwrap()
            }
        }
    }
}

impl Rules {
    fn policy(self) -> Policy {
        let secret = |text: &String| Secret::new(text.as_bytes());
        let mut policy = Policy::new(&self.salt, self.share.ramp(), self.keys.into_iter().map(Key::entry).collect());
        if let Some(Pin { cookie, release, secret: signs }) = self.pin {
            policy = policy.with_pins(Pins::new(cookie, &release, signs.as_ref().map(secret)));
        }
        if let Some(Override { name, secret: signs }) = self.forced {
            policy = policy.with_overrides(Overrides::new(&name, secret(&signs)));
        }
        if let Some(parts) = self.crawlers {
            policy = policy.with_crawlers(Crawlers::new(parts).except(self.except));
        }
        policy
    }
}

#[test]
fn every_decision_is_as_the_reference_decides() {
    let cases: Vec<Decided> = vectors("decisions.json");
    assert!(cases.len() >= 1_000, "only {} cases", cases.len());
    for Decided { group, name, policy, request, expected } in cases {
        let policy = policy.policy();
        assert!(request.now.is_some() || !policy.reads_clock(), "{group}: {name}: at which time?");
        let decision = policy.decide(&request, request.time());
        let pin = policy.pins().zip(decision.bucket).filter(|_| matches!(decision.source, Source::Key(_)));
        let found = Expected {
            partition: decision.partition.to_string(),
            bucket: decision.bucket.map(u32::from),
            source: decision.source.to_string(),
            pin: pin.map(|(pins, bucket)| pins.value(bucket).to_string()),
        };
        assert_eq!(found, expected, "{group}: {name}");
    }
}

#[test]
fn every_vary_is_merged_as_the_reference_merges_it() {
    let cases: Vec<Merged> = vectors("vary.json");
    assert!(cases.len() >= 20, "only {} cases", cases.len());
    for Merged { name, header, lines, expected } in cases {
        let joined = lines.join(", ");
        let value = (!lines.is_empty()).then_some(joined.as_bytes());
        let found = match merge(value, &header) {
            Vary::Leave => lines,
            Vary::Set => vec![header],
            Vary::Append => vec![format!("{joined}, {header}")],
        };
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn every_request_moves_or_stays_as_the_reference_has_it() {
    let cases: Vec<Routed> = vectors("origin.json");
    assert!(cases.len() >= 20, "only {} cases", cases.len());
    for Routed { name, regular, partition, incoming, moves } in cases {
        let Place { domain, path, port, protocol } = regular;
        let regular = Origin { domain: domain.unwrap(), path, port, protocol, ..Origin::default() };
        let port = incoming.port.map(|port| port.to_string());
        let incoming = Incoming {
            domain: incoming.domain.as_deref().map(str::as_bytes),
            path: incoming.path.as_deref().map(str::as_bytes),
            port: port.as_deref().map(str::as_bytes),
            protocol: incoming.protocol.as_deref().map(str::as_bytes),
        };
        let partition = partition.as_deref().map(str::as_bytes).and_then(Partition::from_header);
        assert_eq!(regular.is_left(partition, incoming), moves, "{name}");
    }
}

#[test]
fn the_reference_writes_the_committed_vectors_byte_for_byte() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vectors");
    fs::create_dir_all(&out).unwrap();
    let done = Command::new("python3").arg(folder().join("generate.py")).arg(&out).output();
    let done = done.expect("python3 has to be on the PATH: install Python 3.9 or later");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    for file in ["decisions.json", "vary.json", "origin.json"] {
        let (written, committed) = (fs::read(out.join(file)).unwrap(), fs::read(folder().join(file)).unwrap());
        assert!(written == committed, "{file} is not what generate.py writes: run it and look at the difference");
    }
}
