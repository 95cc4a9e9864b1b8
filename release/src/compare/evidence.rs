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

impl Evidence {
    /// Adds what both versions served in one window, such as a minute.
    ///
    /// A window in which one of them served nothing compares nothing. Neither does one with more than eight times the
    /// requests of all before it, as the first: it only tells what to bet on next.
    pub fn add(&mut self, judge: &Judge, old: Counts, new: Counts) {
        let (old, new) = (old.possible(), new.possible());
        if old.requests > 0 && new.requests > 0 {
            self.old = self.old.plus(old);
            self.new = self.new.plus(new);
            let known = self.old_memory.requests() + self.new_memory.requests();
            if old.requests.saturating_add(new.requests) <= known.saturating_mul(8) {
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
