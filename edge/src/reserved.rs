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

/// Headers that have a meaning of their own, or that a function of some trigger may only read.
const TAKEN: [&str; 19] = [
    "accept",
    "accept-encoding",
    "authorization",
    "cache-control",
    "cdn-loop",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "origin",
    "range",
    "referer",
    "set-cookie",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "warning",
];

/// Why a header cannot carry the partition.
pub(crate) fn reason(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let begins = |prefix: &str| name.starts_with(prefix);
    if is_hidden(&name) {
        Some("CloudFront does not allow a function to add this header")
    } else if TAKEN.contains(&&*name) || begins("if-") || begins("cloudfront-") {
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
