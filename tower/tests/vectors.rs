//! The specification's vectors, through the layer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod service;

use std::{collections::BTreeMap, fs, net::IpAddr, path::Path, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use onebox_core::{Crawlers, Entry, Overrides, Pins, Policy, Ramp, Secret, Share, Step, Time};
use onebox_tower::{Assignment, ClientIp, OneboxLayer};
use serde::Deserialize;
use service::send;

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
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

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Visit {
    cookies: Vec<String>,
    headers: BTreeMap<String, Vec<String>>,
    client_ip: Option<String>,
    now: Option<i64>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    partition: String,
    bucket: Option<u32>,
    source: String,
    pin: Option<String>,
}

impl Rules {
    fn policy(self) -> Policy {
        let secret = |text: String| Secret::new(text.as_bytes());
        let share = |text: String| text.parse::<Share>().unwrap();
        let step = |Moment { at, share: text }| Step { at: at.parse().unwrap(), share: share(text) };
        let ramp = match self.share {
            Shares::Constant(text) => share(text).into(),
            Shares::Schedule(steps) => Ramp::schedule(steps.into_iter().map(step).collect()).unwrap(),
        };
        let mut policy = Policy::new(&self.salt, ramp, self.keys.into_iter().map(Key::entry).collect());
        if let Some(Pin { cookie, release, secret: signs }) = self.pin {
            policy = policy.with_pins(Pins::new(cookie, &release, signs.map(secret)));
        }
        if let Some(Override { name, secret: signs }) = self.forced {
            policy = policy.with_overrides(Overrides::new(&name, secret(signs)));
        }
        if let Some(parts) = self.crawlers {
            policy = policy.with_crawlers(Crawlers::new(parts).except(self.except));
        }
        policy
    }
}

impl Rules {
    fn has_no_address_as_given(&self) -> bool {
        !self.keys.iter().any(|key| match key {
            Key::Part(part) => part == "client-ip",
            Key::Composite(parts) => parts.iter().any(|part| part == "client-ip"),
        })
    }
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

impl Visit {
    fn lines(&self) -> impl Iterator<Item = (&str, &str)> {
        let cookies = self.cookies.iter().map(|line| ("cookie", line.as_str()));
        cookies.chain(
            self.headers.iter().flat_map(|(name, lines)| lines.iter().map(|line| (name.as_str(), line.as_str()))),
        )
    }

    /// No header value holds a control character: <https://www.rfc-editor.org/rfc/rfc9110#section-5.5>.
    fn is_http(&self) -> bool {
        !self.lines().any(|(_, line)| line.bytes().any(|byte| byte != b'\t' && byte.is_ascii_control()))
    }

    /// Whether the address is spelled as the layer spells it, for which it is a number. A network has one spelling.
    fn is_spelled_shortest(&self) -> bool {
        let spelled =
            |text: &str| text.parse::<IpAddr>().map_or(text.is_empty(), |ip| ip.to_canonical().to_string() == text);
        self.client_ip.as_deref().is_none_or(spelled)
    }

    fn request(&self) -> Request<()> {
        let mut request = Request::new(());
        for (name, line) in self.lines() {
            let value = HeaderValue::from_bytes(line.as_bytes()).unwrap();
            request.headers_mut().append(name.parse::<HeaderName>().unwrap(), value);
        }
        if let Some(address) = self.client_ip.as_deref().and_then(|text| text.parse().ok()) {
            request.extensions_mut().insert(ClientIp(address));
        }
        request
    }
}

#[test]
fn every_decision_is_as_the_vectors_have_it() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/vectors/decisions.json");
    let Vectors { mut cases } = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    cases.retain(|case| {
        case.request.is_http() && (case.policy.has_no_address_as_given() || case.request.is_spelled_shortest())
    });
    assert!(cases.len() >= 1_200, "only {} cases", cases.len());
    for Case { group, name, policy, request, expected } in cases {
        let policy = policy.policy();
        let cookie = policy.pins().map(|pins| format!("{}=", pins.cookie().as_str()));
        let mut layer = OneboxLayer::new(policy).extension(true).write_pins(Duration::from_secs(60));
        if let Some(now) = request.now {
            layer = layer.clock(move || Time::from_unix_millis(now));
        }
        let response = send(&layer, request.request(), &HeaderMap::new());
        let Assignment { partition, bucket, reason } = response.body().extensions().get().unwrap();
        let pin = response.headers().get("set-cookie").map(|line| line.to_str().unwrap().split_once(';').unwrap().0);
        let found = Expected {
            partition: partition.to_string(),
            bucket: bucket.map(u32::from),
            source: reason.to_string(),
            pin: pin.map(|pair| pair.strip_prefix(&cookie.unwrap()).unwrap().to_owned()),
        };
        assert_eq!(found, expected, "{group}: {name}");
        assert_eq!(response.body().headers()["x-req-partition"], found.partition, "{group}: {name}");
    }
}
