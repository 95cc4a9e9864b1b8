//! Header names with rules of their own, as AWS lists them.

use onebox_edge::Trigger;

/// Headers that functions neither see nor may add. An entry that ends in `-` stands for all names that begin with it.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-disallowed-headers>
const DISALLOWED: &[&str] = &[
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
    "x-amz-cf-",
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
    "x-edge-",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Whether functions neither see this header nor may add it; the name in lower case.
pub(crate) fn is_disallowed(name: &str) -> bool {
    DISALLOWED.iter().any(|listed| match listed.strip_suffix('-') {
        Some(_) => name.starts_with(listed),
        None => name == *listed,
    })
}

/// The headers that no function at a trigger may add, edit or delete.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html#function-restrictions-read-only-headers>
pub(crate) fn read_only(trigger: Trigger) -> &'static [&'static str] {
    match trigger {
        Trigger::ViewerRequest => &["cdn-loop", "content-length", "host", "transfer-encoding", "via"],
        Trigger::OriginRequest => &[
            "accept-encoding",
            "cdn-loop",
            "content-length",
            "if-modified-since",
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "transfer-encoding",
            "via",
        ],
        Trigger::OriginResponse => &["transfer-encoding", "via"],
        Trigger::ViewerResponse => &["via", "warning"],
    }
}

/// Whether CloudFront keeps this request header to itself, whatever the policies say; the name in lower case.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-headers-behavior>
pub(crate) fn is_removed_toward_origin(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "expect"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "x-forwarded-proto"
            | "x-real-ip"
    ) || name.starts_with("x-edge-")
        || name.starts_with("x-amz-cf-")
}

/// Whether CloudFront takes this header out of an origin's response; the name in lower case.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#ResponseCustomRemovedHeaders>
pub(crate) fn is_removed_toward_viewer(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-connection"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "via"
            | "x-cache"
    ) || name.starts_with("x-accel-")
        || name.starts_with("x-edge-")
        || name.starts_with("x-amz-cf-")
}

/// A header name the way CloudFront writes it: `x-req-partition` becomes `X-Req-Partition`.
pub(crate) fn init_caps(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|letter| {
            let upper = std::mem::replace(&mut start, letter == '-');
            if upper { letter.to_ascii_uppercase() } else { letter }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>
    #[test]
    fn prefixes_are_disallowed_as_a_whole_and_the_partition_header_is_not() {
        for name in ["x-edge-location", "x-amz-cf-id", "connection", "x-real-ip", "client-cert", "x-cache"] {
            assert!(is_disallowed(name), "{name}");
        }
        for name in ["x-req-partition", "x-cache-status", "via", "x-edge", "cookie", "cloudfront-viewer-country"] {
            assert!(!is_disallowed(name), "{name}");
        }
    }

    #[test]
    fn names_are_written_with_initial_capitals() {
        for (name, written) in
            [("host", "Host"), ("x-req-partition", "X-Req-Partition"), ("te", "Te"), ("a--b", "A--B")]
        {
            assert_eq!(init_caps(name), written);
        }
    }
}
