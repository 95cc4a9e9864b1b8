//! What a layer knows: the decision, and what it changes in a request and in its response.

use std::{ptr, sync::Arc, time::SystemTime};

use http::{
    HeaderMap, HeaderName, HeaderValue, Request,
    header::{Entry as HeaderEntry, OccupiedEntry, SET_COOKIE, VARY},
};
use onebox_core::{Bucket, Decision, Entry, Partition, Policy, Source, Time, Vary, merge};

use crate::{
    assignment::{Assignment, Reason},
    client_ip::ClientIp,
    visit::{Address, Visit},
};

/// One layer's configuration. It is built once and shared by all services and responses.
#[derive(Clone)]
pub(crate) struct Rules {
    policy: Policy,
    /// The key chain's entries as text.
    entries: Arc<[Arc<str>]>,
    pub(crate) header: HeaderName,
    /// The attributes of the pin's cookie, as they stand behind its value, if pins are written.
    pub(crate) attributes: Option<Arc<str>>,
    pub(crate) address: Arc<Address>,
    pub(crate) clock: Arc<dyn Fn() -> Time + Send + Sync>,
    pub(crate) extension: bool,
    pub(crate) debug: bool,
}

/// What a response has to say about its request.
#[derive(Clone, Copy)]
pub(crate) struct Outcome {
    partition: Partition,
    /// The bucket that a key gave. A valid pin decides before any key: if a key decided, there is none, or a stale one.
    unpinned: Option<Bucket>,
}

impl Rules {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            entries: policy.keys().iter().map(|entry| Arc::from(entry.to_string())).collect(),
            policy,
            header: HeaderName::from_static("x-req-partition"),
            attributes: None,
            address: Arc::new(|_, extensions| extensions.get().map(|ClientIp(address)| *address)),
            clock: Arc::new(clock),
            extension: false,
            debug: false,
        }
    }

    /// Decides, and says so in the request.
    #[inline]
    pub(crate) fn assign<B>(&self, request: &mut Request<B>) -> Outcome {
        let now = if self.policy.reads_clock() { (self.clock)() } else { Time::MIN };
        let decision = self.policy.decide(&Visit::new(request.headers(), request.extensions(), &*self.address), now);
        let headers = request.headers_mut();
        // A map that cannot hold one more name keeps at least none that the visitor has chosen.
        if headers.try_insert(self.header.clone(), value(decision.partition)).is_err() {
            headers.remove(&self.header);
        }
        if self.extension {
            request.extensions_mut().insert(self.assignment(decision));
        }
        let unpinned = if matches!(decision.source, Source::Key(_)) { decision.bucket } else { None };
        Outcome { partition: decision.partition, unpinned }
    }

    fn assignment(&self, decision: Decision<'_>) -> Assignment {
        let reason = match decision.source {
            Source::Override => Reason::Override,
            Source::ShareZero => Reason::ShareZero,
            Source::Crawler => Reason::Crawler,
            Source::Pin => Reason::Pin,
            Source::Key(entry) => self.text(entry).map_or(Reason::None, Reason::Key),
            _ => Reason::None,
        };
        Assignment { partition: decision.partition, bucket: decision.bucket, reason }
    }

    /// The text of an entry of this policy.
    fn text(&self, entry: &Entry) -> Option<Arc<str>> {
        let mut entries = self.policy.keys().iter().zip(&*self.entries);
        entries.find(|(found, _)| ptr::eq(*found, entry)).map(|(_, text)| Arc::clone(text))
    }

    /// Says in a response what it depends on, and pins the visitor.
    #[inline]
    pub(crate) fn respond(&self, outcome: Outcome, headers: &mut HeaderMap) {
        vary(headers, &self.header);
        if let Some(pin) = outcome.unpinned.and_then(|bucket| self.pin(bucket)) {
            // A response that is full to the last name does without.
            let _ = headers.try_append(SET_COOKIE, pin);
        }
        if self.debug {
            let _ = headers.try_insert(self.header.clone(), value(outcome.partition));
        }
    }

    /// The cookie that remembers a bucket.
    #[cold]
    fn pin(&self, bucket: Bucket) -> Option<HeaderValue> {
        let (attributes, pins) = (self.attributes.as_deref()?, self.policy.pins()?);
        format!("{}={}{attributes}", pins.cookie().as_str(), pins.value(bucket)).try_into().ok()
    }
}

/// The partition header's value.
const fn value(partition: Partition) -> HeaderValue {
    HeaderValue::from_static(partition.as_str())
}

/// Names a header in `Vary` once: all lines become one, as at the edge.
#[inline]
fn vary(headers: &mut HeaderMap, name: &HeaderName) {
    match headers.try_entry(VARY) {
        Ok(HeaderEntry::Vacant(entry)) => {
            let _ = entry.try_insert(name.clone().into());
        }
        Ok(HeaderEntry::Occupied(mut entry)) => {
            if let Some(line) = varied(&entry, name) {
                entry.insert(line);
            }
        }
        Err(_) => {}
    }
}

/// What the lines of `Vary` become, if they change. Parts of header values are one again.
#[cold]
fn varied(lines: &OccupiedEntry<'_, HeaderValue>, name: &HeaderName) -> Option<HeaderValue> {
    let mut lines: Vec<_> = lines.iter().map(HeaderValue::as_bytes).collect();
    match merge(Some(&lines.join(&b", "[..])), name.as_str()) {
        Vary::Leave => return None,
        Vary::Set => lines.clear(),
        Vary::Append => {}
    }
    lines.push(name.as_str().as_bytes());
    HeaderValue::from_bytes(&lines.join(&b", "[..])).ok()
}

/// The time, as the machine has it. A clock before 1970 counts as that year's beginning.
#[expect(clippy::disallowed_methods, reason = "the rim: here the clock is read, unless another one is handed in")]
fn clock() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
