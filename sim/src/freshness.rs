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
    if policy.caches_nothing() || status == StatusCode::PARTIAL_CONTENT {
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
