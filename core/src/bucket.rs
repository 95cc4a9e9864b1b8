//! A place on the line.

use core::fmt;

/// How many buckets the line has: a bucket is a thousandth of a percent.
///
/// ```
/// assert_eq!(onebox_core::Share::ALL.thousandths(), onebox_core::BUCKETS);
/// ```
pub const BUCKETS: u32 = 100_000;

/// A visitor's place on the line, `0..=99_999`.
///
/// ```
/// use onebox_core::Bucket;
/// assert_eq!(Bucket::new(99_999).map(u32::from), Some(99_999));
/// assert_eq!(Bucket::new(100_000), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u32);

impl Bucket {
    /// The bucket with this number, or none if there is no such bucket.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        if number < BUCKETS { Some(Self(number)) } else { None }
    }

    /// Spreads a 32-bit hash evenly over the line. A multiplication and a shift have no modulo bias.
    #[allow(clippy::cast_possible_truncation, reason = "(2^32 - 1) * 100_000 >> 32 is at most 99_999")]
    pub(crate) const fn from_hash(hash: u32) -> Self {
        Self(((hash as u64 * BUCKETS as u64) >> 32) as u32)
    }
}

impl From<Bucket> for u32 {
    fn from(bucket: Bucket) -> Self {
        bucket.0
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_hash_are_the_ends_of_the_line() {
        assert_eq!(Bucket::from_hash(0), Bucket(0));
        assert_eq!(Bucket::from_hash(u32::MAX), Bucket(99_999));
    }
}
