//! A configuration as packaged JSON.

use onebox_core::{Entry, Origin, Part, Ramp, Time};
use serde_json::{Map, Value, json};

use super::{Config, function};

impl Config {
    /// Writes it as it is packaged. Secrets are in it: a function has no other place for them.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut members = json!({
            "release": { "id": self.release.id, "share": share(&self.release.share) },
            "partition": {
                "keys": self.partition.keys.iter().map(entry).collect::<Vec<_>>(),
                "header": self.partition.header,
                "salt": self.partition.salt,
            },
            "origins": { "regular": origin(&self.origins.regular), "one-box": origin(&self.origins.one_box) },
            "debug": { "response_header": self.debug.response_header },
        });
        if let Some(name) = &self.partition.forward_host {
            members["partition"]["forward_host"] = json!(name);
        }
        if let Some(pin) = &self.pin {
            members["pin"] = json!({ "cookie": pin.cookie, "max_age": format!("{}s", pin.max_age) });
            if let Some(secret) = &pin.secret {
                members["pin"]["secret"] = json!(secret.setting());
            }
        }
        if let Some(forced) = &self.forced {
            members["override"] = json!({ "name": forced.name, "secret": forced.secret.setting() });
        }
        if !self.crawlers.contains.is_empty() {
            members["crawlers"] = json!({ "contains": self.crawlers.contains });
            if !self.crawlers.except.is_empty() {
                members["crawlers"]["except"] = json!(self.crawlers.except);
            }
        }
        if let Some(table) = function::json(&self.function) {
            members["function"] = table;
        }
        format!("{members:#}\n")
    }
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
