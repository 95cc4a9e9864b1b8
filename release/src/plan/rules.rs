//! What the values of a plan may be.

use std::time::Duration;

use jiff::{SpanRelativeTo, fmt::friendly::SpanParser};
use serde_json::Value;

use super::fields::{kind, text};
use crate::{
    percent::{Percent, PercentError},
    place::is_account,
};

/// The longest time that anything in a plan takes.
pub(super) const LONGEST: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A release's name.
pub(super) fn release_id(value: &Value) -> Result<&str, String> {
    let id = text(value)?;
    let fits = (1..=64).contains(&id.len()) && id.bytes().all(is_name);
    fits.then_some(id).ok_or_else(|| format!("expected 1 to 64 letters, digits, _ and -, found {id:?}"))
}

/// A region's name: whether it exists, AWS says.
pub(super) fn region(value: &Value) -> Result<&str, String> {
    region_name(text(value)?)
}

/// The same of a text.
pub(super) fn region_name(region: &str) -> Result<&str, String> {
    let mut parts = region.split('-');
    let letters = |part: &str| part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let last = parts.next_back();
    let fits = region.matches('-').count() >= 2 && parts.all(letters) && last.is_some_and(digits);
    fits.then_some(region).ok_or_else(|| format!("expected a region such as \"eu-west-1\", found {region:?}"))
}

/// An account's number.
pub(super) fn account(value: &Value) -> Result<&str, String> {
    let account = text(value)?;
    let expected = || format!("expected an account's number, 12 digits such as \"123456789012\", found {account:?}");
    is_account(account).then_some(account).ok_or_else(expected)
}

/// A function: a name, or an ARN without a qualifier.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html>
pub(super) fn function(value: &Value) -> Result<&str, String> {
    let function = text(value)?;
    if function_name(function).is_some_and(|(_, qualifier)| qualifier.is_none()) {
        return Ok(function);
    }
    Err(match function_name(function) {
        Some(_) => format!("expected a function without a version or an alias, found {function:?}"),
        None => format!("expected a function's name, 1 to 64 letters, digits, _ and -, or its ARN, found {function:?}"),
    })
}

/// A hook: a function, with or without a version or an alias.
pub(super) fn hook(value: &Value) -> Result<&str, String> {
    let hook = text(value)?;
    let expected = || format!("expected a function that is invoked, its name or its ARN, found {hook:?}");
    function_name(hook).map(|_| hook).ok_or_else(expected)
}

/// A function's name and its qualifier, out of a name or an ARN.
fn function_name(function: &str) -> Option<(&str, Option<&str>)> {
    let name = match function.strip_prefix("arn:") {
        Some(arn) => {
            let [partition, "lambda", region, account, "function", name] = pieces(arn) else { return None };
            (is_account(account) && partition.starts_with("aws") && !region.is_empty()).then_some(name)?
        }
        None => function,
    };
    let (name, qualifier) = name.split_once(':').map_or((name, None), |(name, qualifier)| (name, Some(qualifier)));
    let named = (1..=64).contains(&name.len()) && name.bytes().all(is_name);
    let qualified =
        qualifier.is_none_or(|qualifier| qualifier == "$LATEST" || is_version(qualifier) || is_alias(qualifier));
    (named && qualified).then_some((name, qualifier))
}

/// The first five parts of an ARN and what is left.
fn pieces(arn: &str) -> [&str; 6] {
    let mut pieces = arn.splitn(6, ':');
    std::array::from_fn(|_| pieces.next().unwrap_or_default())
}

/// The region in a function's ARN.
pub(super) fn region_of(function: &str) -> Option<&str> {
    place_of(function).map(|(region, _)| region)
}

/// The region and the account in a function's ARN.
pub(super) fn place_of(function: &str) -> Option<(&str, &str)> {
    let [_, _, region, account, ..] = pieces(function.strip_prefix("arn:")?);
    Some((region, account))
}

/// The account in a function's ARN.
pub(super) fn account_of(function: &str) -> Option<&str> {
    function.strip_prefix("arn:")?.split(':').nth(3)
}

/// Whether two plan entries mean the same function: by their ARNs where both are ARNs, else by their names.
pub(super) fn same_function(left: &str, right: &str) -> bool {
    let arns = left.starts_with("arn:") && right.starts_with("arn:");
    left == right || (!arns && function_name(left) == function_name(right))
}

