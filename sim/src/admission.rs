//! Which requests CloudFront takes from viewers at all.

use std::net::SocketAddr;

use http::{HeaderMap, Method, header, request::Parts};

use crate::{
    message::Request,
    rule::{Rule, Violation},
};

/// Request line and headers together:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-general>
const HEAD_LIMIT: usize = 32_768;
/// Path and query:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustomMaxRequestStringLength>
const URL_LIMIT: usize = 8192;

/// Turns a viewer's request into one that the triggers see, or says which rule keeps it out.
pub(crate) fn admit(client: SocketAddr, parts: Parts) -> Result<Request, Violation> {
    let uri = parts.uri.path();
    let querystring = parts.uri.query().unwrap_or_default();
    sizes(&parts, uri.len() + querystring.len())?;
    method(&parts.method)?;
    if !uri.starts_with('/') {
        return Err(Violation::new(Rule::MalformedRequest, "the request's target is not a path"));
    }
    host(&parts.headers)?;
    body(&parts.method, &parts.headers)?;
    upgrade(&parts.headers)?;
    Ok(Request {
        client_ip: client.ip(),
        uri: uri.to_owned(),
        querystring: querystring.to_owned(),
        method: parts.method,
        headers: parts.headers,
        origin: None,
    })
}

fn sizes(parts: &Parts, url: usize) -> Result<(), Violation> {
    if url > URL_LIMIT {
        return Err(Violation::new(Rule::UrlTooLong, format!("{url} bytes, of at most {URL_LIMIT}")));
    }
    // Each line has `: ` and an end; the first has the method, the version and two spaces.
    let lines: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let head = parts.method.as_str().len() + url + " HTTP/1.1\r\n".len() + 1 + lines;
    if head > HEAD_LIMIT {
        return Err(Violation::new(Rule::RequestHeadTooLarge, format!("{head} bytes, of at most {HEAD_LIMIT}")));
    }
    Ok(())
}

fn method(method: &Method) -> Result<(), Violation> {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::POST | Method::PATCH | Method::DELETE => {
            Ok(())
        }
        _ => Err(Violation::new(Rule::MethodNotSupported, format!("the method is {method}"))),
    }
}

fn host(headers: &HeaderMap) -> Result<(), Violation> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if !host.is_empty() => Ok(()),
        _ => Err(Violation::new(Rule::NoHost, "a request has exactly one Host header")),
    }
}

fn body(method: &Method, headers: &HeaderMap) -> Result<(), Violation> {
    let announced = headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    match announced && *method == Method::GET {
        true => Err(Violation::new(Rule::GetWithBody, "a GET request with a body")),
        false => Ok(()),
    }
}

/// Requests that need a connection of their own, in both directions.
fn upgrade(headers: &HeaderMap) -> Result<(), Violation> {
    let begins = |name, prefix: &str| {
        headers.get(name).is_some_and(|value| {
            value.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
        })
    };
    if begins(header::UPGRADE, "websocket") {
        return Err(Violation::new(Rule::UpgradeNotImitated, "WebSocket is not imitated by the local CloudFront"));
    }
    if begins(header::CONTENT_TYPE, "application/grpc") {
        return Err(Violation::new(Rule::UpgradeNotImitated, "gRPC is not imitated by the local CloudFront"));
    }
    Ok(())
}
