//! `partition.forward_host`: the function passes the viewer's host on as the handler does, by the same golden events.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

use std::{fs, path::Path};

use harness::{Case, ENGINES, run};
use onebox_edge::Config;
use serde_json::{Map, Value, json};

const NAME: &str = "x-forwarded-host";

/// Headers of Lambda@Edge as a function gets them; what is no list of lines cannot be there.
fn headers(of: &Value) -> Map<String, Value> {
    let values = |lines: &Value| {
        let lines = lines.as_array().filter(|lines| !lines.is_empty())?;
        let all: Vec<_> = lines.iter().map(|line| json!({ "value": line["value"] })).collect();
        Some(json!({ "value": lines[0]["value"], "multiValue": all }))
    };
    of.as_object().unwrap().iter().filter_map(|(name, lines)| Some((name.clone(), values(lines)?))).collect()
}

#[test]
fn the_viewers_host_is_passed_on_and_what_a_viewer_sends_never_is() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../edge/fixtures");
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let config = Config::from_json(&read(&fixtures.join("config/host.json"))).unwrap();
    let function = onebox_cff::functions(&config).unwrap().viewer_request;
    let folders = fs::read_dir(fixtures.join("viewer-request/host")).unwrap().map(|folder| folder.unwrap().path());
    let json = |path: &Path| serde_json::from_str::<Value>(&read(path)).unwrap();
    let (mut cases, mut expected) = (Vec::new(), Vec::new());
    for folder in folders {
        let event = json(&folder.join("event.json"));
        let headers = headers(&event["Records"][0]["cf"]["request"]["headers"]);
        let request = json!({ "method": "GET", "uri": "/", "headers": headers, "cookies": {} });
        cases.push(Case { function: 0, now: 0, store: None, event: json!({ "viewer": {}, "request": request }) });
        let host = &json(&folder.join("expected.json"))["headers"][NAME][0]["value"];
        expected.push((folder, if host.is_null() { Value::Null } else { json!({ "value": host }) }));
    }
    assert!(cases.len() >= 19);
    for engine in ENGINES {
        for (answer, (folder, expected)) in run(engine, std::slice::from_ref(&function), &cases).iter().zip(&expected) {
            assert_eq!(&answer["message"]["headers"][NAME], expected, "{engine:?}: {}", folder.display());
            assert_eq!(answer["message"]["headers"]["x-req-partition"]["value"], "one-box", "{}", folder.display());
        }
    }
}

#[test]
fn without_the_setting_nothing_of_it_is_in_the_function() {
    let config = harness::config(&json!({ "id": "web-1", "share": "5%" }), &json!(["client-ip"]), &json!({}));
    assert!(!onebox_cff::functions(&config).unwrap().viewer_request.contains("`host`"));
}
