//! A configuration as packaged JSON.

use onebox_core::{Entry, Origin, Part, Ramp, Time};
use serde_json::{Map, Value, json};

use super::{Config, function};

pub(super) fn json(config: &Config) -> String {
    let mut members = json!({
        "release": { "id": config.release.id, "share": share(&config.release.share) },
        "partition": {
            "keys": config.partition.keys.iter().map(entry).collect::<Vec<_>>(),
            "header": config.partition.header,
            "salt": config.partition.salt,
        },
        "origins": { "regular": origin(&config.origins.regular), "one-box": origin(&config.origins.one_box) },
        "debug": { "response_header": config.debug.response_header },
    });
    if let Some(pin) = &config.pin {
        members["pin"] = json!({ "cookie": pin.cookie, "max_age": format!("{}s", pin.max_age) });
        if let Some(secret) = &pin.secret {
            members["pin"]["secret"] = json!(secret.setting());
        }
    }
    if let Some(forced) = &config.forced {
        members["override"] = json!({ "name": forced.name, "secret": forced.secret.setting() });
    }
    if !config.crawlers.is_empty() {
        members["crawlers"] = json!({ "contains": config.crawlers });
    }
    if let Some(table) = function::json(&config.function) {
        members["function"] = table;
    }
    format!("{members:#}\n")
}

fn share(ramp: &Ramp) -> Value {
    match ramp.constant() {
        Some(share) => json!(share.to_string()),
        None => {
            let step = |at: Time, share: String| json!({ "at": at.to_string(), "share": share });
            ramp.steps().iter().map(|each| step(each.at, each.share.to_string())).collect()
        }
    }
}

fn entry(entry: &Entry) -> Value {
    match entry.parts() {
        [part] => json!(part.to_string()),
        parts => parts.iter().map(Part::to_string).collect(),
    }
}

fn origin(origin: &Origin) -> Value {
    let optional = [
        ("host", origin.host.as_deref().map(Value::from)),
        ("path", origin.path.as_deref().map(Value::from)),
        ("port", origin.port.map(Value::from)),
        ("protocol", origin.protocol.as_deref().map(Value::from)),
    ];
    let mut members = Map::from_iter([("domain".to_owned(), Value::from(origin.domain.as_str()))]);
    members.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Value::Object(members)
}
