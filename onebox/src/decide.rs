//! `onebox decide`: which side requests go to, and why.

mod lines;
mod visit;

use std::{
    io::{self, BufWriter, Write},
    str,
};

use jiff::Timestamp;
use onebox_core::{Decision, Policy};
use onebox_edge::{Field, NativeEvent, Trigger, Visit};

use crate::{Exit, Failure, config::ConfigFile, exit::written};
use lines::{Line, Lines};
use visit::Described;

/// Say which side requests go to, and why
///
/// Reads one JSON text a line from standard input: a Lambda@Edge viewer-request event, or a request written as
/// {"headers":{NAME: VALUE or [VALUES]},"clientIp":ADDRESS}; other members are ignored. Writes one JSON line for each:
/// {"partition":"one-box","bucket":4711,"source":"cookie:session"}. The source is the entry of the key chain that decided,
/// `share-zero` or `none`; without a key the bucket is null. A line that cannot be read gives {"error":…}, and the run
/// goes on. Blank lines are skipped.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  echo '{\"headers\":{\"cookie\":\"session=7f3a\"}}' | onebox decide
  onebox decide --config web.toml < requests.jsonl | jq -r .partition | sort | uniq -c
  onebox decide --now 2026-11-20T12:00:00Z < requests.jsonl

Exit codes: 0 every line was answered, 64 the configuration or the command line is wrong.")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigFile,
    /// The time at which to decide, for a share that changes with time; a fixed share never asks
    #[arg(long, value_name = "RFC 3339", value_parser = rfc3339)]
    now: Option<Timestamp>,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let policy = args.config.load()?.policy();
    let out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    written(answer_all(&policy, Lines::new(io::stdin().lock()), out))
}

/// Answers every line, and never lets an answer wait for the next question.
fn answer_all(policy: &Policy, mut lines: Lines<impl io::Read>, mut out: impl Write) -> io::Result<()> {
    let fields = Field::of(policy);
    while let Some(line) = lines.next(|| out.flush())? {
        let answer = match line {
            Line::Bytes(line) if line.trim_ascii().is_empty() => continue,
            Line::Bytes(line) => decide(policy, &fields, line),
            Line::TooLong => Err(format!("the line is longer than {} bytes", lines::LIMIT)),
        };
        match answer {
            Ok(decision) => write(&mut out, &decision)?,
            Err(why) => writeln!(out, "{}", serde_json::json!({ "error": why }))?,
        }
    }
    out.flush()
}

/// Decides for the request on one line, or says why that is none.
fn decide<'p>(policy: &'p Policy, fields: &[Field<'_>], line: &[u8]) -> Result<Decision<'p>, String> {
    let text = str::from_utf8(line)
        .map_err(|error| format!("the line is not UTF-8 from byte {} on", error.valid_up_to() + 1))?;
    match Described::read(text)? {
        Described::Plain(request) => Ok(policy.decide(&request)),
        Described::Event => {
            let event = NativeEvent::read(text, Trigger::ViewerRequest, fields.to_vec());
            Ok(policy.decide(&Visit(&event.map_err(|error| error.to_string())?)))
        }
    }
}

fn write(out: &mut impl Write, Decision { partition, bucket, source }: &Decision<'_>) -> io::Result<()> {
    // No part of an answer needs an escape: names in a key chain are HTTP tokens.
    write!(out, r#"{{"partition":"{partition}","bucket":"#)?;
    match bucket {
        Some(bucket) => write!(out, "{bucket}")?,
        None => write!(out, "null")?,
    }
    writeln!(out, r#","source":"{source}"}}"#)
}

/// A date, a time and an offset, and nothing that only other standards know
/// (<https://www.rfc-editor.org/rfc/rfc3339#section-5.6>).
fn rfc3339(text: &str) -> Result<Timestamp, String> {
    let template = b"0000-00-00T00:00:00";
    let (head, tail) = text.as_bytes().split_at_checked(template.len()).unwrap_or_default();
    let shaped = head.len() == template.len()
        && head.iter().zip(template).all(|(found, wanted)| match wanted {
            b'0' => found.is_ascii_digit(),
            _ => found.eq_ignore_ascii_case(wanted),
        });
    let fraction = tail.strip_prefix(b".").map_or(0, |tail| 1 + tail.iter().take_while(|b| b.is_ascii_digit()).count());
    let offset = match &tail[fraction..] {
        b"Z" | b"z" => true,
        [b'+' | b'-', a, b, b':', c, d] => [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()),
        _ => false,
    };
    match text.parse() {
        Ok(time) if shaped && offset && fraction != 1 => Ok(time),
        _ => Err("expected a time such as 2026-11-20T12:00:00Z or 2026-11-20T13:00:00+01:00".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in prop::collection::vec(any::<u8>(), 0..200), head in "(\\{\"(Records|headers)\":)?") {
            let policy = Policy::new("salt", onebox_core::Share::ALL, vec!["cookie:a".parse().unwrap()]);
            let _ = decide(&policy, &Field::of(&policy), &[head.as_bytes(), &line].concat());
        }

        #[test]
        fn a_request_and_its_event_are_the_same_visit(
            cookies in prop::collection::vec("[a-c=; \t\"é\u{1f98a}]{0,12}", 0..4),
            agents in prop::collection::vec(any::<String>(), 0..3),
            address in prop::option::of("[0-9a-f.:]{0,15}"),
        ) {
            let keys = ["cookie:a", "client-ip+header:user-agent", "header:user-agent", "client-ip"];
            let keys = keys.map(|key| key.parse().unwrap()).to_vec();
            let policy = Policy::new("salt", onebox_core::Share::ALL, keys);
            let lines = |values: &[String]| values.iter().map(|value| json!({ "value": value })).collect::<Vec<_>>();
            let plain = json!({ "headers": { "Cookie": cookies, "USER-AGENT": agents }, "clientIp": address });
            let headers = json!({ "cookie": lines(&cookies), "user-agent": lines(&agents) });
            let request = json!({ "headers": headers, "clientIp": address });
            let event = json!({ "Records": [{ "cf": { "request": request } }] });
            let fields = Field::of(&policy);
            let decided = |line: serde_json::Value| decide(&policy, &fields, line.to_string().as_bytes());
            prop_assert_eq!(decided(plain), decided(event));
        }
    }

    #[test]
    fn a_time_is_rfc_3339_and_nothing_else() {
        for (text, expected) in [
            ("2026-11-20T12:00:00Z", Some(1_795_176_000)),
            ("2026-11-20t12:00:00z", Some(1_795_176_000)),
            ("2026-11-20T13:00:00+01:00", Some(1_795_176_000)),
            ("2026-11-20T12:00:00.25-00:00", Some(1_795_176_000)),
            ("2026-11-20T12:00:00", None),
            ("2026-11-20T12:00Z", None),
            ("2026-11-20 12:00:00", None),
            ("2026-11-20T12:00:00.Z", None),
            ("2026-11-20T12:00:00+0100", None),
            ("2026-11-20T12:00:00+01:00[Europe/Paris]", None),
            ("2026-13-20T12:00:00Z", None),
            ("2026-11-31T12:00:00Z", None),
            ("+002026-11-20T12:00:00Z", None),
            ("20261120T120000Z", None),
            ("now", None),
            ("", None),
            ("é026-11-20T12:00:00Z", None),
        ] {
            assert_eq!(rfc3339(text).ok().map(Timestamp::as_second), expected, "{text}");
        }
    }
}
