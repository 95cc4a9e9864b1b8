//! The origin's side of a request's way: origin-request, the origin, origin-response.

use std::sync::Arc;

use http::{HeaderMap, Method, StatusCode, header};
use http_body::Body as _;
use hyper::body::Incoming;
use onebox_edge::Trigger;
use tokio::time::Instant;

use crate::{
    body::{Body, full},
    cff::Moved,
    fill::{Reading, stream},
    flow::{Flow, Stop},
    message::{Origin, Request, Response},
    observe::CacheResult,
    origin::{completion_timeout, read_timeout},
    reply::{Reply, from_origin},
    rule::{Rule, Violation},
    store::{Object, Ticket},
    validate::{Outcome, Returned, Sent},
};

/// What the origin's side is asked for.
pub(crate) struct Errand {
    pub(crate) flow: Flow,
    /// The request as viewer-request left it.
    pub(crate) viewer: Request,
    /// What the cache still has.
    pub(crate) old: Option<Arc<Object>>,
    /// The right to fill the cache.
    pub(crate) ticket: Option<Ticket>,
}

/// What the origin's side answers, and which origin was asked.
pub(crate) struct Fetched {
    pub(crate) reply: Reply,
    pub(crate) origin: Option<String>,
}

impl Errand {
    /// Gets an answer; `upload` is the viewer's body.
    pub(crate) async fn run(self, upload: Option<Body>) -> Fetched {
        let mut origin = None;
        let reply = self.forward(upload, &mut origin).await.unwrap_or_else(Reply::from);
        Fetched { reply, origin }
    }

    async fn forward(self, upload: Option<Body>, asked: &mut Option<String>) -> Result<Reply, Stop> {
        let shared = self.flow.shared.clone();
        let (origin, host) = match self.flow.moved.clone() {
            Some(Moved { origin, host }) => (origin, host),
            None => (shared.settings.regular.origin(&self.flow.live.config.origins.regular.domain), None),
        };
        if let Err(violation) = shared.origins.resolve(origin.domain()).await {
            return Ok(self.unavailable(violation));
        }
        let mut request = self.flow.policies().toward(origin, &self.viewer, &self.flow.request_id);
        if let Some(host) = host {
            request.headers.insert(header::HOST, host);
        }
        if let Some(old) = self.old.as_ref().filter(|old| old.has_validator()) {
            revalidate(&mut request.headers, old);
        }
        let request = match self.flow.call(Trigger::OriginRequest, Sent { request: &request, response: None }).await? {
            Outcome::Request(request) => *request,
            Outcome::Response(returned) => return Ok(self.generated(returned)),
        };
        let Some(origin) = &request.origin else {
            return Err(Violation::new(Rule::Internal, "the request has no origin").into());
        };
        *asked = Some(origin.domain().to_owned());
        match shared.origins.ask(&request, origin, upload).await {
            Ok(response) => self.answered(&request, origin, response).await,
            Err(violation) => Ok(self.unavailable(violation)),
        }
    }

    /// The origin has answered: origin-response, then the cache.
    async fn answered(
        self,
        request: &Request,
        origin: &Origin,
        response: http::Response<Incoming>,
    ) -> Result<Reply, Stop> {
        let (parts, body) = response.into_parts();
        let received = Response { status: parts.status, headers: from_origin(parts.headers) };
        let sent = Sent { request, response: Some(&received) };
        let mut returned = match self.flow.call(Trigger::OriginResponse, sent).await? {
            Outcome::Response(returned) => returned,
            Outcome::Request(_) => {
                return Err(Violation::new(Rule::Internal, "origin-response returned a request").into());
            }
        };
        self.flow.policies().filter_response(&mut returned.headers);
        match self.old.clone() {
            Some(old) if returned.status == StatusCode::NOT_MODIFIED && old.has_validator() => {
                Ok(self.confirmed(&old, returned.headers))
            }
            Some(old) if returned.status.is_server_error() && old.may_be_stale() => Ok(self.stale(&old, Vec::new())),
            _ => Ok(self.deliver(origin, returned, body)),
        }
    }

    /// The answer goes to the viewer, with the origin's body or the one that origin-response put in its place.
    fn deliver(self, origin: &Origin, mut returned: Returned, body: Incoming) -> Reply {
        let mut reply = Reply {
            status: returned.status,
            headers: returned.headers.clone(),
            body: full(""),
            cache: if returned.status.as_u16() >= 400 { CacheResult::Error } else { CacheResult::Miss },
            age: None,
            failures: Vec::new(),
        };
        if self.viewer.method != Method::HEAD {
            reply.headers.remove(header::CONTENT_LENGTH);
        }
        match returned.body.take() {
            Some(replaced) => {
                self.keep(returned, replaced.clone());
                reply.body = full(replaced);
            }
            None if body.is_end_stream() => self.keep(returned, bytes::Bytes::new()),
            None => {
                if let Some(length) = body.size_hint().exact() {
                    reply.headers.insert(header::CONTENT_LENGTH, length.into());
                }
                let reading = self.reading(origin);
                reply.body = stream(body, reading, self.keeping(returned));
            }
        }
        reply
    }

    fn reading(&self, origin: &Origin) -> Reading {
        Reading {
            timeout: read_timeout(origin),
            deadline: completion_timeout(origin).map(|time| Instant::now() + time),
            limit: self.flow.shared.settings.limits.object_bytes,
            observer: self.flow.shared.observer.clone(),
        }
    }
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
