//! Header maps in a result: their form, and what may not be added, changed or taken away.

use http::{HeaderMap, HeaderName, HeaderValue};
use onebox_edge::Trigger;
use serde_json::Value;

use super::shortened;
use crate::{
    event::text,
    fields::{is_disallowed, read_only},
    rule::{Rule, Violation},
};

/// As many headers as a result can have here: AWS documents no number, a map of them needs one.
const HEADERS_LIMIT: usize = 8192;

/// The headers after a function: what it returned, and what it could not see.
pub(super) fn edited(trigger: Trigger, value: &Value, before: &HeaderMap) -> Result<HeaderMap, Violation> {
    let mut headers = read(value, before)?;
    unchanged(trigger, read_only(trigger), &headers, before)?;
    // Real devices are told apart by CloudFront after this trigger; a function cannot claim to be it.
    if trigger == Trigger::ViewerRequest && !same(&headers, before, "cloudfront-viewer-country") {
        let detail = "viewer-request may not add `cloudfront-viewer-country`";
        return Err(Violation::new(Rule::DisallowedHeader, detail));
    }
    for (name, line) in before.iter().filter(|(name, _)| is_disallowed(name.as_str())) {
        append(&mut headers, name.clone(), line.clone())?;
    }
    Ok(headers)
}

/// Holds headers that a trigger may only read to what they were.
pub(super) fn unchanged(
    trigger: Trigger,
    names: &[&str],
    after: &HeaderMap,
    before: &HeaderMap,
) -> Result<(), Violation> {
    match names.iter().find(|name| !same(after, before, name)) {
        Some(name) => Err(Violation::new(Rule::ReadOnlyHeader, format!("{trigger} may not change `{name}`"))),
        None => Ok(()),
    }
}

/// A header map in AWS's form. Values that are as they were keep the bytes they came with.
pub(super) fn read(value: &Value, before: &HeaderMap) -> Result<HeaderMap, Violation> {
    let Value::Object(map) = value else {
        return Err(Violation::new(Rule::ResultShape, "headers is not an object"));
    };
    let mut headers = HeaderMap::with_capacity(map.len().min(HEADERS_LIMIT));
    for (key, lines) in map {
        let name = name(key)?;
        let Value::Array(lines) = lines else {
            return Err(Violation::new(Rule::ResultShape, format!("headers.{name} is not an array")));
        };
        let lines = lines.iter().map(|element| line(&name, element)).collect::<Result<Vec<_>, _>>()?;
        let received = before.get_all(&name);
        if received.iter().map(text).eq(lines.iter().copied()) {
            for value in received {
                append(&mut headers, name.clone(), value.clone())?;
            }
        } else {
            for line in lines {
                let value = HeaderValue::from_bytes(line.as_bytes()).map_err(|_| {
                    Violation::new(Rule::InvalidHeader, format!("`{name}` has a value with control characters"))
                })?;
                append(&mut headers, name.clone(), value)?;
            }
        }
    }
    Ok(headers)
}

fn name(key: &str) -> Result<HeaderName, Violation> {
    let invalid = |why| Violation::new(Rule::InvalidHeader, format!("the header name `{}` {why}", shortened(key)));
    if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(invalid("is not in lower case"));
    }
    if is_disallowed(key) {
        return Err(Violation::new(Rule::DisallowedHeader, format!("functions may not add `{}`", shortened(key))));
    }
    HeaderName::from_bytes(key.as_bytes()).map_err(|_| invalid("cannot be sent"))
}

fn line<'a>(name: &HeaderName, element: &'a Value) -> Result<&'a str, Violation> {
    let Value::Object(element) = element else {
        return Err(Violation::new(Rule::ResultShape, format!("headers.{name} has an element that is not an object")));
    };
    match element.get("key") {
        None => {}
        Some(Value::String(key)) if key.eq_ignore_ascii_case(name.as_str()) => {}
        Some(_) => {
            return Err(Violation::new(Rule::InvalidHeader, format!("headers.{name} has a key with another name")));
        }
    }
    match element.get("value") {
        Some(Value::String(value)) => Ok(value),
        Some(_) => Err(Violation::new(Rule::ResultShape, format!("headers.{name} has a value that is not a string"))),
        None => Err(Violation::new(Rule::MissingField, format!("headers.{name} has an element without a value"))),
    }
}

fn append(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) -> Result<(), Violation> {
    if headers.len() >= HEADERS_LIMIT {
        return Err(Violation::new(Rule::InvalidHeader, format!("there are more than {HEADERS_LIMIT} headers")));
    }
    headers.append(name, value);
    Ok(())
}

/// Whether a header has the same lines in both.
fn same(after: &HeaderMap, before: &HeaderMap, name: &str) -> bool {
    after.get_all(name).iter().eq(before.get_all(name))
}
