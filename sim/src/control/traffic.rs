//! What CloudWatch knows of the traffic: invocations and errors of versions, minute by minute.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>

use std::collections::BTreeMap;

use jiff::Timestamp;
use onebox_release::{Executed, Minute};

/// A minute's seconds.
pub(crate) const MINUTE: i64 = 60;

/// The traffic of every version, as called by way of an alias.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic(BTreeMap<Executed, BTreeMap<i64, (u64, u64)>>);

impl Traffic {
    /// Adds to the minute that a moment is in.
    pub(crate) fn record(&mut self, of: Executed, at: Timestamp, invocations: u64, errors: u64) {
        let (all, failed) = self.0.entry(of).or_default().entry(minute(at)).or_default();
        *all += invocations;
        *failed += errors.min(invocations);
    }

    /// The minutes that have any, from one on and before another.
    pub(crate) fn between(&self, of: &Executed, from: Timestamp, to: Timestamp) -> Vec<Minute> {
        let Some(minutes) = self.0.get(of) else { return Vec::new() };
        if to <= from {
            return Vec::new();
        }
        let beginning = |minute: i64| Timestamp::from_second(minute * MINUTE).ok();
        // A minute counts when it begins inside: `StartTime` is inclusive, `EndTime` is not.
        let inside = minutes.iter().filter_map(|(at, counts)| Some((beginning(*at)?, *counts)));
        let inside = inside.filter(|(at, _)| (from..to).contains(at));
        inside.map(|(at, (invocations, errors))| Minute { at, invocations, errors }).collect()
    }

    /// The errors of a minute; `None` where nothing ran.
    pub(crate) fn errors(&self, of: &Executed, minute: i64) -> Option<u64> {
        self.0.get(of)?.get(&minute).map(|(_, errors)| *errors)
    }
}

/// The minute that a moment is in, since 1970.
pub(crate) fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(MINUTE)
}
