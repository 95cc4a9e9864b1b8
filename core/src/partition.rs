use core::fmt;

/// The side of a release that a visitor is on.
///
/// ```
/// use onebox_core::Partition;
/// assert_eq!(Partition::OneBox.as_str(), "one-box");
/// assert_eq!(Partition::from_header(b"one-box"), Some(Partition::OneBox));
/// assert_eq!(Partition::from_header(b"One-Box"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Partition {
    /// The new release, on few machines.
    OneBox,
    /// The release that everybody knows. Every failure ends here.
    #[default]
    Regular,
}

impl Partition {
    /// The value of the partition header, in the one spelling that CloudFront's cache key knows.
    ///
    /// Header values in a cache key are case-sensitive:
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/header-caching.html>.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OneBox => "one-box",
            Self::Regular => "regular",
        }
    }

    /// Reads the value of a partition header; any other spelling is no partition.
    #[must_use]
    pub fn from_header(value: &[u8]) -> Option<Self> {
        match value {
            b"one-box" => Some(Self::OneBox),
            b"regular" => Some(Self::Regular),
            _ => None,
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