/// An alias's name.
pub(super) fn alias(value: &Value) -> Result<&str, String> {
    let alias = text(value)?;
    if is_alias(alias) {
        return Ok(alias);
    }
    if is_version(alias) {
        return Err(format!("expected an alias, found {alias:?}, which is a version: only an alias can move"));
    }
    Err(format!("expected an alias's name, 1 to 128 letters, digits, _ and -, not only digits, found {alias:?}"))
}

/// Whether AWS accepts it: `(?!^[0-9]+$)([a-zA-Z0-9-_]+)`, at most 128.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>
pub(crate) fn is_alias(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (1..=128).contains(&text.len()) && text.bytes().all(is_name) && !digits
}

/// Whether it is the number of a published version.
pub(super) fn is_version(text: &str) -> bool {
    // Versions are counted from 1; the largest number that a version may have is not documented.
    (1..=19).contains(&text.len()) && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// An alarm's name: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>.
pub(super) fn alarm_name(name: &str) -> Result<&str, String> {
    match name.chars().count() {
        0 => Err("expected an alarm's name, found an empty text".to_owned()),
        1..=255 if name.chars().any(char::is_control) => Err("an alarm's name has no control characters".to_owned()),
        1..=255 => Ok(name),
        length => Err(format!("an alarm's name has at most 255 characters, found {length}")),
    }
}

/// A text with something in it, and no longer than `longest`.
pub(super) fn filled(longest: usize) -> impl Fn(&Value) -> Result<String, String> {
    move |value| {
        let text = text(value)?;
        let fits = !text.trim().is_empty() && text.chars().count() <= longest;
        fits.then(|| text.to_owned()).ok_or_else(|| format!("expected a text of 1 to {longest} characters"))
    }
}

/// The SHA-256 of a file, in base64 as AWS writes it.
pub(super) fn sha256(value: &Value) -> Result<String, String> {
    let text = text(value)?;
    let digits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    let fits = text.len() == 44 && text.strip_suffix('=').is_some_and(|digest| digest.bytes().all(digits));
    fits.then(|| text.to_owned()).ok_or_else(|| format!("expected a SHA-256 in base64, 44 characters, found {text:?}"))
}

/// A time span; a day has 24 hours.
pub(super) fn duration(value: &Value) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a time such as \"90s\", \"10m\" or \"1h 30m\"";
    let Value::String(text) = value else { return Err(format!("{EXPECTED}, found {}", kind(value))) };
    let span =
        SpanParser::new().parse_span(text).and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    let span = span.map_err(|_| format!("{EXPECTED}, found {text:?}"))?;
    if span.is_zero() {
        return Err(format!("expected some time, found {text:?}: the least is \"1ms\""));
    }
    let duration =
        Duration::try_from(span).map_err(|_| format!("expected a time that is not negative, found {text:?}"))?;
    if duration < Duration::from_millis(1) {
        return Err(format!("expected at least \"1ms\", found {text:?}"));
    }
    if duration > LONGEST {
        return Err(format!("expected at most 30 days, found {text:?}"));
    }
    Ok(duration)
}

/// How often alarms and traffic are read.
pub(super) fn poll(value: &Value) -> Result<Duration, String> {
    let poll = duration(value)?;
    if poll < Duration::from_millis(100) {
        return Err("expected at least \"100ms\": CloudWatch limits how often it is asked".to_owned());
    }
    if poll > Duration::from_secs(60 * 60) {
        return Err("expected at most \"1h\": a release that looks so rarely sees an alarm too late".to_owned());
    }
    Ok(poll)
}

/// A part of the traffic that is more than nothing: a number of percent, or a text such as `12.5%`.
pub(super) fn percent(value: &Value) -> Result<Percent, String> {
    let (found, percent) = match value {
        // A number is printed in the fewest digits that give it again: `0.1` is `0.1`.
        Value::Number(number) => (number.to_string(), [&number.to_string(), "%"].concat().parse()),
        Value::String(text) => (format!("{text:?}"), text.parse()),
        other => return Err(format!("expected a percentage such as 10 or \"12.5%\", found {}", kind(other))),
    };
    let percent: Percent = percent.map_err(|error: PercentError| format!("{error}, found {found}"))?;
    if percent == Percent::NONE {
        return Err(format!("expected more than 0 %, found {found}"));
    }
    Ok(percent)
}

/// A probability or a difference, always with its percent sign: a bare 1 could be everything.
pub(super) fn fraction(value: &Value) -> Result<f64, String> {
    match value {
        Value::String(_) => percent(value).map(Percent::weight),
        other => Err(format!("expected a percentage such as \"1%\", found {}", kind(other))),
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}
