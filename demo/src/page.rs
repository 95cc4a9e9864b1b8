//! The page at `/__onebox/` and the small API behind it.

pub(super) mod cookies;
mod guard;
mod order;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use onebox_sim::{Body, full};
use serde::Serialize;
use tokio::{sync::Semaphore, time::MissedTickBehavior};

use super::{
    listen::Stop,
    rollout::{Rollout, View},
    snapshot::Snapshot,
    stage::Stage,
    viewer::{Viewer, Visitors},
};
use cookies::{become_somebody, force, forget};
use onebox_terminal::Failure;
use order::Order;

/// Where the page is.
pub(super) const ROOT: &str = "/__onebox";

const HTML: &str = include_str!("page/index.html");
const SCRIPT: &str = include_str!("page/app.js");
const ROLLOUT: &str = include_str!("page/rollout.js");
const STYLE: &str = include_str!("page/style.css");
const ICON: &str = include_str!("page/icon.svg");

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// How often the page hears something new.
const BEAT: Duration = Duration::from_millis(500);
/// How many pages may listen at once.
const LISTENERS: usize = 32;

/// Everything the page does comes from here, and it is shown nowhere but here.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page of a stage.
pub(super) struct Page {
    stage: Arc<Stage>,
    visitors: Visitors,
    stop: Stop,
    listeners: Arc<Semaphore>,
}

/// An answer that is not what was hoped for, in a sentence.
#[derive(Debug, Serialize)]
struct Refusal {
    #[serde(skip)]
    status: StatusCode,
    error: String,
}

impl Refusal {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into() }
    }
}

impl Page {
    /// A page that goes dark with the stop.
    pub(super) fn new(stage: Arc<Stage>, stop: Stop) -> Self {
        Self { stage, visitors: Visitors::new(), stop, listeners: Arc::new(Semaphore::new(LISTENERS)) }
    }

    /// Answers a request below [`ROOT`].
    pub(super) async fn answer(&self, client: SocketAddr, request: Request<Incoming>) -> Response<Body> {
        let answered = match guard::admit(request.method(), request.headers()) {
            Ok(()) => self.route(client, request).await,
            Err(refusal) => Err(refusal),
        };
        let mut response = answered.unwrap_or_else(|refusal| json(refusal.status, &refusal));
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }

    async fn route(&self, client: SocketAddr, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let path = request.uri().path().strip_prefix(ROOT).unwrap_or_default().to_owned();
        match (request.method(), path.as_str()) {
            (&Method::GET, "") => Ok(redirect()),
            (&Method::GET, "/") => Ok(self.welcome(request.headers())),
            (&Method::GET, "/app.js") => Ok(content("text/javascript", SCRIPT)),
            (&Method::GET, "/rollout.js") => Ok(content("text/javascript", ROLLOUT)),
            (&Method::GET, "/style.css") => Ok(content("text/css", STYLE)),
            (&Method::GET, "/icon.svg") => Ok(content("image/svg+xml", ICON)),
            (&Method::GET, "/state") => Ok(self.state(client, request.headers())),
            (&Method::GET, "/events") => self.events(client, request.into_parts().0.headers),
            (&Method::POST, "/release" | "/failure") => {
                let (head, body) = request.into_parts();
                self.obey(Order::read(&path, body).await?, client, head.headers).await
            }
            (&Method::POST, "/share" | "/ramp" | "/override" | "/stickiness" | "/visitor") => {
                let (head, body) = request.into_parts();
                let mut response = self.obey(Order::read(&path, body).await?, client, head.headers).await?;
                // The next page is loaded as by a new browser, so that nothing hides what is missing.
                response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
                Ok(response)
            }
            (
                _,
                "" | "/" | "/app.js" | "/rollout.js" | "/style.css" | "/icon.svg" | "/state" | "/events" | "/share"
                | "/ramp" | "/override" | "/stickiness" | "/visitor" | "/release" | "/failure",
            ) => Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not take that method")),
            _ => Err(Refusal::new(StatusCode::NOT_FOUND, "there is nothing here; the page is at /__onebox/")),
        }
    }

