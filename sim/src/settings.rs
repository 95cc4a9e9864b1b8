//! What a distribution is started with.

use std::{collections::HashMap, fmt, net::SocketAddr, sync::Arc, time::Duration, time::SystemTime};

use http::HeaderMap;
use onebox_core::Time;
use onebox_edge::Config;
use rustls::pki_types::CertificateDer;

use crate::{
    cache_policy::CachePolicy,
    key_values::KeyValues,
    message::{CustomOrigin, Origin, Protocol},
    origin_request_policy::OriginRequestPolicy,
};

/// Everything a distribution needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The configuration that the functions carry.
    pub config: Config,
    /// What is in the cache key, and how long objects live.
    pub cache_policy: CachePolicy,
    /// What else reaches the origins.
    pub origin_request_policy: OriginRequestPolicy,
    /// The distribution's one configured origin.
    pub regular: RegularOrigin,
    /// Domains that are reached at a local address instead of where DNS says.
    pub resolve: HashMap<String, SocketAddr>,
    /// Certificate authorities that are trusted beside the public ones, in DER.
    pub roots: Vec<CertificateDer<'static>>,
    /// The KeyValueStore that CloudFront Functions read, if the configuration names one.
    pub key_values: KeyValues,
    /// Which request viewer-response sees.
    pub viewer_response: SeenRequest,
    /// Times and sizes.
    pub limits: Limits,
    /// The clock that objects age by, and that handlers in this process decide by.
    pub clock: Clock,
}

impl Settings {
    /// The settings that onebox recommends for a configuration.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            cache_policy: CachePolicy::recommended(&config.partition.header),
            origin_request_policy: OriginRequestPolicy::default(),
            regular: RegularOrigin::of(&config),
            resolve: HashMap::new(),
            roots: Vec::new(),
            key_values: KeyValues::default(),
            viewer_response: SeenRequest::default(),
            limits: Limits::default(),
            clock: Clock::system(),
            config,
        }
    }
}

/// Which request viewer-response sees. For CloudFront Functions AWS's page can be read both ways: what it sees there is "the
/// actual request that CloudFront received from the viewer"
/// (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SeenRequest {
    /// As viewer-request left it.
    #[default]
    Changed,
    /// As the viewer sent it.
    Received,
}

/// The origin that the distribution is configured with; its domain is the configuration's regular one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegularOrigin {
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Its port.
    pub port: u16,
    /// What goes before the request's path: empty, or `/…` without a slash at the end.
    pub path: String,
    /// Headers that are added toward it.
    pub custom_headers: HeaderMap,
    /// How long its answer, and each next part of it, may take, in seconds.
    pub read_timeout: u16,
    /// How long an idle connection is kept, in seconds.
    pub keepalive_timeout: u16,
}

impl RegularOrigin {
    /// The origin as configured; what is not said is CloudFront's default: HTTPS, 30 s, 5 s.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesOrigin.html>
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let regular = &config.origins.regular;
        let (protocol, port) = regular.connection();
        Self {
            protocol: Protocol::named(protocol).unwrap_or(Protocol::Https),
            port,
            path: regular.path.clone().unwrap_or_default(),
            custom_headers: HeaderMap::new(),
            read_timeout: 30,
            keepalive_timeout: 5,
        }
    }

    pub(crate) fn origin(&self, domain: &str) -> Origin {
        Origin::Custom(CustomOrigin {
            custom_headers: self.custom_headers.clone(),
            domain: domain.to_owned(),
            path: self.path.clone(),
            port: self.port,
            protocol: self.protocol,
            keepalive_timeout: self.keepalive_timeout,
            read_timeout: self.read_timeout,
            response_completion_timeout: None,
            ssl_protocols: vec!["TLSv1.2".to_owned()],
        })
    }
}

/// Times and sizes. The defaults are AWS's where AWS has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long viewer-request and viewer-response may take. A CloudFront Function has far less, which AWS does not publish.
    pub viewer_function_time: Duration,
    /// How long origin-request and origin-response may take.
    pub origin_function_time: Duration,
    /// How long one attempt to connect to an origin may take.
    pub connect_timeout: Duration,
    /// How often a connection is tried.
    pub connect_attempts: u32,
    /// How long a viewer may take to send a request's head.
    pub request_head_time: Duration,
    /// How long errors are kept at least.
    pub error_min_ttl: Duration,
    /// The largest object that is cached, in bytes. Larger ones pass.
    pub object_bytes: usize,
    /// How much is cached, in bytes.
    pub cache_bytes: u64,
    /// Processes for each trigger, where functions do not run in this one: as many events run at once.
    pub node_processes: usize,
    /// How long open connections may go on after a stop.
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            viewer_function_time: Duration::from_secs(5),
            origin_function_time: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            connect_attempts: 3,
            request_head_time: Duration::from_secs(30),
            error_min_ttl: Duration::from_secs(10),
            object_bytes: 16 << 20,
            cache_bytes: 256 << 20,
            node_processes: 2,
            shutdown_grace: Duration::from_secs(3),
        }
    }
}

/// A clock that is handed in.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the simulator owns its clock; everything else asks it")]
        let now = SystemTime::now;
        Self(Arc::new(now))
    }

    /// Any other clock, for tests.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        (self.0)()
    }

    /// The time now, as schedules know it. A clock before 1970 counts as that year's beginning.
    pub(crate) fn time(&self) -> Time {
        let since = self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Time::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesOrigin.html>
    #[test]
    fn an_origin_is_spoken_to_over_tls_unless_the_configuration_says_otherwise() {
        for (said, protocol, port, path) in [
            ("", Protocol::Https, 443, ""),
            (r#","protocol":"http""#, Protocol::Http, 80, ""),
            (r#","port":80"#, Protocol::Http, 80, ""),
            (r#","protocol":"https","port":8443,"path":"/prod""#, Protocol::Https, 8443, "/prod"),
        ] {
            let json = format!(
                r#"{{"release":{{"id":"r","share":"5%"}},"partition":{{"keys":["client-ip"],"header":"X-P","salt":"r"}},
                    "origins":{{"regular":{{"domain":"a.test"{said}}},"one-box":{{"domain":"b.test"}}}},
                    "debug":{{"response_header":false}}}}"#
            );
            let regular = RegularOrigin::of(&Config::from_json(&json).unwrap());
            assert_eq!((regular.protocol, regular.port, regular.path.as_str()), (protocol, port, path));
        }
    }
}
