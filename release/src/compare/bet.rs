//! One bet on one window: what it brings when the window is seen.

use super::Counts;

/// The error rates that somebody bets on: chosen before the window is seen, strictly between 0 and 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bet {
    /// The old version's.
    pub(crate) old: f64,
    /// The new version's.
    pub(crate) new: f64,
}

impl Bet {
    /// The logarithm of what one unit becomes, fair or worse for whoever bets while the new version fails at most as
    /// often as the old one. Who does not contradict that does not bet.
    pub(crate) fn against_not_worse(self, old: Counts, new: Counts) -> f64 {
        if self.new <= self.old || old.requests == 0 || new.requests == 0 {
            return 0.0;
        }
        let weight = weight(old, new);
        // On the diagonal, the nearest pair is the weighted mean.
        let both = self.old + weight * (self.new - self.old);
        growth(self.old, both, old) + growth(self.new, both, new)
    }

    /// The logarithm of what one unit becomes, fair or worse for whoever bets while the new version's error rate is at
    /// least `tolerance` above the old one's. Who does not contradict that does not bet.
    pub(crate) fn against_beyond(self, tolerance: f64, old: Counts, new: Counts) -> f64 {
        if self.new >= self.old + tolerance || old.requests == 0 || new.requests == 0 {
            return 0.0;
        }
        let weight = weight(old, new);
        let line = Line { bet: self, weight, tolerance };
        let nearest = line.nearest();
        // The nearest pair is known up to a rounding: what that could bring over all requests is given back.
        let unsure = line.slope(nearest).abs() * (old.requests as f64 + new.requests as f64);
        growth(self.old, nearest, old) + growth(self.new, nearest + tolerance, new) - unsure
    }
}

/// The new version's part of the requests.
fn weight(old: Counts, new: Counts) -> f64 {
    let (old, new) = (old.requests as f64, new.requests as f64);
    new / (old + new)
}

/// The logarithm of the likelihood of `seen` at the rate `bet`, over that at the rate `null`.
fn growth(bet: f64, null: f64, seen: Counts) -> f64 {
    let passed = seen.requests - seen.errors;
    seen.errors as f64 * ((bet - null) / null).ln_1p() + passed as f64 * ((null - bet) / (1.0 - null)).ln_1p()
}

/// The pairs on which the new version's rate is exactly the tolerance above the old one's.
#[derive(Clone, Copy, Debug)]
struct Line {
    bet: Bet,
    weight: f64,
    tolerance: f64,
}

impl Line {
    /// The old version's rate in the pair that is nearest to the bet.
    ///
    /// The distance is convex along the line, its slope rises from below zero to above: halving finds the zero. The
    /// bet's own old rate and the one that has its new rate on the line enclose it.
    fn nearest(self) -> f64 {
        let inside = |rate: f64| rate.clamp(f64::MIN_POSITIVE, (1.0 - self.tolerance) * (1.0 - f64::EPSILON));
        let (mut low, mut high) = (inside(self.bet.new - self.tolerance), inside(self.bet.old));
        for _ in 0..HALVINGS {
            let middle = low + (high - low) / 2.0;
            if self.slope(middle) < 0.0 { low = middle } else { high = middle }
        }
        // Of the two neighbours, the better one.
        if self.slope(low).abs() < self.slope(high).abs() { low } else { high }
    }

    /// How fast the distance grows when both rates of a pair on the line grow.
    fn slope(self, old: f64) -> f64 {
        let part = |weight: f64, rate: f64, bet: f64| weight * (rate - bet) / (rate * (1.0 - rate));
        part(1.0 - self.weight, old, self.bet.old) + part(self.weight, old + self.tolerance, self.bet.new)
    }
}

/// Enough to come from 1 to the spacing of numbers at a millionth.
const HALVINGS: usize = 90;

#[cfg(test)]
mod tests {
    use super::{Bet, Counts, Line};

    const RATES: [f64; 9] = [1e-6, 0.001, 0.05, 0.2, 0.5, 0.7, 0.9, 0.99, 1.0 - 1e-6];
    const SIZES: [(u64, u64); 8] = [(1, 1), (2, 1), (1, 2), (3, 3), (6, 2), (2, 6), (12, 1), (1, 12)];
    const TOLERANCES: [f64; 5] = [0.0, 0.001, 0.02, 0.3, 0.99];

    /// The mean of what one unit becomes, over everything that can happen at these rates.
    fn mean(sizes: (u64, u64), rates: (f64, f64), logarithm: impl Fn(Counts, Counts) -> f64) -> f64 {
        let mut mean = 0.0;
        for old in 0..=sizes.0 {
            for new in 0..=sizes.1 {
                let chance = chance(sizes.0, old, rates.0) * chance(sizes.1, new, rates.1);
                mean += chance * logarithm(Counts::new(sizes.0, old), Counts::new(sizes.1, new)).exp();
            }
        }
        mean
    }

