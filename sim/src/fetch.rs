//! The origin's side of a request's way: origin-request, the origin, origin-response, and what the cache keeps of it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body::Body as _;
use hyper::body::Incoming;
use onebox_edge::Trigger;
use tokio::time::Instant;

use crate::{
    body::{Body, full},
    fill::{Kept, Reading, stream},
    flow::{Fetched, Flow, Stop, generated},
    freshness::{Keep, collapses, keep, uncached_fields},
    message::{Origin, Request, Response},
    observe::CacheResult,
    origin::{completion_timeout, read_timeout},
    reply::{Reply, error_page, from_origin},
    rule::{Rule, Violation},
    store::{Object, Ticket},
    validate::{Outcome, Returned, Sent},
};

impl Flow {
    /// Gets an answer from the origin's side. `old` is what the cache still has, `ticket` the right to fill it.
    pub(crate) async fn fetch(
        self,
        viewer: Request,
        upload: Option<Body>,
        old: Option<Arc<Object>>,
        ticket: Option<Ticket>,
    ) -> Fetched {
        let mut origin = None;
        let reply = self.forward(&viewer, upload, old, ticket, &mut origin).await.unwrap_or_else(Reply::from);
        Fetched { reply, origin }
    }

    async fn forward(
        &self,
        viewer: &Request,
        upload: Option<Body>,
        old: Option<Arc<Object>>,
        ticket: Option<Ticket>,
        asked: &mut Option<String>,
    ) -> Result<Reply, Stop> {
        let regular = &self.live.config.origins.regular.domain;
        if let Err(violation) = self.shared.origins.resolve(regular).await {
            return Ok(self.unavailable(violation, viewer, old, ticket));
        }
        let mut request =
            self.policies().toward(self.shared.settings.regular.origin(regular), viewer, &self.request_id);
        if let Some(old) = old.as_ref().filter(|old| old.has_validator()) {
            revalidate(&mut request.headers, old);
        }
        let request = match self.call(Trigger::OriginRequest, Sent { request: &request, response: None }).await? {
            Outcome::Request(request) => *request,
            Outcome::Response(returned) => return Ok(self.keep_generated(returned, ticket)),
        };
        let Some(origin) = &request.origin else {
            return Err(Violation::new(Rule::Internal, "the request has no origin").into());
        };
        *asked = Some(origin.domain().to_owned());
        match self.shared.origins.ask(&request, origin, upload).await {
            Ok(response) => self.answered(viewer, &request, origin, response, old, ticket).await,
            Err(violation) => Ok(self.unavailable(violation, viewer, old, ticket)),
        }
    }

    /// The origin has answered: origin-response, then the cache.
    async fn answered(
        &self,
        viewer: &Request,
        request: &Request,
        origin: &Origin,
        response: http::Response<Incoming>,
        old: Option<Arc<Object>>,
        ticket: Option<Ticket>,
    ) -> Result<Reply, Stop> {
        let (parts, body) = response.into_parts();
        let received = Response { status: parts.status, headers: from_origin(parts.headers) };
        let sent = Sent { request, response: Some(&received) };
        let mut returned = match self.call(Trigger::OriginResponse, sent).await? {
            Outcome::Response(returned) => returned,
            Outcome::Request(_) => {
                return Err(Violation::new(Rule::Internal, "origin-response returned a request").into());
            }
        };
        self.policies().filter_response(&mut returned.headers);
        if let Some(old) = old {
            if returned.status == StatusCode::NOT_MODIFIED && old.has_validator() {
                return Ok(self.confirmed(viewer, &old, returned.headers, ticket));
            }
            if returned.status.is_server_error() && old.may_be_stale() {
                return Ok(self.stale(viewer, &old, Vec::new(), ticket));
            }
        }
        let age = take_age(&mut returned.headers);
        let cache = if returned.status.as_u16() >= 400 { CacheResult::Error } else { CacheResult::Miss };
        let (status, headers) = (returned.status, returned.headers.clone());
        let length = body.size_hint().exact().filter(|length| *length > 0 && returned.body.is_none());
        let body = match returned.body.take() {
            Some(body) => full(self.keep_complete(returned, body, age, ticket)),
            None => self.passed(request, origin, returned, body, age, ticket),
        };
        let mut reply = Reply { status, headers, body, cache, age, failures: Vec::new() };
        if request.method != Method::HEAD {
            reply.headers.remove(header::CONTENT_LENGTH);
            if let Some(length) = length {
                reply.headers.insert(header::CONTENT_LENGTH, length.into());
            }
        }
        Ok(reply)
    }

    /// An origin's body goes to the viewer as it comes, and into the cache if it may be kept.
    fn passed(
        &self,
        request: &Request,
        origin: &Origin,
        returned: Returned,
        body: Incoming,
        age: Option<Duration>,
        ticket: Option<Ticket>,
    ) -> Body {
        let limits = &self.shared.settings.limits;
        let reading = Reading {
            timeout: read_timeout(origin),
            deadline: completion_timeout(origin).map(|time| Instant::now() + time),
            limit: limits.object_bytes,
            observer: self.shared.observer.clone(),
        };
        let object = self.object(returned.status, returned.headers, age, request.method == Method::HEAD);
        let kept = match (ticket, object) {
            (Some(ticket), Some((object, shared))) => Some(filling(ticket, object, shared)),
            (Some(ticket), None) => {
                ticket.pass();
                None
            }
            (None, _) => None,
        };
        if body.is_end_stream() {
            if let Some(kept) = kept {
                kept(Some(Bytes::new()));
            }
            return full("");
        }
        stream(body, reading, kept)
    }

