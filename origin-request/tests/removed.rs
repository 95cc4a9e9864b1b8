//! What a request loses on its way to an origin, wherever it stands: the same as in a tree of JSON values.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

use onebox_core::Time;
use onebox_edge::{Config, handle};
use onebox_origin_request::OriginRequest;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

const CONFIG: &str = include_str!("../../edge/fixtures/config/forced.json");
const NAMES: &[&str] = &["onebox-force", "cookie", "onebox\\u002dforce", "accept", "x-other", "host"];
const LINES: &[&str] = &[
    "a=1",
    "onebox-force=T",
    "a=1; onebox-force=T",
    " onebox-force = T ;b=2",
    "onebox-force=1;onebox-force=2; c",
    "xonebox-force=1; onebox-forced=2",
    "",
];

/// The Cookie lines without the token, by splitting.
fn without(lines: &Value) -> Value {
    let pair =
        |pair: &&str| pair.split_once('=').is_none_or(|(name, _)| name.trim_matches([' ', '\t']) != "onebox-force");
    let mut left = Vec::new();
    for line in lines.as_array().unwrap() {
        let value = line["value"].as_str().unwrap();
        let kept: Vec<&str> = value.split(';').filter(pair).collect();
        let mut text = kept.join(";");
        if !value.split(';').next().is_some_and(|first| pair(&first)) {
            text = text.trim_start_matches([' ', '\t']).to_owned();
        }
        if text == value || !text.is_empty() {
            left.push(json!({ "key": "Cookie", "value": text }));
        }
    }
    left.into()
}

proptest! {
    #[test]
    fn a_token_is_removed_wherever_it_stands_and_nothing_else_changes(
        headers in vec((select(NAMES), vec(select(LINES), 0..4)), 0..8),
        tag in select(&["one-box", "regular", ""][..]),
        domain in select(&["reg.example.org", "spare.example.org"][..]),
    ) {
        let members: Vec<String> = headers
            .iter()
            .map(|(name, lines)| {
                let lines: Vec<String> = lines.iter().map(|line| format!(r#"{{"key":"Cookie","value":"{line}"}}"#)).collect();
                format!(r#" "{name}" : [{}] "#, lines.join(" , "))
            })
            .chain((!tag.is_empty()).then(|| format!(r#""x-req-partition":[{{"value":"{tag}"}}]"#)))
            .collect();
        let origin = json!({ "custom": { "domainName": domain, "path": "", "port": 8080, "protocol": "http" } });
        let request = format!(r#"{{"uri":"/","headers":{{{}}},"origin":{origin}}}"#, members.join(","));
        let event = format!(r#"{{"Records":[{{"cf":{{"request":{request}}}}}]}}"#);
        let handler = OriginRequest::new(&Config::from_json(CONFIG).unwrap());
        let found: Value = serde_json::from_str(&handle(&handler, &event, Time::MIN).unwrap()).unwrap();

        let mut expected: Value = serde_json::from_str(&request).unwrap();
        let headers = expected["headers"].as_object_mut().unwrap();
        headers.remove("onebox-force");
        if let Some(lines) = headers.get("cookie") {
            let left = without(lines);
            if left != *lines {
                headers.remove("cookie");
                if left != json!([]) {
                    headers.insert("cookie".into(), left);
                }
            }
        }
        if tag == "one-box" && domain == "reg.example.org" {
            headers.insert("host".into(), json!([{ "key": "Host", "value": "box.example.org" }]));
            expected["origin"]["custom"]["domainName"] = "box.example.org".into();
            expected["origin"]["custom"]["port"] = 8081.into();
        }
        prop_assert_eq!(found, expected);
    }
}
