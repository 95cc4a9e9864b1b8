//! The origin request policy: what else of the viewer's request reaches the origin.

use serde::Deserialize;

use crate::{
    cache_policy::{CookiesConfig, HeadersConfig, QueryStringsConfig},
    policy::{PolicyError, Selection, configuration, selection, without_computed},
};

/// What reaches the origin beside the cache key.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/controlling-origin-requests.html>
///
/// The default is AWS's AllViewerExceptHostHeader.
///
/// ```
/// use onebox_sim::{OriginRequestPolicy, Selection};
/// assert_eq!(OriginRequestPolicy::default().headers, Selection::AllExcept(vec!["host".into()]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginRequestPolicy {
    /// Headers that are forwarded, in lower case.
    pub headers: Selection,
    /// Cookies that are forwarded.
    pub cookies: Selection,
    /// Query string parameters that are forwarded.
    pub query_strings: Selection,
}

impl Default for OriginRequestPolicy {
    fn default() -> Self {
        Self {
            headers: Selection::AllExcept(vec!["host".into()]),
            cookies: Selection::All,
            query_strings: Selection::All,
        }
    }
}

impl OriginRequestPolicy {
    /// A distribution without an origin request policy: only the cache key is forwarded.
    #[must_use]
    pub fn none() -> Self {
        Self { headers: Selection::None, cookies: Selection::None, query_strings: Selection::None }
    }

    /// Reads the JSON of `aws cloudfront get-origin-request-policy` (or only its `OriginRequestPolicyConfig`).
    ///
    /// # Errors
    ///
    /// A member that is unknown, malformed or cannot be imitated.
    pub fn from_json(json: &str) -> Result<Self, PolicyError> {
        let config: Config =
            configuration(json, "origin-request-policy", "OriginRequestPolicy", "OriginRequestPolicyConfig")?;
        let headers = selection("HeaderBehavior", config.headers.behavior, config.headers.names)?;
        Ok(Self {
            headers: without_computed("Headers", headers)?,
            cookies: selection("CookieBehavior", config.cookies.behavior, config.cookies.names)?,
            query_strings: selection("QueryStringBehavior", config.query_strings.behavior, config.query_strings.names)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(rename = "Comment", default)]
    _comment: Option<String>,
    #[serde(rename = "Name")]
    _name: String,
    #[serde(rename = "HeadersConfig")]
    headers: HeadersConfig,
    #[serde(rename = "CookiesConfig")]
    cookies: CookiesConfig,
    #[serde(rename = "QueryStringsConfig")]
    query_strings: QueryStringsConfig,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_OriginRequestPolicyConfig.html>
    #[test]
    fn a_policy_is_read_as_the_aws_command_line_prints_it() {
        let json = r#"{"ETag": "E1", "OriginRequestPolicy": {"Id": "b689b0a8", "OriginRequestPolicyConfig": {
            "Comment": "", "Name": "Managed-AllViewerExceptHostHeader",
            "HeadersConfig": {"HeaderBehavior": "allExcept", "Headers": {"Quantity": 1, "Items": ["host"]}},
            "CookiesConfig": {"CookieBehavior": "all"}, "QueryStringsConfig": {"QueryStringBehavior": "all"}}}}"#;
        assert_eq!(OriginRequestPolicy::from_json(json).unwrap(), OriginRequestPolicy::default());
    }

    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/adding-cloudfront-headers.html>
    #[test]
    fn headers_that_cloudfront_computes_are_refused() {
        let json = r#"{"Name": "p", "HeadersConfig": {"HeaderBehavior": "allViewerAndWhitelistCloudFront",
            "Headers": {"Quantity": 1, "Items": ["CloudFront-Is-Mobile-Viewer"]}},
            "CookiesConfig": {"CookieBehavior": "all"}, "QueryStringsConfig": {"QueryStringBehavior": "all"}}"#;
        let error = OriginRequestPolicy::from_json(json).unwrap_err().to_string();
        assert!(error.contains("allViewerAndWhitelistCloudFront"), "{error}");
    }
}
