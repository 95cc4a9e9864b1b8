//! Why a call gave nothing, and what that means for the release.

use serde::{Deserialize, Serialize};

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallError {
    /// What it means for the release.
    pub kind: ErrorKind,
    /// What AWS said, in its own words.
    pub message: String,
}

impl CallError {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl std::fmt::Display for CallError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CallError {}

impl ErrorKind {
    /// Whether it says something about whoever calls, and nothing about the versions, permissions or aliases: a release is
    /// held until a person has logged in again, or set the clock.
    #[must_use]
    pub const fn is_of_caller(self) -> bool {
        matches!(self, Self::Expired | Self::Skewed | Self::Unconfigured)
    }
}

/// What an error means for the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// 412: the revision is not the one that was read. Refused.
    Precondition,
    /// 409: something else is under way. Refused; it may pass.
    Conflict,
    /// 404. Refused.
    NotFound,
    /// 403: no permission. Refused.
    Denied,
    /// The session's credentials have expired. Refused; it passes when somebody logs in again.
    Expired,
    /// This machine's clock differs too much from AWS's. Refused; it passes when the clock is set.
    Skewed,
    /// There are no credentials, AWS does not know them, or there is no region. Refused, or nothing was sent.
    Unconfigured,
    /// 429, still, after every retry. Refused.
    Throttled,
    /// 400: AWS does not accept it. Refused, and it will be again.
    Invalid,
    /// No answer, or 5xx, after every retry: the change was perhaps applied.
    Unknown,
    /// A local file is not what it was, or cannot be read. Nothing was sent.
    Local,
}
