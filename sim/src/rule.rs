//! Every rule that CloudFront would enforce here, with the status a viewer gets and where AWS says so.

use std::fmt;

use http::StatusCode;

/// A rule of CloudFront's, or a limit of this local one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// A request needs a Host header.
    NoHost,
    /// A request that is not HTTP.
    MalformedRequest,
    /// The request line and headers together are limited.
    RequestHeadTooLarge,
    /// The URL is limited.
    UrlTooLong,
    /// A client that does not finish its request.
    RequestTimeout,
    /// Only seven methods are processed.
    MethodNotSupported,
    /// A GET request has no body.
    GetWithBody,
    /// WebSocket, gRPC: not imitated here.
    UpgradeNotImitated,
    /// A function's result is JSON.
    ResultNotJson,
    /// A function's result is a request or a response object with fields of the documented types.
    ResultShape,
    /// A required field is missing in a function's result.
    MissingField,
    /// A header that functions may not add.
    DisallowedHeader,
    /// A header that this trigger may not add, edit or delete.
    ReadOnlyHeader,
    /// A field that functions may not change.
    ReadOnlyField,
    /// A Lambda@Edge function at viewer-response may not change the status.
    ReadOnlyStatus,
    /// A Lambda@Edge function at viewer-response may not set a body.
    ReadOnlyBody,
    /// A header name or value that cannot be sent.
    InvalidHeader,
    /// One header both in the request and in the origin's custom headers.
    HeaderTwice,
    /// A status outside 200 to 599.
    StatusRange,
    /// A URI begins with a slash.
    UriWithoutSlash,
    /// A URI that can be sent: encoded, without query and fragment.
    InvalidUri,
    /// A query string without spaces, control characters and fragments.
    InvalidQuerystring,
    /// URI and query string of a function's result are limited.
    ResultUrlTooLong,
    /// The origin object's fields are limited.
    InvalidOrigin,
    /// An origin access identity cannot be imitated: it needs AWS's own keys.
    OriginIdentityNotImitated,
    /// A generated response is limited in size.
    GeneratedTooLarge,
    /// A generated 204 has no body.
    BodyWithoutContent,
    /// A body is `text` or valid `base64`.
    InvalidBody,
    /// A CloudFront Function's result is a request or a response object in the form of its events.
    FunctionResultShape,
    /// Only viewer-request moves a request.
    HelperAtViewerResponse,
    /// An origin is selected by an id that the distribution has.
    UnknownOrigin,
    /// What a helper of CloudFront Functions is asked for needs more than this local one has.
    HelperNotImitated,
    /// The request's body is not included here, so it cannot be replaced.
    RequestBodyNotIncluded,
    /// A function throws.
    FunctionThrew,
    /// A function takes too long.
    FunctionTimedOut,
    /// The origin's name does not resolve.
    OriginDns,
    /// The origin cannot be connected to.
    OriginUnreachable,
    /// The origin's certificate or TLS version is not accepted.
    OriginTls,
    /// The origin is not speaking HTTP.
    OriginMalformed,
    /// The origin does not answer in time.
    OriginTimeout,
    /// The head of the origin's response is limited.
    OriginHeadTooLarge,
    /// The origin closes, or stops, in the middle of its answer.
    OriginBodyCut,
    /// An object is too large for this local cache.
    ObjectNotCached,
    /// An error of this local CloudFront itself.
    Internal,
}

macro_rules! guide {
    ($page:literal) => {
        concat!("https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/", $page)
    };
}

const RESTRICTIONS: &str = guide!("edge-function-restrictions-all.html");
const CUSTOM_ORIGIN: &str = guide!("RequestAndResponseBehaviorCustomOrigin.html");
const GENERATED: &str = guide!("lambda-generating-http-responses-in-requests.html");
const UPDATED: &str = guide!("lambda-updating-http-responses.html");
const EVENT: &str = guide!("lambda-event-structure.html");
const FUNCTION_EVENT: &str = guide!("functions-event-structure.html");
const HELPERS: &str = guide!("helper-functions-origin-modification.html");
const BAD_GATEWAY: &str = guide!("http-502-bad-gateway.html");
const UNAVAILABLE: &str = guide!("http-503-service-unavailable.html");
const GATEWAY_TIMEOUT: &str = guide!("http-504-gateway-timeout.html");
const QUOTAS: &str = guide!("cloudfront-limits.html");
const LAMBDA_RESTRICTIONS: &str = guide!("lambda-at-edge-function-restrictions.html");
const HTTP: &str = "https://www.rfc-editor.org/rfc/rfc9110.html";
const HERE: &str = "a limit of the local CloudFront, not of AWS";

