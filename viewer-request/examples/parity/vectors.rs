//! The vectors of the specification as questions.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::{Map, Value, json};

use crate::{Question, Trouble, random::toml};

/// Every vector, by its policy as a configuration.
pub(crate) fn read() -> Result<BTreeMap<String, Vec<Question>>, Trouble> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/vectors/decisions.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let mut policies: BTreeMap<String, Vec<Question>> = BTreeMap::new();
    for case in vectors["cases"].as_array().into_iter().flatten() {
        let policy = &case["policy"];
        let text = |name: &str| policy[name].as_str().ok_or("a vector's policy has changed its shape");
        let toml = toml(text("share")?, text("salt")?, &policy["keys"].to_string());
        policies.entry(toml).or_default().push(question(case));
    }
    Ok(policies)
}

fn question(case: &Value) -> Question {
    let request = &case["request"];
    let mut lines: Map<String, Value> = request["headers"].as_object().cloned().unwrap_or_default();
    lines.extend(request.get("cookies").map(|cookies| ("cookie".to_owned(), cookies.clone())));

    let line = |name: &str, value: &Value| json!({ "key": name, "value": value });
    let list =
        |name: &str, values: &Value| values.as_array().into_iter().flatten().map(|value| line(name, value)).collect();
    let headers: Map<String, Value> = lines.iter().map(|(name, values)| (name.clone(), list(name, values))).collect();

    let mut plain = json!({ "headers": lines });
    let mut message = json!({ "headers": headers });
    if let Some(address) = request.get("clientIp") {
        plain["clientIp"] = address.clone();
        message["clientIp"] = address.clone();
    }
    let event = json!({ "Records": [{ "cf": { "request": message } }] }).to_string();
    let Value::Object(expected) = &case["expected"] else { return Question { event, plain: None, expected: None } };
    let expected = format!(
        r#"{{"partition":{},"bucket":{},"source":{}}}"#,
        expected["partition"], expected["bucket"], expected["source"]
    );
    Question { event, plain: Some(plain.to_string()), expected: Some(expected) }
}
