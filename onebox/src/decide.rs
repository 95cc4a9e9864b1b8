//! `onebox decide`: which side requests go to, and why.

mod lines;
mod visit;

use std::{
    cell::Cell,
    io::{self, BufWriter, Write},
    str,
};

use onebox_core::{Decision, Policy, Time};
use onebox_edge::{Field, NativeEvent, Trigger, Visit};

use onebox_terminal::written;

use crate::{Exit, Failure, clock::Clock, config::ConfigFile};
use lines::{Line, Lines};
use visit::Described;

/// Say which side requests go to, and why
///
/// Reads one JSON text a line from standard input: a Lambda@Edge viewer-request event, or a request written as
/// `{"headers":{NAME: VALUE or [VALUES]},"clientIp":ADDRESS}`; other members are ignored. Writes one JSON line for each:
/// {"partition":"one-box","bucket":4711,"source":"cookie:session"}. The source is what decided: `override` (a valid token),
/// `share-zero`, `crawler`, `pin`, the entry of the key chain, or `none`; where neither a pin nor a key decided, the bucket
/// is null. A line that cannot be read gives {"error":…}, and the run goes on. Blank lines are skipped.
///
/// Scheduled shares and tokens go by the time. Without `--now` it is read whenever the input has been waited for.
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
    #[command(flatten)]
    clock: Clock,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let policy = args.config.load()?.policy();
    let out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    written(answer_all(&policy, &|| args.clock.now(), Lines::new(io::stdin().lock()), out))
}

/// Answers every line, and never lets an answer wait for the next question.
fn answer_all(
    policy: &Policy,
    clock: &dyn Fn() -> Time,
    mut lines: Lines<impl io::Read>,
    mut out: impl Write,
) -> io::Result<()> {
    let fields = Field::of(policy);
    // Lines that came together are decided at one time.
    let time = Cell::new(None);
    while let Some(line) = lines.next(|| {
        time.set(None);
        out.flush()
    })? {
        let answer = match line {
            Line::Bytes(line) if line.trim_ascii().is_empty() => continue,
            Line::Bytes(line) => {
                let now = time.get().unwrap_or_else(clock);
                time.set(Some(now));
                decide(policy, &fields, line, now)
            }
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
fn decide<'p>(policy: &'p Policy, fields: &[Field<'_>], line: &[u8], now: Time) -> Result<Decision<'p>, String> {
    let text = str::from_utf8(line)
        .map_err(|error| format!("the line is not UTF-8 from byte {} on", error.valid_up_to() + 1))?;
    match Described::read(text)? {
        Described::Plain(request) => Ok(policy.decide(&request, now)),
        Described::Event => {
            let event = NativeEvent::read(text, Trigger::ViewerRequest, fields.to_vec());
            Ok(policy.decide(&Visit(&event.map_err(|error| error.to_string())?), now))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in prop::collection::vec(any::<u8>(), 0..200), head in "(\\{\"(Records|headers)\":)?") {
            let policy = Policy::new("salt", onebox_core::Share::ALL, vec!["cookie:a".parse().unwrap()]);
            let _ = decide(&policy, &Field::of(&policy), &[head.as_bytes(), &line].concat(), Time::MIN);
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
            let decided = |line: serde_json::Value| decide(&policy, &fields, line.to_string().as_bytes(), Time::MIN);
            prop_assert_eq!(decided(plain), decided(event));
        }
    }
}
