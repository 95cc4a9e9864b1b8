//! Capital on a logarithmic scale, in whole numbers: a journal gives back exactly what it was given.

use serde::{Deserialize, Serialize};

/// Natural logarithm of a capital, in thousand-millionths.
///
/// Every operation rounds down: what is lost was never claimed, so no guarantee is. The numbers stay below 2^53, which
/// every reader of JSON keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Nats(i64);

/// One nat.
const ONE: f64 = 1e9;
/// More than anyone asks for.
const MOST: i64 = 1_000_000_000_000_000;

impl Nats {
    /// The logarithm of a capital of 1.
    pub(crate) const ZERO: Self = Self(0);
    /// The logarithm of nothing. Who has nothing gains nothing.
    const RUIN: Self = Self(-MOST);

    /// So many nats, rounded down; what is not a number is ruin.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
    pub(crate) fn new(nats: f64) -> Self {
        let scaled = (nats * ONE).floor();
        match scaled {
            _ if scaled >= MOST as f64 => Self(MOST),
            _ if scaled > -MOST as f64 => Self(scaled as i64),
            _ => Self::RUIN,
        }
    }

    /// The logarithm as a number.
    pub(crate) fn get(self) -> f64 {
        if self <= Self::RUIN { f64::NEG_INFINITY } else { self.0 as f64 / ONE }
    }

    /// The capital after a factor whose logarithm this is.
    pub(crate) fn times(self, logarithm: f64) -> Self {
        if self <= Self::RUIN { Self::RUIN } else { Self::new(self.get() + logarithm) }
    }

    /// The logarithm of the sum of capitals.
    pub(crate) fn sum(capitals: impl IntoIterator<Item = Self> + Clone) -> Self {
        let most = capitals.clone().into_iter().max().unwrap_or(Self::RUIN);
        if most <= Self::RUIN {
            return Self::RUIN;
        }
        let parts: f64 = capitals.into_iter().map(|capital| (capital.get() - most.get()).exp()).sum();
        most.times(parts.ln())
    }
}

#[cfg(test)]
mod tests {
    use super::Nats;

    #[test]
    fn rounding_never_gives_capital_away() {
        for nats in [0.0, 0.123_456_789_6, -0.123_456_789_1, 4.605_170_185_988_091, -700.0, 1e5] {
            let kept = Nats::new(nats).get();
            assert!(kept <= nats && nats - kept < 1.1e-9, "{nats} became {kept}");
        }
        assert_eq!(Nats::new(f64::INFINITY), Nats::new(1e300));
    }

    #[test]
    fn ruin_is_for_ever() {
        for ruined in [Nats::new(f64::NAN), Nats::new(f64::NEG_INFINITY), Nats::new(-1e300)] {
            assert_eq!(ruined.times(1e5).get(), f64::NEG_INFINITY);
            assert_eq!(Nats::sum([ruined, ruined]), ruined);
            assert_eq!(Nats::sum([ruined, Nats::ZERO]), Nats::ZERO);
        }
    }

    #[test]
    fn sums_are_sums_of_capitals() {
        let halves = Nats::sum([Nats::new(0.5_f64.ln()), Nats::new(0.5_f64.ln())]);
        assert!(halves <= Nats::ZERO && halves.get() > -1e-8);
        let thousand = Nats::sum(vec![Nats::new(700.0); 1_000]);
        assert!((thousand.get() - 700.0 - 1_000_f64.ln()).abs() < 1e-6);
    }
}
