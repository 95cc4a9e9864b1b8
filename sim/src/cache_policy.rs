//! The cache policy: what is in the cache key, and how long objects live.

use std::time::Duration;

use serde::Deserialize;

use crate::policy::{Names, PolicyError, Selection, configuration, selection, without_computed};

/// What makes two requests the same for the cache, and for how long an answer is kept.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cache-key-understand-cache-policy.html>
///
/// ```
/// use onebox_sim::{CachePolicy, Selection};
/// let policy = CachePolicy::recommended("X-Req-Partition");
/// assert_eq!(policy.headers, Selection::Only(vec!["x-req-partition".into()]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachePolicy {
    /// The shortest time an answer is kept, whatever its origin says.
    pub min_ttl: Duration,
    /// The time for answers that say nothing.
    pub default_ttl: Duration,
    /// The longest time.
    pub max_ttl: Duration,
    /// Headers in the key, in lower case.
    pub headers: Selection,
    /// Cookies in the key.
    pub cookies: Selection,
    /// Query string parameters in the key.
    pub query_strings: Selection,
    /// Whether `gzip` in Accept-Encoding is in the key.
    pub gzip: bool,
    /// Whether `br` in Accept-Encoding is in the key.
    pub brotli: bool,
}

impl CachePolicy {
    /// The policy that keeps the two sides of a release apart: AWS's recommended one plus the partition header.
    #[must_use]
    pub fn recommended(partition_header: &str) -> Self {
        Self {
            min_ttl: Duration::ZERO,
            default_ttl: Duration::from_secs(86_400),
            max_ttl: Duration::from_secs(31_536_000),
            headers: Selection::Only(vec![partition_header.to_ascii_lowercase()]),
            cookies: Selection::None,
            query_strings: Selection::All,
            gzip: true,
            brotli: true,
        }
    }

    /// Reads the JSON of `aws cloudfront get-cache-policy` (or only its `CachePolicyConfig`).
    ///
    /// # Errors
    ///
    /// A member that is unknown, malformed or cannot be imitated.
    pub fn from_json(json: &str) -> Result<Self, PolicyError> {
        let config: Config = configuration(json, "cache-policy", "CachePolicy", "CachePolicyConfig")?;
        let keyed = config.parameters;
        let headers = selection("HeaderBehavior", keyed.headers.behavior, keyed.headers.names)?;
        if !matches!(headers, Selection::None | Selection::Only(_)) {
            return Err(PolicyError::Unsupported {
                member: "HeaderBehavior",
                value: "all headers".into(),
                takes: "none or whitelist",
            });
        }
        Ok(Self {
            min_ttl: Duration::from_secs(config.min_ttl),
            default_ttl: Duration::from_secs(config.default_ttl),
            max_ttl: Duration::from_secs(config.max_ttl),
            headers: without_computed("Headers", headers)?,
            cookies: selection("CookieBehavior", keyed.cookies.behavior, keyed.cookies.names)?,
            query_strings: selection("QueryStringBehavior", keyed.query_strings.behavior, keyed.query_strings.names)?,
            gzip: keyed.gzip,
            brotli: keyed.brotli,
        })
    }

    /// Whether the policy switches caching off altogether, as AWS's CachingDisabled does.
    #[must_use]
    pub fn caches_nothing(&self) -> bool {
        self.max_ttl.is_zero()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(rename = "Comment", default)]
    _comment: Option<String>,
    #[serde(rename = "Name")]
    _name: String,
    #[serde(rename = "MinTTL")]
    min_ttl: u64,
    #[serde(rename = "DefaultTTL", default = "a_day")]
    default_ttl: u64,
    #[serde(rename = "MaxTTL", default = "a_year")]
    max_ttl: u64,
    #[serde(rename = "ParametersInCacheKeyAndForwardedToOrigin")]
    parameters: Keyed,
}

fn a_day() -> u64 {
    86_400
}

fn a_year() -> u64 {
    31_536_000
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keyed {
    #[serde(rename = "EnableAcceptEncodingGzip")]
    gzip: bool,
    #[serde(rename = "EnableAcceptEncodingBrotli", default)]
    brotli: bool,
    #[serde(rename = "HeadersConfig")]
    headers: HeadersConfig,
    #[serde(rename = "CookiesConfig")]
    cookies: CookiesConfig,
    #[serde(rename = "QueryStringsConfig")]
    query_strings: QueryStringsConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadersConfig {
    #[serde(rename = "HeaderBehavior")]
    pub(crate) behavior: String,
    #[serde(rename = "Headers", default)]
    pub(crate) names: Option<Names>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CookiesConfig {
    #[serde(rename = "CookieBehavior")]
    pub(crate) behavior: String,
    #[serde(rename = "Cookies", default)]
    pub(crate) names: Option<Names>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryStringsConfig {
    #[serde(rename = "QueryStringBehavior")]
    pub(crate) behavior: String,
    #[serde(rename = "QueryStrings", default)]
    pub(crate) names: Option<Names>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = r#"{
        "ETag": "E23ZP02F085DFQ",
        "CachePolicy": {
            "Id": "658327ea-f89d-4fab-a63d-7e88639e58f6",
            "LastModifiedTime": "2026-11-20T12:00:00Z",
            "CachePolicyConfig": {
                "Comment": "", "Name": "partitioned", "DefaultTTL": 60, "MaxTTL": 3600, "MinTTL": 1,
                "ParametersInCacheKeyAndForwardedToOrigin": {
                    "EnableAcceptEncodingGzip": true, "EnableAcceptEncodingBrotli": false,
                    "HeadersConfig": {"HeaderBehavior": "whitelist",
                                      "Headers": {"Quantity": 1, "Items": ["X-Req-Partition"]}},
                    "CookiesConfig": {"CookieBehavior": "allExcept", "Cookies": {"Quantity": 1, "Items": ["ad"]}},
                    "QueryStringsConfig": {"QueryStringBehavior": "all"}
                }
            }
        }
    }"#;

    /// <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CachePolicyConfig.html>
    #[test]
    fn a_policy_is_read_as_the_aws_command_line_prints_it() {
        let policy = CachePolicy::from_json(PRINTED).unwrap();
        assert_eq!(policy.min_ttl, Duration::from_secs(1));
        assert_eq!(policy.headers, Selection::Only(vec!["x-req-partition".into()]));
        assert_eq!(policy.cookies, Selection::AllExcept(vec!["ad".into()]));
        assert!(policy.gzip && !policy.brotli);
    }

    #[test]
    fn what_cannot_be_imitated_is_refused_by_name() {
        for (from, to, complaint) in [
            ("\"Name\":", "\"Nom\":", "Nom"),
            ("\"all\"", "\"some\"", "QueryStringBehavior is `some`"),
            ("X-Req-Partition", "CloudFront-Viewer-Country", "cloudfront-viewer-country"),
            ("\"whitelist\"", "\"allViewer\"", "HeaderBehavior is `allViewer`, which cannot have a list of names"),
            ("\"MinTTL\": 1", "\"MinTTL\": -1", "-1"),
        ] {
            let error = CachePolicy::from_json(&PRINTED.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(complaint), "{error}");
        }
    }
}
