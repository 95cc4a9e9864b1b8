//! A request, as core reads it and as CloudFront hands it to a function.

use std::collections::BTreeMap;

use onebox_core::Request;
use serde::Deserialize;
use serde_json::{Map, Value, json};

const BLANKS: [char; 2] = [' ', '\t'];

/// A request in the form of the test vectors.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Visit {
    /// The Cookie lines.
    pub cookies: Vec<String>,
    /// The other headers, by their lower-case names.
    pub headers: BTreeMap<String, Vec<String>>,
    #[serde(rename = "clientIp")]
    pub client_ip: Option<String>,
}

impl Request for Visit {
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.cookies.iter().map(String::as_bytes)
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.get(name)?.first().map(String::as_bytes)
    }

    fn client_ip(&self) -> Option<&[u8]> {
        self.client_ip.as_deref().map(str::as_bytes)
    }
}

impl Visit {
    /// The event of viewer-request.
    pub fn request(&self) -> Value {
        let headers = self.headers.iter().filter(|(_, lines)| !lines.is_empty());
        let headers: Map<String, Value> = headers.map(|(name, lines)| (name.clone(), values(lines))).collect();
        let mut event = json!({
            "version": "1.0",
            "context": { "eventType": "viewer-request" },
            "viewer": {},
            "request": { "method": "GET", "uri": "/", "querystring": {}, "headers": headers, "cookies": self.pairs() },
        });
        if let Some(ip) = &self.client_ip {
            event["viewer"]["ip"] = json!(ip);
        }
        event
    }

    /// The event of viewer-response.
    pub fn response(&self) -> Value {
        let mut event = self.request();
        event["context"]["eventType"] = json!("viewer-response");
        event["response"] = json!({ "statusCode": 200, "headers": {}, "cookies": { "of-origin": { "value": "1" } } });
        event
    }

    /// The cookies by their names, as CloudFront parses them.
    fn pairs(&self) -> Map<String, Value> {
        let mut pairs: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for pair in self.cookies.iter().flat_map(|line| line.split(';')) {
            let Some((name, value)) = pair.split_once('=') else { continue };
            pairs.entry(name.trim_matches(BLANKS)).or_default().push(value.trim_matches(BLANKS).to_owned());
        }
        pairs.into_iter().map(|(name, lines)| (name.to_owned(), values(&lines))).collect()
    }
}

fn values(lines: &[String]) -> Value {
    match lines {
        [line] => json!({ "value": line }),
        _ => {
            let all: Vec<Value> = lines.iter().map(|line| json!({ "value": line })).collect();
            json!({ "value": lines[0], "multiValue": all })
        }
    }
}
