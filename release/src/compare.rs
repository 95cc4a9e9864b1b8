//! Whether the new version fails more often than the old one, with a guarantee.

mod bet;
mod evidence;
mod figures;
mod memory;
mod nats;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Comparison;

pub use evidence::Evidence;

/// The requests of one version in one window, and how many of them failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// How many.
    pub requests: u64,
    /// How many of them failed; more than there were count as all.
    pub errors: u64,
}

/// What every reader of JSON keeps.
const MOST: u64 = 1 << 53;

impl Counts {
    /// So many requests, of which so many failed.
    #[must_use]
    pub const fn new(requests: u64, errors: u64) -> Self {
        Self { requests, errors }
    }

    /// No more errors than requests.
    fn possible(self) -> Self {
        Self { requests: self.requests, errors: self.errors.min(self.requests) }
    }

    fn plus(self, other: Self) -> Self {
        let plus = |left: u64, right: u64| left.saturating_add(right).min(MOST);
        Self { requests: plus(self.requests, other.requests), errors: plus(self.errors, other.errors) }
    }
}

/// What the comparison says about a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Its error rate is at most the tolerance above the old one's.
    ProvenHealthy,
    /// It fails more often than the old one.
    ProvenWorse,
    /// Neither.
    NotProven,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ProvenHealthy => "proven healthy",
            Self::ProvenWorse => "proven worse",
            Self::NotProven => "not proven",
        })
    }
}

/// What a proof takes, in a release of so many aliases.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judge {
    false_alarm: f64,
    tolerance: f64,
    needed: f64,
}

impl Judge {
    /// The judge of a release that moves so many aliases.
    ///
    /// Each alias gets its part of the false alarms: all together they stay within the stated rate, however they hang
    /// together. A rate outside of one in a million million and one half, or a tolerance outside of 0 and 0.99, counts
    /// as the nearest that is inside; what is not a number counts as the smallest.
    #[must_use]
    pub fn new(comparison: &Comparison, aliases: usize) -> Self {
        let within = |value: f64, least: f64, most: f64| if value.is_nan() { least } else { value.clamp(least, most) };
        let false_alarm = within(comparison.false_alarm, 1e-12, 0.5);
        let tolerance = within(comparison.tolerance, 0.0, 0.99);
        Self { false_alarm, tolerance, needed: (aliases.max(1) as f64 / false_alarm).ln() }
    }

    /// The probability, over the whole release, that any alias is proven worse that is not, at most.
    #[must_use]
    pub fn false_alarm(&self) -> f64 {
        self.false_alarm
    }

    /// How much more often than the old version a healthy one may fail.
    #[must_use]
    pub fn tolerance(&self) -> f64 {
        self.tolerance
    }

    /// The logarithm of the evidence that proves.
    fn needed(&self) -> f64 {
        self.needed
    }
}
