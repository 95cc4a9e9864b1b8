//! What one setting may say.

use onebox_core::{Share, ShareError};

use super::{DEFAULT_HEADER, DEFAULT_PIN};
use crate::reserved;

pub(super) fn release_id(text: &str) -> Result<&str, String> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    match text.len() {
        1..=64 if text.bytes().all(valid) => Ok(text),
        _ => Err("expected 1 to 64 letters, digits, \"_\" or \"-\"".into()),
    }
}

pub(super) fn salt(text: &str) -> Result<&str, String> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("expected some text without control characters; leave it out to use the release id".into());
    }
    Ok(text)
}

pub(super) fn header_name(text: &str) -> Result<&str, String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    // A letter first: JavaScript's objects have a meaning of their own for `__proto__`.
    if !text.starts_with(|first: char| first.is_ascii_alphabetic()) || !text.bytes().all(token) {
        return Err("expected a header name that begins with a letter, such as \"X-Req-Partition\"".into());
    }
    match reserved::reason(text) {
        Some(reason) => Err(format!("{reason}: choose a name of your own, such as \"{DEFAULT_HEADER}\"")),
        None => Ok(text),
    }
}

/// A header that viewer-request may set, and that says nothing else to an origin.
pub(super) fn forward_host(text: &str) -> Result<&str, String> {
    if !text.eq_ignore_ascii_case("x-forwarded-host") && header_name(text).is_err() {
        return Err(
            "expected a header name without another meaning, which a function may set, such as \"X-Forwarded-Host\""
                .into(),
        );
    }
    Ok(text)
}

/// CloudFront's rules for a domain name of an origin:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>.
pub(super) fn domain(text: &str) -> Result<&str, String> {
    let byte = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let label = |label: &str| matches!(label.len(), 1..=63) && label.bytes().all(byte);
    if text.len() > 253 || !text.split('.').all(label) {
        return Err("expected a domain name of at most 253 characters, without scheme, port or path".into());
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err("CloudFront does not connect to an IP address: expected a domain name".into());
    }
    Ok(text)
}

pub(super) fn host(text: &str) -> Result<&str, String> {
    let name = match text.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => text,
    };
    domain(name).map(|_| text)
}

pub(super) fn origin_path(text: &str) -> Result<&str, String> {
    let byte = |byte: u8| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte);
    let shape = text.is_empty() || (text.starts_with('/') && !text.ends_with('/'));
    if !shape || text.len() > 255 || !text.bytes().all(byte) {
        return Err(
            "expected a path that begins with \"/\", does not end with it and is URL-encoded, up to 255 characters"
                .into(),
        );
    }
    Ok(text)
}

pub(super) fn protocol(text: &str) -> Result<&str, String> {
    match text {
        "http" | "https" => Ok(text),
        _ => Err("expected \"http\" or \"https\"".into()),
    }
}

pub(super) fn share(text: &str) -> Result<Share, String> {
    text.parse().map_err(|error: ShareError| error.to_string())
}

/// A name with the prefix that binds a cookie to its host and to HTTPS:
/// <https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes>.
pub(super) fn pin_cookie(text: &str) -> Result<&str, String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    match text.strip_prefix("__Host-") {
        Some(rest) if !rest.is_empty() && rest.bytes().all(token) => Ok(text),
        _ => Err(format!("expected a cookie name that begins with \"__Host-\", such as \"{DEFAULT_PIN}\"")),
    }
}

/// Seconds, from a number and its unit. Browsers keep no cookie longer than 400 days:
/// <https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html#name-the-max-age-attribute>.
pub(super) fn max_age(text: &str) -> Result<u32, String> {
    let seconds = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return None,
        };
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = number.parse::<u32>().ok().filter(|_| digits)?.checked_mul(unit)?;
        (1..=400 * 24 * 60 * 60).contains(&seconds).then_some(seconds)
    };
    seconds().ok_or_else(|| "expected a duration from \"1s\" to \"400d\", such as \"12h\" or \"7d\"".into())
}

pub(super) fn crawler(text: &str) -> Result<&str, String> {
    if !matches!(text.len(), 1..=256) || text.chars().any(char::is_control) {
        return Err("expected some text without control characters, up to 256 bytes".into());
    }
    Ok(text)
}
