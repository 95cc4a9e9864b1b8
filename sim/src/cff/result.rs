//! A CloudFront Function's result: read in the form of its events, and held to the rules in the form of Lambda@Edge.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html>

use http::{HeaderMap, HeaderName, header};
use onebox_edge::Trigger;
use serde_json::{Map, Value, json};

use crate::{
    event::text,
    rule::{Rule, Violation},
    validate::{self, Outcome, Sent},
};

/// What CloudFront does with a result; `event` is what the function was given.
pub(super) fn outcome(trigger: Trigger, sent: Sent<'_>, event: &Value, result: &Value) -> Result<Outcome, Violation> {
    let Value::Object(result) = result else { return Err(shape("the result is not an object")) };
    let object = match sent.response {
        Some(before) => response(&before.headers, &event["response"], result)?,
        None if result.contains_key("statusCode") => response(&HeaderMap::new(), &Value::Null, result)?,
        None => request(sent, &event["request"], result)?,
    };
    validate::outcome(trigger, sent, &object)
}

fn request(sent: Sent<'_>, given: &Value, result: &Map<String, Value>) -> Result<Map<String, Value>, Violation> {
    let mut object = Map::new();
    object.insert("clientIp".into(), sent.request.client_ip.to_string().into());
    for field in ["method", "uri"] {
        object.extend(result.get(field).map(|value| (field.to_owned(), value.clone())));
    }
    let querystring = match result.get("querystring") {
        None => return Err(Violation::new(Rule::MissingField, "querystring is missing")),
        Some(Value::String(querystring)) => querystring.clone(),
        Some(same) if *same == given["querystring"] => sent.request.querystring.clone(),
        Some(changed) => pairs("querystring", changed, &given["querystring"])?.join("&"),
    };
    object.insert("querystring".into(), querystring.into());
    let mut headers = headers(result, &given["headers"], &header::COOKIE)?;
    let cookies = match result.get("cookies") {
        None => return Err(Violation::new(Rule::MissingField, "cookies is missing")),
        Some(same) if *same == given["cookies"] => as_they_came(&sent.request.headers, &header::COOKIE),
        Some(changed) => match pairs("cookies", changed, &given["cookies"])? {
            none if none.is_empty() => Vec::new(),
            pairs => vec![pairs.join("; ")],
        },
    };
    put(&mut headers, &header::COOKIE, cookies);
    object.insert("headers".into(), headers.into());
    Ok(object)
}

fn response(before: &HeaderMap, given: &Value, result: &Map<String, Value>) -> Result<Map<String, Value>, Violation> {
    let status = result.get("statusCode").ok_or_else(|| Violation::new(Rule::MissingField, "statusCode is missing"))?;
    let status = status.as_u64().ok_or_else(|| shape("statusCode is not a whole number"))?;
    let mut object = Map::from_iter([("status".to_owned(), Value::String(status.to_string()))]);
    let mut headers = headers(result, &given["headers"], &header::SET_COOKIE)?;
    let cookies = match result.get("cookies") {
        None => Vec::new(),
        Some(same) if *same == given["cookies"] => as_they_came(before, &header::SET_COOKIE),
        Some(changed) => pairs("cookies", changed, &given["cookies"])?,
    };
    put(&mut headers, &header::SET_COOKIE, cookies);
    object.insert("headers".into(), headers.into());
    match result.get("body") {
        None => {}
        Some(Value::Object(body)) => {
            object.extend(body.get("data").map(|data| ("body".to_owned(), data.clone())));
            object.extend(body.get("encoding").map(|encoding| ("bodyEncoding".to_owned(), encoding.clone())));
        }
        Some(body) => drop(object.insert("body".into(), body.clone())),
    }
    Ok(object)
}

/// The header map of a result, each header as a list of lines.
fn headers(result: &Map<String, Value>, given: &Value, cookies: &HeaderName) -> Result<Map<String, Value>, Violation> {
    let map = match result.get("headers") {
        None => return Ok(Map::new()),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(shape("headers is not an object")),
    };
    let mut headers = Map::new();
    for (name, entry) in map {
        if name.eq_ignore_ascii_case(cookies.as_str()) {
            return Err(Violation::new(Rule::InvalidHeader, format!("`{name}` belongs into cookies")));
        }
        let lines: Result<Vec<Value>, _> = lines("headers", name, entry, &given[name])?
            .into_iter()
            .map(|line| Ok(json!({"value": value("headers", name, line)?})))
            .collect();
        headers.insert(name.clone(), lines?.into());
    }
    Ok(headers)
}

/// Parameters or cookies, each as `name=value` and its attributes.
fn pairs(of: &str, changed: &Value, given: &Value) -> Result<Vec<String>, Violation> {
    let Value::Object(map) = changed else { return Err(shape(format!("{of} is not an object"))) };
    let mut pairs = Vec::new();
    for (name, entry) in map {
        for line in lines(of, name, entry, &given[name])? {
            let mut pair = format!("{name}={}", value(of, name, line)?);
            match line.get("attributes") {
                Some(Value::String(attributes)) if !attributes.is_empty() => {
                    pair.push_str("; ");
                    pair.push_str(attributes);
                }
                Some(Value::String(_)) | None => {}
                Some(_) => return Err(shape(format!("{of}.{name} has attributes that are not a string"))),
            }
            pairs.push(pair);
        }
    }
    Ok(pairs)
}

