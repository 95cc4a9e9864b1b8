//! What AWS answers instead of doing what it was asked.

use onebox_release::{CallError, ErrorKind};

/// An error as AWS answers it: status, code, text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The exception's name.
    pub code: &'static str,
    /// The text.
    pub message: String,
}

impl Refusal {
    /// An error with this status, code and text.
    #[must_use]
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "ResourceNotFoundException", message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidParameterValueException", message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "ResourceConflictException", message)
    }

    /// Lambda's text for every guard that compares revisions.
    pub(crate) fn precondition() -> Self {
        Self::new(
            412,
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
        )
    }

    /// A value that the API's own model forbids, before the service looks at it.
    pub(crate) fn constraint(value: &str, member: &str, constraint: &str) -> Self {
        Self::new(
            400,
            "ValidationException",
            format!(
                "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}"
            ),
        )
    }

    pub(crate) fn throttled() -> Self {
        Self::new(429, "TooManyRequestsException", "Rate exceeded")
    }

    pub(crate) fn broken() -> Self {
        Self::new(500, "ServiceException", "An error occurred and the request cannot be processed.")
    }

    pub(crate) fn expired() -> Self {
        Self::new(403, "ExpiredTokenException", "The security token included in the request is expired")
    }

    pub(crate) fn skewed() -> Self {
        let message =
            "Signature expired: 20261120T120000Z is now earlier than 20261120T121000Z (20261120T121500Z - 5 min.)";
        Self::new(403, "InvalidSignatureException", message)
    }

    pub(crate) fn denied(operation: &str, account: &str) -> Self {
        Self::new(
            403,
            "AccessDeniedException",
            format!("User: arn:aws:iam::{account}:user/local is not authorized to perform: {operation}"),
        )
    }

    /// What it means for a release.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        // CodeDeploy and CloudWatch say with 400 what Lambda says with a status of its own.
        match (self.status, self.code) {
            (_, "ThrottlingException" | "Throttling") | (429, _) => ErrorKind::Throttled,
            (_, "DeploymentLimitExceededException") | (409, _) => ErrorKind::Conflict,
            (_, code) if code.ends_with("DoesNotExistException") => ErrorKind::NotFound,
            (404, _) => ErrorKind::NotFound,
            (_, "ExpiredTokenException") => ErrorKind::Expired,
            (_, "InvalidSignatureException") => ErrorKind::Skewed,
            (401 | 403, _) => ErrorKind::Denied,
            (412, _) => ErrorKind::Precondition,
            (400..=499, _) => ErrorKind::Invalid,
            _ => ErrorKind::Unknown,
        }
    }
}

impl From<Refusal> for CallError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.kind(), refusal.to_string())
    }
}
