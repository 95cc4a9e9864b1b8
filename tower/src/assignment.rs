use std::{fmt, sync::Arc};

use onebox_core::{Bucket, Partition};

/// A visitor's side, and why: a request extension, if the layer was asked for [it](crate::OneboxLayer::extension).
///
/// ```
/// use onebox_core::{Bucket, Partition};
/// use onebox_tower::{Assignment, Reason};
///
/// fn greeting(assignment: &Assignment) -> String {
///     format!("{} by {}", assignment.partition, assignment.reason)
/// }
/// let assignment = Assignment { partition: Partition::OneBox, bucket: Bucket::new(4711), reason: Reason::Pin };
/// assert_eq!(greeting(&assignment), "one-box by pin");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The side.
    pub partition: Partition,
    /// The visitor's place on the line, where a pin or a key yielded.
    pub bucket: Option<Bucket>,
    /// What decided.
    pub reason: Reason,
}

/// What decided: an [`onebox_core::Source`] that owns its text, which is the same.
///
/// ```
/// use onebox_tower::Reason;
/// assert_eq!(Reason::Key("client-ip+header:user-agent".into()).to_string(), "client-ip+header:user-agent");
/// assert_eq!(Reason::ShareZero.to_string(), "share-zero");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A valid override token.
    Override,
    /// The share is 0.
    ShareZero,
    /// The User-Agent is a crawler's.
    Crawler,
    /// A valid pin of this release.
    Pin,
    /// This entry of the key chain.
    Key(Arc<str>),
    /// No entry yielded.
    None,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Override => "override",
            Self::ShareZero => "share-zero",
            Self::Crawler => "crawler",
            Self::Pin => "pin",
            Self::Key(entry) => entry,
            Self::None => "none",
        })
    }
}
