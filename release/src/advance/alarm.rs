//! What alarms say, and what they said since the last look. One that fired, one that cannot be read, and one that has no
//! data are three things.
//!
//! An alarm that fired and recovered between two looks shows only the time of its last change. That time is compared with
//! the one that was shown before, CloudWatch's clock with CloudWatch's clock, and where it is later the alarm's history
//! says what it was meanwhile.

use std::time::Duration;

use jiff::Timestamp;

use super::{Heard, Machine, NAMES, time::later};
use crate::{
    AlarmChange, AlarmState, AlarmView, Answer, Call, CallError, Effect, Ending, Event, MissingData, Reply, Stage,
    state::{Alarms, Changed, Task},
};

/// How much an item of the history may be older than the change that it tells of: nobody documents that both times are
/// the same.
const TOLERANCE: Duration = Duration::from_secs(5);

/// An alarm that is watched.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) name: String,
    pub(super) region: Option<String>,
    /// As people read it.
    pub(super) text: String,
    missing: MissingData,
    /// The lane, where it is the alarm of its new version.
    own: Option<usize>,
}

impl Machine<'_> {
    /// Everything that is watched: the plan's alarms, and the release's own.
    pub(super) fn watched(&self) -> Vec<Watched> {
        let planned = self.plan.watched().map(|alarm| Watched {
            name: alarm.name.clone(),
            region: alarm.region.clone(),
            text: alarm.to_string(),
            missing: alarm.missing_data,
            own: None,
        });
        let own = self.state.armed.iter().map(|name| Watched {
            name: name.clone(),
            region: None,
            text: name.clone(),
            // It is new, and measures missing data as inside its bounds: that nothing ran yet is no news.
            missing: MissingData::Ok,
            own: self.state.lanes.iter().position(|lane| self.alarm_name(lane) == *name),
        });
        planned.chain(own).collect()
    }

    /// `DescribeAlarms` of everything that is watched, region by region.
    pub(super) fn alarm_calls(&self) -> Vec<Call> {
        let watched = self.watched();
        let mut regions: Vec<&Option<String>> = Vec::new();
        for alarm in &watched {
            if !regions.contains(&&alarm.region) {
                regions.push(&alarm.region);
            }
        }
        let calls = regions.into_iter().flat_map(|region| {
            let names: Vec<_> = watched.iter().filter(|of| of.region == *region).map(|of| of.name.clone()).collect();
            let call = |names: &[String]| Call::DescribeAlarms { names: names.to_vec(), region: region.clone() };
            names.chunks(NAMES).map(call).collect::<Vec<_>>()
        });
        calls.collect()
    }

    /// `DescribeAlarmHistory` of every alarm that changed.
    pub(super) fn history_calls(&self) -> Vec<Call> {
        let call = |changed: &Changed| Call::DescribeAlarmHistory {
            name: changed.name.clone(),
            region: changed.region.clone(),
            after: changed.after,
        };
        self.state.alarms.changed.iter().map(call).collect()
    }

    /// Whether an alarm changed since the last look, and its history is not read yet.
    pub(super) fn has_changed(&self) -> bool {
        !self.state.alarms.changed.is_empty()
    }

    /// Takes what alarms say, or what they said. A fired one puts everything back: that is the effect, then.
    pub(super) fn judge_alarms<'h>(&mut self, heard: impl Iterator<Item = (&'h Call, &'h Answer)>) -> Option<Effect> {
        let watched = self.watched();
        let mut now = Alarms { at: Some(self.now), ..Alarms::default() };
        let mut then = std::mem::take(&mut self.state.alarms);
        let mut is_history = false;
        for (call, answer) in heard {
            match call {
                Call::DescribeAlarms { names, region } => {
                    let of = watched.iter().enumerate();
                    let of = of.filter(|(_, alarm)| alarm.region == *region && names.contains(&alarm.name));
                    self.take_views(of, answer, &mut now);
                }
                Call::DescribeAlarmHistory { name, region, .. } => {
                    is_history = true;
                    let of = then.changed.iter().position(|of| (&of.name, &of.region) == (name, region));
                    let changed = of.map(|place| then.changed.remove(place));
                    if let Some(changed) = changed {
                        self.take_history(&watched, &changed, answer, &mut then);
                    }
                }
                _ => {}
            }
        }
        self.state.alarms = if is_history { then } else { now };
        if let Some(reason) = self.tell_fired() {
            return Some(self.roll_back(reason));
        }
        // What an alarm was meanwhile is read first: only then it is known whether this time counts.
        if !self.has_changed() {
            self.observe();
        }
        None
    }

    /// Why everything goes back, if it does.
    fn tell_fired(&mut self) -> Option<String> {
        let Alarms { fired, starved, .. } = self.state.alarms.clone();
        for (alarm, at) in &fired {
            self.tell(Event::AlarmFired { alarm: alarm.clone(), at: *at });
        }
        let seen: Vec<&str> = fired.iter().filter(|(_, at)| at.is_none()).map(|(alarm, _)| alarm.as_str()).collect();
        let what = if seen.len() == 1 { "the alarm" } else { "the alarms" };
        let seen = (!seen.is_empty()).then(|| format!("{what} {} fired", seen.join(", ")));
        let past = fired.iter().filter_map(|(alarm, at)| {
            Some(format!("the alarm {alarm} fired at {:.0}, between two looks", at.as_ref()?))
        });
        let starved = starved
            .iter()
            .map(|alarm| format!("the alarm {alarm} had no data (INSUFFICIENT_DATA), and that sends everything back"));
        let reasons: Vec<String> = seen.into_iter().chain(past).chain(starved).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    fn take_views<'w>(
        &mut self,
        watched: impl Iterator<Item = (usize, &'w Watched)>,
        answer: &Answer,
        alarms: &mut Alarms,
    ) {
        let views = match answer {
            Ok(Reply::Alarms(views)) => views,
            Ok(_) => {
                return alarms
                    .unreadable
                    .push(("alarms".into(), "alarms cannot be read: the answer was another".into()));
            }
            Err(error) => {
                let reason = format!("alarms cannot be read ({})", error.message);
                return alarms.unreadable.push(("alarms".into(), reason));
            }
        };
        for (place, alarm) in watched {
            let lost = |why: &str| (alarm.text.clone(), format!("the alarm {} cannot be read: {why}", alarm.text));
            match views.iter().find(|view| view.name == alarm.name) {
                None => alarms.unreadable.push(lost("it does not exist any more")),
                Some(view) if alarm.own.is_some() && !self.is_own(view) => {
                    alarms.unreadable.push(lost("it is not the one that this release made any more"));
                }
                Some(view) => self.take_view(place, alarm, view, alarms),
            }
        }
    }

    fn take_view(&mut self, place: usize, alarm: &Watched, view: &AlarmView, alarms: &mut Alarms) {
        if view.state == AlarmState::Alarm {
            return alarms.fired.push((alarm.text.clone(), None));
        }
        if view.state == AlarmState::InsufficientData {
            match alarm.missing {
                MissingData::Ok => {}
                MissingData::Hold => alarms.silent.push(alarm.text.clone()),
                MissingData::RollBack => return alarms.starved.push(alarm.text.clone()),
            }
        }
        match (self.accounted(alarm), view.changed) {
            (Some(after), Some(last)) if last > after => alarms.changed.push(Changed {
                place,
                name: alarm.name.clone(),
                region: alarm.region.clone(),
                after,
                last,
                state: view.state,
            }),
            (None, Some(last)) => self.account(alarm, last),
            _ => {}
        }
    }

    /// Up to which change an alarm's past is known.
    fn accounted(&self, alarm: &Watched) -> Option<Timestamp> {
        match alarm.own {
            Some(lane) => self.state.lanes.get(lane)?.alarm_changed,
            None => self.state.changed.get(&alarm.text).copied(),
        }
    }

    fn account(&mut self, alarm: &Watched, last: Timestamp) {
        match alarm.own {
            Some(lane) => {
                if let Some(lane) = self.state.lanes.get_mut(lane) {
                    lane.alarm_changed = Some(last);
                }
            }
            None => {
                self.state.changed.insert(alarm.text.clone(), last);
            }
        }
    }

    /// The preflight saw an alarm: what it did before is of no interest.
    pub(super) fn begin_accounts(&mut self, name: &str, region: Option<&str>, view: &AlarmView) {
        let watched = self.watched();
        let of = watched.iter().find(|alarm| alarm.name == name && alarm.region.as_deref() == region);
        if let (Some(alarm), Some(last)) = (of, view.changed) {
            self.account(alarm, last);
        }
    }

    /// What an alarm was between two looks.
    fn take_history(&mut self, watched: &[Watched], changed: &Changed, answer: &Answer, alarms: &mut Alarms) {
        let Some(alarm) = watched.get(changed.place).filter(|alarm| alarm.name == changed.name) else { return };
        let unknown = |why: &str| {
            let reason = format!("what the alarm {} was since {} is not known: {why}", alarm.text, changed.after);
            (alarm.text.clone(), reason)
        };
        let past = match answer {
            Ok(Reply::AlarmHistory(past)) => past,
            Ok(_) => return alarms.unreadable.push(unknown("the answer was another")),
            Err(CallError { message, .. }) => return alarms.unreadable.push(unknown(message)),
        };
        let past: Vec<&AlarmChange> = past.iter().filter(|change| change.at > changed.after).collect();
        if let Some(fired) = past.iter().find(|change| change.to == AlarmState::Alarm) {
            return alarms.fired.push((alarm.text.clone(), Some(fired.at)));
        }
        // The history may lag behind: it has to lead to what was seen.
        let leads = |change: &&&AlarmChange| change.to == changed.state && later(change.at, TOLERANCE) >= changed.last;
        if past.iter().find(leads).is_none() {
            return alarms.unreadable.push(unknown("its history does not tell yet"));
        }
        if past.iter().any(|change| change.to == AlarmState::InsufficientData) {
            match alarm.missing {
                MissingData::Ok => {}
                MissingData::Hold => alarms.lapsed = true,
                MissingData::RollBack => return alarms.starved.push(alarm.text.clone()),
            }
        }
        self.account(alarm, changed.last);
    }

    /// What alarms lack before a weight may rise: a key and a sentence for each.
    pub(super) fn missing_alarms(&self) -> Vec<(String, String)> {
        let alarms = &self.state.alarms;
        let unreadable = alarms.unreadable.iter().map(|(key, reason)| (format!("unreadable {key}"), reason.clone()));
        let silent = alarms
            .silent
            .iter()
            .map(|name| (format!("silent {name}"), format!("the alarm {name} has no data (INSUFFICIENT_DATA)")));
        let changed = alarms.changed.iter().map(|changed| {
            let name = &changed.name;
            (format!("changed {name}"), format!("what the alarm {name} was since the last look is not read yet"))
        });
        unreadable.chain(silent).chain(changed).collect()
    }

    pub(super) fn hear_alarms(&mut self, heard: Heard) -> Effect {
        if let Some(effect) = self.judge_alarms(heard.iter().map(|(call, answer)| (call, answer))) {
            return effect;
        }
        if let Some(effect) = self.judge_polled(&heard) {
            return effect;
        }
        if self.has_changed() {
            self.begin(Task::History)
        } else if self.is_stale() {
            self.begin(Task::Watch)
        } else if self.traffic_calls().is_empty() {
            self.decide()
        } else {
            self.begin(Task::Measure)
        }
    }

    /// What follows from what alarms and traffic say.
    pub(super) fn decide(&mut self) -> Effect {
        match self.state.stage {
            Stage::Shift(group) => self.decide_shift(group),
            // Something changed externally while hooks ran, and it is over: they run again.
            Stage::Before(group) | Stage::After(group) => self.begin(Task::Hook(self.hooked(group))),
            _ => self.decide_bake(),
        }
    }

    /// The calls that are under way go on; those that accompany them are a poll's, or read histories where an alarm changed.
    pub(super) fn hear_meanwhile(&mut self, answers: Vec<Answer>) -> Effect {
        let same = self.state.effect.clone();
        let Effect::Call { calls, meanwhile } = &same else { return same };
        if meanwhile.is_empty() || meanwhile.len() != answers.len() {
            return same;
        }
        let heard: Heard = meanwhile.iter().cloned().zip(answers).collect();
        if let Some(why) = self.elsewhere(&heard) {
            return self.stop(Ending::Stuck(why));
        }
        let (refused, lost) = (self.of_caller(heard.iter().map(|(_, answer)| answer)), self.state.watch.lost);
        self.note_caller(heard.iter().map(|(call, answer)| (call, answer)));
        if let Some(effect) = self.judge_alarms(heard.iter().map(|(call, answer)| (call, answer))) {
            return effect;
        }
        if let Some(effect) = self.judge_polled(&heard) {
            return effect;
        }
        if refused.is_some() {
            self.state.watch.lost = self.state.watch.lost.min(lost);
        }
        let meanwhile = if self.has_changed() { self.history_calls() } else { self.watch_calls() };
        Effect::Call { calls: calls.clone(), meanwhile }
    }
}
