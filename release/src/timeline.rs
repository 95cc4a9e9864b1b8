//! What a release will do if nothing goes wrong: the machine itself is asked, with a clock that jumps.

mod ideal;

use std::{collections::BTreeMap, fmt, mem};

use jiff::Timestamp;
use serde::Serialize;

use self::ideal::Ideal;
use crate::{Call, Effect, Ending, Event, Executed, Input, Pause, Percent, Plan, Stage, State, advance};

/// The most steps that are looked at: a month of polls, ten seconds apart, is a quarter of a million.
const MOST_STEPS: u32 = 3_000_000;

/// What a release will do if nothing goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Timeline {
    /// What happens, in its order.
    pub moments: Vec<Moment>,
    /// The alarms that are looked at, in the order in which that begins.
    pub alarms: Vec<Watched>,
    /// How often the release wakes to look at alarms, traffic or deployments.
    pub polls: u64,
    /// How many calls of AWS are made, by operation.
    pub calls: BTreeMap<&'static str, u64>,
    /// When it is over.
    pub ends: Timestamp,
    /// How.
    pub ending: Ending,
}

/// One thing that will happen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    /// When, if no approval is waited for before.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What will happen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum What {
    /// What the release itself will tell.
    Event(Event),
    /// A person's approval is waited for, for as long as it takes; the times after it count from there.
    Approval(Approval),
}

/// An approval that will be waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename = "approval", rename_all = "kebab-case")]
pub struct Approval {
    /// The function.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The new version's part meanwhile.
    pub percent: Percent,
}

/// An alarm that is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Watched {
    /// Its name.
    pub alarm: String,
    /// The first time.
    pub from: Timestamp,
    /// The last time.
    pub to: Timestamp,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Event(event) => write!(f, "{event}"),
            What::Approval(Approval { function, alias, percent }) => {
                write!(f, "{function}:{alias}: waits for approval at {percent}")
            }
        }
    }
}

/// What a release that begins now will do if nothing goes wrong: every call succeeds at once, alarms are quiet, traffic
/// is ample and without errors, and approvals come when they are asked for.
///
/// Aliases stand on the versions that were found; where none was, on a version that is called `current`.
///
/// ```
/// use onebox_release::{Plan, timeline};
/// use serde_json::json;
///
/// let plan = Plan::read(&json!({
///     "release": { "id": "web-1" },
///     "backend": [{ "function": "orders", "alias": "live", "target": "7", "strategy": "Canary10Percent5Minutes" }],
/// })).unwrap();
/// let timeline = timeline(&plan, "2026-11-20T12:00:00Z".parse()?, &[]);
/// let lines: Vec<_> = timeline.moments.iter().map(|moment| format!("{} {moment}", moment.at)).collect();
/// assert!(lines.contains(&"2026-11-20T12:05:00Z orders:live: 100 % on version 7, the rest on current".to_owned()));
/// assert_eq!(timeline.calls["UpdateAlias"], 2);
/// # Ok::<(), jiff::Error>(())
/// ```
#[must_use]
pub fn timeline(plan: &Plan, now: Timestamp, found: &[Executed]) -> Timeline {
    let mut told = Timeline {
        moments: Vec::new(),
        alarms: Vec::new(),
        polls: 0,
        calls: BTreeMap::new(),
        ends: now,
        ending: Ending::Stuck(
            "the release has more steps than can be shown: shorten it, or poll less often".to_owned(),
        ),
    };
    let mut ideal = Ideal::new(plan, found);
    let mut state = State::new(plan, now);
    let mut input = Input::Resume;
    for _ in 0..MOST_STEPS {
        let (mut next, effect) = advance(plan, state, told.ends, input);
        told.hear(mem::take(&mut next.events));
        state = next;
        input = match effect {
            Effect::Call { calls, .. } => {
                told.count(&calls);
                Input::Answers(calls.iter().map(|call| ideal.answer(call, told.ends)).collect())
            }
            Effect::Wait { until } => told.wait(&awaited(plan, &state), until),
            Effect::Stop { ending } => {
                told.ending = ending;
                break;
            }
        };
    }
    told
}

impl Timeline {
    /// What was told, without what only an order brings about.
    fn hear(&mut self, events: Vec<Event>) {
        let planned = events.into_iter().filter(|event| !matches!(event, Event::Ordered { .. } | Event::Judged { .. }));
        let at = self.ends;
        self.moments.extend(planned.map(|event| Moment { at, what: What::Event(event) }));
    }

    fn count(&mut self, calls: &[Call]) {
        for call in calls {
            *self.calls.entry(call.operation()).or_default() += 1;
            let Call::DescribeAlarms { names } = call else { continue };
            for name in names {
                match self.alarms.iter_mut().find(|watched| watched.alarm == *name) {
                    Some(watched) => watched.to = self.ends,
                    None => self.alarms.push(Watched { alarm: name.clone(), from: self.ends, to: self.ends }),
                }
            }
        }
    }

    /// What comes after a wait: an approval, where nothing else is waited for, or the time.
    fn wait(&mut self, awaited: &[Approval], until: Timestamp) -> Input {
        if awaited.is_empty() {
            self.ends = self.ends.max(until);
            self.polls += 1;
            return Input::Woke;
        }
        let at = self.ends;
        self.moments.extend(awaited.iter().cloned().map(|approval| Moment { at, what: What::Approval(approval) }));
        Input::Promote("as planned".to_owned())
    }
}

/// The approvals that are waited for, where only they are: an order would cut every other wait short.
fn awaited(plan: &Plan, state: &State) -> Vec<Approval> {
    let Stage::Shift(group) = state.stage else { return Vec::new() };
    let lanes = plan.shifts().zip(&state.lanes).filter(|(_, lane)| lane.group == group && lane.percent < Percent::ALL);
    let approvals = lanes.map(|((_, shift), lane)| {
        let steps = shift.strategy.steps();
        let taken = steps.get(lane.step.checked_sub(1)?)?;
        (taken.then == Pause::Approval).then(|| Approval {
            function: lane.function.clone(),
            alias: lane.alias.clone(),
            percent: lane.percent,
        })
    });
    approvals.collect::<Option<_>>().unwrap_or_default()
}
