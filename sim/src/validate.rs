//! What a function returned, held to AWS's rules: a pure function from the event's messages and the result.

mod headers;
mod origin;
mod response;

use http::{StatusCode, Uri};
use onebox_edge::Trigger;
use serde_json::{Map, Value};

use crate::{
    message::{Origin, Request, Response},
    rule::{Rule, Violation},
};

pub use response::Returned;

/// URI and query string together:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>
const URL_LIMIT: usize = 8192;

/// What was in the event.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// The request.
    pub request: &'a Request,
    /// The response, in response events.
    pub response: Option<&'a Response>,
}

impl Sent<'_> {
    /// What comes of it where no function is associated.
    pub(crate) fn unchanged(&self) -> Outcome {
        match self.response {
            Some(response) => {
                Outcome::Response(Returned { status: response.status, headers: response.headers.clone(), body: None })
            }
            None => Outcome::Request(Box::new(self.request.clone())),
        }
    }
}

/// What CloudFront does with a result.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It goes on with this request.
    Request(Box<Request>),
    /// It answers with this response: generated in request events, edited in response events.
    Response(Returned),
}

/// Holds a Lambda@Edge function's result to the rules of its trigger.
///
/// # Errors
///
/// The first rule that is broken.
pub fn validate(trigger: Trigger, sent: Sent<'_>, result: &str) -> Result<Outcome, Violation> {
    let value =
        serde_json::from_str(result).map_err(|problem| Violation::new(Rule::ResultNotJson, problem.to_string()))?;
    let Value::Object(object) = value else {
        return Err(Violation::new(Rule::ResultShape, "the result is not an object"));
    };
    let outcome = outcome(trigger, sent, &object)?;
    if let (Trigger::ViewerResponse, Some(before), Outcome::Response(returned)) = (trigger, sent.response, &outcome) {
        response::lambda_at_viewer_response(before, returned)?;
    }
    Ok(outcome)
}

/// Holds a result to the rules that Lambda@Edge functions and CloudFront Functions share.
pub(crate) fn outcome(trigger: Trigger, sent: Sent<'_>, object: &Map<String, Value>) -> Result<Outcome, Violation> {
    match (sent.response, object.contains_key("status")) {
        (Some(response), _) => response::edited(trigger, response, object).map(Outcome::Response),
        (None, true) => response::generated(trigger, object).map(Outcome::Response),
        (None, false) => request(trigger, sent.request, object).map(|request| Outcome::Request(Box::new(request))),
    }
}

/// Reads an origin object in the form of Lambda@Edge.
pub(crate) fn origin(value: &Value) -> Result<Origin, Violation> {
    origin::read(value)
}

fn request(trigger: Trigger, before: &Request, object: &Map<String, Value>) -> Result<Request, Violation> {
    unchanged(object, "clientIp", &before.client_ip.to_string())?;
    unchanged(object, "method", before.method.as_str())?;
    no_body(object)?;
    let uri = text(object, "uri")?;
    let querystring = text(object, "querystring")?;
    // What the viewer sent may stay; only a function's own has to keep the rules.
    if (uri, querystring) != (before.uri.as_str(), before.querystring.as_str()) {
        url(uri, querystring)?;
    }
    let headers = headers::edited(trigger, member(object, "headers")?, &before.headers)?;
    let origin = match trigger {
        Trigger::OriginRequest => Some(origin::read(member(object, "origin")?)?),
        Trigger::ViewerRequest | Trigger::OriginResponse | Trigger::ViewerResponse => before.origin.clone(),
    };
    if let Some(twice) =
        origin.as_ref().and_then(|origin| origin.custom_headers().keys().find(|name| headers.contains_key(*name)))
    {
        return Err(Violation::new(Rule::HeaderTwice, format!("`{twice}` is in headers and in customHeaders")));
    }
    Ok(Request {
        client_ip: before.client_ip,
        method: before.method.clone(),
        uri: uri.to_owned(),
        querystring: querystring.to_owned(),
        headers,
        origin,
    })
}

fn url(uri: &str, querystring: &str) -> Result<(), Violation> {
    if !uri.starts_with('/') {
        return Err(Violation::new(Rule::UriWithoutSlash, format!("the uri is `{}`", shortened(uri))));
    }
    if querystring.chars().any(|letter| letter == ' ' || letter == '#' || letter.is_control()) {
        return Err(Violation::new(Rule::InvalidQuerystring, format!("it is `{}`", shortened(querystring))));
    }
    let length = uri.len() + querystring.len();
    if length >= URL_LIMIT {
        return Err(Violation::new(Rule::ResultUrlTooLong, format!("{length} bytes, of fewer than {URL_LIMIT}")));
    }
    // A fragment or a second query would silently become something else on the way to the origin.
    if uri.contains(['?', '#']) || Uri::try_from(uri).is_err() {
        return Err(Violation::new(Rule::InvalidUri, format!("the uri is `{}`", shortened(uri))));
    }
    if Uri::try_from(format!("/?{querystring}")).is_err() {
        return Err(Violation::new(Rule::InvalidQuerystring, format!("it is `{}`", shortened(querystring))));
    }
    Ok(())
}

fn unchanged(object: &Map<String, Value>, field: &'static str, before: &str) -> Result<(), Violation> {
    match text(object, field)? {
        same if same == before => Ok(()),
        other => {
            Err(Violation::new(Rule::ReadOnlyField, format!("{field} was `{before}` and is `{}`", shortened(other))))
        }
    }
}

/// Events are sent without the request's body, so there is none to replace.
fn no_body(object: &Map<String, Value>) -> Result<(), Violation> {
    match object.get("body") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => Err(Violation::new(Rule::RequestBodyNotIncluded, "the request has a body member")),
    }
}

fn member<'a>(object: &'a Map<String, Value>, field: &'static str) -> Result<&'a Value, Violation> {
    object.get(field).ok_or_else(|| Violation::new(Rule::MissingField, format!("{field} is missing")))
}

fn text<'a>(object: &'a Map<String, Value>, field: &'static str) -> Result<&'a str, Violation> {
    member(object, field)?.as_str().ok_or_else(|| Violation::new(Rule::ResultShape, format!("{field} is not a string")))
}

fn status(object: &Map<String, Value>) -> Result<StatusCode, Violation> {
    let text = text(object, "status")?;
    let outside = || Violation::new(Rule::StatusRange, format!("the status is `{}`", shortened(text)));
    let number: u16 = text.parse().map_err(|_| outside())?;
    match StatusCode::from_u16(number) {
        Ok(status) if (200..600).contains(&number) => Ok(status),
        _ => Err(outside()),
    }
}

/// Enough of a function's text to recognise it, for a message.
fn shortened(text: &str) -> &str {
    text.char_indices().nth(80).map_or(text, |(end, _)| &text[..end])
}
