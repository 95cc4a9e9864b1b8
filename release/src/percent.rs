//! A part of the traffic.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A part of the traffic, in hundredths of a percent: 0 to 10,000.
///
/// AWS documents no precision for an alias's weights; two decimals of a percent are four of a weight.
///
/// ```
/// use onebox_release::Percent;
///
/// let tenth = Percent::from_hundredths(1_000).unwrap();
/// assert_eq!(tenth.to_string(), "10 %");
/// assert_eq!(tenth.weight(), 0.1);
/// assert_eq!(Percent::from_hundredths(10_001), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Percent(u16);

impl Percent {
    /// No traffic.
    pub const NONE: Self = Self(0);
    /// All of it.
    pub const ALL: Self = Self(10_000);
    /// The smallest part that is not nothing.
    pub(crate) const SMALLEST: Self = Self(1);
    /// A tenth: the part of CodeDeploy's own strategies.
    pub(crate) const TENTH: Self = Self(1_000);

    /// So many hundredths of a percent, at most 10,000.
    #[must_use]
    pub const fn from_hundredths(hundredths: u16) -> Option<Self> {
        if hundredths <= 10_000 { Some(Self(hundredths)) } else { None }
    }

    /// So many hundredths of a percent.
    #[must_use]
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// The weight that AWS wants to see: 0.0 to 1.0.
    #[must_use]
    pub fn weight(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// The nearest part to a weight of AWS; `None` outside 0.0 to 1.0.
    #[must_use]
    pub fn from_weight(weight: f64) -> Option<Self> {
        // NaN is in no range.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10,000 fits")]
        (0.0..=1.0).contains(&weight).then(|| Self((weight * 10_000.0).round() as u16))
    }
}

impl TryFrom<u16> for Percent {
    type Error = &'static str;

    fn try_from(hundredths: u16) -> Result<Self, Self::Error> {
        Self::from_hundredths(hundredths).ok_or("expected hundredths of a percent, 0 to 10000")
    }
}

impl From<Percent> for u16 {
    fn from(percent: Percent) -> Self {
        percent.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(f, "{whole} %"),
            (whole, part) if part % 10 == 0 => write!(f, "{whole}.{} %", part / 10),
            (whole, part) => write!(f, "{whole}.{part:02} %"),
        }
    }
}
