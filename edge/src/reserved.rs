//! Header names that the partition cannot have, and those that no key can be taken from.
//!
//! The lists: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>.

/// Headers that a function does not see and may not add; a function that adds one gets a 502.
const DISALLOWED: [&str; 28] = [
    "client-cert",
    "client-cert-chain",
    "cloudfront-viewer-cert-pem",
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "trailer",
    "upgrade",
    "x-accel-buffering",
    "x-accel-charset",
    "x-accel-limit-rate",
    "x-accel-redirect",
    "x-amzn-auth",
    "x-amzn-cf-billing",
    "x-amzn-cf-id",
    "x-amzn-cf-xff",
    "x-amzn-errortype",
    "x-amzn-fle-profile",
    "x-amzn-header-count",
    "x-amzn-header-order",
    "x-amzn-lambda-integration-tag",
    "x-amzn-requestid",
    "x-cache",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Headers that have a meaning of their own to browsers, CloudFront, origins or what stands between them, or that a function of
/// some trigger may only read: <https://www.iana.org/assignments/http-fields>,
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html>,
/// <https://www.w3.org/TR/trace-context/>.
const TAKEN: [&str; 81] = [
    "a-im",
    "accept",
    "age",
    "alt-used",
    "authorization",
    "b3",
    "baggage",
    "cache-control",
    "cdn-loop",
    "cf-connecting-ip",
    "cookie",
    "correlation-id",
    "date",
    "depth",
    "destination",
    "digest",
    "dnt",
    "downlink",
    "dpop",
    "early-data",
    "ect",
    "etag",
    "expires",
    "fastly-client-ip",
    "forwarded",
    "from",
    "host",
    "idempotency-key",
    "last-event-id",
    "last-modified",
    "link",
    "location",
    "lock-token",
    "max-forwards",
    "newrelic",
    "origin",
    "overwrite",
    "pragma",
    "prefer",
    "priority",
    "purpose",
    "range",
    "referer",
    "repr-digest",
    "request-id",
    "rsc",
    "rtt",
    "save-data",
    "sentry-trace",
    "server",
    "set-cookie",
    "signature",
    "signature-input",
    "slug",
    "te",
    "timeout",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "true-client-ip",
    "turbo-frame",
    "uber-trace-id",
    "upgrade-insecure-requests",
    "user-agent",
    "vary",
    "via",
    "warning",
    "x-api-key",
    "x-client-ip",
    "x-cloud-trace-context",
    "x-correlation-id",
    "x-csrf-token",
    "x-csrftoken",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-request-id",
    "x-requested-with",
    "x-rewrite-url",
    "x-xsrf-token",
];

/// What the names of such headers begin with.
const FAMILIES: [&str; 12] = [
    "accept-",
    "access-control-",
    "cloudfront-",
    "content-",
    "if-",
    "sec-",
    "service-worker",
    "x-amz-",
    "x-amzn-",
    "x-b3-",
    "x-datadog-",
    "x-forwarded-",
];

/// Why a header cannot carry the partition.
pub(crate) fn reason(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    if is_hidden(&name) {
        Some("CloudFront does not allow a function to add this header")
    } else if TAKEN.contains(&&*name) || FAMILIES.iter().any(|family| name.starts_with(family)) {
        Some("this header has another meaning")
    } else {
        None
    }
}

/// Why a key cannot be taken from a request header; the name in lower case.
pub(crate) fn reason_against_key(name: &str) -> Option<&'static str> {
    if name.starts_with("cloudfront-") {
        // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html
        Some("CloudFront adds its CloudFront-* headers after viewer-request: it would never yield")
    } else if is_hidden(name) {
        Some("CloudFront hides this header from functions: it would never yield")
    } else if name == "via" {
        // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
        Some("CloudFront writes Via itself: it names the server that the request came through, not the visitor")
    } else if name == "cookie" {
        // A CloudFront Function finds cookies beside the headers, not among them:
        // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html
        Some(
            "is all cookies together, which changes with each of them, and a CloudFront Function has no such header: \
             name one cookie, such as \"cookie:session\"",
        )
    } else {
        None
    }
}

/// Whether functions neither see this header nor may add it; the name in lower case.
fn is_hidden(name: &str) -> bool {
    DISALLOWED.contains(&name) || name.starts_with("x-amz-cf-") || name.starts_with("x-edge-")
}
