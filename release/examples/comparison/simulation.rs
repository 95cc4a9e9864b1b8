//! Releases with error rates that are known, minute by minute, from a seed.

use onebox_release::{Counts, Evidence, Judge, Verdict};
use rand::SeedableRng;
use rand_distr::{Binomial, Distribution};
use rand_xorshift::XorShiftRng;

/// One alias on its way.
#[derive(Clone, Copy)]
pub(crate) struct Traffic {
    /// Requests a minute, of both versions.
    pub(crate) requests: u64,
    /// The part that the new version gets; every request is drawn, as Lambda does it.
    pub(crate) share: f64,
    /// The old version's error rate.
    pub(crate) old: f64,
    /// The new version's error rate.
    pub(crate) new: f64,
    /// The minute from which on it has it; before, it is as good as the old one.
    pub(crate) from: u32,
    /// The part of the minutes in which three in ten requests fail, of both versions.
    pub(crate) outages: f64,
    /// One cause makes so many requests fail: 1, or requests are not independent.
    pub(crate) cluster: u64,
}

impl Traffic {
    /// A thousand requests a minute, one in ten on the new version, and one in a hundred fails.
    pub(crate) const USUAL: Self =
        Self { requests: 1_000, share: 0.1, old: 0.01, new: 0.01, from: 0, outages: 0.0, cluster: 1 };
}

/// What a run showed, peeked at every minute.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Found {
    /// The new version's requests since it is worse, when it was proven.
    pub(crate) worse: Option<u64>,
    /// The new version's requests when it was first proven healthy.
    pub(crate) healthy: Option<u64>,
}

/// Lets so many minutes pass, or fewer: until it is proven worse.
pub(crate) fn run(traffic: Traffic, minutes: u32, judge: &Judge, random: &mut XorShiftRng) -> Found {
    let (mut evidence, mut found) = (Evidence::default(), Found::default());
    let mut served = 0;
    for minute in 0..minutes {
        let new = draw(traffic.requests, traffic.share, random);
        let old = traffic.requests - new;
        served += if minute < traffic.from { 0 } else { new };
        let out = traffic.outages > 0.0 && draw(1, traffic.outages, random) == 1;
        let now = |rate| if out { 0.3 } else { rate };
        let worse = if minute < traffic.from { traffic.old } else { traffic.new };
        let failed = |requests: u64, rate: f64, random: &mut XorShiftRng| {
            let clusters = requests / traffic.cluster;
            Counts::new(requests, draw(clusters, rate, random) * traffic.cluster)
        };
        let (old, new) = (failed(old, now(traffic.old), random), failed(new, now(worse), random));
        evidence.add(judge, old, new);
        match evidence.verdict(judge) {
            Verdict::ProvenWorse => {
                found.worse = Some(served);
                break;
            }
            Verdict::ProvenHealthy => found.healthy = found.healthy.or(Some(served)),
            Verdict::NotProven => {}
        }
    }
    found
}

/// Chance that is the same every time.
pub(crate) fn random(seed: u64) -> XorShiftRng {
    XorShiftRng::seed_from_u64(seed)
}

/// The number that a part of sorted numbers stays within; those that never came are the largest.
pub(crate) fn quantile(sorted: &[Option<u64>], part: f64) -> Option<u64> {
    let at = (sorted.len() as f64 * part).ceil() as usize;
    sorted[at.clamp(1, sorted.len()) - 1]
}

/// Sorts, with those that never came at the end.
pub(crate) fn sorted(mut found: Vec<Option<u64>>) -> Vec<Option<u64>> {
    found.sort_by_key(|requests| requests.unwrap_or(u64::MAX));
    found
}

fn draw(requests: u64, rate: f64, random: &mut XorShiftRng) -> u64 {
    Binomial::new(requests, rate).map_or(0, |binomial| binomial.sample(random))
}
