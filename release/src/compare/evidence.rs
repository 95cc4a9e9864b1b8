//! What is known about one alias: the capital of those who bet.

use serde::{Deserialize, Serialize};

use super::{Counts, Judge, Verdict, bet::Bet, memory::Memory, nats::Nats};

/// How many times the old version's odds of an error the new version's are, in the bets that it is worse. One more bets
/// on what was seen so far.
const ODDS: [f64; 5] = [1.5, 2.5, 5.0, 15.0, 100.0];
const AGAINST: usize = ODDS.len() + 1;
/// Those who bet that it is healthy: both versions are alike; each is as seen so far.
const FOR: usize = 2;
/// How slowly savings are spent: in the first window a 32nd, after a thousand windows a thousandth.
const PATIENCE: f64 = 32.0;

/// What was seen of one alias's two versions, and what it is worth as evidence.
///
/// Small, and it goes through JSON and back unchanged: it belongs in a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Evidence {
    /// The old version, in the windows in which both had requests.
    old: Counts,
    /// The new version, in the same windows.
    new: Counts,
    /// What is remembered of the old version.
    old_memory: Memory,
    /// What is remembered of the new version.
    new_memory: Memory,
    /// How many windows were bet on.
    windows: u64,
    /// Capital of those who bet that the new version is worse.
    worse: [Nats; AGAINST],
    /// What they have not staked yet, so that they can begin later.
    savings: Nats,
    /// The most that they ever had together.
    most: Nats,
    /// Capital of those who bet that it is healthy.
    healthy: [Nats; FOR],
}

impl Default for Evidence {
    fn default() -> Self {
        let part = |parts: usize| Nats::new(-(parts as f64).ln());
        Self {
            old: Counts::default(),
            new: Counts::default(),
            old_memory: Memory::default(),
            new_memory: Memory::default(),
            windows: 0,
            worse: [part(2 * AGAINST); AGAINST],
            savings: part(2),
            most: Nats::ZERO,
            healthy: [part(FOR); FOR],
        }
    }
}

/// No window has more requests: no account serves so many in a minute, and the capital counts them exactly.
const LARGEST: u64 = 1_000_000_000;

impl Evidence {
    /// Adds what both versions served in one window, such as a minute.
    ///
    /// A window in which one of them served nothing compares nothing. Neither does one with more than eight times the
    /// requests of all such windows before it, as the first: it only tells what to bet on next.
    pub fn add(&mut self, judge: &Judge, old: Counts, new: Counts) {
        let (old, new) = (old.possible(), new.possible());
        if old.requests > 0 && new.requests > 0 {
            let known = self.old.requests.saturating_add(self.new.requests);
            self.old = self.old.plus(old);
            self.new = self.new.plus(new);
            if old.requests.saturating_add(new.requests) <= known.saturating_mul(8).min(LARGEST) {
                self.bet(judge, old, new);
            }
        }
        self.old_memory.add(old);
        self.new_memory.add(new);
    }

    /// What is proven.
    ///
    /// Once proven worse, it stays so. Proven healthy holds as long as the evidence does. Where both would hold, worse
    /// counts.
    #[must_use]
    pub fn verdict(&self, judge: &Judge) -> Verdict {
        if self.most.get() >= judge.needed() {
            Verdict::ProvenWorse
        } else if self.healthy().get() >= judge.needed() {
            Verdict::ProvenHealthy
        } else {
            Verdict::NotProven
        }
    }

    /// The old version's and the new version's requests and errors, in the windows in which both had requests.
    #[must_use]
    pub fn counts(&self) -> (Counts, Counts) {
        (self.old, self.new)
    }

    /// The logarithm of the evidence that the new version is worse, now.
    pub(crate) fn worse(&self) -> Nats {
        Nats::sum(self.worse.into_iter().chain([self.savings]))
    }

    /// The logarithm of the evidence that the new version is healthy, now.
    pub(crate) fn healthy(&self) -> Nats {
        Nats::sum(self.healthy)
    }

