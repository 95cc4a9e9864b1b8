//! The decisions of a bake: what was seen goes in, what is to be done comes out.

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use onebox_release::{Alarm, AlarmChange, AlarmState, AlarmView, MissingData};
use serde::{Deserialize, Serialize};

use super::Properties;
use crate::clock::{after, until};

/// What is left to an invocation when it hands over: enough to answer CloudFormation, with every retry.
pub(crate) const MARGIN: Duration = Duration::from_secs(15);

/// So many polls may lie between two looks, and so much time however short a poll is: another invocation has to begin.
const POLLS: u32 = 3;
const SHORTEST: Duration = Duration::from_secs(5);

/// How much an item of the history may be older than the change that it tells of.
const TOLERANCE: Duration = Duration::from_secs(5);

/// How often a bake hands over to itself at most. Lambda ends a chain of about 16 invocations as a loop:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>.
const MOST_ROUNDS: u32 = 12;

/// What a bake carries from one invocation to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Watch {
    /// When it began.
    pub started: Timestamp,
    /// How often alarms were read.
    pub polls: u32,
    /// How many invocations there were before this one.
    pub rounds: u32,
    /// Whether every alarm was there once.
    pub seen: bool,
    /// When alarms were last read.
    #[serde(default)]
    pub looked: Option<Timestamp>,
    /// How long nobody looked: the bake takes that much longer.
    #[serde(default)]
    pub unwatched: Duration,
    /// When the state of each alarm changed last, by CloudWatch's clock, as far as that is accounted for.
    #[serde(default)]
    pub changed: BTreeMap<String, Timestamp>,
    /// The alarms whose history has to be read, and what else is missing for all to be well.
    #[serde(default, skip)]
    pub(super) pending: (Vec<(Alarm, AlarmView)>, Option<String>),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// An invocation begins.
    Begun,
    /// The time has come.
    Woke,
    /// The alarms that exist, region by region in any order; or why they could not be read.
    Read(Result<Vec<(Option<String>, AlarmView)>, String>),
    /// What the alarms were, in the order in which that was asked for; or why it could not be read.
    History(Vec<Result<Vec<AlarmChange>, String>>),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read the alarms.
    Read,
    /// Read what these alarms were after these times.
    History(Vec<(Alarm, Timestamp)>),
    /// Do nothing before this time.
    Wait(Timestamp),
    /// Invoke the same function again, with what the bake carries, and end.
    HandOver,
    /// Tell CloudFormation that all is well, in these words.
    Succeed(String),
    /// Tell CloudFormation to roll back, for this reason.
    Fail(String),
}

