//! A request's way through the distribution: the triggers and the cache, in AWS's order.
//!
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-cloudfront-trigger-events.html>

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::{HeaderValue, Method, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use onebox_core::Partition;
use onebox_edge::Trigger;

use crate::{
    admission::admit,
    body::full,
    cff::{Moved, Ran},
    distribution::Shared,
    event::{event, text},
    fetch::{Errand, Fetched},
    forward::{Policies, cache_key, is_cached},
    freshness::collapses,
    function::Fault,
    live::Live,
    message::Request,
    observe::CacheResult,
    reply::Reply,
    rule::{Rule, Violation},
    settings::SeenRequest,
    store::{Found, Key, Object, Ticket, Turn},
    validate::{Outcome, Returned, Sent, validate},
};

/// One request's way.
#[derive(Clone)]
pub(crate) struct Flow {
    pub(crate) shared: Arc<Shared>,
    pub(crate) live: Arc<Live>,
    pub(crate) request_id: Arc<str>,
    /// Where a CloudFront Function has moved the request.
    pub(crate) moved: Option<Moved>,
}

/// What is remembered of a way for the record.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) partition: Option<String>,
    pub(crate) origin: Option<String>,
    /// The request as the viewer sent it, if that is what viewer-response sees.
    pub(crate) received: Option<Request>,
}

/// The end of a way: a broken rule, and what `X-Cache` says of it.
pub(crate) struct Stop {
    violation: Violation,
    cache: CacheResult,
}

impl Stop {
    pub(crate) fn new(violation: Violation, cache: CacheResult) -> Self {
        Self { violation, cache }
    }
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Self {
        Self { violation, cache: CacheResult::Error }
    }
}

impl From<Stop> for Reply {
    fn from(stop: Stop) -> Self {
        Self::error(stop.violation, stop.cache)
    }
}

impl Flow {
    /// Answers a viewer's request; the request comes back as viewer-request left it, to compare the answer with.
    pub(crate) async fn answer(
        &self,
        client: SocketAddr,
        request: http::Request<Incoming>,
        notes: &mut Notes,
    ) -> (Reply, Option<Request>) {
        let (parts, body) = request.into_parts();
        let admitted = match admit(client, parts) {
            Ok(admitted) => admitted,
            Err(violation) => return (Stop::from(violation).into(), None),
        };
        match self.call_viewer(Trigger::ViewerRequest, Sent { request: &admitted, response: None }).await {
            Ok(Ran { outcome: Outcome::Request(request), moved }) => {
                let mut flow = Self { moved, ..self.clone() };
                let mut request = *request;
                let is_seen = self.shared.settings.viewer_response == SeenRequest::Received;
                notes.received = is_seen.then_some(admitted);
                if let Err(violation) = flow.unstick(&mut request) {
                    return (Stop::from(violation).into(), None);
                }
                notes.partition = request.headers.get(&self.live.partition).map(|value| text(value).into_owned());
                (flow.through_cache(&request, body, notes).await, Some(request))
            }
            // Not cached: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-generating-http-responses-in-requests.html>
            Ok(Ran { outcome: Outcome::Response(returned), .. }) => {
                let by_lambda = self.live.cff.is_none();
                let by = if by_lambda {
                    CacheResult::LambdaGeneratedResponse
                } else {
                    CacheResult::FunctionGeneratedResponse
                };
                (Reply { cache: by, ..generated(returned) }, None)
            }
            Err(stop) => (stop.into(), None),
        }
    }

    /// Whether a viewer's trigger has a function.
    pub(crate) fn associated_viewer(&self, trigger: Trigger) -> bool {
        self.live.cff.as_ref().map_or_else(|| self.live.functions.associated(trigger), |cff| cff.associated(trigger))
    }

    /// Runs the function of a viewer's trigger, of whichever kind it is.
    pub(crate) async fn call_viewer(&self, trigger: Trigger, sent: Sent<'_>) -> Result<Ran, Stop> {
        match &self.live.cff {
            Some(cff) => self.call_cff(cff, trigger, sent).await,
            None => self.call(trigger, sent).await.map(Ran::from),
        }
    }

    /// Runs a Lambda@Edge function and holds its result to the rules.
    pub(crate) async fn call(&self, trigger: Trigger, sent: Sent<'_>) -> Result<Outcome, Stop> {
        if !self.live.functions.associated(trigger) {
            return Ok(sent.unchanged());
        }
        let limits = &self.shared.settings.limits;
        let limit = match trigger {
            Trigger::ViewerRequest | Trigger::ViewerResponse => limits.viewer_function_time,
            Trigger::OriginRequest | Trigger::OriginResponse => limits.origin_function_time,
        };
        let event = event(trigger, &self.request_id, sent.request, sent.response)
            .map_err(|problem| Violation::new(Rule::Internal, problem.to_string()))?;
        let stop = |rule, detail: String, cache| {
            Err(Stop { violation: Violation::new(rule, format!("{trigger}: {detail}")), cache })
        };
        match tokio::time::timeout(limit, self.live.functions.invoke(trigger, event)).await {
            Err(_) => {
                let detail = format!("no result within {} ms", limit.as_millis());
                stop(Rule::FunctionTimedOut, detail, CacheResult::LambdaLimitExceeded)
            }
            Ok(Err(Fault::Threw(detail))) => stop(Rule::FunctionThrew, detail, CacheResult::LambdaExecutionError),
            Ok(Err(Fault::TooLarge)) => {
                let detail = "the result is larger than any response may be".to_owned();
                stop(Rule::GeneratedTooLarge, detail, CacheResult::LambdaValidationError)
            }
            Ok(Ok(result)) => validate(trigger, sent, &result)
                .or_else(|violation| stop(violation.rule, violation.detail, CacheResult::LambdaValidationError)),
        }
    }

