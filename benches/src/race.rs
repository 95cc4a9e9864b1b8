//! Races: contenders that take turns.

use std::{
    fmt,
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::Criterion;

/// How long one contender runs before the next takes its turn: much longer than reading the clock, much shorter than
/// the minutes over which a machine drifts.
const TURN: Duration = Duration::from_millis(2);

/// How many turns each contender has. An odd number has a middle.
const ROUNDS: usize = 151;

/// One way to do what a race is about.
pub struct Contender<'a> {
    name: &'static str,
    run: Box<dyn FnMut(u64) -> Duration + 'a>,
}

impl fmt::Debug for Contender<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Contender").field(&self.name).finish()
    }
}

impl<'a> Contender<'a> {
    /// A contender; `work` does the thing once. What it reads has to come out of [`black_box`].
    pub fn new<T>(name: &'static str, mut work: impl FnMut() -> T + 'a) -> Self {
        let run = move |times| {
            let start = Instant::now();
            for _ in 0..times {
                black_box(work());
            }
            start.elapsed()
        };
        Self { name, run: Box::new(run) }
    }

    /// How many times it runs in one turn.
    fn times(&mut self) -> u64 {
        let mut times = 1;
        while (self.run)(times) < TURN {
            times *= 2;
        }
        times
    }
}

/// What a ratio of two contenders has to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Not more than this.
    AtMost(f64),
    /// Not less than this.
    AtLeast(f64),
    /// Nothing is required; it is good to know.
    Shown,
}

impl Bound {
    /// Whether a ratio is within the bound.
    #[must_use]
    pub fn holds(self, ratio: f64) -> bool {
        match self {
            Self::AtMost(most) => ratio <= most,
            Self::AtLeast(least) => ratio >= least,
            Self::Shown => true,
        }
    }
}

/// A statement about two contenders of a race: `dividend / divisor` is within a bound.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The name of the contender above the line.
    pub dividend: &'static str,
    /// The name of the contender below the line.
    pub divisor: &'static str,
    /// What is required.
    pub bound: Bound,
}

/// Contenders that do the same, and what is claimed about them.
#[derive(Debug)]
pub struct Race<'a> {
    name: &'static str,
    contenders: Vec<Contender<'a>>,
    claims: Vec<Claim>,
}

impl<'a> Race<'a> {
    /// A race without contenders.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, contenders: Vec::new(), claims: Vec::new() }
    }

    /// Adds a contender.
    #[must_use]
    pub fn with<T>(mut self, name: &'static str, work: impl FnMut() -> T + 'a) -> Self {
        self.contenders.push(Contender::new(name, work));
        self
    }

    /// Adds a claim.
    #[must_use]
    pub fn claim(mut self, dividend: &'static str, divisor: &'static str, bound: Bound) -> Self {
        self.claims.push(Claim { dividend, divisor, bound });
        self
    }

    /// Has Criterion measure every contender for itself.
    pub fn measure(&mut self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group(self.name);
        for contender in &mut self.contenders {
            group.bench_function(contender.name, |bencher| bencher.iter_custom(&mut contender.run));
        }
        group.finish();
    }

    /// Runs the contenders in turns, forwards and backwards.
    #[must_use]
    pub fn run(&mut self) -> Outcome {
        let times: Vec<u64> = self.contenders.iter_mut().map(Contender::times).collect();
        let mut timings: Vec<_> =
            self.contenders.iter().map(|contender| (contender.name, Vec::with_capacity(ROUNDS))).collect();
        for round in 0..ROUNDS {
            for turn in 0..self.contenders.len() {
                let at = if round % 2 == 0 { turn } else { self.contenders.len() - 1 - turn };
                let took = (self.contenders[at].run)(times[at]);
                timings[at].1.push(took.as_nanos() as f64 / times[at] as f64);
            }
        }
        Outcome { name: self.name, timings, claims: self.claims.clone() }
    }
}

/// What came of a race.
#[derive(Debug)]
pub struct Outcome {
    /// The race's name.
    pub name: &'static str,
    /// Each contender's nanoseconds for one run, round by round.
    pub timings: Vec<(&'static str, Vec<f64>)>,
    /// What was claimed.
    pub claims: Vec<Claim>,
}

impl Outcome {
    /// The ratios of a claim, round by round: each is of two turns that were next to each other in time.
    #[must_use]
    pub fn ratios(&self, claim: Claim) -> Vec<f64> {
        let of = |name| self.timings.iter().filter(move |(found, _)| *found == name).flat_map(|(_, rounds)| rounds);
        of(claim.dividend).zip(of(claim.divisor)).map(|(dividend, divisor)| dividend / divisor).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_within_a_round() {
        let outcome = Outcome {
            name: "race",
            timings: vec![("fast", vec![1.0, 2.0, 4.0]), ("slow", vec![3.0, 6.0, 12.0])],
            claims: Vec::new(),
        };
        let claim = Claim { dividend: "slow", divisor: "fast", bound: Bound::AtLeast(3.0) };
        assert_eq!(outcome.ratios(claim), [3.0, 3.0, 3.0]);
    }

    #[test]
    fn a_bound_includes_its_end() {
        for (bound, ratio, holds) in [
            (Bound::AtMost(1.4), 1.4, true),
            (Bound::AtMost(1.4), 1.401, false),
            (Bound::AtLeast(10.0), 10.0, true),
            (Bound::AtLeast(10.0), 9.99, false),
            (Bound::Shown, 1e9, true),
        ] {
            assert_eq!(bound.holds(ratio), holds, "{bound:?} {ratio}");
        }
    }

    #[test]
    fn every_contender_has_a_turn_in_every_round() {
        let mut race = Race::new("race").with("one", std::thread::yield_now).with("two", || ());
        let outcome = race.run();
        assert!(outcome.timings.iter().all(|(_, rounds)| rounds.len() == ROUNDS), "{outcome:?}");
    }
}
