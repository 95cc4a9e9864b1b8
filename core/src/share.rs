use core::{error, fmt, str::FromStr};

use crate::bucket::{BUCKETS, Bucket};

/// How many buckets are on the one-box, `0..=100_000`: thousandths of a percent.
///
/// ```
/// use onebox_core::Share;
/// let share: Share = "0.125%".parse()?;
/// assert_eq!(share.thousandths(), 125);
/// assert_eq!(share.to_string(), "0.125%");
/// # Ok::<(), onebox_core::ShareError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u32);

impl Share {
    /// Nobody is on the one-box.
    pub const NONE: Self = Self(0);
    /// Everybody is on the one-box.
    pub const ALL: Self = Self(BUCKETS);

    /// A share in thousandths of a percent, or none above 100 %.
    ///
    /// ```
    /// use onebox_core::Share;
    /// assert_eq!(Share::from_thousandths(5_000), "5%".parse().ok());
    /// assert_eq!(Share::from_thousandths(100_001), None);
    /// ```
    #[must_use]
    pub const fn from_thousandths(thousandths: u32) -> Option<Self> {
        if thousandths <= BUCKETS { Some(Self(thousandths)) } else { None }
    }

    /// The share in thousandths of a percent.
    #[must_use]
    pub const fn thousandths(self) -> u32 {
        self.0
    }

    /// Whether a bucket lies within the share. Raising the share never takes a bucket out.
    ///
    /// ```
    /// use onebox_core::{Bucket, Share};
    /// let share: Share = "5%".parse()?;
    /// assert!(Bucket::new(4_999).is_some_and(|bucket| share.covers(bucket)));
    /// assert!(Bucket::new(5_000).is_some_and(|bucket| !share.covers(bucket)));
    /// # Ok::<(), onebox_core::ShareError>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn covers(self, bucket: Bucket) -> bool {
        u32::from(bucket) < self.0
    }
}

/// Why a text is not a share.
///
/// ```
/// use onebox_core::{Share, ShareError};
/// assert_eq!("5".parse::<Share>(), Err(ShareError::Shape));
/// assert_eq!("100.001%".parse::<Share>(), Err(ShareError::TooLarge));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShareError {
    /// Not a number with up to three decimals and a percent sign.
    Shape,
    /// More than 100 %.
    TooLarge,
}

impl fmt::Display for ShareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "expected a percentage with up to three decimals, such as \"5%\" or \"0.125%\"",
            Self::TooLarge => "a share is at most \"100%\"",
        })
    }
}

impl error::Error for ShareError {}

impl FromStr for Share {
    type Err = ShareError;

    fn from_str(text: &str) -> Result<Self, ShareError> {
        let number = text.strip_suffix('%').ok_or(ShareError::Shape)?;
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(decimals) || decimals.len() > 3 {
            return Err(ShareError::Shape);
        }
        let whole: u32 = whole.parse().map_err(|_| ShareError::TooLarge)?;
        let thousandths =
            decimals.bytes().chain(*b"00").take(3).fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
        whole
            .checked_mul(1000)
            .and_then(|whole| whole.checked_add(thousandths))
            .and_then(Self::from_thousandths)
            .ok_or(ShareError::TooLarge)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = (self.0 / 1000, self.0 % 1000);
        match decimals {
            0 => write!(f, "{whole}%"),
            d if d % 100 == 0 => write!(f, "{whole}.{}%", d / 100),
            d if d % 10 == 0 => write!(f, "{whole}.{:02}%", d / 10),
            d => write!(f, "{whole}.{d:03}%"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_share_is_a_percentage_with_up_to_three_decimals() {
        for (text, expected) in [
            ("0%", Ok(0)),
            ("5%", Ok(5_000)),
            ("05%", Ok(5_000)),
            ("0.1%", Ok(100)),
            ("0.125%", Ok(125)),
            ("99.999%", Ok(99_999)),
            ("100%", Ok(100_000)),
            ("100.000%", Ok(100_000)),
            ("100.001%", Err(ShareError::TooLarge)),
            ("4294968%", Err(ShareError::TooLarge)),
            ("99999999999999999999%", Err(ShareError::TooLarge)),
            ("5", Err(ShareError::Shape)),
            ("5 %", Err(ShareError::Shape)),
            (" 5%", Err(ShareError::Shape)),
            ("5.%", Err(ShareError::Shape)),
            (".5%", Err(ShareError::Shape)),
            ("+5%", Err(ShareError::Shape)),
            ("-5%", Err(ShareError::Shape)),
            ("5e1%", Err(ShareError::Shape)),
            ("0.0001%", Err(ShareError::Shape)),
            ("%", Err(ShareError::Shape)),
            ("", Err(ShareError::Shape)),
            ("٥%", Err(ShareError::Shape)),
        ] {
            assert_eq!(text.parse::<Share>().map(Share::thousandths), expected, "{text:?}");
        }
    }

    #[test]
    fn every_share_is_printed_as_it_is_read() {
        for thousandths in 0..=BUCKETS {
            let share = Share(thousandths);
            assert_eq!(share.to_string().parse(), Ok(share));
        }
    }
}
