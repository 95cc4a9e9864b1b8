//! Where a CloudFront Function moves a request with the helpers of the module `cloudfront`.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html>

use http::HeaderValue;
use onebox_edge::Moves;
use serde_json::{Map, Value, json};

use crate::{
    event::origin_json,
    flow::Flow,
    message::Origin,
    rule::{Rule, Violation},
    validate,
};

/// Another origin for one request.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    pub(crate) origin: Origin,
    /// The Host header, where it is not the usual one of the origin.
    pub(crate) host: Option<HeaderValue>,
}

impl Flow {
    /// What a helper was asked for: `{"update": …}` or `{"select": id, "options": …}`.
    pub(super) fn moved(&self, asked: &Value) -> Result<Moved, Violation> {
        match (asked.get("update"), asked.get("select")) {
            (Some(changes), _) => update(&self.regular(), object(changes)?),
            (_, Some(Value::String(id))) => self.select(id, asked.get("options").unwrap_or(&Value::Null)),
            _ => Err(not_imitated("createRequestOriginGroup")),
        }
    }

    /// Where a request of the one-box goes if functions move requests.
    pub(crate) fn one_box(&self) -> Result<Option<Moved>, Violation> {
        if self.live.config.function.moves == Moves::Lambda {
            return Ok(None);
        }
        let one_box = self.live.config.origins.destination();
        let moved = update(&self.regular(), &configured(&one_box))?;
        let host = host_header(&json!(one_box.host()))?;
        Ok(Some(Moved { host: Some(host), ..moved }))
    }

    fn regular(&self) -> Origin {
        self.shared.settings.regular.origin(&self.live.config.origins.regular.domain)
    }

    /// The distribution has two origins: the regular one, and under its id the one-box, which is as the regular one where
    /// the configuration does not say otherwise.
    fn select(&self, id: &str, options: &Value) -> Result<Moved, Violation> {
        let config = &self.live.config;
        if config.function.moves != Moves::Select(id.to_owned()) {
            return Err(Violation::new(
                Rule::UnknownOrigin,
                format!("the distribution has no origin with the id `{id}`"),
            ));
        }
        let mut moved = update(&self.regular(), &configured(&config.origins.destination()))?;
        if !options.is_null() {
            for (member, value) in object(options)? {
                match member.as_str() {
                    "hostHeader" => moved.host = Some(host_header(value)?),
                    _ => return Err(not_imitated(member)),
                }
            }
        }
        Ok(moved)
    }
}

/// What a configuration says of an origin, in the form of `updateRequestOrigin`.
fn configured(origin: &onebox_core::Origin) -> Map<String, Value> {
    let mut connection = Map::new();
    connection.extend(origin.port.map(|port| ("port".to_owned(), port.into())));
    connection.extend(origin.protocol.as_deref().map(|protocol| ("protocol".to_owned(), protocol.into())));
    let mut changes = Map::from_iter([("domainName".to_owned(), origin.domain.as_str().into())]);
    changes.extend(origin.path.as_deref().map(|path| ("originPath".to_owned(), path.into())));
    changes.insert("customOriginConfig".to_owned(), connection.into());
    changes
}

/// The assigned origin with what the function has said of it.
fn update(assigned: &Origin, changes: &Map<String, Value>) -> Result<Moved, Violation> {
    let mut form = origin_json(assigned);
    let custom = &mut form["custom"];
    let mut host = None;
    for (member, value) in changes {
        match member.as_str() {
            "domainName" => custom["domainName"] = value.clone(),
            "originPath" => custom["path"] = value.clone(),
            "hostHeader" => host = Some(host_header(value)?),
            "customHeaders" => custom["customHeaders"] = custom_headers(object(value)?),
            "timeouts" => rename(custom, object(value)?, &TIMEOUTS)?,
            "customOriginConfig" => rename(custom, object(value)?, &CONNECTION)?,
            _ => return Err(not_imitated(member)),
        }
    }
    Ok(Moved { origin: validate::origin(&form)?, host })
}

/// A member of a helper's object, and of a Lambda@Edge event's origin.
type Names = [(&'static str, &'static str); 3];
const TIMEOUTS: Names = [
    ("readTimeout", "readTimeout"),
    ("keepAliveTimeout", "keepaliveTimeout"),
    ("responseCompletionTimeout", "responseCompletionTimeout"),
];
const CONNECTION: Names = [("port", "port"), ("protocol", "protocol"), ("sslProtocols", "sslProtocols")];

fn rename(custom: &mut Value, changes: &Map<String, Value>, names: &Names) -> Result<(), Violation> {
    for (member, value) in changes {
        match names.iter().find(|(helper, _)| helper == member) {
            Some((_, event)) => custom[*event] = value.clone(),
            None => return Err(not_imitated(member)),
        }
    }
    Ok(())
}

fn custom_headers(headers: &Map<String, Value>) -> Value {
    headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), json!([{"value": value}]))).collect()
}

fn host_header(value: &Value) -> Result<HeaderValue, Violation> {
    let host = value.as_str().filter(|host| (1..=253).contains(&host.len()));
    let host = host.and_then(|host| HeaderValue::from_str(host).ok());
    host.ok_or_else(|| invalid("hostHeader is not a name of 1 to 253 characters"))
}

fn object(value: &Value) -> Result<&Map<String, Value>, Violation> {
    value.as_object().ok_or_else(|| invalid("a helper's argument is not an object"))
}

fn invalid(detail: impl Into<String>) -> Violation {
    Violation::new(Rule::InvalidOrigin, detail)
}

fn not_imitated(what: &str) -> Violation {
    Violation::new(Rule::HelperNotImitated, format!("`{what}` is not imitated by the local CloudFront"))
}