    fn bet(&mut self, judge: &Judge, old: Counts, new: Counts) {
        self.spend();
        let (on_worse, on_healthy) = (self.bets_on_worse(), self.bets_on_healthy());
        for (capital, bet) in self.worse.iter_mut().zip(on_worse) {
            *capital = capital.times(bet.against_not_worse(old, new));
        }
        self.most = self.most.max(self.worse());
        for (capital, bet) in self.healthy.iter_mut().zip(on_healthy) {
            *capital = capital.times(bet.against_beyond(judge.tolerance(), old, new));
        }
        // Nobody keeps more than twice what a proof takes: a version that was healthy for a week and fails now has no
        // week's worth of evidence to lose first.
        let excess = self.healthy().get() - 2.0 * judge.needed();
        if excess > 0.0 {
            self.healthy = self.healthy.map(|capital| capital.times(-excess));
        }
    }

    /// Moves a part of the savings to those who bet.
    fn spend(&mut self) {
        let part = 1.0 / (self.windows as f64 + PATIENCE);
        let each = self.savings.times((part / AGAINST as f64).ln());
        self.worse = self.worse.map(|capital| Nats::sum([capital, each]));
        self.savings = self.savings.times((-part).ln_1p());
        self.windows = self.windows.saturating_add(1);
    }

    fn bets_on_worse(&self) -> [Bet; AGAINST] {
        let old = self.old_memory.rate();
        let new = self.new_memory.rate_like(old);
        let [a, b, c, d, e] = ODDS.map(|times| Bet { old, new: times * old / (1.0 - old + times * old) });
        [a, b, c, d, e, Bet { old, new }]
    }

    fn bets_on_healthy(&self) -> [Bet; FOR] {
        let both = self.old_memory.rate_with(self.new_memory);
        let old = self.old_memory.rate();
        [Bet { old: both, new: both }, Bet { old, new: self.new_memory.rate_like(old) }]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Counts, Evidence, Judge};
    use crate::{Comparison, Verdict};

    /// Windows, small enough to go through everything that can happen in them.
    const WINDOWS: [(u64, u64); 5] = [(2, 1), (1, 2), (3, 2), (1, 1), (2, 3)];

    /// Every path through the windows at these rates, one pair for each: its chance, and where it leads.
    fn paths(judge: &Judge, rates: [(f64, f64); 5]) -> Vec<(f64, Evidence)> {
        let mut paths = vec![(1.0, Evidence::default())];
        for ((old, new), (at_old, at_new)) in WINDOWS.into_iter().zip(rates) {
            let mut next = Vec::new();
            for (chance, evidence) in &paths {
                for old_errors in 0..=old {
                    for new_errors in 0..=new {
                        let both = part(old, old_errors, at_old) * part(new, new_errors, at_new);
                        let mut evidence = evidence.clone();
                        evidence.add(judge, Counts::new(old, old_errors), Counts::new(new, new_errors));
                        next.push((chance * both, evidence));
                    }
                }
            }
            paths = next;
        }
        paths
    }

    fn part(requests: u64, errors: u64, rate: f64) -> f64 {
        let ways = (0..errors).fold(1.0, |ways, at| ways * (requests - at) as f64 / (at + 1) as f64);
        ways * rate.powf(errors as f64) * (1.0 - rate).powf((requests - errors) as f64)
    }

    fn judge(tolerance: f64, false_alarm: f64) -> Judge {
        Judge::new(&Comparison { false_alarm, tolerance }, 1)
    }

    #[test]
    fn the_whole_capital_does_not_grow_while_the_claim_is_true() {
        let judge = judge(0.1, 0.4);
        let not_worse = [
            [(0.01, 0.01); 5],
            [(0.3, 0.3); 5],
            [(0.9, 0.9); 5],
            [(0.5, 0.1); 5],
            // An outage in the middle hits both.
            [(0.01, 0.01), (0.01, 0.01), (0.8, 0.8), (0.8, 0.8), (0.01, 0.0)],
        ];
        for rates in not_worse {
            let paths = paths(&judge, rates);
            let mean: f64 = paths.iter().map(|(chance, evidence)| chance * evidence.worse().get().exp()).sum();
            assert!(mean <= 1.0 + 1e-9, "a mean of {mean} at {rates:?}");
            for needed in [1.5_f64, 2.0, 3.0] {
                let ever = paths.iter().filter(|(_, evidence)| evidence.most.get() >= needed.ln());
                let chance: f64 = ever.map(|(chance, _)| chance).sum();
                assert!(chance <= 1.0 / needed, "{needed} is reached with a chance of {chance} at {rates:?}");
            }
        }
        let beyond = [
            [(0.01, 0.11); 5],
            [(0.3, 0.4); 5],
            [(0.9, 1.0); 5],
            [(0.1, 0.5); 5],
            [(0.01, 0.2), (0.5, 0.6), (0.8, 0.9), (0.0, 0.1), (0.3, 0.4)],
        ];
        for rates in beyond {
            let mean: f64 =
                paths(&judge, rates).iter().map(|(chance, evidence)| chance * evidence.healthy().get().exp()).sum();
            assert!(mean <= 1.0 + 1e-9, "a mean of {mean} at {rates:?}");
        }
    }

