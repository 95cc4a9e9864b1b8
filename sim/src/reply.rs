//! What a viewer gets: the answer with CloudFront's own headers.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};

use crate::{
    body::{Body, full},
    event::DISTRIBUTION_DOMAIN,
    fields::is_removed_toward_viewer,
    forward::{Policies, via},
    freshness::varies_by_everything,
    message::Request,
    observe::CacheResult,
    range::{Range, ranged},
    rule::{Rule, Violation},
    store::Object,
};

/// An answer on its way to the viewer.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) cache: CacheResult,
    pub(crate) age: Option<Duration>,
    pub(crate) failures: Vec<Violation>,
}

impl Reply {
    /// An object out of the cache, or the part of it that the viewer asks for.
    pub(crate) fn cached(object: &Object, cache: CacheResult, request: &Request, now: SystemTime) -> Self {
        let cache = if object.status.as_u16() >= 400 { CacheResult::Error } else { cache };
        let mut reply = Self {
            status: object.status,
            headers: object.headers.clone(),
            body: full(object.body.clone()),
            cache,
            age: (!object.failed).then(|| object.age(now)),
            failures: Vec::new(),
        };
        if request.method == Method::GET && object.status == StatusCode::OK {
            match ranged(&request.headers, &object.headers, object.body.len()) {
                Range::Whole => {}
                Range::Part(range) => {
                    let end = range.end.saturating_sub(1);
                    let content_range = format!("bytes {}-{end}/{}", range.start, object.body.len());
                    reply.part(StatusCode::PARTIAL_CONTENT, &content_range, object.body.slice(range));
                }
                Range::Outside => {
                    let content_range = format!("bytes */{}", object.body.len());
                    reply.part(StatusCode::RANGE_NOT_SATISFIABLE, &content_range, Bytes::new());
                }
            }
        }
        reply
    }

    fn part(&mut self, status: StatusCode, content_range: &str, body: Bytes) {
        self.status = status;
        self.body = full(body);
        if let Ok(value) = HeaderValue::from_str(content_range) {
            self.headers.insert(header::CONTENT_RANGE, value);
        }
    }

    /// CloudFront's own error page for a broken rule.
    pub(crate) fn error(violation: Violation, cache: CacheResult) -> Self {
        let (status, headers, body) = error_page(&violation);
        Self { status, headers, body: full(body), cache, age: None, failures: vec![violation] }
    }

    /// The response with what CloudFront adds to every one of them.
    pub(crate) fn deliver(mut self, request: Option<&Request>, request_id: &str) -> Response<Body> {
        if request.is_some_and(|request| self.is_known_to(request)) {
            self.status = StatusCode::NOT_MODIFIED;
            self.headers.remove(header::CONTENT_LENGTH);
            self.body = full("");
        }
        let mut put = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                self.headers.insert(HeaderName::from_static(name), value);
            }
        };
        put("via", &via());
        put("x-amz-cf-id", request_id);
        put("x-amz-cf-pop", "LOCAL1-P1");
        put("x-cache", &format!("{} from cloudfront", self.cache.as_str()));
        if let Some(age) = self.age {
            put("age", &age.as_secs().to_string());
        }
        if self.failures.iter().any(|failure| closes(failure.rule)) {
            put("connection", "close");
        }
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }

    /// Whether the viewer has this very answer: <https://www.rfc-editor.org/rfc/rfc9110.html#section-13.2.2>
    fn is_known_to(&self, request: &Request) -> bool {
        if self.status != StatusCode::OK || !matches!(request.method, Method::GET | Method::HEAD) {
            return false;
        }
        let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
        if let Some(tags) = request.headers.get(header::IF_NONE_MATCH).and_then(text) {
            let weak = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
            let own = self.headers.get(header::ETAG).and_then(text).map(|tag| weak(&tag));
            return own.is_some_and(|own| tags.split(',').any(|tag| tag.trim() == "*" || weak(tag) == own));
        }
        let date = |headers: &HeaderMap, name| {
            headers.get(name).and_then(text).and_then(|date| httpdate::parse_http_date(&date).ok())
        };
        match (date(&request.headers, header::IF_MODIFIED_SINCE), date(&self.headers, header::LAST_MODIFIED)) {
            (Some(since), Some(modified)) => modified <= since,
            _ => false,
        }
    }
}

/// After these the connection is ended, as the page says that states the rule.
fn closes(rule: Rule) -> bool {
    matches!(rule, Rule::RequestHeadTooLarge | Rule::UrlTooLong)
}

/// CloudFront's own page for a broken rule: status, headers and text.
pub(crate) fn error_page(violation: &Violation) -> (StatusCode, HeaderMap, Bytes) {
    let escaped = violation.detail.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let status = violation.rule.status();
    let text = format!(
        "<!DOCTYPE html>\n<title>ERROR: The request could not be satisfied</title>\n<h1>{}</h1>\n\
         <h2>The request could not be satisfied.</h2>\n<p>{}: {escaped}</p>\n<p>{}</p>\n\
         <p>Generated by the local CloudFront {DISTRIBUTION_DOMAIN}</p>\n",
        status.as_u16(),
        violation.rule,
        violation.rule.source(),
    );
    let mut headers = HeaderMap::new();
    headers.insert(header::SERVER, HeaderValue::from_static("CloudFront"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    (status, headers, text.into())
}

/// An origin's headers without those that CloudFront keeps to the connection.
pub(crate) fn from_origin(headers: HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in &headers {
        if !is_removed_toward_viewer(name.as_str()) && !named.iter().any(|named| named == name.as_str()) {
            kept.append(name.clone(), value.clone());
        }
    }
    kept
}

impl Policies<'_> {
    /// Takes out of a response what the policies do not let through: cookies, and names in `Vary`.
    ///
    /// AWS does not say whether this comes before or after origin-response; here it comes after.
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#ResponseCustomRemovedHeaders>
    pub(crate) fn filter_response(&self, headers: &mut HeaderMap) {
        if !self.forward_cookies() {
            headers.remove(header::SET_COOKIE);
        }
        if varies_by_everything(headers) && self.cache.min_ttl.is_zero() {
            return;
        }
        let names: Vec<String> = headers
            .get_all(header::VARY)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|name| name.trim().to_owned())
            .filter(|name| self.keeps_in_vary(&name.to_ascii_lowercase()))
            .collect();
        headers.remove(header::VARY);
        if let Ok(value) = HeaderValue::from_str(&names.join(", "))
            && !names.is_empty()
        {
            headers.insert(header::VARY, value);
        }
    }

    fn keeps_in_vary(&self, name: &str) -> bool {
        matches!(name, "accept-encoding" | "cookie") || (!name.is_empty() && name != "*" && self.forward_header(name))
    }
}
