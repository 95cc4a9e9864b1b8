//! The control plane at a local address, in the protocols that the AWS SDKs speak.
//!
//! Lambda is REST with JSON, CloudWatch is Smithy RPC v2 with CBOR (and the JSON protocol before it), CodeDeploy is AWS
//! JSON 1.1. Signatures are not checked, but have to be there. A call that a fault loses ends without an answer: the
//! connection is closed.

mod cbor;
mod cloudwatch;
mod codedeploy;
mod lambda;
mod target;
mod value;

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use jiff::Timestamp;
use onebox_release::Place;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use self::target::Target;
use super::{ControlPlane, Refusal, name::is_number, perform::Failure};
use crate::{
    Clock,
    body::{Body, full},
};

/// A zip file of 50 MB in base64, and something around it.
const BODY: usize = 70 << 20;
/// As many calls are remembered.
const REMEMBERED: usize = 100_000;
/// How long accepting waits after an error of the machine's, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Control planes that are served: one for each account and region.
///
/// As with AWS, the credentials say which account is meant, and the signature's scope which region. An access key id that
/// ends in 12 digits is of that account; every other one is of the account of the first control plane.
#[derive(Debug)]
pub struct ControlServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// A call that was served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// AWS's name of the operation.
    pub operation: String,
    /// The status of the answer; `None`: there was none.
    pub status: Option<u16>,
    /// When the whole request was there.
    pub arrived: Timestamp,
    /// When the answer left.
    pub answered: Timestamp,
}

#[derive(Debug)]
struct Shared {
    /// The place that is meant where nothing else is said.
    first: Place,
    planes: Mutex<BTreeMap<Place, ControlPlane>>,
    served: Mutex<VecDeque<Served>>,
    latency: Mutex<Duration>,
    clock: Clock,
}

impl ControlServer {
    /// Serves a control plane on a free port of 127.0.0.1, in the runtime that this is called in, until it is dropped.
    ///
    /// # Errors
    ///
    /// When there is no free port.
    pub async fn start(plane: ControlPlane, clock: Clock) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let first = plane.place().clone();
        let planes = Mutex::new(BTreeMap::from([(first.clone(), plane)]));
        let (served, latency) = (Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { first, planes, served, latency, clock });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// Where it is served.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it is served, as an SDK's endpoint.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Looks at the control plane that was served first, or changes it, between two calls.
    pub fn with<T>(&self, work: impl FnOnce(&mut ControlPlane) -> T) -> T {
        self.shared.with(&self.shared.first, work)
    }

    /// The same for the one of this account and region, which is empty where nothing was said about it.
    pub fn with_place<T>(&self, place: &Place, work: impl FnOnce(&mut ControlPlane) -> T) -> T {
        self.shared.with(place, work)
    }

    /// How long every call takes from now on, half of it before it is applied.
    pub fn set_latency(&self, latency: Duration) {
        *lock(&self.shared.latency) = latency;
    }

    /// The calls that were served, in the order of their answers; of very many the newest.
    #[must_use]
    pub fn served(&self) -> Vec<Served> {
        lock(&self.shared.served).iter().cloned().collect()
    }

    /// Forgets the calls that were served.
    pub fn forget_served(&self) {
        lock(&self.shared.served).clear();
    }
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Nothing here is left half changed: a panic elsewhere does no harm to it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    let shared = Arc::clone(&shared);
                    let service = service_fn(move |request| serve(request, Arc::clone(&shared)));
                    let connection =
                        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
                    connections.spawn(connection);
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }
}

/// A call that gets no answer.
#[derive(Debug, thiserror::Error)]
#[error("the call is lost")]
struct Lost;

