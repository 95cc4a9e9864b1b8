//! The test vectors of core's specification, asked of finished functions.

mod harness;

use std::{collections::BTreeMap, fs, path::Path};

use harness::{Case, ENGINES, config, run, visit::Visit};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    group: String,
    name: String,
    policy: Value,
    request: Visit,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    partition: String,
    bucket: Option<u32>,
}

#[test]
fn every_vector_is_decided_as_in_core() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/vectors/decisions.json");
    let vectors: Vectors = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    assert!(vectors.cases.len() >= 200);
    let mut functions: Vec<String> = Vec::new();
    let mut indices = BTreeMap::new();
    let mut cases = Vec::new();
    for vector in &vectors.cases {
        let settings: Vec<&String> = vector.policy.as_object().unwrap().keys().collect();
        assert_eq!(settings, ["keys", "salt", "share"], "a setting that this test does not know");
        let function = *indices.entry(vector.policy.to_string()).or_insert_with(|| {
            let release = json!({ "id": "web-1", "share": vector.policy["share"] });
            let more = json!({ "pin": {}, "partition": { "salt": vector.policy["salt"] } });
            let built = onebox_cff::functions(&config(&release, &vector.policy["keys"], &more)).unwrap();
            functions.extend([built.viewer_request, built.viewer_response.unwrap()]);
            functions.len() - 2
        });
        let case = |function, event| Case { function, now: 0, store: None, event };
        cases.extend([case(function, vector.request.request()), case(function + 1, vector.request.response())]);
    }
    for engine in ENGINES {
        let answers = run(engine, &functions, &cases);
        for (vector, answers) in vectors.cases.iter().zip(answers.chunks(2)) {
            let place = format!("{engine:?}: {}: {}", vector.group, vector.name);
            let side = &answers[0]["message"]["headers"]["x-req-partition"];
            assert_eq!(*side, json!({ "value": vector.expected.partition }), "{place}");
            // The pin tells the bucket.
            let pin = answers[1]["message"]["cookies"]["__Host-onebox"]["value"].as_str();
            assert_eq!(pin.map(str::to_owned), vector.expected.bucket.map(|bucket| format!("web-1.{bucket}")), "{place}");
        }
    }
}
