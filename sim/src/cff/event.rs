//! The event of a CloudFront Function, as AWS documents it.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html>

use http::{HeaderMap, HeaderName, header};
use onebox_edge::Trigger;
use serde_json::{Map, Value, json};

use crate::{
    event::{DISTRIBUTION_DOMAIN, DISTRIBUTION_ID, text},
    fields::is_disallowed,
    validate::Sent,
};

/// The event of a trigger.
pub(super) fn event(trigger: Trigger, request_id: &str, sent: Sent<'_>) -> Value {
    let Sent { request, response } = sent;
    let mut event = json!({
        "version": "1.0",
        "context": {
            "distributionDomainName": DISTRIBUTION_DOMAIN,
            "distributionId": DISTRIBUTION_ID,
            "eventType": trigger.as_str(),
            "requestId": request_id,
        },
        "viewer": {"ip": request.client_ip.to_string()},
        "request": {
            "method": request.method.as_str(),
            "uri": request.uri,
            "querystring": grouped(parameters(&request.querystring)),
            "headers": headers(&request.headers, &header::COOKIE),
            "cookies": grouped(cookies(&request.headers)),
        },
    });
    if let Some(response) = response {
        event["response"] = json!({
            "statusCode": response.status.as_u16(),
            "statusDescription": response.status.canonical_reason().unwrap_or_default(),
            "headers": headers(&response.headers, &header::SET_COOKIE),
            "cookies": grouped(set_cookies(&response.headers)),
        });
    }
    event
}

/// The headers that functions may see; cookies have a place of their own.
fn headers(headers: &HeaderMap, cookies: &HeaderName) -> Value {
    let seen = headers.iter().filter(|(name, _)| *name != cookies && !is_disallowed(name.as_str()));
    grouped(seen.map(|(name, value)| (name.to_string(), json!({"value": text(value)}))))
}

fn parameters(querystring: &str) -> impl Iterator<Item = (String, Value)> {
    querystring.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), json!({"value": value}))
    })
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (String, Value)> {
    let lines = headers.get_all(header::COOKIE).iter().map(text);
    let pairs = lines.flat_map(|line| line.split(';').map(str::to_owned).collect::<Vec<_>>());
    pairs.filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name.trim().to_owned(), json!({"value": value.trim()})))
    })
}

fn set_cookies(headers: &HeaderMap) -> impl Iterator<Item = (String, Value)> {
    headers.get_all(header::SET_COOKIE).iter().map(text).map(|line| {
        let (pair, attributes) = line.split_once(';').unwrap_or((&line, ""));
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let mut cookie = json!({"value": value.trim()});
        if !attributes.trim().is_empty() {
            cookie["attributes"] = attributes.trim().into();
        }
        (name.trim().to_owned(), cookie)
    })
}

/// What comes more than once has all its values in `multiValue`, and the first one beside it.
fn grouped(lines: impl Iterator<Item = (String, Value)>) -> Value {
    let mut groups: Map<String, Value> = Map::new();
    for (name, line) in lines {
        match groups.get_mut(&name) {
            None => drop(groups.insert(name, line)),
            Some(first) => {
                let alone = json!([first.clone()]);
                let all = first.as_object_mut().map(|first| first.entry("multiValue").or_insert(alone));
                if let Some(Value::Array(all)) = all {
                    all.push(line);
                }
            }
        }
    }
    Value::Object(groups)
}
