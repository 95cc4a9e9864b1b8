//! How long an answer is kept: AWS's expiration rules as pure functions.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};

use crate::cache_policy::CachePolicy;

/// What the cache does with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Keep it and use it for this long; then ask the origin again.
    For(Duration),
    /// Do not keep it, and do not let other requests wait for it.
    Not,
}

/// Decides how long an answer is kept.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html#ExpirationDownloadDist>
pub(crate) fn keep(
    policy: &CachePolicy,
    error_min_ttl: Duration,
    status: StatusCode,
    headers: &HeaderMap,
    now: SystemTime,
) -> Keep {
    let control = Control::of(headers);
    if policy.caches_nothing() || matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED) {
        return Keep::Not;
    }
    // <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#ResponseCustomContentNegotiation>
    if policy.min_ttl.is_zero() && (control.forbids() || varies_by_everything(headers)) {
        return Keep::Not;
    }
    if status.is_client_error() || status.is_server_error() {
        return keep_error(policy, error_min_ttl, status, &control);
    }
    let asked = match control {
        Control { no_cache: true, .. } | Control { no_store: true, .. } | Control { private: true, .. } => {
            Duration::ZERO
        }
        Control { s_maxage: Some(age), .. } | Control { max_age: Some(age), .. } => age,
        _ => expires(headers, now).unwrap_or(policy.default_ttl),
    };
    Keep::For(asked.min(policy.max_ttl).max(policy.min_ttl))
}

/// Whether requests that came meanwhile may take an answer that was not made for them.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-traffic-spikes>
pub(crate) fn collapses(policy: &CachePolicy, headers: &HeaderMap) -> bool {
    let control = Control::of(headers);
    let zero = |age: Option<Duration>| age == Some(Duration::ZERO);
    !policy.min_ttl.is_zero() || !(control.forbids() || zero(control.max_age) || zero(control.s_maxage))
}

/// Some errors are always kept, some only when their origin says for how long.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html#HTTPStatusCodes-cached-errors>
fn keep_error(policy: &CachePolicy, least: Duration, status: StatusCode, control: &Control) -> Keep {
    let asked = control.s_maxage.or(control.max_age);
    match (status.as_u16(), asked) {
        (404 | 405 | 414 | 500..=504, asked) => Keep::For(asked.unwrap_or_default().min(policy.max_ttl).max(least)),
        (400 | 403 | 412 | 415, Some(asked)) => Keep::For(asked.min(policy.max_ttl).max(least)),
        _ => Keep::Not,
    }
}

/// Whether an expired object may be served while its origin is failing.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html#stale-content>
pub(crate) fn serves_stale(headers: &HeaderMap) -> bool {
    let control = Control::of(headers);
    !control.forbids() && !control.must_revalidate && control.stale_if_error != Some(Duration::ZERO)
}

/// Whether a cached answer is for one request only, whatever is in the key.
pub(crate) fn varies_by_everything(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::VARY)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|name| name.trim() == "*"))
}

fn expires(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let date = headers.get(header::EXPIRES)?.to_str().ok().and_then(|date| httpdate::parse_http_date(date).ok());
    // A date that cannot be read is one in the past: <https://www.rfc-editor.org/rfc/rfc9111.html#section-5.3>
    Some(date.and_then(|date| date.duration_since(now).ok()).unwrap_or_default())
}

/// The directives of Cache-Control that count here.
#[derive(Debug, Default)]
struct Control {
    max_age: Option<Duration>,
    s_maxage: Option<Duration>,
    stale_if_error: Option<Duration>,
    no_cache: bool,
    no_store: bool,
    private: bool,
    must_revalidate: bool,
}

impl Control {
    fn of(headers: &HeaderMap) -> Self {
        let mut control = Self::default();
        let lines = headers.get_all(header::CACHE_CONTROL);
        for line in lines.iter().filter_map(|value| value.to_str().ok()) {
            for directive in directives(line) {
                control.take(directive);
            }
        }
        control
    }

    fn take(&mut self, directive: &str) {
        let (name, value) = match directive.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (directive, None),
        };
        let seconds = || value.and_then(|value| value.parse().ok()).map(Duration::from_secs);
        match name.to_ascii_lowercase().as_str() {
            "max-age" => self.max_age = seconds(),
            "s-maxage" => self.s_maxage = seconds(),
            "stale-if-error" => self.stale_if_error = seconds(),
            // With field names it is about those fields only.
            "no-cache" if value.is_none() => self.no_cache = true,
            "private" if value.is_none() => self.private = true,
            "no-store" => self.no_store = true,
            "must-revalidate" | "proxy-revalidate" => self.must_revalidate = true,
            _ => {}
        }
    }

    /// Whether the origin does not want a shared cache to use the answer.
    fn forbids(&self) -> bool {
        self.no_cache || self.no_store || self.private
    }
}

/// Directives are separated by commas, but not by those between quotes.
fn directives(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
    .map(str::trim)
}