/// The lines of an entry: those of `multiValue`, unless only the `value` beside it was changed.
fn lines<'a>(of: &str, name: &str, entry: &'a Value, given: &Value) -> Result<Vec<&'a Value>, Violation> {
    if !entry.is_object() {
        return Err(shape(format!("{of}.{name} is not an object")));
    }
    match entry.get("multiValue") {
        None => Ok(vec![entry]),
        Some(same) if Some(same) == given.get("multiValue") && entry.get("value") != given.get("value") => {
            Ok(vec![entry])
        }
        Some(Value::Array(lines)) => Ok(lines.iter().collect()),
        Some(_) => Err(shape(format!("{of}.{name}.multiValue is not an array"))),
    }
}

fn value<'a>(of: &str, name: &str, line: &'a Value) -> Result<&'a str, Violation> {
    line.get("value").and_then(Value::as_str).ok_or_else(|| shape(format!("{of}.{name} has no value that is a string")))
}

fn as_they_came(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    headers.get_all(name).iter().map(|line| text(line).into_owned()).collect()
}

fn put(headers: &mut Map<String, Value>, name: &HeaderName, lines: Vec<String>) {
    if !lines.is_empty() {
        headers.insert(name.to_string(), lines.iter().map(|line| json!({"value": line})).collect());
    }
}

fn shape(detail: impl Into<String>) -> Violation {
    Violation::new(Rule::FunctionResultShape, detail)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method, StatusCode};
    use proptest::prelude::*;

    use super::{super::event::event, *};
    use crate::message::{Request, Response};

    fn request(lines: &[(HeaderName, String)], querystring: &str) -> Request {
        let lines = lines.iter().map(|(name, line)| (name.clone(), HeaderValue::from_str(line).unwrap()));
        Request {
            client_ip: [192, 0, 2, 7].into(),
            method: Method::GET,
            uri: "/shop".into(),
            querystring: querystring.into(),
            headers: lines.collect(),
            origin: None,
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            let name = prop_oneof![Just("value".to_owned()), Just("multiValue".to_owned()), ".{0,4}"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map(name, inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_request_that_a_function_leaves_alone_is_the_viewers(
            lines in prop::collection::vec(
                (prop_oneof![Just(header::COOKIE), Just(header::ACCEPT), Just(header::HOST)], "[ -~]{0,20}"), 0..5),
            querystring in "[a-c=&%+]{0,12}",
        ) {
            let before = request(&lines, &querystring);
            let sent = Sent { request: &before, response: None };
            let event = event(Trigger::ViewerRequest, "rq-1", sent);
            let outcome = outcome(Trigger::ViewerRequest, sent, &event, &event["request"]).unwrap();
            let Outcome::Request(after) = outcome else { panic!("it goes on") };
            prop_assert_eq!(&after.querystring, &before.querystring);
            for name in [header::COOKIE, header::ACCEPT, header::HOST] {
                let lines = |headers: &HeaderMap| headers.get_all(&name).iter().cloned().collect::<Vec<_>>();
                prop_assert_eq!(lines(&after.headers), lines(&before.headers));
            }
        }

        #[test]
        fn whatever_a_function_returns_is_judged(
            field in prop::sample::select(vec!["headers", "cookies", "querystring", "uri", "statusCode", "body"]),
            name in prop_oneof![Just("a".to_owned()), "[a-z-]{0,3}"],
            value in any_json(),
            whole in any::<bool>(),
        ) {
            let before = request(&[(header::COOKIE, "a=1".into()), (header::COOKIE, "a=2".into())], "a=1&a=2");
            let response = Response { status: StatusCode::OK, headers: HeaderMap::new() };
            for response in [None, Some(&response)] {
                let sent = Sent { request: &before, response };
                let event = event(Trigger::ViewerRequest, "rq-1", sent);
                let mut result = event[if response.is_some() { "response" } else { "request" }].clone();
                match result[field].as_object_mut() {
                    Some(entries) if !whole => drop(entries.insert(name.clone(), value.clone())),
                    _ => result[field] = value.clone(),
                }
                let trigger = if response.is_some() { Trigger::ViewerResponse } else { Trigger::ViewerRequest };
                match outcome(trigger, sent, &event, &result) {
                    Ok(Outcome::Request(after)) => prop_assert!(response.is_none() && after.uri.starts_with('/')),
                    Ok(Outcome::Response(after)) => prop_assert!((200..600).contains(&after.status.as_u16())),
                    Err(violation) => prop_assert_eq!(violation.rule.status(), StatusCode::BAD_GATEWAY),
                }
            }
        }
    }
}
