//! What a release will do if nothing goes wrong: the machine itself is asked, with a clock that jumps.

mod ideal;

use std::{collections::BTreeMap, fmt, mem, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use self::ideal::Ideal;
use crate::{
    Alarm, Call, Effect, Ending, Event, Executed, Group, Input, Pause, Percent, Plan, Stage, State, Strategy, advance,
};

/// The most polls that are gone through one by one: those of a week, ten seconds apart, are 60,480.
const MOST_POLLS: u128 = 100_000;

/// More steps than those polls and everything between them take.
const MOST_STEPS: u32 = 3_000_000;

/// What is called at every poll.
const POLLED: [&str; 2] = ["DescribeAlarms", "GetDeployment"];

/// What a release will do if nothing goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Timeline {
    /// What happens, in its order.
    pub moments: Vec<Moment>,
    /// The alarms that are looked at, in the order in which that begins.
    pub alarms: Vec<Watched>,
    /// How often the release wakes to look at alarms, traffic or deployments; where that is more than 100,000 times,
    /// about.
    pub polls: u64,
    /// How many calls of AWS are made, by operation; of those that are made at every poll, as exactly.
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
/// assert!(lines.contains(&"2026-11-20T12:05:00Z orders:live: 100 % on version 7".to_owned()));
/// assert_eq!(timeline.calls["UpdateAlias"], 2);
/// # Ok::<(), jiff::Error>(())
/// ```
#[must_use]
pub fn timeline(plan: &Plan, now: Timestamp, found: &[Executed]) -> Timeline {
    let many = many(plan);
    let plan = &Plan { poll: plan.poll.saturating_mul(many), ..plan.clone() };
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
        told.ask(plan, &state);
        input = match effect {
            Effect::Call { calls, .. } => {
                told.count(&calls);
                Input::Answers(calls.iter().map(|call| ideal.answer(call, told.ends)).collect())
            }
            Effect::Wait { .. } if only_asks(plan, &state) => Input::Promote("as planned".to_owned()),
            Effect::Wait { until } => {
                told.ends = told.ends.max(until);
                told.polls += u64::from(many);
                Input::Woke
            }
            Effect::Stop { ending } => {
                told.ending = ending;
                break;
            }
        };
    }
    for (_, count) in told.calls.iter_mut().filter(|(operation, _)| POLLED.contains(operation)) {
        *count *= u64::from(many);
    }
    told
}

/// How many polls are taken for one: 1, where there are not too many.
fn many(plan: &Plan) -> u32 {
    let groups = [Group::Backends, Group::OneBox, Group::Regular].map(|group| {
        let shifts = plan.shifts().filter(|(of, _)| *of == group);
        shifts.map(|(_, shift)| shift.strategy.duration()).max().unwrap_or_default()
    });
    let spans = groups.into_iter().chain([plan.bake, plan.final_bake]);
    let whole = spans.fold(Duration::ZERO, Duration::saturating_add);
    let polls = whole.as_millis() / plan.poll.as_millis().max(1);
    u32::try_from(polls.div_ceil(MOST_POLLS)).unwrap_or(u32::MAX).max(1)
}

impl Timeline {
    /// What was told, without what only orders and traffic bring about, what is said about an approval, and the account:
    /// the ideal one is no account of the user's.
    fn hear(&mut self, events: Vec<Event>) {
        let planned = |event: &Event| match event {
            Event::Ordered { .. } | Event::Judged { .. } | Event::Located { .. } => false,
            Event::Held { reason } => !reason.contains("until a person approves"),
            _ => true,
        };
        let at = self.ends;
        let planned = events.into_iter().filter(planned);
        self.moments.extend(planned.map(|event| Moment { at, what: What::Event(event) }));
    }

    /// Every approval, when it is asked for.
    fn ask(&mut self, plan: &Plan, state: &State) {
        for approval in moving(plan, state).flatten() {
            let what = What::Approval(approval);
            if !self.moments.iter().any(|moment| moment.what == what) {
                self.moments.push(Moment { at: self.ends, what });
            }
        }
    }

    fn count(&mut self, calls: &[Call]) {
        for call in calls {
            *self.calls.entry(call.operation()).or_default() += 1;
            let Call::DescribeAlarms { names, region } = call else { continue };
            for name in names {
                let alarm = Alarm { region: region.clone(), ..Alarm::named(name) }.to_string();
                match self.alarms.iter_mut().find(|watched| watched.alarm == alarm) {
                    Some(watched) => watched.to = self.ends,
                    None => self.alarms.push(Watched { alarm, from: self.ends, to: self.ends }),
                }
            }
        }
    }
}

/// Every alias that is on its way, with the approval that it waits for, if it does.
fn moving<'a>(plan: &'a Plan, state: &'a State) -> impl Iterator<Item = Option<Approval>> + 'a {
    let is_moving = |lane: &crate::Lane| state.stage == Stage::Shift(lane.group) && lane.percent < Percent::ALL;
    plan.shifts().zip(&state.lanes).filter(move |(_, lane)| is_moving(lane)).map(|((_, shift), lane)| {
        // Only a list has approvals.
        let Strategy::Steps(_) = shift.strategy else { return None };
        let steps = shift.strategy.steps();
        let taken = steps.get(lane.step.checked_sub(1)?)?;
        let (function, alias) = (lane.function.clone(), lane.alias.clone());
        (taken.then == Pause::Approval).then_some(Approval { function, alias, percent: lane.percent })
    })
}

/// Whether only approvals are waited for: an order would cut every other wait short.
fn only_asks(plan: &Plan, state: &State) -> bool {
    moving(plan, state).all(|approval| approval.is_some()) && moving(plan, state).next().is_some()
}
