//! What is taken from a viewer's request: for the cache key, and toward the origin.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::{
    cache_policy::CachePolicy,
    event::DISTRIBUTION_DOMAIN,
    fields::is_removed_toward_origin,
    message::{Origin, Request},
    origin_request_policy::OriginRequestPolicy,
    policy::Selection,
};

/// The two policies of a behaviour, which forward what either of them takes.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-how-origin-request-policies-and-cache-policies-work-together.html>
#[derive(Clone, Copy)]
pub(crate) struct Policies<'a> {
    pub(crate) cache: &'a CachePolicy,
    pub(crate) origin_request: &'a OriginRequestPolicy,
}

impl Policies<'_> {
    /// Whether a header, its name in lower case, is forwarded.
    pub(crate) fn forward_header(&self, name: &str) -> bool {
        self.cache.headers.takes(name) || self.origin_request.headers.takes(name)
    }

    /// Whether any cookie can be forwarded.
    pub(crate) fn forward_cookies(&self) -> bool {
        !self.cache.cookies.is_none() || !self.origin_request.cookies.is_none()
    }

    /// The request that origin-request sees.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-headers-behavior>
    pub(crate) fn toward(&self, origin: Origin, viewer: &Request, request_id: &str) -> Request {
        let cookies = |name: &str| self.cache.cookies.takes(name) || self.origin_request.cookies.takes(name);
        let parameters =
            |name: &str| self.cache.query_strings.takes(name) || self.origin_request.query_strings.takes(name);
        let mut headers = HeaderMap::with_capacity(viewer.headers.len() + 4);
        for (name, value) in viewer.headers.iter().filter(|(name, _)| self.passes(name, &viewer.method)) {
            headers.append(name.clone(), value.clone());
        }
        set(&mut headers, header::ACCEPT_ENCODING, accept_encoding(self.cache, &viewer.headers));
        set(&mut headers, header::COOKIE, pick_cookies(&viewer.headers, cookies));
        if !self.forward_header("host") {
            set(&mut headers, header::HOST, HeaderValue::from_str(origin.domain()).ok());
        }
        if !self.forward_header("user-agent") {
            headers.insert(header::USER_AGENT, HeaderValue::from_static("Amazon CloudFront"));
        }
        set(&mut headers, header::VIA, joined(&viewer.headers, &header::VIA, ", ", &via()));
        let address = viewer.client_ip.to_string();
        let forwarded_for = HeaderName::from_static("x-forwarded-for");
        set(&mut headers, forwarded_for.clone(), joined(&viewer.headers, &forwarded_for, ",", &address));
        set(&mut headers, HeaderName::from_static("x-amz-cf-id"), HeaderValue::from_str(request_id).ok());
        Request {
            client_ip: viewer.client_ip,
            method: viewer.method.clone(),
            uri: viewer.uri.clone(),
            querystring: pick_parameters(&viewer.querystring, parameters).into_owned(),
            headers,
            origin: Some(origin),
        }
    }

    /// Whether a viewer's header goes on as it is. Those with a rule of their own do not.
    fn passes(&self, name: &HeaderName, method: &Method) -> bool {
        if is_removed_toward_origin(name.as_str()) {
            return false;
        }
        match *name {
            header::COOKIE | header::VIA => false,
            header::ACCEPT_ENCODING => !normalises(self.cache) && self.forward_header("accept-encoding"),
            // The cache answers these itself, from a complete object.
            header::IF_NONE_MATCH | header::IF_MODIFIED_SINCE if is_cached(method) => false,
            header::CONTENT_LENGTH | header::RANGE => true,
            _ => name != "x-forwarded-for" && self.forward_header(name.as_str()),
        }
    }
}

