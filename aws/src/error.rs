//! What an error of the SDK means for a release.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::{
    client::{orchestrator::HttpResponse, result::SdkError, waiters::error::WaiterError},
    http::StatusCode,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use onebox_release::{CallError, ErrorKind};

/// An error of the SDK in the machine's words.
pub(crate) fn call_error<E>(error: SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match &error {
        SdkError::ServiceError(refused) => {
            let (code, message) = (refused.err().code(), refused.err().message());
            let status = refused.raw().status();
            CallError::new(kind(status, code.unwrap_or_default()), said(status, code, message))
        }
        SdkError::ResponseError(answer) => {
            let status = answer.raw().status();
            let kind = kind(status, "");
            CallError::new(
                kind,
                format!("HTTP {}: an answer that AWS does not give: {}", status.as_u16(), chain(&error)),
            )
        }
        // Nothing was sent where the request could not even be signed.
        _ if without_credentials(&error) => {
            CallError::new(ErrorKind::Unconfigured, format!("expected AWS credentials: {}", chain(&error)))
        }
        SdkError::ConstructionFailure(_) => CallError::new(ErrorKind::Invalid, chain(&error)),
        // Neither a time-out nor a broken connection says whether the request arrived.
        _ => CallError::new(ErrorKind::Unknown, format!("no answer: {}", chain(&error))),
    }
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
fn kind(status: StatusCode, code: &str) -> ErrorKind {
    match code {
        "PreconditionFailedException" => ErrorKind::Precondition,
        "ResourceConflictException"
        | "ResourceConflict"
        | "ConflictException"
        | "ConcurrentModificationException"
        | "DeploymentLimitExceededException" => ErrorKind::Conflict,
        "ResourceNotFoundException" | "ResourceNotFound" => ErrorKind::NotFound,
        code if code.ends_with("DoesNotExistException") => ErrorKind::NotFound,
        // <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CommonErrors.html>
        "AccessDenied"
        | "AccessDeniedException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "IncompleteSignature"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "NotAuthorized"
        | "OptInRequired"
        | "RequestExpired"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => ErrorKind::Denied,
        "Throttling" | "ThrottlingException" | "ThrottledException" | "TooManyRequestsException" => {
            ErrorKind::Throttled
        }
        "RequestTimeout" | "RequestTimeoutException" => ErrorKind::Unknown,
        _ => by_status(status.as_u16()),
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
    // What follows repeats the request's headers, the session's token among them.
    let message = message.map(|message| message.split("The Canonical String").next().unwrap_or_default().trim_end());
    match (code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => format!("{code} (HTTP {})", status.as_u16()),
        (None, Some(message)) => format!("HTTP {}: {message}", status.as_u16()),
        (None, None) => format!("HTTP {}", status.as_u16()),
    }
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
    causes(error).any(|cause| cause.is::<CredentialsError>())
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
            (400, "ExpiredTokenException", ErrorKind::Denied),
            (400, "UnrecognizedClientException", ErrorKind::Denied),
            (400, "ThrottlingException", ErrorKind::Throttled),
            (429, "TooManyRequestsException", ErrorKind::Throttled),
            (400, "InvalidParameterValueException", ErrorKind::Invalid),
            (413, "RequestEntityTooLargeException", ErrorKind::Invalid),
            (400, "RequestTimeout", ErrorKind::Unknown),
            (500, "ServiceException", ErrorKind::Unknown),
            (502, "", ErrorKind::Unknown),
            (429, "", ErrorKind::Throttled),
            (412, "", ErrorKind::Precondition),
            (401, "SomethingNew", ErrorKind::Denied),
            (408, "", ErrorKind::Unknown),
            (200, "", ErrorKind::Unknown),
        ];
        for (status, code, expected) in table {
            assert_eq!(kind(StatusCode::try_from(status).unwrap(), code), expected, "{status} {code}");
        }
    }

    #[test]
    fn what_aws_said_is_kept() {
        let status = StatusCode::try_from(412).unwrap();
        assert_eq!(said(status, Some("PreconditionFailed"), Some("stale")), "PreconditionFailed: stale");
        assert_eq!(said(status, Some("PreconditionFailed"), None), "PreconditionFailed (HTTP 412)");
        assert_eq!(said(status, None, Some("stale")), "HTTP 412: stale");
        assert_eq!(said(status, None, None), "HTTP 412");
    }

    #[test]
    fn no_token_is_kept() {
        let message =
            "The signature does not match.\n\nThe Canonical String should have been\nx-amz-security-token:abc";
        let status = StatusCode::try_from(403).unwrap();
        assert_eq!(said(status, Some("Signature"), Some(message)), "Signature: The signature does not match.");
    }
}
