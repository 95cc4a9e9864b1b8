//! The backend: a small HTTP API in two versions. The control plane's weights say which one serves a request.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use onebox_sim::{Body, full};
use serde::Serialize;
use serde_json::json;

use super::{
    account::Account,
    plan::{BACKEND, NEW, OLD},
};
use crate::meter::Meter;

/// Where the API is.
pub(crate) const API: &str = "/api/orders";

/// Which part of the requests the new version fails when it was told to.
const BROKEN: f64 = 0.3;
/// Nothing is perfect: either version fails one request in so many, whatever it was told.
const USUAL: u64 = 400;

/// The header in which Lambda says which version ran.
const EXECUTED: HeaderName = HeaderName::from_static("x-amz-executed-version");

/// The API.
#[derive(Debug)]
pub(super) struct Orders {
    account: Arc<Account>,
    failing: AtomicBool,
    began: Instant,
    old: Mutex<Load>,
    new: Mutex<Load>,
}

/// What a version has to do.
#[derive(Debug, Default)]
struct Load {
    all: u64,
    requests: Meter,
    errors: Meter,
}

/// The same, lately, for the page.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Rate {
    version: &'static str,
    requests_per_second: f64,
    errors_per_second: f64,
}

impl Orders {
    /// An API whose new version fails from the beginning, or does not.
    pub(super) fn new(account: Arc<Account>, failing: bool) -> Self {
        let (old, new) = (Mutex::default(), Mutex::default());
        Self { account, failing: AtomicBool::new(failing), began: Instant::now(), old, new }
    }

    /// Tells the new version to fail, or to work.
    pub(super) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::Relaxed);
    }

    /// Whether the new version fails.
    pub(super) fn failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Answers as the version that the alias's weights give.
    pub(super) fn answer<B>(&self, request: &Request<B>) -> Response<Body> {
        if request.uri().path() != API {
            return respond(
                StatusCode::NOT_FOUND,
                &json!({ "error": "there is nothing here: the API is at /api/orders" }),
            );
        }
        if request.method() != Method::GET {
            return respond(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": "orders can be read only: use GET" }));
        }
        let version = self.account.pick(BACKEND);
        let failed = self.fails(&version);
        self.account.count(BACKEND, &version, failed);
        let mut response = if failed {
            respond(StatusCode::INTERNAL_SERVER_ERROR, &json!({ "error": format!("version {version} failed") }))
        } else {
            respond(StatusCode::OK, &json!({ "version": version, "open": fastrand::u32(1..10) }))
        };
        response.headers_mut().extend(HeaderValue::from_str(&version).ok().map(|version| (EXECUTED, version)));
        response
    }

    /// What both versions had to do lately.
    pub(super) fn rates(&self) -> [Rate; 2] {
        let second = self.began.elapsed().as_secs();
        [OLD, NEW].map(|version| {
            let load = self.load(version);
            Rate {
                version,
                requests_per_second: load.requests.rate(second),
                errors_per_second: load.errors.rate(second),
            }
        })
    }

    fn fails(&self, version: &str) -> bool {
        let second = self.began.elapsed().as_secs();
        let mut load = self.load(version);
        load.all += 1;
        load.requests.add(second);
        let broken = version == NEW && self.failing() && fastrand::f64() < BROKEN;
        let failed = broken || load.all.is_multiple_of(USUAL);
        if failed {
            load.errors.add(second);
        }
        failed
    }

    fn load(&self, version: &str) -> MutexGuard<'_, Load> {
        let load = if version == NEW { &self.new } else { &self.old };
        load.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn respond(status: StatusCode, body: &serde_json::Value) -> Response<Body> {
    let mut response = Response::new(full(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::rollout::pace::Pace;

    fn orders() -> Orders {
        Orders::new(Arc::new(Account::new(Pace::from(Timestamp::UNIX_EPOCH)).unwrap()), false)
    }

    #[test]
    fn one_request_in_four_hundred_fails_as_usual_and_the_new_version_more_when_it_is_told_to() {
        let orders = orders();
        let failed = |version: &str| (0..1000).filter(|_| orders.fails(version)).count();
        assert_eq!((failed(OLD), failed(NEW)), (2, 2));
        orders.set_failing(true);
        assert_eq!(failed(OLD), 3);
        // Beyond these bounds 30 % of 1,000 come once in 10^11 runs.
        let failed = failed(NEW);
        assert!((200..410).contains(&failed), "{failed}");
    }

    #[test]
    fn an_answer_says_which_version_ran() {
        let ask = |method: &str, path: &str| {
            let response = orders().answer(&Request::builder().method(method).uri(path).body(()).unwrap());
            (response.status().as_u16(), response.headers().get(EXECUTED).cloned())
        };
        assert_eq!(ask("GET", "/api/orders?tea=sencha"), (200, Some(HeaderValue::from_static("1"))));
        assert_eq!(ask("POST", "/api/orders"), (405, None));
        assert_eq!(ask("GET", "/api/other"), (404, None));
    }
}
