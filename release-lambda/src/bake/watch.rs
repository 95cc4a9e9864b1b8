//! The decisions of a bake: what was seen goes in, what is to be done comes out.

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OK: AlarmState = AlarmState::Ok;
    const ALARM: AlarmState = AlarmState::Alarm;
    const SILENT: AlarmState = AlarmState::InsufficientData;

    /// So many seconds after the beginning.
    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn properties() -> Properties {
        Properties::read(&json!({ "Duration": "30m", "Alarms": ["a", "b"], "PollSeconds": 10 })).unwrap()
    }

    fn alarm(name: &str, state: AlarmState) -> (Option<String>, AlarmView) {
        (None, AlarmView { reason: Some("1 > 0".into()), ..AlarmView::new(name, state) })
    }

    /// Both are OK; the first changed last at this time.
    fn changed(seconds: i64) -> Input {
        let (region, view) = alarm("a", OK);
        Input::Read(Ok(vec![(region, AlarmView { changed: Some(at(seconds)), ..view }), alarm("b", OK)]))
    }

    #[test]
    fn an_alarm_that_fired_and_recovered_between_two_looks_fails() {
        let (watch, _) = advance(under_way(), 100, changed(-500));
        assert_eq!(
            advance(watch.clone(), 110, changed(-500)).1,
            Action::Wait(at(120)),
            "what was before is of no interest"
        );
        let (watch, action) = advance(watch, 110, changed(108));
        assert_eq!(action, Action::History(vec![(Alarm::named("a"), at(-500))]));
        let change = |seconds, to| AlarmChange { at: at(seconds), to };
        let past = Input::History(vec![Ok(vec![change(105, ALARM), change(108, OK)])]);
        let reason = failed(advance(watch.clone(), 110, past).1);
        assert!(reason.starts_with("in ALARM at ") && reason.ends_with("between two looks: a"), "{reason}");
        let past = Input::History(vec![Ok(vec![change(105, SILENT), change(108, OK)])]);
        let (then, action) = advance(watch.clone(), 110, past);
        assert_eq!((then.changed["a"], action), (at(108), Action::Wait(at(120))));
        // What cannot be read, or does not tell yet, is asked for again.
        for unknown in [Err("AccessDenied".to_owned()), Ok(vec![]), Ok(vec![change(105, SILENT)])] {
            let (then, action) = advance(watch.clone(), 1_800, Input::History(vec![unknown]));
            assert_eq!((then.changed["a"], action), (at(-500), Action::Wait(at(1_810))), "held");
        }
    }

    #[test]
    fn what_nobody_watched_is_made_up_for() {
        let (watch, _) = advance(under_way(), 100, alarms(OK, OK));
        let (watch, _) = advance(watch, 130, alarms(OK, OK));
        assert_eq!(watch.unwatched, Duration::ZERO, "a little late counts");
        let (watch, _) = advance(watch, 430, alarms(OK, OK));
        assert_eq!(watch.unwatched, Duration::from_secs(300));
        let watch = Watch { looked: Some(at(1_795)), ..watch };
        assert_eq!(advance(watch.clone(), 1_800, alarms(OK, OK)).1, Action::Wait(at(1_810)));
        let watch = Watch { looked: Some(at(2_095)), ..watch };
        let (_, Action::Succeed(said)) = advance(watch, 2_100, alarms(OK, OK)) else { panic!("expected success") };
        assert!(said.contains("5 min more"), "{said}");
        let (_, action) = advance(Watch { looked: Some(at(100)), ..under_way() }, 2_000, alarms(OK, OK));
        assert!(failed(action).contains("nobody looked at the alarms for 31 min 40 s"));
    }

    #[test]
    fn each_alarm_says_what_missing_data_means() {
        let with = |policy: &str| {
            let alarms = json!([{ "Alarm": "a", "MissingData": policy }]);
            let properties = Properties::read(&json!({ "Duration": "30m", "Alarms": alarms })).unwrap();
            under_way().advance(&properties, at(2_400), at(1_800), Input::Read(Ok(vec![alarm("a", SILENT)]))).1
        };
        assert!(matches!(with("ok"), Action::Succeed(_)));
        assert!(matches!(with("hold"), Action::Wait(_)));
        assert!(matches!(with("roll-back"), Action::Fail(_)));
    }

    fn alarms(a: AlarmState, b: AlarmState) -> Input {
        Input::Read(Ok(vec![alarm("b", b), alarm("a", a)]))
    }

    /// A bake under way, all of whose alarms were there.
    fn under_way() -> Watch {
        Watch { polls: 7, seen: true, ..Watch::new(at(0)) }
    }

    fn advance(watch: Watch, seconds: i64, input: Input) -> (Watch, Action) {
        watch.advance(&properties(), at(seconds + 600), at(seconds), input)
    }

    fn failed(action: Action) -> String {
        match action {
            Action::Fail(reason) => reason,
            other => panic!("expected a failure, not {other:?}"),
        }
    }

    #[test]
    fn it_reads_waits_and_succeeds_at_the_end() {
        let (watch, action) = advance(Watch::new(at(0)), 0, Input::Begun);
        assert_eq!(action, Action::Read);
        let (watch, action) = advance(watch, 0, alarms(OK, OK));
        assert_eq!(action, Action::Wait(at(10)));
        assert_eq!((watch.polls, watch.seen), (1, true));
        assert_eq!(advance(watch.clone(), 10, Input::Woke).1, Action::Read);
        assert_eq!(
            advance(Watch { looked: Some(at(1_790)), ..watch.clone() }, 1_795, alarms(OK, OK)).1,
            Action::Wait(at(1_800)),
            "the last look is at the end"
        );
        let (_, action) = advance(Watch { looked: Some(at(1_795)), ..watch }, 1_800, alarms(OK, OK));
        assert_eq!(action, Action::Succeed("every alarm was OK at the end of 30 min, read 2 times".into()));
    }

    #[test]
    fn one_alarm_is_enough_to_fail() {
        let reason = failed(advance(under_way(), 750, alarms(OK, ALARM)).1);
        assert_eq!(reason, "in ALARM 12 min 30 s into the bake: b (1 > 0)");
        assert!(
            failed(advance(under_way(), 1_800, alarms(ALARM, SILENT)).1).ends_with(": a (1 > 0)"),
            "also at the end"
        );
        let before = failed(advance(Watch::new(at(0)), 0, alarms(ALARM, ALARM)).1);
        assert!(before.starts_with("in ALARM before the bake began: a (1 > 0), b (1 > 0)"), "{before}");
    }

    #[test]
    fn an_alarm_that_never_was_is_a_mistake_and_one_that_vanished_is_waited_for() {
        let only_a = || Input::Read(Ok(vec![alarm("a", OK)]));
        assert!(failed(advance(Watch::new(at(0)), 0, only_a()).1).starts_with("no such alarm: b"));
        assert_eq!(advance(under_way(), 1_900, only_a()).1, Action::Wait(at(1_910)));
        assert!(failed(advance(under_way(), 3_475, only_a()).1).contains("no such alarm any more: b"));
    }

    #[test]
    fn what_says_nothing_holds_and_is_not_proven_in_the_end() {
        let unreadable = || Input::Read(Err("AccessDenied: not authorized".into()));
        for (input, said) in [
            (alarms(OK, SILENT), "INSUFFICIENT_DATA says nothing about health: b (1 > 0)"),
            (unreadable(), "could not be read: AccessDenied"),
        ] {
            assert_eq!(advance(under_way(), 900, input.clone()).1, Action::Wait(at(910)));
            assert_eq!(advance(under_way(), 1_800, input.clone()).1, Action::Wait(at(1_810)), "held");
            let reason = failed(advance(under_way(), 3_475, input).1);
            assert!(reason.starts_with("not proven: ") && reason.contains(said), "{reason}");
            assert!(reason.contains("57 min 55 s"), "{reason}");
        }
        assert!(matches!(advance(under_way(), 3_400, alarms(OK, OK)).1, Action::Succeed(_)), "held, then proven");
    }

    #[test]
    fn it_hands_over_before_lambda_ends_the_invocation() {
        let (properties, now) = (properties(), at(890));
        let step = |watch: Watch, deadline| watch.advance(&properties, deadline, now, alarms(OK, OK));
        assert_eq!(step(under_way(), at(916)).1, Action::Wait(at(900)));
        let (watch, action) = step(under_way(), at(915));
        assert_eq!((watch.rounds, action), (1, Action::HandOver));
        assert_eq!(watch.clone().advance(&properties, at(1_800), at(901), Input::Begun), (watch, Action::Read));
        let spent = Watch { rounds: MOST_ROUNDS, ..under_way() };
        assert!(failed(step(spent, at(900)).1).contains("Timeout to 900"));
    }

    #[test]
    fn a_function_that_may_run_for_seconds_only_is_refused_at_once() {
        for (seconds, fits) in [(3, false), (60, false), (164, false), (165, true), (900, true)] {
            let (_, action) = Watch::new(at(0)).advance(&properties(), at(seconds), at(0), Input::Begun);
            assert_eq!(action == Action::Read, fits, "{seconds}: {action:?}");
        }
    }

    #[test]
    fn a_bake_ends_whatever_is_read() {
        for input in [alarms(OK, OK), alarms(SILENT, OK), Input::Read(Err(String::new()))] {
            let (mut watch, mut now, mut deadline) = (Watch::new(at(0)), at(0), at(900));
            let mut next = Input::Begun;
            for step in 0.. {
                assert!(step < 2_000, "it goes on for ever");
                let (then, action) = watch.advance(&properties(), deadline, now, next);
                watch = then;
                next = match action {
                    Action::Read => input.clone(),
                    Action::Wait(time) => {
                        assert!(time > now && after(time, MARGIN) < deadline);
                        now = time;
                        Input::Woke
                    }
                    Action::History(_) => panic!("no alarm changed"),
                    Action::HandOver => {
                        deadline = after(now, Duration::from_secs(900));
                        Input::Begun
                    }
                    Action::Succeed(_) | Action::Fail(_) => break,
                };
            }
            assert!(now <= at(3_480), "answered before CloudFormation's hour is over");
            assert!(watch.rounds <= 4);
        }
    }
}
