//! `onebox token`: a signed token that puts a tester on a side.

use std::io::{self, Write};

use clap::{ArgGroup, ValueEnum};
use onebox_core::{Partition, Time};
use serde_json::json;

use onebox_terminal::written;

use crate::{Exit, Failure, clock::Clock, config::ConfigFile};

/// The longest life of a token, in seconds: a year.
const LONGEST: u64 = 365 * 24 * 60 * 60;

/// Make a token that puts its holder on a side
///
/// Whoever sends the token as the header or cookie of `[override]` is on its side until it expires, whatever the share is;
/// a share of 0 too. It is signed with the secret of `[override]`, and nothing can take it back but another secret.
///
/// The bookmarklet sets the cookie on the page that is open when it is clicked. Such a cookie cannot be HttpOnly: scripts
/// of the site can read it.
#[derive(Clone, Debug, clap::Args)]
#[command(group(ArgGroup::new("expiry").args(["lasts", "until"]).required(true)), after_help = "\
Examples:
  onebox token --partition one-box --for 1h
  onebox token --partition regular --until 2026-11-20T18:00:00Z
  curl -H \"onebox-force: $(onebox token --partition one-box --for 5m --json | jq -r .token)\" https://www.example.com/

Exit codes: 0 done, 64 the configuration has no [override], or it or the command line is wrong.")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// The side
    #[arg(long, value_enum)]
    partition: Side,
    /// For how long, such as 30m, 1h or 2d; at most 365d
    #[arg(long = "for", value_name = "DURATION", value_parser = seconds)]
    lasts: Option<u64>,
    /// Until when, such as 2026-11-20T18:00:00Z
    #[arg(long, value_name = "RFC 3339")]
    until: Option<Time>,
    #[command(flatten)]
    clock: Clock,
    /// Print the token, its expiry and the rest as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Side {
    OneBox,
    Regular,
}

/// A token and what to do with it.
struct Offer {
    token: String,
    partition: Partition,
    expires: Time,
    curl: String,
    bookmarklet: String,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let config = args.config.load()?;
    let (Some(forced), policy) = (&config.forced, config.policy()) else { return Err(none(&args.config)) };
    let Some(overrides) = policy.overrides() else { return Err(none(&args.config)) };
    let partition = match args.partition {
        Side::OneBox => Partition::OneBox,
        Side::Regular => Partition::Regular,
    };
    let (expiry, lasts) = expiry(args)?;
    let token = overrides.token(partition, expiry);
    let offer = Offer {
        partition,
        expires: Time::from_unix_seconds(i64::try_from(expiry).unwrap_or(i64::MAX)),
        curl: format!("curl -H {} https://www.example.com/", quoted(&format!("{}: {token}", forced.name))),
        bookmarklet: bookmarklet(&forced.name, &token, lasts),
        token,
    };
    written(show(&mut io::stdout().lock(), &offer, args.json))
}

fn none(file: &ConfigFile) -> Failure {
    Failure::usage(format!(
        "{} has no [override]: add\n\n[override]\nname = \"onebox-force\"\nsecret = \"env:ONEBOX_SECRET\"\n\nand package anew",
        file.path.display()
    ))
}

/// When the token expires, in seconds since 1970, and how many seconds that is from now.
fn expiry(args: &Args) -> Result<(u64, u64), Failure> {
    let now = args.clock.now().unix_millis().div_euclid(1000);
    let until = args.until.map(|time| time.unix_millis().div_euclid(1000));
    let until = until.or_else(|| now.checked_add_unsigned(args.lasts?));
    let lasts = until.and_then(|until| u64::try_from(until.checked_sub(now)?).ok());
    match (until.and_then(|until| u64::try_from(until).ok()), lasts) {
        (Some(until), Some(lasts @ 1..=LONGEST)) => Ok((until, lasts)),
        _ => Err(Failure::usage("a token has to expire after now, and at most 365 days after")),
    }
}

fn show(out: &mut impl Write, offer: &Offer, as_json: bool) -> io::Result<()> {
    let Offer { token, partition, expires, curl, bookmarklet } = offer;
    if as_json {
        let offer = json!({
            "token": token,
            "partition": partition.to_string(),
            "expires": expires.to_string(),
            "curl": curl,
            "bookmarklet": bookmarklet,
        });
        return writeln!(out, "{offer}");
    }
    writeln!(out, "{token}")?;
    writeln!(out, "  expires      {expires}")?;
    writeln!(out, "  curl         {curl}")?;
    writeln!(out, "  bookmarklet  {bookmarklet}")?;
    writeln!(out, "The bookmarklet's cookie cannot be HttpOnly: scripts of the site can read it.")
}

/// A link that sets the cookie on the page where it is clicked.
fn bookmarklet(name: &str, token: &str, lasts: u64) -> String {
    let cookie = format!("{name}={token};path=/;max-age={lasts};secure;samesite=lax").replace('\'', "\\'");
    let script = format!("document.cookie='{cookie}';location.reload()");
    // A browser takes the percent signs out of a javascript: URL before it runs it, and what is behind a # away
    // (https://url.spec.whatwg.org/#url-parsing, https://html.spec.whatwg.org/#the-javascript:-url-special-case).
    let escaped = script.chars().map(|char| match char {
        char if char.is_ascii_alphanumeric() || "-_.=;,'()/".contains(char) => char.to_string(),
        // Names of headers and cookies are ASCII.
        char => format!("%{:02X}", u32::from(char)),
    });
    format!("javascript:{}", escaped.collect::<String>())
}

/// One word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Seconds, from a whole number and its unit.
fn seconds(text: &str) -> Result<u64, String> {
    let read = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            "d" => 24 * 60 * 60,
            _ => return None,
        };
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        number
            .parse::<u64>()
            .ok()
            .filter(|_| digits)?
            .checked_mul(unit)
            .filter(|seconds| (1..=LONGEST).contains(seconds))
    };
    read().ok_or_else(|| "expected a duration from 1s to 365d, such as 30m, 1h or 2d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_its_unit() {
        for (text, expected) in [
            ("1s", Some(1)),
            ("30m", Some(1800)),
            ("1h", Some(3600)),
            ("365d", Some(LONGEST)),
            ("366d", None),
            ("0s", None),
            ("+1h", None),
            ("1.5h", None),
            ("1", None),
            ("h", None),
            ("", None),
            ("1 h", None),
            ("1é", None),
            ("99999999999999999999h", None),
        ] {
            assert_eq!(seconds(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_strange_name_is_quoted_for_the_shell_and_for_the_browser() {
        assert_eq!(quoted("it's: x"), "'it'\\''s: x'");
        assert_eq!(
            bookmarklet("it's%#", "one-box.1.0a", 60),
            "javascript:document.cookie='it%5C's%25%23=one-box.1.0a;path=/;max-age=60;secure;samesite=lax';location.reload()"
        );
    }
}
