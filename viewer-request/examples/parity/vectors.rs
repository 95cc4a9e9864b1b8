//! The vectors of the specification as questions.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use onebox_core::Time;
use serde_json::{Map, Value, json};

use crate::{
    Question, Trouble,
    settings::{Settings, Site},
};

/// Every vector, by its policy as a configuration; but for those that no configuration can have.
pub(crate) fn read() -> Result<BTreeMap<Site, Vec<Question>>, Trouble> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/vectors/decisions.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let mut policies: BTreeMap<Site, Vec<Question>> = BTreeMap::new();
    for case in vectors["cases"].as_array().into_iter().flatten().filter(|case| !is_refused(&case["policy"])) {
        policies.entry(settings(&case["policy"])?.site()).or_default().push(question(case));
    }
    Ok(policies)
}

/// Whether a key is the pin's own cookie, or a secret repeats a few characters or has blanks at its ends, which a configuration refuses.
fn is_refused(policy: &Value) -> bool {
    let is_unfit = |text: &str| text != text.trim() || text.bytes().collect::<BTreeSet<_>>().len() < 4;
    if ["pin", "override"].iter().any(|table| policy[table]["secret"].as_str().is_some_and(is_unfit)) {
        return true;
    }
    let pin = policy["pin"]["cookie"].as_str().map(|name| Value::from(format!("cookie:{name}")));
    pin.is_some_and(|pin| policy["keys"].as_array().is_some_and(|keys| keys.contains(&pin)))
}

fn settings(policy: &Value) -> Result<Settings, Trouble> {
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("a vector's policy has changed its shape");
    let (pin, forced) = (&policy["pin"], &policy["override"]);
    let mut settings = Settings::new(text(&policy["salt"])?, policy["share"].clone(), policy["keys"].clone());
    if let Value::Object(_) = pin {
        settings.release = text(&pin["release"])?;
        settings.pin = Some((text(&pin["cookie"])?, pin["secret"].as_str().map(str::to_owned)));
    }
    if let Value::Object(_) = forced {
        settings.forced = Some((text(&forced["name"])?, text(&forced["secret"])?));
    }
    settings.crawlers = policy["crawlers"].as_array().cloned().unwrap_or_default();
    settings.except = policy["except"].as_array().cloned().unwrap_or_default();
    Ok(settings)
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
    let expected = &case["expected"];
    let expected = format!(
        r#"{{"partition":{},"bucket":{},"source":{}}}"#,
        expected["partition"], expected["bucket"], expected["source"]
    );
    // Where no time is said, none matters.
    let now = Time::from_unix_millis(request["now"].as_i64().unwrap_or_default());
    Question { event, now, plain: Some(plain.to_string()), expected: Some(expected) }
}
