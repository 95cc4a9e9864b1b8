//! What an error of the SDK means for a release.

mod codes;

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::{
    client::{orchestrator::HttpResponse, result::SdkError, waiters::error::WaiterError},
    http::StatusCode,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use onebox_release::{CallError, ErrorKind, plain_text};

pub use codes::ERROR_CODES;

/// The longest text of AWS's that is kept, in characters.
pub(crate) const LONGEST: usize = 2_000;

/// An error of the SDK in the machine's words.
pub(crate) fn call_error<E>(error: SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match &error {
        SdkError::ServiceError(refused) => {
            let (code, message) = (refused.err().code(), refused.err().message());
            let status = refused.raw().status();
            let kind = kind(status, code.unwrap_or_default(), message.unwrap_or_default());
            CallError::new(kind, said(status, code, message))
        }
        SdkError::ResponseError(answer) => {
            let status = answer.raw().status();
            let kind = kind(status, "", "");
            CallError::new(
                kind,
                format!("HTTP {}: an answer that AWS does not give: {}", status.as_u16(), chain(&error)),
            )
        }
        // Nothing was sent where the request could not even be signed.
        _ if without_credentials(&error) => {
            let why = chain(&error);
            CallError::new(unsigned(&why), format!("expected AWS credentials: {why}"))
        }
        SdkError::ConstructionFailure(_) => CallError::new(ErrorKind::Invalid, chain(&error)),
        // Neither a time-out nor a broken connection says whether the request arrived.
        _ => CallError::new(ErrorKind::Unknown, format!("no answer: {}", chain(&error))),
    }
}

/// An error with the call that it is about.
pub(crate) fn during(operation: &str, error: CallError) -> CallError {
    CallError::new(error.kind, format!("{operation}: {}", error.message))
}

/// Why a wait for `what` did not end as it should; `reason` finds what AWS said in its last answer.
pub(crate) fn wait_error<O, E>(error: WaiterError<O, E>, what: &str, reason: impl Fn(&O) -> Option<String>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match error {
        WaiterError::OperationFailed(failed) => call_error(failed.into_error()),
        WaiterError::ExceededMaxWait(_) => CallError::new(ErrorKind::Unknown, format!("{what}: it takes too long")),
        WaiterError::FailureState(failed) => {
            let said = failed.final_poll().as_result().ok().and_then(reason);
            let said = said.unwrap_or_else(|| "AWS gives no reason".to_owned());
            CallError::new(ErrorKind::Invalid, format!("{what}: it failed: {said}"))
        }
        _ => CallError::new(ErrorKind::Unknown, format!("{what}: the wait was broken off")),
    }
}

/// CloudWatch and CodeDeploy say with 400 and a code what Lambda says with a status of its own: the code goes first.
fn kind(status: StatusCode, code: &str, message: &str) -> ErrorKind {
    match codes::of_code(code) {
        // The same codes say that a secret key is wrong, and that a clock is.
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>
        Some(ErrorKind::Unconfigured)
            if ["Signature expired", "Signature not yet"].iter().any(|of| message.contains(of)) =>
        {
            ErrorKind::Skewed
        }
        Some(kind) => kind,
        None if code.ends_with("DoesNotExistException") => ErrorKind::NotFound,
        // Every AWS error has a code. An answer without one comes from a proxy or a firewall, and says nothing about
        // aliases, versions or permissions. <https://docs.aws.amazon.com/lambda/latest/api/CommonErrors.html>
        None if code.is_empty() && status.as_u16() != 429 => ErrorKind::Unknown,
        None => by_status(status.as_u16()),
    }
}

fn by_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        408 => ErrorKind::Unknown,
        409 => ErrorKind::Conflict,
        412 => ErrorKind::Precondition,
        429 => ErrorKind::Throttled,
        400..=499 => ErrorKind::Invalid,
        _ => ErrorKind::Unknown,
    }
}

/// AWS's own words.
fn said(status: StatusCode, code: Option<&str>, message: Option<&str>) -> String {
    let message = message.map(|message| plain_text(without_signature(message), LONGEST));
    let code = code.map(|code| plain_text(code, LONGEST));
    match (code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => format!("{code} (HTTP {})", status.as_u16()),
        (None, Some(message)) => format!("HTTP {}: {message}", status.as_u16()),
        (None, None) => format!(
            "HTTP {} without an error code, so that it does not come from AWS: look at the proxy (HTTPS_PROXY, NO_PROXY) and the \
             endpoint",
            status.as_u16()
        ),
    }
}

/// A message up to where it repeats the request: its headers, the session's token among them, and its signature.
fn without_signature(message: &str) -> &str {
    const REPEATED: [&str; 8] = [
        "the canonical string",
        "canonical string for",
        "the string-to-sign",
        "string-to-sign",
        "authorization=",
        "x-amz-security-token",
        "credential=",
        "signature=",
    ];
    let lower = message.to_ascii_lowercase();
    let end = REPEATED.iter().filter_map(|repeated| lower.find(repeated)).min();
    message.get(..end.unwrap_or(message.len())).unwrap_or(message).trim_end()
}

/// Every cause, from the outermost on; what says the same as the one before is left out.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

