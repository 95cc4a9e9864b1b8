//! `onebox shift`: a release of one alias, without a file.

mod strategy;

use std::path::Path;

use onebox_release::{Plan, Problem};
use serde_json::{Value, json};

use crate::{
    Exit, Failure, clock,
    release::{Excuses, pin, plan, reach::Reach, shelf::Shelf, start, stop::Stopping},
};

/// Move one alias to another version, gradually
///
/// The same as a release of one backend: with alarms, hooks, a bake, rollback and a journal, which `onebox release status`,
/// `watch`, `resume`, `abort`, `promote` and `history` go by.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox shift orders:live --to 7
  onebox shift orders:live --to 7 --strategy Canary10Percent5Minutes --alarm web-5xx --bake 10m
  onebox shift orders:live --to latest --strategy linear:10%:1m
  onebox shift orders:live --to orders.zip --strategy exponential:1%:2:10m --before orders-smoke
  onebox shift orders:live --to 7 --strategy steps:1%:10m,50%:approval

Exit codes: 0 shifted; 1 rolled back, or refused before anything was changed; 2 stuck, not
proven, or changed by somebody else: a person must look; 64 bad command line; 130 interrupted.")]
pub(crate) struct Args {
    /// The function, by its name or its ARN, and the alias
    #[arg(value_name = "FUNCTION:ALIAS", value_parser = alias)]
    alias: (String, String),
    /// What it moves to: a version, `latest` (what is in $LATEST is published first) or a zip file
    #[arg(long, value_name = "VERSION")]
    to: String,
    /// How fast: one of CodeDeploy's names, or canary:PERCENT:WAIT, linear:PERCENT:EVERY, exponential:FIRST:FACTOR:EVERY,
    /// steps:PERCENT:WAIT,…  (a wait may be `approval`)
    #[arg(long, value_name = "STRATEGY", default_value = "AllAtOnce", value_parser = strategy::tree)]
    strategy: Value,
    /// An alarm that sends everything back, by its name or, in another region, its ARN; may be given for each
    #[arg(long, value_name = "NAME")]
    alarm: Vec<String>,
    /// What it means when an alarm has no data: hold (that time does not count), ok or roll-back
    #[arg(long, value_name = "POLICY", default_value = "hold", requires = "alarm")]
    missing_data: String,
    /// How long alarms are watched after the last step [default: 10m]
    #[arg(long, value_name = "DURATION")]
    bake: Option<String>,
    /// How often alarms and traffic are read [default: 10s]
    #[arg(long, value_name = "DURATION")]
    poll: Option<String>,
    /// So many requests must reach the new version in each step before the next
    #[arg(long, value_name = "N", default_value_t = 0)]
    min_requests: u64,
    /// A function that is invoked before the new version gets traffic
    #[arg(long, value_name = "FUNCTION")]
    before: Option<String>,
    /// A function that is invoked when the new version has all traffic
    #[arg(long, value_name = "FUNCTION")]
    after: Option<String>,
    /// The name of this release in the journal [default: made of the alias and the time]
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    excuses: Excuses,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    shelf: Shelf,
    /// Only show what would happen, as `onebox release plan` does
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    stopping: Stopping,
    /// Print one JSON line for each event
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut tree = tree(args);
    args.excuses.add_to(&mut tree)?;
    let mut plan = Plan::read(&tree).map_err(|problems| mistaken(&problems))?;
    if args.dry_run {
        return plan::show(&plan, args.json);
    }
    pin(&mut plan, Path::new(""))?;
    start::begin(plan, &args.reach, &args.shelf, args.json, args.stopping.on_stop)
}

/// The plan, as if it had been read from a file.
fn tree(args: &Args) -> Value {
    let (function, alias) = &args.alias;
    let zip = Path::new(&args.to).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    let mut shift = json!({
        "function": function,
        "alias": alias,
        "target": if zip { json!({ "zip": args.to }) } else { json!(args.to) },
        "strategy": args.strategy,
    });
    let mut release = json!({ "id": args.id.clone().unwrap_or_else(|| id(function, alias)), "alarms": alarms(args) });
    let add = |table: &mut Value, name: &str, value: &Option<String>| {
        if let Some(value) = value {
            table[name] = json!(value);
        }
    };
    add(&mut release, "region", &args.reach.region);
    add(&mut release, "final_bake", &args.bake);
    add(&mut release, "poll", &args.poll);
    add(&mut shift, "before", &args.before);
    add(&mut shift, "after", &args.after);
    json!({ "release": release, "health": { "min_requests": args.min_requests }, "backend": [shift] })
}

/// The alarms, each with what its missing data means; plain names where that is the default.
fn alarms(args: &Args) -> Vec<Value> {
    let alarm = |name: &String| match args.missing_data.as_str() {
        "hold" => json!(name),
        policy => json!({ "alarm": name, "missing_data": policy }),
    };
    args.alarm.iter().map(alarm).collect()
}

/// A name that no other release has: what moves, and when.
fn id(function: &str, alias: &str) -> String {
    let name = function.rsplit(':').next().unwrap_or(function);
    let kept: String = format!("{name}-{alias}").chars().take(40).collect();
    format!("{kept}-{}", clock::timestamp().strftime("%Y%m%dT%H%M%S%3f"))
}

/// A function and an alias. An ARN has colons of its own.
pub(crate) fn alias(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once(':') {
        Some((function, alias)) if !function.is_empty() && !alias.is_empty() => {
            Ok((function.to_owned(), alias.to_owned()))
        }
        _ => Err("expected a function and an alias, such as orders:live".to_owned()),
    }
}

/// Mistakes in a plan that has no file: each with the option that it came from.
fn mistaken(problems: &[Problem]) -> Failure {
    const OPTIONS: [(&str, &str); 12] = [
        ("release.id", "--id"),
        ("release.region", "--region"),
        ("release.alarms", "--alarm"),
        ("release.ignored", "--ignore-alarm"),
        ("release.final_bake", "--bake"),
        ("release.poll", "--poll"),
        ("backend.0.function", "FUNCTION"),
        ("backend.0.alias", "ALIAS"),
        ("backend.0.target", "--to"),
        ("backend.0.strategy", "--strategy"),
        ("backend.0.before", "--before"),
        ("backend.0.after", "--after"),
    ];
    let option = |path: &str| OPTIONS.iter().find(|(start, _)| path.starts_with(start)).map(|(_, option)| *option);
    let lines = problems.iter().map(|problem| match option(&problem.path) {
        Some(option) => format!("{option}: {}", problem.message),
        None => problem.to_string(),
    });
    Failure::usage(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_stands_behind_the_last_colon() {
        let pair = |function: &str, alias: &str| Ok((function.to_owned(), alias.to_owned()));
        assert_eq!(alias("orders:live"), pair("orders", "live"));
        let arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
        assert_eq!(alias(&format!("{arn}:live")), pair(arn, "live"));
        for wrong in ["orders", "orders:", ":live", ""] {
            assert!(alias(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_id_is_one_that_a_plan_takes() {
        let long = "f".repeat(64);
        for function in ["orders", "arn:aws:lambda:eu-west-1:123456789012:function:orders", &long] {
            let id = id(function, "live");
            assert!(id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "{id}");
        }
    }
}