async fn serve(request: Request<Incoming>, shared: Arc<Shared>) -> Result<Response<Body>, Lost> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY).collect().await else {
        let refusal = Refusal::new(413, "RequestTooLargeException", "Request must be smaller than 73400320 bytes");
        return Ok(Wire::refusal(&refusal).into_response());
    };
    let arrived = shared.now();
    let half = *lock(&shared.latency) / 2;
    tokio::time::sleep(half).await;
    let asked = Asked { method: parts.method, uri: parts.uri, headers: parts.headers, body: body.to_bytes() };
    let (operation, wire) = shared.answer(&asked);
    tokio::time::sleep(half).await;
    let status = wire.as_ref().map(|wire| wire.status);
    shared.remember(Served { operation, status, arrived, answered: shared.now() });
    wire.map(Wire::into_response).ok_or(Lost)
}

/// A request, with its whole body.
struct Asked {
    method: Method,
    uri: http::Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Asked {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Shared {
    fn now(&self) -> Timestamp {
        Timestamp::try_from(self.clock.now()).unwrap_or_default()
    }

    fn with<T>(&self, place: &Place, work: impl FnOnce(&mut ControlPlane) -> T) -> T {
        let mut planes = lock(&self.planes);
        work(planes.entry(place.clone()).or_insert_with(|| ControlPlane::of(place.clone())))
    }

    /// The account and region that a request is signed for:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html>
    fn place(&self, authorization: &str) -> Place {
        let credential = authorization.split_once("Credential=").map_or("", |(_, rest)| rest);
        let mut scope = credential.split([',', ' ']).next().unwrap_or_default().split('/');
        let key = scope.next().unwrap_or_default();
        let digits = key.len().checked_sub(12).and_then(|begin| key.get(begin..));
        let account = digits.filter(|digits| is_number(digits)).unwrap_or(&self.first.account);
        match scope.nth(1).filter(|region| !region.is_empty()) {
            Some(region) => Place::new(region, account),
            None => Place { account: account.to_owned(), ..self.first.clone() },
        }
    }

    fn remember(&self, call: Served) {
        let mut served = lock(&self.served);
        if served.len() == REMEMBERED {
            served.pop_front();
        }
        served.push_back(call);
    }

    /// The operation's name and its answer; `None`: the call is lost.
    fn answer(&self, asked: &Asked) -> (String, Option<Wire>) {
        let target = match Target::of(asked) {
            Ok(target) => target,
            Err(refusal) => return (asked.uri.path().to_owned(), Some(Wire::refusal(&refusal))),
        };
        let operation = target.operation().to_owned();
        // AWS says so too, before it looks at anything else.
        let Some(authorization) = asked.header("authorization") else {
            let refusal = Refusal::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token");
            return (operation, Some(target.wire_refusal(&refusal)));
        };
        let now = self.now();
        let place = self.place(authorization);
        let wire = match self.with(&place, |plane| target.perform(plane, asked, now)) {
            Ok(wire) => Some(wire),
            Err(Failure::Refused(refusal)) => Some(target.wire_refusal(&refusal)),
            Err(Failure::Lost) => None,
        };
        (operation, wire)
    }
}

/// An answer on its way.
#[derive(Debug)]
struct Wire {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Wire {
    fn json(status: u16, content_type: &str, body: &Value) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    /// An error in Lambda's protocol, which is also that of what is no call at all.
    fn refusal(refusal: &Refusal) -> Self {
        // Lambda writes the member in both ways, up to the exception.
        let message = match refusal.code {
            "ResourceNotFoundException" | "ServiceException" => "Message",
            _ => "message",
        };
        let side = if refusal.status < 500 { "User" } else { "Service" };
        let mut body = serde_json::json!({ "Type": side, message: refusal.message });
        let mut headers = vec![("x-amzn-errortype", refusal.code.to_owned())];
        if refusal.status == 429 {
            headers.push(("retry-after", "1".to_owned()));
            body["Reason"] = "CallerRateLimitExceeded".into();
        }
        let mut wire = Self::json(refusal.status, "application/json", &body);
        wire.headers.append(&mut headers);
        wire
    }

    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(full(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let Ok(value) = header::HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
