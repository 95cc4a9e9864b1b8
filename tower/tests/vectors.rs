//! The specification's vectors, through the layer.

mod service;

use std::{collections::BTreeMap, fs, net::IpAddr, path::Path};

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use onebox_core::{Entry, Policy, Share};
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
    share: String,
    keys: Vec<Key>,
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
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    partition: String,
    bucket: Option<u32>,
    source: String,
}

/// What HTTP cannot carry, and addresses that are not spelled as the layer spells them.
const ELSEWHERE: usize = 11;

impl Rules {
    fn policy(self) -> Policy {
        let entry = |key| {
            let parts = match key {
                Key::Part(part) => vec![part],
                Key::Composite(parts) => parts,
            };
            Entry::new(parts.iter().map(|part| part.parse().unwrap()).collect()).unwrap()
        };
        Policy::new(&self.salt, self.share.parse::<Share>().unwrap(), self.keys.into_iter().map(entry).collect())
    }
}

impl Visit {
    /// The request, unless HTTP cannot carry it: control characters are in no header value
    /// (<https://www.rfc-editor.org/rfc/rfc9110#section-5.5>). An address is a number here and has one spelling.
    fn request(&self) -> Option<Request<()>> {
        let cookies = self.cookies.iter().map(|line| ("cookie", line));
        let headers = self.headers.iter().flat_map(|(name, lines)| lines.iter().map(|line| (name.as_str(), line)));
        let mut request = Request::new(());
        for (name, line) in cookies.chain(headers) {
            let value = HeaderValue::from_bytes(line.as_bytes()).ok()?;
            request.headers_mut().append(name.parse::<HeaderName>().unwrap(), value);
        }
        if let Some(text) = self.client_ip.as_deref().filter(|text| !text.is_empty()) {
            let address: IpAddr = text.parse().unwrap();
            if address.to_canonical().to_string() != text {
                return None;
            }
            request.extensions_mut().insert(ClientIp(address));
        }
        Some(request)
    }
}

#[test]
fn every_decision_is_as_the_vectors_have_it() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/vectors/decisions.json");
    let Vectors { cases } = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let count = cases.len();
    let mut asked = 0;
    for Case { group, name, policy, request, expected } in cases {
        let Some(request) = request.request() else { continue };
        let response = send(&OneboxLayer::new(policy.policy()).extension(true), request, &HeaderMap::new());
        let Assignment { partition, bucket, reason } = response.body().extensions().get().unwrap();
        let found =
            Expected { partition: partition.to_string(), bucket: bucket.map(u32::from), source: reason.to_string() };
        assert_eq!(found, expected, "{group}: {name}");
        assert_eq!(response.body().headers()["x-req-partition"], found.partition, "{group}: {name}");
        asked += 1;
    }
    assert!(count >= 300, "only {count} cases");
    assert_eq!(count - asked, ELSEWHERE, "cases that HTTP cannot carry");
}