    /// The policies of the behaviour.
    pub(crate) fn policies(&self) -> Policies<'_> {
        let settings = &self.shared.settings;
        Policies { cache: &settings.cache_policy, origin_request: &settings.origin_request_policy }
    }

    /// Without stickiness, every request gets a side of its own.
    fn unstick(&mut self, request: &mut Request) -> Result<(), Violation> {
        if self.shared.is_sticky() {
            return Ok(());
        }
        let share = self.live.config.release.share.share_at(self.shared.settings.clock.time());
        let drawn = fastrand::u32(..100_000) < share.thousandths();
        let side = if drawn { Partition::OneBox } else { Partition::Regular };
        request.headers.insert(self.live.partition.clone(), HeaderValue::from_static(side.as_str()));
        if self.live.cff.is_some() {
            self.moved = if drawn { self.one_box()? } else { None };
        }
        Ok(())
    }

    async fn through_cache(&self, request: &Request, body: Incoming, notes: &mut Notes) -> Reply {
        if !is_cached(&request.method) {
            let body = body.map_err(std::io::Error::other).boxed_unsync();
            return noted(self.errand(request, None, None).run(Some(body)).await, notes);
        }
        let now = self.shared.settings.clock.now();
        let mut key: Vec<u8> = cache_key(&self.shared.settings.cache_policy, request);
        if request.method == Method::HEAD {
            if let Some(object) = self.fresh(&Key::from(key.as_slice())) {
                return Reply::cached(&object, CacheResult::Hit, request, now);
            }
            key.extend_from_slice(b"\nHEAD");
        }
        let key = Key::from(key);
        let found = self.shared.store.find(&key);
        if let Found::Object(object) = &found
            && object.is_fresh(now)
        {
            return Reply::cached(object, CacheResult::Hit, request, now);
        }
        // A part of an object is passed on: only complete objects are kept.
        if request.headers.contains_key(header::RANGE) || self.shared.settings.cache_policy.caches_nothing() {
            return noted(self.errand(request, None, None).run(None).await, notes);
        }
        match found {
            Found::Pass => self.lead(request, self.shared.store.alone(&key), None, notes).await,
            Found::Nothing => self.collapse(request, &key, None, notes).await,
            Found::Object(old) if !collapses(&self.shared.settings.cache_policy, &old.headers) => {
                self.lead(request, self.shared.store.alone(&key), Some(old), notes).await
            }
            Found::Object(old) => self.collapse(request, &key, Some(old), notes).await,
        }
    }

    fn fresh(&self, key: &Key) -> Option<Arc<Object>> {
        match self.shared.store.find(key) {
            Found::Object(object) if object.is_fresh(self.shared.settings.clock.now()) => Some(object),
            _ => None,
        }
    }

    /// Asks the origin, or waits for another request that is asking.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-traffic-spikes>
    async fn collapse(&self, request: &Request, key: &Key, old: Option<Arc<Object>>, notes: &mut Notes) -> Reply {
        let now = self.shared.settings.clock.now();
        match self.shared.store.turn(key) {
            Turn::First(ticket) => match self.fresh(key) {
                // The answer came between looking and taking the turn.
                Some(object) => {
                    let reply = Reply::cached(&object, CacheResult::Hit, request, now);
                    ticket.keep(object, true);
                    reply
                }
                None => self.lead(request, ticket, old, notes).await,
            },
            Turn::Waiting(waiting) => {
                let longest = Duration::from_secs(u64::from(self.shared.settings.regular.read_timeout));
                match tokio::time::timeout(longest, waiting.landed()).await {
                    Ok(Some(object)) => Reply::cached(&object, CacheResult::Hit, request, now),
                    Ok(None) | Err(_) => self.lead(request, self.shared.store.alone(key), old, notes).await,
                }
            }
        }
    }

    fn errand(&self, request: &Request, old: Option<Arc<Object>>, ticket: Option<Ticket>) -> Errand {
        Errand { flow: self.clone(), viewer: request.clone(), old, ticket }
    }

    /// Asks the origin in a task of its own: others may wait for the answer when this viewer no longer does.
    async fn lead(&self, request: &Request, ticket: Ticket, old: Option<Arc<Object>>, notes: &mut Notes) -> Reply {
        let fetching = tokio::spawn(self.errand(request, old, Some(ticket)).run(None));
        match fetching.await {
            Ok(fetched) => noted(fetched, notes),
            Err(error) => Stop::from(Violation::new(Rule::Internal, error.to_string())).into(),
        }
    }
}

fn noted(fetched: Fetched, notes: &mut Notes) -> Reply {
    notes.origin = fetched.origin;
    fetched.reply
}

/// An answer that a request trigger made.
pub(crate) fn generated(returned: Returned) -> Reply {
    let mut headers = returned.headers;
    headers.entry(header::SERVER).or_insert(HeaderValue::from_static("CloudFront"));
    Reply {
        status: returned.status,
        headers,
        body: full(returned.body.unwrap_or_default()),
        cache: CacheResult::LambdaGeneratedResponse,
        age: None,
        failures: Vec::new(),
    }
}
