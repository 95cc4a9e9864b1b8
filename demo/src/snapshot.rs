//! What the page shows, as JSON: the body of `/__onebox/state` and of every event.

use std::time::{Duration, UNIX_EPOCH};

use onebox_core::{Decision, Pins, Ramp, Request, Time};
use onebox_sim::{Record, Violation};
use serde::Serialize;

use super::tally::Counts;

/// Everything at one moment.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Snapshot {
    /// How functions run: `native`, `node` or `cff`.
    pub(super) runtime: &'static str,
    /// The release id.
    pub(super) release: String,
    /// The schedule, if the share follows one.
    pub(super) ramp: Option<Schedule>,
    /// The pin that whoever asks has, if any.
    pub(super) pin: Option<Held>,
    /// The share at this moment, such as `20%`.
    pub(super) share: String,
    /// The same in thousandths of a percent, which is also the first bucket that is regular.
    pub(super) share_buckets: u32,
    /// Whether visitors stay on their side.
    pub(super) sticky: bool,
    /// Requests per second, lately.
    pub(super) requests_per_second: f64,
    /// Rules that were broken, since the start.
    pub(super) failures: u64,
    /// The last of them, newest first.
    pub(super) broken: Vec<Broken>,
    /// The figures with stickiness, since the share was last changed.
    pub(super) with_stickiness: Figures,
    /// The figures without, since the share was last changed.
    pub(super) without_stickiness: Figures,
    /// The last requests, newest first.
    pub(super) recent: Vec<Recent>,
    /// The decision for whoever asks.
    pub(super) visitor: Verdict,
}

/// A schedule, to draw.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Schedule {
    /// This moment, in milliseconds since 1970.
    now: i64,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Step {
    /// In milliseconds since 1970.
    at: i64,
    share_buckets: u32,
}

impl Schedule {
    /// The steps of a share that is not the same at all times.
    pub(super) fn of(ramp: &Ramp, now: Time) -> Option<Self> {
        let step =
            |step: &onebox_core::Step| Step { at: step.at.unix_millis(), share_buckets: step.share.thousandths() };
        let steps = || ramp.steps().iter().map(step).collect();
        ramp.constant().is_none().then(|| Self { now: now.unix_millis(), steps: steps() })
    }
}

/// A pin, as a visitor sent it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Held {
    cookie: String,
    value: String,
    /// The bucket in it; none if it does not count.
    bucket: Option<u32>,
}

impl Held {
    /// The first cookie of the pin's name.
    pub(super) fn of(pins: &Pins, viewer: &impl Request) -> Option<Self> {
        let value = viewer.cookie_lines().find_map(|line| pins.cookie().value_in(line))?;
        Some(Self {
            cookie: pins.cookie().as_str().to_owned(),
            value: shortened(&String::from_utf8_lossy(value)),
            bucket: pins.read(value).map(u32::from),
        })
    }
}

/// Counts and what follows from them.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Figures {
    /// The counts.
    #[serde(flatten)]
    pub(super) counts: Counts,
    /// Which part of the visitors met the one-box, `0.0..=1.0`.
    pub(super) visitor_share: f64,
    /// Which part of the requests the one-box's release answered, `0.0..=1.0`.
    pub(super) request_share: f64,
    /// Which part of the requests came out of the cache, `0.0..=1.0`.
    pub(super) hit_ratio: f64,
}

impl From<Counts> for Figures {
    fn from(counts: Counts) -> Self {
        Self {
            visitor_share: counts.visitor_share(),
            request_share: counts.request_share(),
            hit_ratio: counts.hit_ratio(),
            counts,
        }
    }
}

/// A decision and its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Verdict {
    partition: &'static str,
    bucket: Option<u32>,
    source: String,
}

impl From<Decision<'_>> for Verdict {
    fn from(decision: Decision<'_>) -> Self {
        Self {
            partition: decision.partition.as_str(),
            bucket: decision.bucket.map(u32::from),
            source: decision.source.to_string(),
        }
    }
}

/// One request, for the list.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Recent {
    /// When it came, in milliseconds since 1970.
    time: u64,
    /// How long its answer took, in microseconds.
    took: u64,
    method: String,
    uri: String,
    status: u16,
    /// What viewer-request decided.
    partition: Option<String>,
    cache: &'static str,
    /// Where origin-request sent it; none if it was not forwarded.
    origin: Option<String>,
    failures: Vec<Broken>,
}

/// A broken rule.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Broken {
    rule: &'static str,
    source: &'static str,
    detail: String,
}

/// The longest text of a stranger's that is shown, in characters.
const SHOWN: usize = 120;

impl From<Record> for Recent {
    fn from(record: Record) -> Self {
        let whole = |time: Duration, unit: fn(&Duration) -> u128| u64::try_from(unit(&time)).unwrap_or(u64::MAX);
        Self {
            time: whole(record.time.duration_since(UNIX_EPOCH).unwrap_or_default(), Duration::as_millis),
            took: whole(record.took, Duration::as_micros),
            method: shortened(record.method.as_str()),
            uri: shortened(&record.uri),
            status: record.status.as_u16(),
            partition: record.partition.as_deref().map(shortened),
            cache: record.cache.as_str(),
            origin: record.origin,
            failures: record.failures.iter().map(Broken::from).collect(),
        }
    }
}

impl From<&Violation> for Broken {
    fn from(violation: &Violation) -> Self {
        Self { rule: violation.rule.name(), source: violation.rule.source(), detail: shortened(&violation.detail) }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