/// Whether answers to this method are cached:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustomHTTPMethods>
pub(crate) fn is_cached(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// `Via` as this distribution writes it.
pub(crate) fn via() -> String {
    format!("1.1 {DISTRIBUTION_DOMAIN} (CloudFront)")
}

/// The cache key: path, query string, headers, cookies and encodings, as far as the policy takes them.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-the-cache-key.html>
pub(crate) fn cache_key(policy: &CachePolicy, request: &Request) -> Vec<u8> {
    let mut key = Vec::with_capacity(128);
    // No part can contain a line break, so no two requests can be mistaken for one.
    let mut part = |tag: u8, bytes: &[u8]| {
        key.push(b'\n');
        key.push(tag);
        key.extend_from_slice(bytes);
    };
    part(b'p', request.uri.as_bytes());
    part(b'q', pick_parameters(&request.querystring, |name| policy.query_strings.takes(name)).as_bytes());
    if let Selection::Only(names) = &policy.headers {
        for name in names.iter().filter(|name| !(*name == "accept-encoding" && normalises(policy))) {
            part(b'h', name.as_bytes());
            for value in request.headers.get_all(name) {
                part(b'v', value.as_bytes());
            }
        }
    }
    if let Some(cookies) = pick_cookies(&request.headers, |name| policy.cookies.takes(name)) {
        part(b'c', cookies.as_bytes());
    }
    if let Some(encodings) = accept_encoding(policy, &request.headers) {
        part(b'e', encodings.as_bytes());
    }
    key
}

fn normalises(policy: &CachePolicy) -> bool {
    policy.gzip || policy.brotli
}

/// Accept-Encoding reduced to what the policy caches apart.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cache-key-understand-cache-policy.html#cache-policy-compressed-objects>
fn accept_encoding(policy: &CachePolicy, headers: &HeaderMap) -> Option<HeaderValue> {
    let accepts = |coding: &str| {
        headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(|value| {
            value.split(',').any(|item| {
                let mut item = item.split(';').map(str::trim);
                item.next().is_some_and(|name| name.eq_ignore_ascii_case(coding)) && item.all(|weight| weight != "q=0")
            })
        })
    };
    match (policy.brotli && accepts("br"), policy.gzip && accepts("gzip")) {
        (true, true) => Some(HeaderValue::from_static("br,gzip")),
        (true, false) => Some(HeaderValue::from_static("br")),
        (false, true) => Some(HeaderValue::from_static("gzip")),
        (false, false) => None,
    }
}

/// The parameters of a query string that are taken, in their order.
fn pick_parameters(querystring: &str, takes: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let name = |pair: &str| pair.split_once('=').map_or(pair, |(name, _)| name).to_owned();
    if querystring.is_empty() || querystring.split('&').all(|pair| takes(&name(pair))) {
        return Cow::Borrowed(querystring);
    }
    let taken: Vec<&str> = querystring.split('&').filter(|pair| takes(&name(pair))).collect();
    Cow::Owned(taken.join("&"))
}

/// The cookies that are taken, in their order, as one line.
fn pick_cookies(headers: &HeaderMap, takes: impl Fn(&str) -> bool) -> Option<HeaderValue> {
    let mut line = Vec::new();
    for value in headers.get_all(header::COOKIE) {
        for pair in value.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii) {
            let name = pair.split(|byte| *byte == b'=').next().unwrap_or(pair);
            if !pair.is_empty() && takes(&String::from_utf8_lossy(name)) {
                if !line.is_empty() {
                    line.extend_from_slice(b"; ");
                }
                line.extend_from_slice(pair);
            }
        }
    }
    if line.is_empty() { None } else { HeaderValue::from_bytes(&line).ok() }
}

/// A list header with one more element at its end.
fn joined(headers: &HeaderMap, name: &HeaderName, separator: &str, last: &str) -> Option<HeaderValue> {
    let mut line = Vec::new();
    for value in headers.get_all(name) {
        line.extend_from_slice(value.as_bytes());
        line.extend_from_slice(separator.as_bytes());
    }
    line.extend_from_slice(last.as_bytes());
    HeaderValue::from_bytes(&line).ok()
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}