    fn chance(requests: u64, errors: u64, rate: f64) -> f64 {
        let ways = (0..errors).fold(1.0, |ways, at| ways * (requests - at) as f64 / (at + 1) as f64);
        ways * rate.powf(errors as f64) * (1.0 - rate).powf((requests - errors) as f64)
    }

    fn bets() -> impl Iterator<Item = Bet> {
        RATES.into_iter().flat_map(|old| RATES.into_iter().map(move |new| Bet { old, new }))
    }

    /// Pairs of rates, the ends included, in which the new one is at least so much above the old one.
    fn pairs(above: f64) -> Vec<(f64, f64)> {
        let steps = || (0..=20).map(|step| f64::from(step) / 20.0);
        let inside =
            steps().flat_map(|old| steps().map(move |new| (old, new))).filter(|(old, new)| *new >= old + above);
        let edge = steps().chain(RATES).map(|old| (old, old + above)).filter(|(_, new)| *new <= 1.0);
        inside.chain(edge).collect()
    }

    #[test]
    fn nobody_gains_while_the_new_version_is_not_worse() {
        let (mut most, mut gains) = (0.0_f64, 0.0_f64);
        for sizes in SIZES {
            for bet in bets() {
                // Mirrored: the old one is at least as high.
                for (new, old) in pairs(0.0) {
                    most = most.max(mean(sizes, (old, new), |old, new| bet.against_not_worse(old, new)));
                }
                gains = gains.max(mean(sizes, (bet.old, bet.new), |old, new| bet.against_not_worse(old, new)));
            }
        }
        println!("a mean of at most {most}");
        assert!(most <= 1.0 + 1e-9, "a mean of {most}");
        assert!(gains > 10.0, "nobody bets: {gains}");
    }

    #[test]
    fn nobody_gains_while_the_new_version_is_beyond_the_tolerance() {
        for tolerance in TOLERANCES {
            let (mut most, mut gains) = (0.0_f64, 0.0_f64);
            for sizes in SIZES {
                for bet in bets() {
                    for rates in pairs(tolerance) {
                        most = most.max(mean(sizes, rates, |old, new| bet.against_beyond(tolerance, old, new)));
                    }
                    gains =
                        gains.max(mean(sizes, (bet.old, bet.new), |old, new| bet.against_beyond(tolerance, old, new)));
                }
            }
            println!("a mean of at most {most} at {tolerance}");
            assert!(most <= 1.0 + 1e-9, "a mean of {most} at {tolerance}");
            assert!(gains > 10.0, "nobody bets at {tolerance}: {gains}");
        }
    }

    #[test]
    fn who_is_right_gains_and_who_agrees_does_not_bet() {
        let (old, new) = (Counts::new(900, 9), Counts::new(100, 5));
        assert!(Bet { old: 0.01, new: 0.05 }.against_not_worse(old, new) > 1.0);
        assert!(Bet { old: 0.01, new: 0.05 }.against_not_worse(old, Counts::new(100, 0)) < -1.0);
        assert_eq!(Bet { old: 0.05, new: 0.01 }.against_not_worse(old, new), 0.0);
        assert!(Bet { old: 0.01, new: 0.01 }.against_beyond(0.1, old, Counts::new(100, 1)) > 1.0);
        assert!(Bet { old: 0.01, new: 0.01 }.against_beyond(0.1, old, Counts::new(100, 20)) < -1.0);
        assert_eq!(Bet { old: 0.01, new: 0.2 }.against_beyond(0.1, old, new), 0.0);
        for (old, new) in [(old, Counts::default()), (Counts::default(), new)] {
            assert_eq!(Bet { old: 0.01, new: 0.05 }.against_not_worse(old, new), 0.0);
            assert_eq!(Bet { old: 0.01, new: 0.01 }.against_beyond(0.1, old, new), 0.0);
        }
    }

    #[test]
    fn the_nearest_pair_is_the_nearest() {
        let distance = |bet: f64, null: f64| bet * (bet / null).ln() + (1.0 - bet) * ((1.0 - bet) / (1.0 - null)).ln();
        for tolerance in TOLERANCES {
            for weight in [1e-9, 0.01, 0.5, 0.99, 1.0 - 1e-9] {
                for bet in bets().filter(|bet| bet.new < bet.old + tolerance) {
                    let line = Line { bet, weight, tolerance };
                    let far = |old: f64| {
                        (1.0 - weight) * distance(bet.old, old) + weight * distance(bet.new, old + tolerance)
                    };
                    let nearest = line.nearest();
                    assert!(nearest > 0.0 && nearest + tolerance < 1.0, "{line:?}: {nearest}");
                    for step in 1..100 {
                        let other = f64::from(step) / 100.0 * (1.0 - tolerance);
                        assert!(far(nearest) <= far(other) + 1e-9, "{line:?}: {other} is nearer than {nearest}");
                    }
                }
            }
        }
    }
}
