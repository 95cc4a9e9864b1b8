//! Whether the new version fails more often than the old one, with a guarantee.
//!
//! An alarm knows a limit, not what is usual: at 1 % of the traffic it is blind to a version that fails every time, and
//! it fires for an outage that hits both versions. Here the two versions are compared over the same minutes, and looked
//! at every minute. A test that is made for one look at the end is wrong when it is looked at all the time; this one
//! may be looked at, and acted on, whenever one likes.
//!
//! # Betting
//!
//! Somebody claims that the new version fails at most as often as the old one. Who doubts that bets against it, before
//! every window, at odds that are fair or worse if the claim is true. Whoever grows rich at such odds has refuted the
//! claim: by Ville's inequality, the chance that a capital of 1 *ever* reaches `1 / rate` is at most `rate`. The
//! release's rate of false alarms is shared among its aliases, so it takes a capital of `aliases / rate`, and the rate
//! holds for all aliases together, however they hang together (Bonferroni). A second table bets against the claim that
//! the new version's error rate is at least the tolerance above the old one's: who grows rich there has shown that it
//! is healthy. The same rate holds there. With a tolerance above zero the two claims are never true at once, so of a
//! version that stays on its side of the line only one kind of mistake can be made.
//!
//! # Why the odds are fair or worse
//!
//! A window has `n` requests and `x` errors, of the old version (index o) and of the new one (index n); `N` is `n_o +
//! n_n` and `w` is `n / N`. Who bets names, before the window is seen, a pair of error rates `a` outside of the claim.
//! The claim is a convex set `H` of pairs. Let `q` be its pair that is nearest to `a`: the one with the least `w_o
//! KL(a_o, q_o) + w_n KL(a_n, q_n)`. One unit becomes
//!
//! ```text
//! S  =  (a_o / q_o)^x_o  ((1 - a_o) / (1 - q_o))^(n_o - x_o)  (a_n / q_n)^x_n  ((1 - a_n) / (1 - q_n))^(n_n - x_n)
//! ```
//!
//! and for every pair `p` in `H` the mean of `S` is at most 1:
//!
//! 1. Requests are independent, so the mean is `E_o^n_o E_n^n_n`, where `E = p a / q + (1 - p) (1 - a) / (1 - q)` is
//!    one request's. It is linear in `p` and 1 at `p = q`: `E = 1 + (p - q) (a - q) / (q (1 - q))`.
//! 2. A weighted geometric mean is at most the arithmetic one: `E_o^n_o E_n^n_n = (E_o^w_o E_n^w_n)^N`, which is at
//!    most `(w_o E_o + w_n E_n)^N`.
//! 3. The bracket is `1 + sum of w (a - q) (p - q) / (q (1 - q))`. The derivative of the distance by a rate of `q` is
//!    `-w (a - q) / (q (1 - q))`: the sum is the distance's slope from `q` towards `p`, with its sign turned. `H` is
//!    convex and holds `p`, and `q` is nearest: the slope is not negative. So the bracket is at most 1.
//!
//! Nothing is approximated, neither for few requests nor for rare errors, and a claim may be true in every window with
//! other rates: an outage that hits both versions alike is no evidence. Step 3 holds with the nearest pair; for "at
//! most as often" that is the weighted mean of `a_o` and `a_n`, and for "at least the tolerance above" a zero that is
//! found by halving. What its last rounding could bring is taken from the capital.
//!
//! The capital of several who bet is a capital: each starts with a part. Moving capital from one to another before a
//! window is seen keeps it fair, and so does throwing some away. Both are used: those who bet that the new version is
//! worse keep half in savings and stake it bit by bit, so that a version that gets worse after a good hour is still
//! found quickly; and nobody keeps more than twice what proves health, so that a good week does not outweigh a bad
//! hour. Capital is kept in whole numbers, rounded down. Bets come from earlier windows only ([`Evidence::add`]).
//!
//! # What it does not say
//!
//! - *Requests that fail together are not independent.* One client that repeats what failed, one instance that is
//!   broken, one poisonous message: ten errors with one cause look like ten errors, and at 1 % of the traffic all ten
//!   may meet the same version. Lambda itself calls a function that was invoked asynchronously up to three times
//!   (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>). Then the stated rate does
//!   not hold, and it is lost fast. Simulated (the example `comparison`: 1 % against 1 %, a share of 10 %, an hour), a
//!   stated 1 % became 8 % where failures come in pairs, and 95 % where they come in tens. Where they come in groups of
//!   about `k`, a stated rate of `false_alarm` to the power of `k` makes up for most of it: 0.9 % for pairs, 3.8 % for
//!   tens. A cause that hits both versions alike in a minute does no harm: both rates are higher in that minute.
//! - *Worse* means: in at least one window, the new version failed more often. *Healthy* means: it was not beyond the
//!   tolerance in all of them. A version that is bad at times and good at others can be called healthy first and worse
//!   later; worse counts, and it stays.
//! - *The traffic must be alike.* Lambda draws the version for each request, so it is, except where one version is
//!   called by its number. A new version has more cold starts; where they fail, it is worse, and that is found.
//! - How many requests a window has may depend on everything before it, but not on which of its own requests fail.
//! - At 100 % there is no old version to compare with. What was proven until then stands, alarms carry on alone.
//!
//! # Sources
//!
//! - R. Turner, A. Ly, P. Grünwald: Generic E-variables for exact sequential k-sample tests that allow for optional
//!   stopping. Journal of Statistical Planning and Inference 230 (2024), 106116.
//!   <https://doi.org/10.1016/j.jspi.2023.106116>
//! - R. Turner, P. Grünwald: Exact anytime-valid confidence intervals for contingency tables and beyond (2022).
//!   <https://arxiv.org/abs/2203.09785>. Claims other than equality, such as the tolerance.
//! - J. Shin, A. Ramdas, A. Rinaldo: E-detectors: a nonparametric framework for sequential change detection (2022).
//!   Bets that begin at different times.
//! - J. Ville: Étude critique de la notion de collectif (1939). The inequality.

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
    /// Its error rate is less than the tolerance above the old one's.
    ProvenHealthy,
    /// It fails more often than the old one.
    ProvenWorse,
    /// Neither: there is not enough evidence, or none.
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
///
/// ```
/// use onebox_release::{Comparison, Counts, Evidence, Judge, Verdict};
///
/// let judge = Judge::new(&Comparison { false_alarm: 0.01, tolerance: 0.01 }, 3);
/// let mut evidence = Evidence::default();
/// assert_eq!(evidence.verdict(&judge), Verdict::NotProven);
/// for _minute in 0..60 {
///     evidence.add(&judge, Counts::new(9_000, 90), Counts::new(1_000, 10));
/// }
/// assert_eq!(evidence.verdict(&judge), Verdict::ProvenHealthy);
/// ```
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
    /// together. A rate outside of 1e-100 and one half, or a tolerance outside of 0 and 0.99, counts
    /// as the nearest that is inside; what is not a number counts as the smallest.
    #[must_use]
    pub fn new(comparison: &Comparison, aliases: usize) -> Self {
        let within = |value: f64, least: f64, most: f64| if value.is_nan() { least } else { value.clamp(least, most) };
        let false_alarm = within(comparison.false_alarm, 1e-100, 0.5);
        let tolerance = within(comparison.tolerance, 0.0, 0.99);
        Self { false_alarm, tolerance, needed: (aliases.max(1) as f64 / false_alarm).ln() }
    }

    /// The probability, over the whole release, that any alias is proven worse that is not, at most. Also that any is
    /// proven healthy that is not.
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