fn without_credentials(error: &(dyn Error + 'static)) -> bool {
    // The SDK's cache of credentials gives up after five seconds, with an error of its own.
    causes(error)
        .any(|cause| cause.is::<CredentialsError>() || cause.to_string().contains("identity resolver timed out"))
}

/// Why there are no credentials: the SDK has no code for a session of IAM Identity Center, or of a role, that is over.
pub(crate) fn unsigned(why: &str) -> ErrorKind {
    if why.to_ascii_lowercase().contains("expired") { ErrorKind::Expired } else { ErrorKind::Unconfigured }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_more_than_a_status() {
        let table = [
            (412, "PreconditionFailedException", ErrorKind::Precondition),
            (409, "ResourceConflictException", ErrorKind::Conflict),
            (400, "DeploymentLimitExceededException", ErrorKind::Conflict),
            (404, "ResourceNotFoundException", ErrorKind::NotFound),
            (400, "DeploymentDoesNotExistException", ErrorKind::NotFound),
            (403, "AccessDeniedException", ErrorKind::Denied),
            (400, "ExpiredTokenException", ErrorKind::Expired),
            (403, "ExpiredToken", ErrorKind::Expired),
            (403, "UnrecognizedClientException", ErrorKind::Unconfigured),
            (403, "InvalidSignatureException", ErrorKind::Unconfigured),
            (400, "RequestExpired", ErrorKind::Skewed),
            (403, "RequestTimeTooSkewed", ErrorKind::Skewed),
            (400, "CodeStorageExceededException", ErrorKind::Invalid),
            (404, "CodeSigningConfigNotFoundException", ErrorKind::Invalid),
            (403, "EFSMountFailureException", ErrorKind::Invalid),
            (409, "SnapStartNotReadyException", ErrorKind::Conflict),
            (502, "ResourceNotReadyException", ErrorKind::Conflict),
            (502, "ENINotReadyException", ErrorKind::Conflict),
            (502, "EC2ThrottledException", ErrorKind::Throttled),
            (502, "KMSDisabledException", ErrorKind::Invalid),
            (502, "InvalidZipFileException", ErrorKind::Invalid),
            (400, "ThrottlingException", ErrorKind::Throttled),
            (429, "TooManyRequestsException", ErrorKind::Throttled),
            (400, "InvalidParameterValueException", ErrorKind::Invalid),
            (413, "RequestEntityTooLargeException", ErrorKind::Invalid),
            (400, "RequestTimeout", ErrorKind::Unknown),
            (500, "ServiceException", ErrorKind::Unknown),
            (502, "", ErrorKind::Unknown),
            (429, "", ErrorKind::Throttled),
            // A proxy's: an answer of AWS's has a code.
            (301, "", ErrorKind::Unknown),
            (403, "", ErrorKind::Unknown),
            (404, "", ErrorKind::Unknown),
            (407, "", ErrorKind::Unknown),
            (412, "", ErrorKind::Unknown),
            (412, "SomethingNew", ErrorKind::Precondition),
            (401, "SomethingNew", ErrorKind::Denied),
            (408, "", ErrorKind::Unknown),
            (200, "", ErrorKind::Unknown),
        ];
        for (status, code, expected) in table {
            assert_eq!(kind(StatusCode::try_from(status).unwrap(), code, ""), expected, "{status} {code}");
        }
    }

    #[test]
    fn a_clock_that_is_wrong_is_told_apart_from_a_wrong_key() {
        let status = StatusCode::try_from(403).unwrap();
        for code in ["InvalidSignatureException", "SignatureDoesNotMatch"] {
            for message in ["Signature expired: 20261120T120000Z is now earlier than …", "Signature not yet current: …"]
            {
                assert_eq!(kind(status, code, message), ErrorKind::Skewed, "{code}: {message}");
            }
            let wrong = "The request signature we calculated does not match the signature you provided.";
            assert_eq!(kind(status, code, wrong), ErrorKind::Unconfigured, "{code}");
        }
    }

    #[test]
    fn what_aws_said_is_kept() {
        let status = StatusCode::try_from(412).unwrap();
        assert_eq!(said(status, Some("PreconditionFailed"), Some("stale")), "PreconditionFailed: stale");
        assert_eq!(said(status, Some("PreconditionFailed"), None), "PreconditionFailed (HTTP 412)");
        assert_eq!(said(status, None, Some("stale")), "HTTP 412: stale");
        assert!(said(status, None, None).starts_with("HTTP 412 without an error code"));
        assert_eq!(said(status, Some("Bad\u{1b}[35m"), Some("no")), "Bad[35m: no");
    }

    #[test]
    fn no_token_is_kept() {
        let message =
            "The signature does not match.\n\nThe Canonical String should have been\nx-amz-security-token:abc";
        let status = StatusCode::try_from(403).unwrap();
        assert_eq!(said(status, Some("Signature"), Some(message)), "Signature: The signature does not match.");
        for repeated in [
            "No. Authorization=AWS4-HMAC-SHA256 Credential=AKID/x, Signature=deadbeef",
            "No. The String-to-Sign should have been\n'AWS4'",
            "No. Canonical string for this request should have been x-amz-security-token:SECRET",
            "No. X-Amz-Security-Token: SECRET",
        ] {
            assert_eq!(said(status, Some("Signature"), Some(repeated)), "Signature: No.", "{repeated}");
        }
    }
}
