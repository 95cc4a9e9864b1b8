//! What happened to each request, for whoever wants to know.

use std::{
    net::IpAddr,
    time::{Duration, SystemTime},
};

use http::{Method, StatusCode};
use onebox_edge::Trigger;

use crate::rule::Violation;

/// Somebody who watches a distribution. Its methods are called on the request's path: they have to be quick.
pub trait Observer: Send + Sync + 'static {
    /// Whether anybody is listening; records are not even made when not.
    fn listens(&self) -> bool {
        true
    }

    /// One request was answered: its head is ready to be sent.
    fn record(&self, record: Record);

    /// A rule was broken after the answer had begun, or before there was a request.
    fn broken(&self, violation: &Violation) {
        let _ = violation;
    }

    /// A function wrote a line to its log.
    fn log(&self, trigger: Trigger, line: &str) {
        let _ = (trigger, line);
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Observer for Nobody {
    fn listens(&self) -> bool {
        false
    }

    fn record(&self, _record: Record) {}
}

/// One answered request.
#[derive(Clone, Debug)]
pub struct Record {
    /// The id that is also in the events and in the response's `X-Amz-Cf-Id`.
    pub request_id: String,
    /// When the request came.
    pub time: SystemTime,
    /// How long its answer took, up to its head.
    pub took: Duration,
    /// The viewer's address.
    pub client_ip: IpAddr,
    /// The method.
    pub method: Method,
    /// Path and query as the viewer sent them.
    pub uri: String,
    /// The status that the viewer gets.
    pub status: StatusCode,
    /// The partition header's value after viewer-request.
    pub partition: Option<String>,
    /// Where the answer came from.
    pub cache: CacheResult,
    /// The domain of the origin that was asked, if one was.
    pub origin: Option<String>,
    /// The rules that were broken.
    pub failures: Vec<Violation>,
}

/// Where an answer came from; `X-Cache` says it to the viewer.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheResult {
    /// From the cache.
    Hit,
    /// From the cache, after the origin confirmed it.
    RefreshHit,
    /// From the origin.
    Miss,
    /// An error, of the origin's or of CloudFront's.
    Error,
    /// From a Lambda@Edge function.
    LambdaGeneratedResponse,
    /// From a CloudFront Function.
    FunctionGeneratedResponse,
    /// A function returned something that is not allowed.
    LambdaValidationError,
    /// A function failed.
    LambdaExecutionError,
    /// A function took too long.
    LambdaLimitExceeded,
    /// A CloudFront Function failed or returned something that is not allowed.
    FunctionExecutionError,
    /// A CloudFront Function took too long.
    FunctionThrottledError,
}

impl CacheResult {
    /// The word in the logs; `X-Cache` is this and ` from cloudfront`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "Hit",
            Self::RefreshHit => "RefreshHit",
            Self::Miss => "Miss",
            Self::Error => "Error",
            Self::LambdaGeneratedResponse => "LambdaGeneratedResponse",
            Self::FunctionGeneratedResponse => "FunctionGeneratedResponse",
            Self::LambdaValidationError => "LambdaValidationError",
            Self::LambdaExecutionError => "LambdaExecutionError",
            Self::LambdaLimitExceeded => "LambdaLimitExceeded",
            Self::FunctionExecutionError => "FunctionExecutionError",
            Self::FunctionThrottledError => "FunctionThrottledError",
        }
    }
}