    /// The page. Whoever opens it without a session becomes somebody: here, and never by an answer that is cached.
    fn welcome(&self, headers: &HeaderMap) -> Response<Body> {
        let mut response = content("text/html; charset=utf-8", HTML);
        if self.visitors.session(headers).is_none() {
            become_somebody(&mut response);
        }
        response
    }

    async fn obey(&self, order: Order, client: SocketAddr, headers: HeaderMap) -> Result<Response<Body>, Refusal> {
        let mut response = Response::new(full(""));
        *response.status_mut() = StatusCode::NO_CONTENT;
        match order {
            Order::Share(share) => {
                self.stage.set_share(share).await.map_err(failed)?;
                return Ok(self.state(client, &headers));
            }
            Order::Ramp(seconds) => {
                self.stage.ramp(seconds).await.map_err(failed)?;
                return Ok(self.state(client, &headers));
            }
            Order::Force(side) => force(&mut response, &self.stage.board, side),
            Order::Stickiness(sticky) => {
                self.stage.set_sticky(sticky).await;
                return Ok(self.state(client, &headers));
            }
            Order::Release(ask) => {
                self.rollout()?.ask(ask);
                return Ok(self.state(client, &headers));
            }
            Order::Failure(failing) => {
                self.rollout()?.set_failing(failing);
                return Ok(self.state(client, &headers));
            }
            Order::Visitor => {
                become_somebody(&mut response);
                forget(&mut response, &self.stage.board);
            }
        }
        Ok(response)
    }

    fn rollout(&self) -> Result<&Rollout, Refusal> {
        let none = || Refusal::new(StatusCode::NOT_FOUND, "nothing is released here: start `onebox demo --release`");
        self.stage.rollout.as_deref().ok_or_else(none)
    }

    fn state(&self, client: SocketAddr, headers: &HeaderMap) -> Response<Body> {
        json(StatusCode::OK, &shown(&self.stage, client, headers))
    }

    /// Server-Sent Events, <https://html.spec.whatwg.org/multipage/server-sent-events.html>: the state, again and again.
    fn events(&self, client: SocketAddr, headers: HeaderMap) -> Result<Response<Body>, Refusal> {
        let place = Arc::clone(&self.listeners).try_acquire_owned();
        let place = place.map_err(|_| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too many pages are listening"))?;
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stage = self.stage.clone();
        stage.rollout.iter().for_each(|rollout| rollout.look());
        let events = stream::unfold((beat, self.stop.clone(), place), move |(mut beat, mut stop, place)| {
            let (stage, headers) = (stage.clone(), headers.clone());
            async move {
                tokio::select! {
                    () = stop.asked() => return None,
                    _ = beat.tick() => {}
                }
                let data = serde_json::to_string(&shown(&stage, client, &headers)).ok()?;
                let frame = Frame::data(Bytes::from(format!("data: {data}\n\n")));
                Some((Ok::<_, io::Error>(frame), (beat, stop, place)))
            }
        });
        let mut response = Response::new(StreamBody::new(events).boxed_unsync());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        Ok(response)
    }
}

/// Everything that the page shows to whoever asks.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    snapshot: Snapshot,
    rollout: Option<View>,
}

fn shown(stage: &Stage, client: SocketAddr, headers: &HeaderMap) -> Shown {
    let snapshot = stage.board.snapshot(&Viewer::new(headers, client.ip()));
    Shown { snapshot, rollout: stage.rollout.as_ref().map(|rollout| rollout.view()) }
}

fn failed(failure: Failure) -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, failure.message)
}

fn content(kind: &'static str, text: &'static str) -> Response<Body> {
    let mut response = Response::new(full(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    // Figures and texts can always be said in JSON.
    let mut response = Response::new(full(serde_json::to_vec(value).unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn redirect() -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/__onebox/"));
    response
}