    /// An answer that a function made is kept like an origin's.
    fn keep_generated(&self, returned: Returned, ticket: Option<Ticket>) -> Reply {
        let body = returned.body.clone().unwrap_or_default();
        let reply = generated(returned.clone());
        self.keep_complete(Returned { headers: reply.headers.clone(), ..returned }, body, None, ticket);
        reply
    }

    fn keep_complete(&self, returned: Returned, body: Bytes, age: Option<Duration>, ticket: Option<Ticket>) -> Bytes {
        match (ticket, self.object(returned.status, returned.headers, age, false)) {
            (Some(ticket), Some((object, shared))) => {
                ticket.keep(Arc::new(Object { body: body.clone(), ..object }), shared);
            }
            (Some(ticket), None) => ticket.pass(),
            (None, _) => {}
        }
        body
    }

    /// What the cache would keep of an answer, still without its body, and whether those who wait may have it.
    fn object(
        &self,
        status: StatusCode,
        mut headers: HeaderMap,
        age: Option<Duration>,
        head: bool,
    ) -> Option<(Object, bool)> {
        let settings = &self.shared.settings;
        let now = settings.clock.now();
        let Keep::For(ttl) = keep(&settings.cache_policy, settings.limits.error_min_ttl, status, &headers, now) else {
            return None;
        };
        let shared = collapses(&settings.cache_policy, &headers);
        for field in uncached_fields(&headers) {
            headers.remove(field);
        }
        if !head {
            headers.remove(header::CONTENT_LENGTH);
        }
        let (headers, age) = (own(&headers), age.unwrap_or_default());
        Some((Object { status, headers, body: Bytes::new(), since: now, age, ttl, failed: false }, shared))
    }

    /// The origin says that the object is still the same.
    fn confirmed(&self, viewer: &Request, old: &Object, newer: HeaderMap, ticket: Option<Ticket>) -> Reply {
        let mut headers = old.headers.clone();
        let mut newer = newer;
        let age = take_age(&mut newer);
        newer.remove(header::CONTENT_LENGTH);
        for name in newer.keys() {
            headers.remove(name);
        }
        for (name, value) in &newer {
            headers.append(name.clone(), value.clone());
        }
        let now = self.shared.settings.clock.now();
        let (object, shared) = match self.object(old.status, headers.clone(), age, viewer.method == Method::HEAD) {
            Some((object, shared)) => (object, Some(shared)),
            None => (Object { headers, since: now, ttl: Duration::ZERO, ..old.clone() }, None),
        };
        let object = Arc::new(Object { body: old.body.clone(), ..object });
        match (ticket, shared) {
            (Some(ticket), Some(shared)) => ticket.keep(object.clone(), shared),
            (Some(ticket), None) => ticket.pass(),
            (None, _) => {}
        }
        Reply::cached(&object, CacheResult::RefreshHit, viewer, now)
    }

    /// There is no answer: the old object if it may be used, else an error, which is kept for a while like an origin's.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html>
    fn unavailable(
        &self,
        violation: Violation,
        viewer: &Request,
        old: Option<Arc<Object>>,
        ticket: Option<Ticket>,
    ) -> Reply {
        if let Some(old) = old.filter(|old| old.may_be_stale()) {
            return self.stale(viewer, &old, vec![violation], ticket);
        }
        if let Some(ticket) = ticket {
            let (status, headers, body) = error_page(&violation);
            let (since, ttl) = (self.shared.settings.clock.now(), self.shared.settings.limits.error_min_ttl);
            ticket
                .keep(Arc::new(Object { status, headers, body, since, age: Duration::ZERO, ttl, failed: true }), true);
        }
        Stop::from(violation).into()
    }

    /// The origin is failing: the old object goes on for as long as an error would.
    fn stale(&self, viewer: &Request, old: &Object, failures: Vec<Violation>, ticket: Option<Ticket>) -> Reply {
        let now = self.shared.settings.clock.now();
        let ttl = self.shared.settings.limits.error_min_ttl;
        let object = Arc::new(Object { since: now, age: old.age(now), ttl, ..old.clone() });
        if let Some(ticket) = ticket {
            ticket.keep(object.clone(), true);
        }
        Reply { failures, ..Reply::cached(&object, CacheResult::Hit, viewer, now) }
    }
}

/// The same headers in memory of their own: as they came, each value holds the whole buffer that it was read into.
fn own(headers: &HeaderMap) -> HeaderMap {
    let copy = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone());
    headers.iter().map(|(name, value)| (name.clone(), copy(value))).collect()
}

/// Keeps an object once its body is complete; one that is not lets those who wait ask for themselves.
fn filling(ticket: Ticket, object: Object, shared: bool) -> Kept {
    Box::new(move |body| match body {
        Some(body) => ticket.keep(Arc::new(Object { body, ..object }), shared),
        None => ticket.pass(),
    })
}

/// Asks whether the old object is still the same.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustomConditionalGETs>
fn revalidate(headers: &mut HeaderMap, old: &Object) {
    for (validator, condition) in
        [(header::ETAG, header::IF_NONE_MATCH), (header::LAST_MODIFIED, header::IF_MODIFIED_SINCE)]
    {
        if let Some(value) = old.headers.get(validator) {
            headers.insert(condition, value.clone());
        }
    }
}

/// Takes the age that an origin gives its answer.
fn take_age(headers: &mut HeaderMap) -> Option<Duration> {
    let age = headers.remove(header::AGE)?;
    age.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}
