//! What alarms say. One that fired, one that cannot be read, and one that has no data are three things.

use super::{Heard, Machine, NAMES};
use crate::{
    AlarmState, Answer, Call, Effect, Event, Reply, Stage,
    state::{Alarms, Task},
};

impl Machine<'_> {
    /// `DescribeAlarms` of everything that is watched: the plan's alarms, and the release's own.
    pub(super) fn alarm_calls(&self) -> Vec<Call> {
        let mut names = self.planned_alarms();
        names.extend(self.state.armed.iter().cloned());
        names.chunks(NAMES).map(|names| Call::DescribeAlarms { names: names.to_vec(), region: None }).collect()
    }

    /// Takes what alarms say. A fired one puts everything back: that is the effect, then.
    pub(super) fn judge_alarms<'h>(&mut self, heard: impl Iterator<Item = (&'h Call, &'h Answer)>) -> Option<Effect> {
        let mut alarms = Alarms::default();
        for (call, answer) in heard {
            if let Call::DescribeAlarms { names, .. } = call {
                self.sort(names, answer, &mut alarms);
            }
        }
        let fired = alarms.fired.clone();
        self.state.alarms = alarms;
        if fired.is_empty() {
            return None;
        }
        for alarm in &fired {
            self.tell(Event::AlarmFired { alarm: alarm.clone() });
        }
        let what = if fired.len() == 1 { "the alarm" } else { "the alarms" };
        Some(self.roll_back(format!("{what} {} fired", fired.join(", "))))
    }

    fn sort(&self, names: &[String], answer: &Answer, alarms: &mut Alarms) {
        let states = match answer {
            Ok(Reply::Alarms(states)) => states,
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
        for name in names {
            // An alarm of ours is new and measures missing data as inside its bounds: that nothing ran yet is no news.
            let is_new = self.state.armed.contains(name);
            match states.iter().find(|view| view.name == *name).map(|view| view.state) {
                Some(AlarmState::Alarm) => alarms.fired.push(name.clone()),
                Some(AlarmState::InsufficientData) if !is_new => alarms.silent.push(name.clone()),
                Some(AlarmState::Ok | AlarmState::InsufficientData) => {}
                None => {
                    alarms
                        .unreadable
                        .push((name.clone(), format!("the alarm {name} cannot be read: it does not exist any more")));
                }
            }
        }
    }

    /// What alarms lack before a weight may rise: a key and a sentence for each.
    pub(super) fn missing_alarms(&self) -> Vec<(String, String)> {
        let alarms = &self.state.alarms;
        let unreadable = alarms.unreadable.iter().map(|(key, reason)| (format!("unreadable {key}"), reason.clone()));
        let silent = alarms
            .silent
            .iter()
            .map(|name| (format!("silent {name}"), format!("the alarm {name} has no data (INSUFFICIENT_DATA)")));
        unreadable.chain(silent).collect()
    }

    pub(super) fn hear_alarms(&mut self, heard: Heard) -> Effect {
        if let Some(effect) = self.judge_alarms(heard.iter().map(|(call, answer)| (call, answer))) {
            return effect;
        }
        if self.traffic_calls().is_empty() { self.decide() } else { self.begin(Task::Measure) }
    }

    /// What follows from what alarms and traffic say.
    pub(super) fn decide(&mut self) -> Effect {
        match self.state.stage {
            Stage::Shift(group) => self.decide_shift(group),
            _ => self.decide_bake(),
        }
    }

    pub(super) fn hear_meanwhile(&mut self, answers: Vec<Answer>) -> Effect {
        let same = self.state.effect.clone();
        let Effect::Call { meanwhile, .. } = &same else { return same };
        if meanwhile.len() != answers.len() {
            return same;
        }
        self.judge_alarms(meanwhile.iter().zip(&answers)).unwrap_or(same)
    }
}
