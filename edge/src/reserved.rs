//! Header names that the partition cannot have.
//!
//! The lists: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>.

/// Headers that a function may not add; a function that does gets a 502.
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
    if DISALLOWED.contains(&&*name) || begins("x-amz-cf-") || begins("x-edge-") {
        Some("CloudFront does not allow a function to add this header")
    } else if TAKEN.contains(&&*name) || begins("if-") || begins("cloudfront-") {
        Some("this header has another meaning")
    } else {
        None
    }
}
