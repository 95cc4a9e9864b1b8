//! What the cache keeps of an answer, and what it gives when there is none.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::{
    fetch::Errand,
    fill::Kept,
    flow::{Stop, generated},
    freshness::{Keep, collapses, keep, uncached_fields},
    observe::CacheResult,
    reply::{Reply, error_page},
    rule::Violation,
    store::Object,
    validate::Returned,
};

/// An object whose body is still to come, and whether those who wait for it may have it.
struct Planned {
    object: Object,
    shared: bool,
}

impl Errand {
    /// Keeps an answer with its body, if it may be kept.
    pub(crate) fn keep(self, returned: Returned, body: Bytes) {
        if let Some(kept) = self.keeping(returned) {
            kept(Some(body));
        }
    }

    /// What takes the body of an answer once it is complete; none if the answer is not to be kept.
    pub(crate) fn keeping(self, returned: Returned) -> Option<Kept> {
        let planned = self.plan(returned.status, returned.headers);
        let ticket = self.ticket?;
        let Some(Planned { object, shared }) = planned else {
            ticket.pass();
            return None;
        };
        Some(Box::new(move |body| match body {
            Some(body) => ticket.keep(Arc::new(Object { body, ..object }), shared),
            None => ticket.pass(),
        }))
    }

    /// An answer that origin-request made is kept like an origin's.
    pub(crate) fn generated(self, returned: Returned) -> Reply {
        let body = returned.body.clone().unwrap_or_default();
        let reply = generated(returned.clone());
        self.keep(Returned { headers: reply.headers.clone(), ..returned }, body);
        reply
    }

    /// The origin says that the object is still the same.
    pub(crate) fn confirmed(self, old: &Object, mut newer: HeaderMap) -> Reply {
        newer.remove(header::CONTENT_LENGTH);
        let mut headers = old.headers.clone();
        for name in newer.keys() {
            headers.remove(name);
        }
        for (name, value) in &newer {
            headers.append(name.clone(), value.clone());
        }
        let now = self.now();
        let planned = self.plan(old.status, headers.clone());
        let (object, shared) = match planned {
            Some(Planned { object, shared }) => (object, Some(shared)),
            None => (Object { headers, since: now, age: Duration::ZERO, ttl: Duration::ZERO, ..old.clone() }, None),
        };
        let object = Arc::new(Object { body: old.body.clone(), ..object });
        match (self.ticket, shared) {
            (Some(ticket), Some(shared)) => ticket.keep(object.clone(), shared),
            (Some(ticket), None) => ticket.pass(),
            (None, _) => {}
        }
        Reply::cached(&object, CacheResult::RefreshHit, &self.viewer, now)
    }

    /// There is no answer: the old object if it may be used, else an error, which is kept for a while like an origin's.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html>
    pub(crate) fn unavailable(self, violation: Violation) -> Reply {
        if let Some(old) = self.old.clone().filter(|old| old.may_be_stale()) {
            return self.stale(&old, vec![violation]);
        }
        let (since, ttl) = (self.now(), self.flow.shared.settings.limits.error_min_ttl);
        if let Some(ticket) = self.ticket {
            let (status, headers, body) = error_page(&violation);
            let object = Object { status, headers, body, since, age: Duration::ZERO, ttl, failed: true };
            ticket.keep(Arc::new(object), true);
        }
        Stop::from(violation).into()
    }

    /// The origin is failing: the old object goes on for as long as an error would.
    pub(crate) fn stale(self, old: &Object, failures: Vec<Violation>) -> Reply {
        let (now, ttl) = (self.now(), self.flow.shared.settings.limits.error_min_ttl);
        let object = Arc::new(Object { since: now, age: old.age(now), ttl, ..old.clone() });
        if let Some(ticket) = self.ticket {
            ticket.keep(object.clone(), true);
        }
        Reply { failures, ..Reply::cached(&object, CacheResult::Hit, &self.viewer, now) }
    }

    /// What the cache would keep of an answer.
    fn plan(&self, status: StatusCode, mut headers: HeaderMap) -> Option<Planned> {
        let settings = &self.flow.shared.settings;
        let now = self.now();
        let Keep::For(ttl) = keep(&settings.cache_policy, settings.limits.error_min_ttl, status, &headers, now) else {
            return None;
        };
        let shared = collapses(&settings.cache_policy, &headers);
        for field in uncached_fields(&headers) {
            headers.remove(field);
        }
        if self.viewer.method != Method::HEAD {
            headers.remove(header::CONTENT_LENGTH);
        }
        let age = take_age(&mut headers);
        let object = Object { status, headers: own(&headers), body: Bytes::new(), since: now, age, ttl, failed: false };
        Some(Planned { object, shared })
    }

    fn now(&self) -> std::time::SystemTime {
        self.flow.shared.settings.clock.now()
    }
}

/// The same headers in memory of their own: as they came, each value holds the whole buffer that it was read into.
fn own(headers: &HeaderMap) -> HeaderMap {
    let copy = |value: &HeaderValue| HeaderValue::from_bytes(value.as_bytes()).unwrap_or_else(|_| value.clone());
    headers.iter().map(|(name, value)| (name.clone(), copy(value))).collect()
}

/// Takes the age that an origin gives its answer.
fn take_age(headers: &mut HeaderMap) -> Duration {
    let age = headers.remove(header::AGE);
    let seconds = age.and_then(|age| age.to_str().ok()?.trim().parse().ok());
    seconds.map(Duration::from_secs).unwrap_or_default()
}
