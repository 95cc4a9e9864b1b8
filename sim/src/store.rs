//! The cache, and the requests that wait for one answer.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use moka::sync::Cache;
use tokio::sync::watch;

use crate::freshness::serves_stale;

/// An answer that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// When it came from its origin, or was confirmed.
    pub(crate) since: SystemTime,
    /// How old it was by then.
    pub(crate) age: Duration,
    /// How long it is used without asking.
    pub(crate) ttl: Duration,
    /// Whether it is an error of CloudFront's own.
    pub(crate) failed: bool,
}

impl Object {
    /// Whether it may be used without asking.
    pub(crate) fn is_fresh(&self, now: SystemTime) -> bool {
        self.held(now) < self.ttl
    }

    /// Its `Age`.
    pub(crate) fn age(&self, now: SystemTime) -> Duration {
        self.age + self.held(now)
    }

    /// Whether its origin can be asked if it is still the same.
    pub(crate) fn has_validator(&self) -> bool {
        self.status == StatusCode::OK
            && (self.headers.contains_key(header::ETAG) || self.headers.contains_key(header::LAST_MODIFIED))
    }

    /// Whether it may be used while its origin is failing.
    pub(crate) fn may_be_stale(&self) -> bool {
        self.status.as_u16() < 400 && serves_stale(&self.headers)
    }

    fn held(&self, now: SystemTime) -> Duration {
        now.duration_since(self.since).unwrap_or_default()
    }

    fn weight(&self) -> usize {
        let head: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 64).sum();
        self.body.len() + head + size_of::<Self>()
    }
}

/// The cache key of a request.
pub(crate) type Key = Arc<[u8]>;

#[derive(Clone)]
enum Entry {
    Object(Arc<Object>),
    /// The last answer was not for others: do not wait for the next one.
    Pass,
}

/// What the cache has for a key.
pub(crate) enum Found {
    /// An object, fresh or not.
    Object(Arc<Object>),
    /// Nothing, and nothing is to be waited for.
    Pass,
    /// Nothing.
    Nothing,
}

/// The cache of a distribution. Clones are the same cache.
#[derive(Clone)]
pub(crate) struct Store(Arc<Inner>);

struct Inner {
    entries: Cache<Key, Entry>,
    flights: Mutex<HashMap<Key, Flight>>,
    /// Counts invalidations: an answer that was asked for before the last one is not kept.
    generation: AtomicU64,
    next_flight: AtomicU64,
}

struct Flight {
    id: u64,
    landing: watch::Receiver<Landing>,
}

/// How a first request ended for those that wait.
#[derive(Clone)]
pub(crate) enum Landing {
    /// Not yet.
    Flying,
    /// With an answer for all.
    Shared(Arc<Object>),
    /// With nothing to share: each asks for itself.
    Alone,
}

/// Whose turn it is to ask the origin.
pub(crate) enum Turn {
    /// This request's; others wait for it.
    First(Ticket),
    /// Another one's.
    Waiting(Waiting),
}

/// A request that waits for another's answer.
pub(crate) struct Waiting(watch::Receiver<Landing>);

impl Waiting {
    /// The other's answer, or none if this request has to ask for itself.
    pub(crate) async fn landed(mut self) -> Option<Arc<Object>> {
        let landing = self.0.wait_for(|landing| !matches!(landing, Landing::Flying)).await;
        match landing.as_deref() {
            Ok(Landing::Shared(object)) => Some(object.clone()),
            Ok(Landing::Alone | Landing::Flying) | Err(_) => None,
        }
    }
}

impl Store {
    /// A cache that holds at most so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let weigh = |key: &Key, entry: &Entry| {
            let weight = key.len() + 128 + if let Entry::Object(object) = entry { object.weight() } else { 0 };
            u32::try_from(weight).unwrap_or(u32::MAX)
        };
        Self(Arc::new(Inner {
            entries: Cache::builder().max_capacity(bytes).weigher(weigh).build(),
            flights: Mutex::default(),
            generation: AtomicU64::new(0),
            next_flight: AtomicU64::new(0),
        }))
    }

    /// What there is for a key.
    pub(crate) fn find(&self, key: &Key) -> Found {
        match self.0.entries.get(key) {
            Some(Entry::Object(object)) => Found::Object(object),
            Some(Entry::Pass) => Found::Pass,
            None => Found::Nothing,
        }
    }

    /// Takes a turn to ask the origin for a key: one request asks, the others wait.
    pub(crate) fn turn(&self, key: &Key) -> Turn {
        let mut flights = self.flights();
        if let Some(flight) = flights.get(key) {
            return Turn::Waiting(Waiting(flight.landing.clone()));
        }
        let id = self.0.next_flight.fetch_add(1, Ordering::Relaxed);
        let (sender, landing) = watch::channel(Landing::Flying);
        flights.insert(key.clone(), Flight { id, landing });
        Turn::First(self.ticket(key, Some((id, sender))))
    }

    /// Asks the origin for a key without anybody waiting.
    pub(crate) fn alone(&self, key: &Key) -> Ticket {
        self.ticket(key, None)
    }

    /// Forgets everything, and what is still under way.
    pub(crate) fn invalidate_all(&self) {
        self.0.generation.fetch_add(1, Ordering::SeqCst);
        self.flights().clear();
        self.0.entries.invalidate_all();
    }

    fn ticket(&self, key: &Key, flight: Option<(u64, watch::Sender<Landing>)>) -> Ticket {
        let generation = self.0.generation.load(Ordering::SeqCst);
        Ticket { store: self.clone(), key: key.clone(), generation, flight }
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Key, Flight>> {
        self.0.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to answer for a key. Dropping it lets those who wait ask for themselves.
pub(crate) struct Ticket {
    store: Store,
    key: Key,
    generation: u64,
    flight: Option<(u64, watch::Sender<Landing>)>,
}

impl Ticket {
    /// Keeps an object, and hands it to those who wait if it may be shared.
    pub(crate) fn keep(mut self, object: Arc<Object>, shared: bool) {
        self.put(Entry::Object(object.clone()));
        self.land(if shared { Landing::Shared(object) } else { Landing::Alone });
    }

    /// Keeps nothing: the next requests for this key do not wait for each other.
    pub(crate) fn pass(mut self) {
        self.put(Entry::Pass);
        self.land(Landing::Alone);
    }

    fn put(&self, entry: Entry) {
        if self.generation == self.store.0.generation.load(Ordering::SeqCst) {
            self.store.0.entries.insert(self.key.clone(), entry);
        }
    }

    fn land(&mut self, landing: Landing) {
        let Some((id, sender)) = self.flight.take() else { return };
        let mut flights = self.store.flights();
        if flights.get(&self.key).is_some_and(|flight| flight.id == id) {
            flights.remove(&self.key);
        }
        drop(flights);
        sender.send_replace(landing);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.land(Landing::Alone);
    }
}
