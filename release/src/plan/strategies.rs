//! The strategies of a plan: a name, or a table with one shape.

use std::time::Duration;

use serde_json::Value;

use super::{
    fields::{Problems, Table, kind},
    rules,
};
use crate::{Pause, Percent, Step, Strategy};

/// Reads the strategy that stands at a path.
pub(super) fn read(path: &str, value: &Value, problems: &mut Problems) -> Option<Strategy> {
    let strategy = match value {
        Value::String(name) => problems.checked(path, name.parse()),
        Value::Object(_) => shape(path, value, problems),
        other => {
            problems.add(path, format!("expected a strategy's name or a table with its shape, found {}", kind(other)));
            None
        }
    }?;
    if strategy.duration() > rules::LONGEST {
        problems.add(path, format!("takes {} days: expected at most 30", strategy.duration().as_secs() / 86_400));
    }
    Some(strategy)
}

fn shape(path: &str, value: &Value, problems: &mut Problems) -> Option<Strategy> {
    let mut table = Table::open(path, value, problems)?;
    let canary = table.table("canary", problems).map(|table| canary(table, problems));
    let linear = table.table("linear", problems).map(|table| linear(table, problems));
    let exponential = table.table("exponential", problems).map(|table| exponential(table, problems));
    let steps = table.get("steps").map(|_| steps(&mut table, problems));
    let names = ["canary", "linear", "exponential", "steps"];
    let shapes = names.into_iter().filter(|name| table.get(name).is_some()).count();
    if shapes != 1 {
        let message = format!("expected one of {}, found {shapes} of them", names.join(", "));
        problems.add(path, message);
    }
    table.close(problems);
    canary.or(linear).or(exponential).or(steps).flatten()
}

fn canary(mut table: Table<'_>, problems: &mut Problems) -> Option<Strategy> {
    let percent = table.required("percent", problems, part);
    let wait = table.required("wait", problems, rules::duration);
    table.close(problems);
    Some(Strategy::Canary { percent: percent?, wait: wait? })
}

fn linear(mut table: Table<'_>, problems: &mut Problems) -> Option<Strategy> {
    let percent = table.required("percent", problems, part);
    let every = table.required("every", problems, rules::duration);
    table.close(problems);
    Some(Strategy::Linear { percent: percent?, every: every? })
}

fn exponential(mut table: Table<'_>, problems: &mut Problems) -> Option<Strategy> {
    let first = table.required("first", problems, part);
    let factor = table.required("factor", problems, factor);
    let every = table.required("every", problems, rules::duration);
    table.close(problems);
    Some(Strategy::Exponential { first: first?, factor: factor?, every: every? })
}

/// A part that leaves something for the next step.
fn part(value: &Value) -> Result<Percent, String> {
    match rules::percent(value)? {
        Percent::ALL => Err("expected less than 100 %: everything at once is \"AllAtOnce\"".to_owned()),
        part => Ok(part),
    }
}

/// A factor above one, in hundredths.
fn factor(value: &Value) -> Result<u32, String> {
    const EXPECTED: &str = "expected a factor above 1 and at most 100, with up to two decimals, such as 2 or 1.5";
    let Value::Number(number) = value else { return Err(format!("{EXPECTED}, found {}", kind(value))) };
    let hundredths = number.as_f64().map(|factor| factor * 100.0);
    let fits = |hundredths: &f64| {
        (101.0..=10_000.0).contains(&hundredths.round()) && (hundredths - hundredths.round()).abs() < 1e-6
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "101 to 10,000 fits")]
    let whole = |hundredths: f64| hundredths.round() as u32;
    hundredths.filter(fits).map(whole).ok_or_else(|| format!("{EXPECTED}, found {number}"))
}

fn steps(table: &mut Table<'_>, problems: &mut Problems) -> Option<Strategy> {
    let example = "such as [{ percent = 1, wait = \"10m\" }, { percent = 50, approval = true }]";
    let items = table.list("steps", example, problems);
    if items.is_empty() && matches!(table.get("steps"), Some(Value::Array(_))) {
        problems.add(table.at("steps"), format!("expected at least one step, {example}"));
    }
    let mut reached = Percent::NONE;
    let steps: Vec<_> = items
        .into_iter()
        .map(|(path, value)| {
            let step = Table::open(path.as_str(), value, problems).and_then(|table| step(table, problems))?;
            if step.percent <= reached {
                problems.add(format!("{path}.percent"), format!("expected more than the {reached} before it"));
            }
            reached = reached.max(step.percent);
            Some(step)
        })
        .collect();
    let steps: Vec<_> = steps.into_iter().collect::<Option<_>>()?;
    (!steps.is_empty()).then_some(Strategy::Steps(steps))
}

fn step(mut table: Table<'_>, problems: &mut Problems) -> Option<Step> {
    let percent = table.required("percent", problems, rules::percent);
    let wait = table.optional("wait", problems, rules::duration);
    let approval = table.optional("approval", problems, |value| match value {
        Value::Bool(true) => Ok(()),
        Value::Bool(false) => Err("expected true: leave it out where no approval is needed".to_owned()),
        other => Err(format!("expected true, found {}", kind(other))),
    });
    let last = percent == Some(Percent::ALL);
    let (waits, approved) = (table.get("wait").is_some(), table.get("approval").is_some());
    if last && (waits || approved) {
        let what = if waits { "wait" } else { "approval" };
        problems.add(table.at(what), "comes after everything has moved: remove it; a bake follows the last step");
    } else if waits && approved {
        problems.add(table.at("approval"), "stands beside a wait: give one of them");
    } else if percent.is_some() && !last && !waits && !approved {
        problems.add(table.at("wait"), "is missing: a wait such as \"10m\", or approval = true");
    }
    table.close(problems);
    let then = match (wait, approval) {
        (_, Some(())) => Pause::Approval,
        (wait, None) => Pause::For(wait.unwrap_or(Duration::ZERO)),
    };
    Some(Step { percent: percent?, then })
}