/// The fields that an origin keeps out of the cache with `no-cache="…"`, in lower case.
///
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Cookies.html>
pub(crate) fn uncached_fields(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(header::CACHE_CONTROL);
    let mut fields = Vec::new();
    for line in lines.iter().filter_map(|value| value.to_str().ok()) {
        for directive in directives(line) {
            if let Some((name, value)) = directive.split_once('=')
                && name.trim().eq_ignore_ascii_case("no-cache")
            {
                fields.extend(value.trim().trim_matches('"').split(',').map(|field| field.trim().to_ascii_lowercase()));
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;
    const YEAR: u64 = 31_536_000;

    fn policy(min: u64, default: u64, max: u64) -> CachePolicy {
        let [min_ttl, default_ttl, max_ttl] = [min, default, max].map(Duration::from_secs);
        CachePolicy { min_ttl, default_ttl, max_ttl, ..CachePolicy::recommended("x-req-partition") }
    }

    fn kept(policy: &CachePolicy, status: u16, headers: &[(&'static str, &'static str)]) -> Option<u64> {
        let headers =
            headers.iter().map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)));
        let status = StatusCode::from_u16(status).unwrap();
        match keep(policy, Duration::from_secs(10), status, &headers.collect(), NOW) {
            Keep::For(ttl) => Some(ttl.as_secs()),
            Keep::Not => None,
        }
    }

    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html#ExpirationDownloadDist>
    #[test]
    fn the_time_an_object_is_kept_is_the_origins_between_the_policys_limits() {
        let expires = [("expires", "Thu, 01 Jan 1970 00:05:00 GMT")];
        for (min, default, max, headers, expected) in [
            (0, 86_400, YEAR, &[("cache-control", "max-age=60")][..], Some(60)),
            (0, 86_400, 30, &[("cache-control", "max-age=60")], Some(30)),
            (90, 86_400, YEAR, &[("cache-control", "max-age=60")], Some(90)),
            (0, 86_400, YEAR, &[], Some(86_400)),
            (90, 60, YEAR, &[], Some(90)),
            (0, 86_400, YEAR, &[("cache-control", "max-age=60, s-maxage=120")], Some(120)),
            (0, 86_400, 100, &[("cache-control", "s-maxage=120")], Some(100)),
            (150, 86_400, YEAR, &[("cache-control", "s-maxage=120")], Some(150)),
            (0, 86_400, YEAR, &expires, Some(300)),
            (0, 86_400, 200, &expires, Some(200)),
            (400, 86_400, YEAR, &expires, Some(400)),
            (0, 86_400, YEAR, &[("expires", "0")], Some(0)),
            (0, 86_400, YEAR, &[("cache-control", "max-age=60"), expires[0]], Some(60)),
            (0, 86_400, YEAR, &[("cache-control", "MAX-AGE=60")], Some(60)),
            (0, 86_400, YEAR, &[("cache-control", "public"), ("cache-control", "max-age=\"60\"")], Some(60)),
            (0, 86_400, YEAR, &[("cache-control", "no-cache")], None),
            (0, 86_400, YEAR, &[("cache-control", "no-store, max-age=60")], None),
            (0, 86_400, YEAR, &[("cache-control", "private, max-age=60")], None),
            (90, 86_400, YEAR, &[("cache-control", "no-cache")], Some(90)),
            (90, 86_400, YEAR, &[("cache-control", "no-store")], Some(90)),
            (90, 86_400, YEAR, &[("cache-control", "private, max-age=600")], Some(90)),
            (0, 86_400, YEAR, &[("cache-control", "no-cache=\"set-cookie, x-a\", max-age=60")], Some(60)),
            (0, 86_400, YEAR, &[("vary", "accept, *")], None),
            (1, 60, YEAR, &[("vary", "*")], Some(60)),
            (0, 0, 0, &[("cache-control", "max-age=60")], None),
        ] {
            assert_eq!(kept(&policy(min, default, max), 200, headers), expected, "{min} {default} {max} {headers:?}");
        }
    }

    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html#HTTPStatusCodes-cached-errors>
    #[test]
    fn errors_are_kept_by_their_status() {
        let usual = policy(0, 86_400, YEAR);
        for status in [404, 405, 414, 500, 501, 502, 503, 504] {
            assert_eq!(kept(&usual, status, &[]), Some(10), "{status}");
            assert_eq!(kept(&usual, status, &[("cache-control", "max-age=60")]), Some(60), "{status}");
            assert_eq!(kept(&usual, status, &[("cache-control", "max-age=1")]), Some(10), "{status}");
            assert_eq!(kept(&usual, status, &[("cache-control", "no-store")]), None, "{status}");
        }
        for status in [400, 403, 412, 415] {
            assert_eq!(kept(&usual, status, &[]), None, "{status}");
            assert_eq!(kept(&usual, status, &[("cache-control", "s-maxage=60")]), Some(60), "{status}");
        }
        for status in [401, 409, 429, 505] {
            assert_eq!(kept(&usual, status, &[("cache-control", "max-age=60")]), None, "{status}");
        }
        assert_eq!(kept(&usual, 206, &[]), None);
        assert_eq!(kept(&usual, 304, &[]), None);
    }
}
