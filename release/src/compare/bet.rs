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
#[derive(Clone, Copy)]
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