impl Watch {
    /// A bake that begins.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            started: now,
            polls: 0,
            rounds: 0,
            seen: false,
            looked: None,
            unwatched: Duration::ZERO,
            changed: BTreeMap::new(),
            pending: Default::default(),
        }
    }

    /// Takes one step. `deadline` is when Lambda ends this invocation.
    #[must_use]
    pub fn advance(
        mut self,
        properties: &Properties,
        deadline: Timestamp,
        now: Timestamp,
        input: Input,
    ) -> (Self, Action) {
        let action = match input {
            Input::Begun => self.begin(properties, deadline, now),
            Input::Woke => Action::Read,
            Input::Read(read) => {
                self.polls = self.polls.saturating_add(1);
                self.watched_until(properties, now);
                match self.look(properties, now, read) {
                    Err(fail) => Action::Fail(fail),
                    Ok(missing) if self.pending.0.is_empty() => self.judge(properties, deadline, now, missing),
                    Ok(missing) => {
                        self.pending.1 = missing;
                        let after = |(alarm, _): &(Alarm, AlarmView)| {
                            Some((alarm.clone(), *self.changed.get(&alarm.to_string())?))
                        };
                        Action::History(self.pending.0.iter().filter_map(after).collect())
                    }
                }
            }
            Input::History(histories) => match self.look_back(histories) {
                Err(fail) => Action::Fail(fail),
                Ok(missing) => self.judge(properties, deadline, now, missing),
            },
        };
        if action == Action::HandOver {
            self.rounds += 1;
        }
        (self, action)
    }

    fn begin(&self, properties: &Properties, deadline: Timestamp, now: Timestamp) -> Action {
        let window = until(now, deadline).saturating_sub(MARGIN);
        if self.rounds == 0 && properties.duration > window.saturating_mul(MOST_ROUNDS) {
            return Action::Fail(format!(
                "this function may run for {} s, which is too short to bake for {}: set its Timeout to 900",
                until(now, deadline).as_secs(),
                span(properties.duration)
            ));
        }
        Action::Read
    }

    fn judge(
        &mut self,
        properties: &Properties,
        deadline: Timestamp,
        now: Timestamp,
        missing: Option<String>,
    ) -> Action {
        let end = after(self.started, properties.duration.saturating_add(self.unwatched));
        let last = after(self.started, properties.patience);
        let next = after(now, properties.poll);
        match &missing {
            None if now >= end => {
                let unwatched = match self.unwatched {
                    Duration::ZERO => String::new(),
                    time => format!(", and {} more for as long as nobody looked", span(time)),
                };
                return Action::Succeed(format!(
                    "every alarm was OK at the end of {}, read {} times{unwatched}",
                    span(properties.duration),
                    self.polls
                ));
            }
            None if end > last => {
                return Action::Fail(format!(
                    "not proven: nobody looked at the alarms for {}, and CloudFormation does not wait as long as that is \
                     made up for",
                    span(self.unwatched)
                ));
            }
            Some(missing) if next > last => {
                return Action::Fail(format!(
                    "not proven: {missing}; held until {} after the beginning, CloudFormation waits no longer. Look into the \
                     alarm, or ignore it by name with IgnoreAlarms",
                    span(until(self.started, now))
                ));
            }
            _ => {}
        }
        // The last look is at the end, not a poll's time after it.
        let next = if now < end { next.min(end) } else { next };
        if after(next, MARGIN) < deadline {
            return Action::Wait(next);
        }
        match self.rounds < MOST_ROUNDS {
            true => Action::HandOver,
            false => Action::Fail(format!(
                "not proven: {} after {MOST_ROUNDS} invocations, and Lambda would take one more for a loop; set this \
                 function's Timeout to 900",
                missing.as_deref().unwrap_or("the bake is not over")
            )),
        }
    }

    /// What is missing for all to be well; or why it is not.
    fn look(
        &mut self,
        properties: &Properties,
        now: Timestamp,
        read: Result<Vec<(Option<String>, AlarmView)>, String>,
    ) -> Result<Option<String>, String> {
        let alarms = match read {
            Ok(alarms) => alarms,
            Err(why) => return Ok(Some(format!("the alarms could not be read: {why}"))),
        };
        let view = |of: &Alarm| {
            alarms.iter().find(|(region, view)| *region == of.region && view.name == of.name).map(|(_, view)| view)
        };
        let shown = |alarm: &Alarm, view: &AlarmView| {
            format!("{alarm} ({})", view.reason.as_deref().unwrap_or("it gives no reason"))
        };
        let in_state = |state, policy: fn(MissingData) -> bool| {
            let found = properties.alarms.iter().filter_map(|alarm| Some((alarm, view(alarm)?)));
            let found = found.filter(|(alarm, view)| view.state == state && policy(alarm.missing_data));
            found.map(|(alarm, view)| shown(alarm, view)).collect::<Vec<_>>().join(", ")
        };
        let starved = in_state(AlarmState::InsufficientData, |policy| policy == MissingData::RollBack);
        if !starved.is_empty() {
            return Err(format!("no data, and by MissingData that is as bad as ALARM: {starved}"));
        }
        let fired = in_state(AlarmState::Alarm, |_| true);
        if !fired.is_empty() {
            return Err(match self.polls {
                1 => format!(
                    "in ALARM before the bake began: {fired}; wait until it is OK, or ignore it with IgnoreAlarms"
                ),
                _ => format!("in ALARM {} into the bake: {fired}", span(until(self.started, now))),
            });
        }
        let absent: Vec<_> =
            properties.alarms.iter().filter(|alarm| view(alarm).is_none()).map(Alarm::to_string).collect();
        let absent = absent.join(", ");
        match (absent.is_empty(), self.seen) {
            (true, _) => self.seen = true,
            (false, true) => return Ok(Some(format!("no such alarm any more: {absent}"))),
            (false, false) => {
                return Err(format!(
                    "no such alarm: {absent}; create it in this region before the bake, with DependsOn"
                ));
            }
        }
        for alarm in &properties.alarms {
            let Some((view, last)) = view(alarm).and_then(|view| Some((view, view.changed?))) else { continue };
            match self.changed.get(&alarm.to_string()) {
                Some(after) if last > *after => self.pending.0.push((alarm.clone(), view.clone())),
                Some(_) => {}
                None => drop(self.changed.insert(alarm.to_string(), last)),
            }
        }
        let silent = in_state(AlarmState::InsufficientData, |policy| policy == MissingData::Hold);
        Ok((!silent.is_empty()).then(|| format!("INSUFFICIENT_DATA says nothing about health: {silent}")))
    }
}

impl Watch {
    /// Alarms were read. Where that was long after the last time nobody knows whether this function ran at all.
    fn watched_until(&mut self, properties: &Properties, now: Timestamp) {
        let gap = self.looked.replace(now).map(|looked| until(looked, now)).unwrap_or_default();
        if gap > properties.poll.saturating_mul(POLLS).max(SHORTEST) {
            self.unwatched = self.unwatched.saturating_add(gap);
        }
    }

    /// What the alarms that changed were since the last look.
    fn look_back(&mut self, histories: Vec<Result<Vec<AlarmChange>, String>>) -> Result<Option<String>, String> {
        let (pending, mut missing) = std::mem::take(&mut self.pending);
        for ((alarm, view), history) in pending.into_iter().zip(histories) {
            let name = alarm.to_string();
            let unknown = |why: &str| format!("what the alarm {name} was since the last look is not known: {why}");
            let (Some(after), Some(last)) = (self.changed.get(&name).copied(), view.changed) else { continue };
            let history = match history {
                Ok(history) => history,
                Err(why) => {
                    missing.get_or_insert_with(|| unknown(&why));
                    continue;
                }
            };
            let mut past = history.iter().filter(|change| change.at > after);
            if let Some(fired) = past.clone().find(|change| change.to == AlarmState::Alarm) {
                return Err(format!("in ALARM at {:.0}, between two looks: {name}", fired.at));
            }
            let starved = past.clone().any(|change| change.to == AlarmState::InsufficientData);
            if starved && alarm.missing_data == MissingData::RollBack {
                return Err(format!("no data between two looks, and by MissingData that is as bad as ALARM: {name}"));
            }
            // The history may lag behind: it has to lead to what was seen.
            if past.any(|change| change.to == view.state && crate::clock::after(change.at, TOLERANCE) >= last) {
                self.changed.insert(name, last);
            } else {
                missing.get_or_insert_with(|| unknown("its history does not tell yet"));
            }
        }
        Ok(missing)
    }
}

/// A time for people, in whole seconds.
pub(crate) fn span(span: Duration) -> String {
    match (span.as_secs() / 60, span.as_secs() % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
