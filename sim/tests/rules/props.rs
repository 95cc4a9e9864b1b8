//! What a stage is furnished with: a clock, a watcher, functions and origins that are closures, a counter.

use std::{
    future::Future,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use onebox_edge::Trigger;
use onebox_sim::{Fault, Functions, Observer, Record, Violation};
use serde_json::Value;
use tokio::net::TcpListener;

/// A clock that stands still until it is moved.
#[derive(Clone, Default)]
pub(crate) struct Hands(Arc<AtomicU64>);

impl Hands {
    pub(crate) fn forward(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000 + self.0.load(Ordering::SeqCst))
    }
}

/// Remembers all that it is told.
#[derive(Default)]
pub(crate) struct Watcher {
    pub(crate) records: Mutex<Vec<Record>>,
    pub(crate) broken: Mutex<Vec<Violation>>,
    pub(crate) logs: Mutex<Vec<String>>,
}

impl Observer for Watcher {
    fn record(&self, record: Record) {
        self.records.lock().unwrap().push(record);
    }

    fn broken(&self, violation: &Violation) {
        self.broken.lock().unwrap().push(violation.clone());
    }

    fn log(&self, trigger: Trigger, line: &str) {
        self.logs.lock().unwrap().push(format!("{trigger}: {line}"));
    }
}

/// Functions that are closures over the event.
pub(crate) struct Closures<F>(pub(crate) F);

impl<F> Functions for Closures<F>
where
    F: Fn(Trigger, Value) -> BoxFuture<'static, Result<Value, Fault>> + Send + Sync + 'static,
{
    fn invoke(&self, trigger: Trigger, event: String) -> BoxFuture<'_, Result<String, Fault>> {
        let event = serde_json::from_str(&event).unwrap();
        (self.0)(trigger, event).map(|result| result.map(|value| value.to_string())).boxed()
    }
}

/// Waits until something holds that another task brings about.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let patience = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), patience).await.expect("it should have come to hold");
}

/// An origin on an ephemeral port.
pub(crate) async fn serve<F>(answer: impl Fn(Request<Bytes>) -> F + Send + Sync + 'static) -> SocketAddr
where
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            let service = service_fn(move |request: Request<Incoming>| {
                let answer = answer.clone();
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await?.to_bytes();
                    Ok::<_, hyper::Error>(answer(Request::from_parts(head, body)).await)
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

/// An origin's answer.
pub(crate) fn answer(body: impl Into<Bytes>, headers: &[(&str, &str)]) -> Response<Full<Bytes>> {
    let mut response = Response::builder();
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Full::new(body.into())).unwrap()
}

/// An origin's answer with a status.
pub(crate) fn status(status: u16, headers: &[(&str, &str)]) -> Response<Full<Bytes>> {
    let mut response = answer(format!("status {status}"), headers);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

/// Counts what an origin is asked.
#[derive(Clone, Default)]
pub(crate) struct Count(Arc<AtomicU64>);

impl Count {
    pub(crate) fn add(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}
