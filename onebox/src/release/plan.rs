//! `onebox release plan`: what a release will do, said before it does it.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::Duration,
};

use jiff::Timestamp;
use onebox_release::{Moment, Plan, Timeline, Via, Watched, timeline};
use serde_json::{Value, json};

use super::{document::PlanFile, zip};
use onebox_terminal::written;

use crate::{Exit, Failure, clock};

/// Show what a release will do: who, what percent, when, which alarms, and which calls of AWS
///
/// AWS is not asked, and nothing is changed. The release itself is played through, with every call answered at once, alarms
/// that are quiet and traffic that is ample: what is shown is what `onebox release start` does if nothing goes wrong.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox release plan
  onebox release plan --plan web.toml --json | jq .calls

Hooks, `before` and `after`: a function that is invoked with
  {\"release\": \"web-1\", \"function\": \"orders\", \"alias\": \"live\", \"version\": \"7\", \"when\": \"before\"}
It passes by returning nothing, null, {}, true, \"Succeeded\", {\"status\": \"Succeeded\"} or {\"statusCode\": 200} (any 2xx).
Anything else, and an error, fails it, and everything goes back; \"reason\" or \"errorMessage\" is printed as the reason.

Exit codes: 0 it is shown, 64 the plan or the command line is wrong.")]
pub(crate) struct Args {
    #[command(flatten)]
    plan: PlanFile,
    /// The region [default: the plan's, or the one that `onebox release start` finds]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let plan = args.plan.read(args.region.as_deref())?;
    // What `start` refuses is refused here as well.
    zip::pin(&mut plan.clone(), args.plan.folder())?;
    show(&plan, args.json)
}

/// Prints what a release of this plan will do.
pub(crate) fn show(plan: &Plan, json: bool) -> Result<Exit, Failure> {
    let now = clock::timestamp();
    let timeline = timeline(plan, now, &[]);
    let mut out = anstream::stdout().lock();
    written(match json {
        true => writeln!(out, "{}", object(plan, &timeline, now)),
        false => print(&mut out, plan, &timeline, now),
    })
}

fn object(plan: &Plan, timeline: &Timeline, now: Timestamp) -> Value {
    let hook = |(when, hook, function): (&str, &str, &str)| json!({ "when": when, "hook": hook, "function": function });
    let moment = |moment: &Moment| {
        let mut object = json!(moment);
        object["text"] = moment.to_string().into();
        object["after"] = json!(seconds(now, moment.at));
        object
    };
    json!({
        "release": plan.id,
        "region": plan.region,
        "via": plan.via,
        "began": now,
        "moments": timeline.moments.iter().map(moment).collect::<Vec<_>>(),
        "alarms": timeline.alarms,
        "ignored": plan.ignored,
        "hooks": hooks(plan).map(hook).collect::<Vec<_>>(),
        "polls": timeline.polls,
        "calls": timeline.calls,
        "ends": timeline.ends,
        "ending": timeline.ending,
    })
}

fn print(out: &mut impl Write, plan: &Plan, timeline: &Timeline, now: Timestamp) -> io::Result<()> {
    let by = match plan.via {
        Via::Lambda => "moved by UpdateAlias",
        Via::CodeDeploy => "moved by CodeDeploy",
    };
    let region = plan.region.as_ref().map_or_else(String::new, |region| format!(", in {region}"));
    writeln!(out, "{}: {by}{region}. If it began now, and nothing went wrong:\n", plan.id)?;
    let after = |at: Timestamp| format!("+{}", words(Duration::try_from(at.duration_since(now)).unwrap_or_default()));
    let width = timeline.moments.iter().map(|moment| after(moment.at).len()).max().unwrap_or_default();
    for moment in &timeline.moments {
        writeln!(out, "  {:.0}  {:>width$}  {moment}", moment.at, after(moment.at))?;
    }
    writeln!(out, "\nAlarms, looked at every {}:", words(plan.poll))?;
    for Watched { alarm, from, to } in &timeline.alarms {
        writeln!(out, "  {alarm}  {} to {}", after(*from), after(*to))?;
    }
    for ignored in &plan.ignored {
        writeln!(out, "  {}  is ignored: {}", ignored.alarm, ignored.because)?;
    }
    if timeline.alarms.is_empty() && plan.ignored.is_empty() {
        writeln!(out, "  none: nothing but a hook or a person will stop this release")?;
    }
    let mut hooks = hooks(plan).peekable();
    if hooks.peek().is_some() {
        writeln!(out, "\nHooks:")?;
    }
    for (when, hook, function) in hooks {
        writeln!(out, "  {hook}  {when} the traffic of {function}")?;
    }
    writeln!(out, "\nCalls of AWS ({} looks at alarms and traffic):", timeline.polls)?;
    let calls: &BTreeMap<_, _> = &timeline.calls;
    for (operation, count) in calls {
        writeln!(out, "  {count:>6}  {operation}")?;
    }
    Ok(())
}

/// The hooks of a plan: when, which, and for which function.
fn hooks(plan: &Plan) -> impl Iterator<Item = (&'static str, &str, &str)> {
    plan.shifts().flat_map(|(_, shift)| {
        let (before, after) = (shift.before.as_deref(), shift.after.as_deref());
        let all = [("before", before), ("after", after)].into_iter();
        all.filter_map(|(when, hook)| Some((when, hook?, &*shift.function)))
    })
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}

/// A time in few words: `1h 5m`, `90s` as `1m 30s`, `200ms`.
fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        (u64::from(time.subsec_millis()), "ms"),
    ];
    let parts: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_few_words() {
        for (millis, said) in [(0, "0s"), (200, "200ms"), (90_000, "1m 30s"), (3_900_000, "1h 5m"), (86_400_000, "1d")]
        {
            assert_eq!(words(Duration::from_millis(millis)), said);
        }
    }
}