impl Rule {
    /// The rule's name, as it is logged.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.parts().0
    }

    /// The status that a viewer gets when the rule is broken.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.parts().1
    }

    /// Where the rule is written down.
    #[must_use]
    pub fn source(self) -> &'static str {
        self.parts().2
    }

    fn parts(self) -> (&'static str, StatusCode, &'static str) {
        const BAD: StatusCode = StatusCode::BAD_GATEWAY;
        match self {
            Self::NoHost => ("no-host", StatusCode::BAD_REQUEST, HTTP),
            Self::MalformedRequest => ("malformed-request", StatusCode::BAD_REQUEST, HTTP),
            // The quotas page has the newer number, this page the status.
            Self::RequestHeadTooLarge => ("request-head-too-large", StatusCode::PAYLOAD_TOO_LARGE, CUSTOM_ORIGIN),
            Self::UrlTooLong => ("url-too-long", StatusCode::PAYLOAD_TOO_LARGE, CUSTOM_ORIGIN),
            Self::RequestTimeout => ("request-timeout", StatusCode::REQUEST_TIMEOUT, HTTP),
            Self::MethodNotSupported => ("method-not-supported", StatusCode::FORBIDDEN, CUSTOM_ORIGIN),
            Self::GetWithBody => ("get-with-body", StatusCode::FORBIDDEN, CUSTOM_ORIGIN),
            Self::UpgradeNotImitated => ("upgrade-not-imitated", StatusCode::NOT_IMPLEMENTED, HERE),
            Self::ResultNotJson => ("result-not-json", BAD, BAD_GATEWAY),
            Self::ResultShape => ("result-shape", BAD, EVENT),
            Self::MissingField => ("missing-field", BAD, EVENT),
            Self::DisallowedHeader => ("disallowed-header", BAD, RESTRICTIONS),
            Self::ReadOnlyHeader => ("read-only-header", BAD, RESTRICTIONS),
            Self::ReadOnlyField => ("read-only-field", BAD, EVENT),
            Self::ReadOnlyStatus => ("read-only-status", BAD, LAMBDA_RESTRICTIONS),
            // The page names the trigger that may.
            Self::ReadOnlyBody => ("read-only-body", BAD, UPDATED),
            Self::InvalidHeader => ("invalid-header", BAD, EVENT),
            Self::HeaderTwice => ("header-twice", BAD, EVENT),
            Self::StatusRange => ("status-range", BAD, GENERATED),
            Self::UriWithoutSlash => ("uri-without-slash", BAD, EVENT),
            Self::InvalidUri => ("invalid-uri", BAD, RESTRICTIONS),
            Self::InvalidQuerystring => ("invalid-querystring", BAD, RESTRICTIONS),
            Self::ResultUrlTooLong => ("result-url-too-long", BAD, RESTRICTIONS),
            Self::InvalidOrigin => ("invalid-origin", BAD, EVENT),
            Self::OriginIdentityNotImitated => ("origin-identity-not-imitated", BAD, HERE),
            Self::GeneratedTooLarge => ("generated-too-large", BAD, QUOTAS),
            Self::BodyWithoutContent => ("body-without-content", BAD, GENERATED),
            Self::InvalidBody => ("invalid-body", BAD, GENERATED),
            Self::FunctionResultShape => ("function-result-shape", BAD, FUNCTION_EVENT),
            Self::HelperAtViewerResponse => ("helper-at-viewer-response", BAD, HELPERS),
            Self::UnknownOrigin => ("unknown-origin", BAD, HELPERS),
            Self::HelperNotImitated => ("helper-not-imitated", BAD, HERE),
            Self::RequestBodyNotIncluded => ("request-body-not-included", BAD, LAMBDA_RESTRICTIONS),
            Self::FunctionThrew => ("function-threw", StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE),
            Self::FunctionTimedOut => ("function-timed-out", StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE),
            Self::OriginDns => ("origin-dns", BAD, BAD_GATEWAY),
            Self::OriginUnreachable => ("origin-unreachable", BAD, BAD_GATEWAY),
            Self::OriginTls => ("origin-tls", BAD, BAD_GATEWAY),
            Self::OriginMalformed => ("origin-malformed", BAD, BAD_GATEWAY),
            Self::OriginTimeout => ("origin-timeout", StatusCode::GATEWAY_TIMEOUT, GATEWAY_TIMEOUT),
            Self::OriginHeadTooLarge => ("origin-head-too-large", BAD, QUOTAS),
            Self::OriginBodyCut => ("origin-body-cut", BAD, CUSTOM_ORIGIN),
            Self::ObjectNotCached => ("object-not-cached", StatusCode::OK, HERE),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, HERE),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A broken rule, and how it was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// What was found, for a person to read.
    pub detail: String,
}

impl Violation {
    /// A rule and what was found.
    pub fn new(rule: Rule, detail: impl Into<String>) -> Self {
        Self { rule, detail: detail.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.rule, self.detail, self.rule.source())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_rule_says_its_name_what_was_found_and_where_it_is_written() {
        let violation = Violation::new(Rule::ReadOnlyHeader, "viewer-request may not change `host`");
        assert_eq!(
            violation.to_string(),
            "read-only-header: viewer-request may not change `host` \
             (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html)"
        );
    }
}