    #[test]
    fn it_grows_while_the_claim_is_false() {
        let judge = judge(0.5, 0.01);
        let means = |rates| {
            let (mut worse, mut healthy) = (0.0, 0.0);
            for (chance, evidence) in paths(&judge, [rates; 5]) {
                worse += chance * evidence.worse().get().exp();
                healthy += chance * evidence.healthy().get().exp();
            }
            (worse, healthy)
        };
        assert!(means((0.01, 0.9)).0 > 5.0, "{:?}", means((0.01, 0.9)));
        assert!(means((0.1, 0.1)).1 > 1.5, "{:?}", means((0.1, 0.1)));
    }

    #[test]
    fn a_good_week_does_not_outweigh_a_bad_hour() {
        let judge = judge(0.01, 0.01);
        let mut evidence = Evidence::default();
        for _minute in 0..7 * 1_440 {
            evidence.add(&judge, Counts::new(900, 9), Counts::new(100, 1));
        }
        assert_eq!(evidence.verdict(&judge), Verdict::ProvenHealthy);
        for _minute in 0..60 {
            evidence.add(&judge, Counts::new(900, 9), Counts::new(100, 5));
        }
        assert_eq!(evidence.verdict(&judge), Verdict::ProvenWorse);
        assert!(evidence.healthy().get() < judge.needed());
    }

    #[test]
    fn what_is_proven_worse_stays_so() {
        let judge = judge(0.01, 0.01);
        let mut evidence = Evidence::default();
        for _minute in 0..10 {
            evidence.add(&judge, Counts::new(900, 9), Counts::new(100, 10));
        }
        for _minute in 0..1_440 {
            evidence.add(&judge, Counts::new(900, 9), Counts::new(100, 1));
        }
        assert!(evidence.worse().get() < judge.needed() && evidence.healthy().get() >= judge.needed());
        assert_eq!(evidence.verdict(&judge), Verdict::ProvenWorse);
    }

    fn counts() -> impl Strategy<Value = Counts> {
        let number = || prop_oneof![Just(0), 0_u64..100, any::<u64>(), Just(u64::MAX)];
        (number(), number()).prop_map(|(requests, errors)| Counts { requests, errors })
    }

    fn rate() -> impl Strategy<Value = f64> {
        prop_oneof![0.0..1.0, Just(0.0), Just(1.0), any::<f64>(), Just(f64::NAN)]
    }

    proptest! {
        #[test]
        fn any_counts_give_evidence_that_is_a_number(
            windows in prop::collection::vec((counts(), counts()), 0..20),
            false_alarm in rate(),
            tolerance in rate(),
            aliases in any::<usize>(),
        ) {
            let judge = Judge::new(&Comparison { false_alarm, tolerance }, aliases);
            let mut evidence = Evidence::default();
            for (old, new) in windows {
                evidence.add(&judge, old, new);
                // The savings are never lost, whatever happens.
                prop_assert!(evidence.worse().get().is_finite());
                prop_assert!(evidence.most >= evidence.worse());
                prop_assert!(!evidence.healthy().get().is_nan());
                prop_assert!(evidence.healthy().get() <= 2.0 * judge.needed() + 1e-6);
                let json = serde_json::to_string(&evidence).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Evidence>(&json).unwrap(), &evidence);
                let figures = evidence.figures(&judge);
                prop_assert!(!figures.contains("NaN") && !figures.contains("inf"), "{}", figures);
            }
        }
    }

    #[test]
    fn a_million_requests_a_minute_are_compared_too() {
        let judge = Judge::new(&Comparison { false_alarm: 0.01, tolerance: 0.01 }, 1);
        for (errors, expected) in [(10_000, Verdict::ProvenHealthy), (50_000, Verdict::ProvenWorse)] {
            let mut evidence = Evidence::default();
            (0..3).for_each(|_| evidence.add(&judge, Counts::new(9_000_000, 90_000), Counts::new(1_000_000, errors)));
            assert_eq!(evidence.verdict(&judge), expected);
        }
    }
}
