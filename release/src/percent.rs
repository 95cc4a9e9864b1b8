//! A part of the traffic.

use std::{error, fmt, str::FromStr};

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
/// assert_eq!("10%".parse(), Ok(tenth));
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

    /// The nearest part to a weight of AWS; `None` outside 0.0 to 1.0. Only a weight of 0.0 is no traffic, and only 1.0 is all
    /// of it.
    #[must_use]
    pub fn from_weight(weight: f64) -> Option<Self> {
        // NaN is in no range.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10,000 fits")]
        (0.0..=1.0).contains(&weight).then(|| match (weight * 10_000.0).round() as u16 {
            0 if weight > 0.0 => Self::SMALLEST,
            10_000 if weight < 1.0 => Self(9_999),
            nearest => Self(nearest),
        })
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

/// Why a text is not a part of the traffic.
///
/// ```
/// use onebox_release::{Percent, PercentError};
///
/// assert_eq!("12.5 %".parse(), Ok(Percent::from_hundredths(1_250).unwrap()));
/// assert_eq!("12.5".parse::<Percent>(), Err(PercentError::Shape));
/// assert_eq!("100.01%".parse::<Percent>(), Err(PercentError::TooLarge));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PercentError {
    /// Not a number with up to two decimals and a percent sign.
    Shape,
    /// More than 100 %.
    TooLarge,
}

impl fmt::Display for PercentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "expected a percentage with up to two decimals, such as \"10%\" or \"12.5%\"",
            Self::TooLarge => "expected at most 100 %",
        })
    }
}

impl error::Error for PercentError {}

impl FromStr for Percent {
    type Err = PercentError;

    fn from_str(text: &str) -> Result<Self, PercentError> {
        let number = text.strip_suffix('%').ok_or(PercentError::Shape)?.trim_end_matches(' ');
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 2 {
            return Err(PercentError::Shape);
        }
        let whole: u16 = whole.parse().map_err(|_| PercentError::TooLarge)?;
        let hundredths = decimals.bytes().chain(*b"0").take(2).fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        whole
            .checked_mul(100)
            .and_then(|whole| whole.checked_add(hundredths))
            .and_then(Self::from_hundredths)
            .ok_or(PercentError::TooLarge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_a_percentage_with_up_to_two_decimals() {
        for (text, expected) in [
            ("0%", Ok(0)),
            ("10%", Ok(1_000)),
            ("10 %", Ok(1_000)),
            ("0.5%", Ok(50)),
            ("0.05%", Ok(5)),
            ("12.50%", Ok(1_250)),
            ("100.00%", Ok(10_000)),
            ("100.01%", Err(PercentError::TooLarge)),
            ("655.36%", Err(PercentError::TooLarge)),
            ("99999999999999999999%", Err(PercentError::TooLarge)),
            ("0.005%", Err(PercentError::Shape)),
            ("10", Err(PercentError::Shape)),
            (" 10%", Err(PercentError::Shape)),
            ("+10%", Err(PercentError::Shape)),
            ("-10%", Err(PercentError::Shape)),
            ("1e1%", Err(PercentError::Shape)),
            (".5%", Err(PercentError::Shape)),
            ("5.%", Err(PercentError::Shape)),
            ("%", Err(PercentError::Shape)),
            ("", Err(PercentError::Shape)),
        ] {
            assert_eq!(text.parse::<Percent>().map(Percent::hundredths), expected, "{text:?}");
        }
    }

    #[test]
    fn every_part_is_printed_as_it_is_read_and_survives_as_a_weight() {
        for hundredths in 0..=10_000 {
            let percent = Percent(hundredths);
            assert_eq!(percent.to_string().parse(), Ok(percent));
            assert_eq!(Percent::from_weight(percent.weight()), Some(percent));
        }
    }

    #[test]
    fn only_a_weight_of_zero_is_no_traffic_and_only_one_is_all() {
        for (weight, expected) in [
            (0.0, Some(Percent::NONE)),
            (-0.0, Some(Percent::NONE)),
            (0.000_001, Some(Percent::SMALLEST)),
            (0.999_999, Percent::from_hundredths(9_999)),
            (1.0, Some(Percent::ALL)),
            (-0.1, None),
            (1.1, None),
            (f64::NAN, None),
        ] {
            assert_eq!(Percent::from_weight(weight), expected, "{weight}");
        }
    }
}
