//! The source of a function: the parts that a configuration needs, behind its constants.
//!
//! The minifier leaves out what a constant makes unreachable, so the parts themselves hold no choice of this kind.

use onebox_core::{Entry, Origin, Part, Ramp, S3Domain};
use onebox_edge::{Config, Moves, Origins, SecretText, forced_header};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::words::{expression, fewest};

const PARTS: [&str; 8] = [
    include_str!("request.js"),
    include_str!("hash.js"),
    include_str!("network.js"),
    include_str!("key.js"),
    include_str!("tag.js"),
    include_str!("override.js"),
    include_str!("pin.js"),
    include_str!("decide.js"),
];

/// The source of viewer-request, which looks for these texts of crawlers.
pub(crate) fn viewer_request(config: &Config, crawlers: &[String]) -> String {
    let imports = config.function.store.is_some() || config.function.moves != Moves::Lambda;
    source(config, crawlers, imports, include_str!("viewer-request.js"))
}

/// The source of viewer-response, for a configuration with pins; it looks for the same texts.
pub(crate) fn viewer_response(config: &Config, crawlers: &[String]) -> String {
    source(config, crawlers, config.function.store.is_some(), include_str!("viewer-response.js"))
}

fn source(config: &Config, crawlers: &[String], imports: bool, answer: &str) -> String {
    // AWS wants the import in the first line:
    // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html
    let mut source = String::from(if imports { "import cf from 'cloudfront';\n" } else { "" });
    for (name, value) in constants(config, crawlers) {
        source.push_str(&format!("const {name} = {value};\n"));
    }
    PARTS.iter().for_each(|part| source.push_str(part));
    source.push_str(answer);
    source.push_str(match config.function.store {
        Some(_) => concat!(include_str!("store.js"), include_str!("handler-store.js")),
        None => include_str!("handler.js"),
    });
    source
}

/// Every constant and the expression that it is. What is not configured is null or false.
fn constants(config: &Config, crawlers: &[String]) -> Vec<(&'static str, String)> {
    let (store, pin, forced) = (&config.function.store, &config.pin, &config.forced);
    // A release of the store draws the line anew, unless the configuration has a salt of its own.
    let salt = (config.partition.salt != config.release.id).then_some(&config.partition.salt);
    let one_box_id = if let Moves::Select(id) = &config.function.moves { Some(id) } else { None };
    // Elsewhere origin-request does.
    let removes_token = forced.is_some() && config.function.moves != Moves::Lambda;
    let secret = |secret: Option<&SecretText>| secret.map_or_else(|| "null".into(), |secret| key(secret.bytes()));
    let exceptions = fewest(&config.crawlers.except);
    vec![
        ("RELEASE", release(config)),
        ("SCHEDULED", text(store.is_some() || config.release.share.constant().is_none())),
        ("SALT", text(salt)),
        ("STORE", text(store.as_ref().map(|store| &store.id))),
        ("STORE_KEY", text(store.as_ref().map(|store| &store.key))),
        ("HEADER", text(config.partition.header.to_ascii_lowercase())),
        ("FORWARD_HOST", text(config.partition.forward_host.as_deref().map(str::to_ascii_lowercase))),
        ("KEYS", config.partition.keys.iter().map(entry).collect::<Value>().to_string()),
        ("NETWORKS", text(config.partition.keys.iter().flat_map(Entry::parts).any(is_network))),
        ("CRAWLERS", expression(crawlers)),
        ("NO_CRAWLERS", expression(if crawlers.is_empty() { &[] } else { &exceptions })),
        ("PIN_COOKIE", text(pin.as_ref().map(|pin| &pin.cookie))),
        ("PIN_ATTRIBUTES", text(pin.as_ref().map(|pin| attributes(pin.max_age)))),
        ("PIN_SECRET", secret(pin.as_ref().and_then(|pin| pin.secret.as_ref()))),
        ("OVERRIDE_HEADER", text(forced.as_ref().map(|forced| forced.name.to_ascii_lowercase()))),
        ("OVERRIDE_COOKIE", text(forced.as_ref().map(|forced| &forced.name))),
        ("OVERRIDE_SECRET", secret(forced.as_ref().map(|forced| &forced.secret))),
        ("REMOVES_TOKEN", text(removes_token)),
        ("FORCED_HEADER", text((removes_token && pin.is_some()).then(|| forced_header(&config.partition.header)))),
        ("MOVES", text(config.function.moves != Moves::Lambda)),
        ("ONE_BOX_ID", text(one_box_id)),
        ("ONE_BOX_ORIGIN", origin(&config.origins, one_box_id.is_some())),
    ]
}

/// A JSON value is a JavaScript expression.
fn text(value: impl Serialize) -> String {
    json!(value).to_string()
}

fn release(config: &Config) -> String {
    json!({ "id": config.release.id, "salt": config.partition.salt, "share": share(&config.release.share) }).to_string()
}

/// A number of thousandths, or a list of steps.
fn share(ramp: &Ramp) -> Value {
    match ramp.constant() {
        Some(share) => share.thousandths().into(),
        None => ramp.steps().iter().map(|step| json!([step.at.unix_millis(), step.share.thousandths()])).collect(),
    }
}

fn is_network(part: &Part) -> bool {
    matches!(part, Part::ClientNetwork(_))
}

fn entry(entry: &Entry) -> Value {
    let part = |part: &Part| match part {
        Part::Cookie(name) => json!(["cookies", name.as_str()]),
        Part::Header(name) => json!(["headers", name]),
        Part::ClientIp => json!(["client-ip"]),
        Part::ClientNetwork(prefix) => json!(["client-ip", "", prefix.bits()]),
    };
    entry.parts().iter().map(part).collect()
}

/// The attributes of the pin, in the order of the handler viewer-response:
/// <https://httpwg.org/specs/rfc6265.html#sane-set-cookie>.
fn attributes(max_age: u32) -> String {
    format!("HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age={max_age}")
}

/// A secret as the key of an HMAC: a text where it is one, else its bytes.
fn key(secret: &[u8]) -> String {
    match std::str::from_utf8(secret) {
        Ok(secret) => text(secret),
        Err(_) => {
            let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("Buffer.from('{digits}', 'hex')")
        }
    }
}

/// What the helper that moves a request is told of the one-box. What is not said is inherited, and whether all of it is, is
/// not certain: so the connection is always said, for any origin but a bucket, which has none
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/helper-functions-origin-modification.html>).
fn origin(origins: &Origins, is_selected: bool) -> String {
    let one_box = origins.destination();
    // Without it the Host header would stay the viewer's, where the distribution passes that on.
    let mut members = Map::from_iter([("hostHeader".to_owned(), one_box.host().into())]);
    // An origin of the distribution has settings of its own.
    if !is_selected {
        members.insert("domainName".into(), one_box.domain.as_str().into());
        members.extend(one_box.path.as_deref().map(|path| ("originPath".into(), path.into())));
        if !is_bucket(&one_box) || !is_bucket(&origins.regular) {
            members.insert("customOriginConfig".into(), connection(&one_box));
        }
    }
    Value::Object(members).to_string()
}

/// Whether CloudFront reads it with S3's own protocol, as far as the configuration tells.
fn is_bucket(origin: &Origin) -> bool {
    S3Domain::of(origin.domain.as_bytes()).is_some() && origin.port.is_none() && origin.protocol.is_none()
}

/// All three members are required.
fn connection(origin: &Origin) -> Value {
    let (protocol, port) = origin.connection();
    json!({ "port": port, "protocol": protocol, "sslProtocols": ["TLSv1.2"] })
}
