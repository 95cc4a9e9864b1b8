//! The release's own alarms: one for each new version, made before traffic and removed after the last bake.

use super::{Heard, Machine, NAMES, may_pass, words};
use crate::{Call, Effect, ErrorKind, Executed, Lane, Reply, VersionAlarm, state::Task};

impl Machine<'_> {
    pub(super) fn arm_calls(&mut self, lanes: &[usize]) -> Vec<Call> {
        let Some(rule) = self.plan.health.version_alarms else { return Vec::new() };
        let alarm = |index: &usize| {
            let lane = self.state.lanes.get(*index)?;
            let version = lane.to.clone().unwrap_or_default();
            let of = Executed { function: lane.function.clone(), alias: lane.alias.clone(), version };
            Some(VersionAlarm { name: self.alarm_name(lane), of, errors: rule.errors, minutes: rule.minutes })
        };
        let alarms: Vec<_> = lanes.iter().filter_map(alarm).collect();
        // Known before they are made: a crash leaves none behind.
        for alarm in &alarms {
            if !self.state.armed.contains(&alarm.name) {
                self.state.armed.push(alarm.name.clone());
            }
        }
        alarms.into_iter().map(Call::PutMetricAlarm).collect()
    }

    /// `<function>-<version>-errors`; with the alias too, where two aliases of a function go to the same version.
    pub(super) fn alarm_name(&self, lane: &Lane) -> String {
        let version = lane.to.as_deref().unwrap_or_default();
        let twin =
            |other: &Lane| (&other.function, &other.to) == (&lane.function, &lane.to) && other.alias != lane.alias;
        if self.state.lanes.iter().any(twin) {
            format!("{}-{}-{version}-errors", lane.function, lane.alias)
        } else {
            format!("{}-{version}-errors", lane.function)
        }
    }

    pub(super) fn hear_arm(&mut self, lanes: &[usize], heard: Heard) -> Effect {
        let (mut reasons, mut repeated) = (Vec::new(), Vec::new());
        let mut tries = self.state.tries;
        for (&index, (call, answer)) in lanes.iter().zip(&heard) {
            let Err(error) = answer else { continue };
            if may_pass(error.kind) {
                repeated.push((index, call, error));
                continue;
            }
            // Refused: it was not made.
            if let Call::PutMetricAlarm(alarm) = call {
                self.state.armed.retain(|name| *name != alarm.name);
            }
            reasons.push(words::failure(call, error));
        }
        let worst = repeated.iter().map(|(_, _, error)| error.kind).find(|kind| *kind != ErrorKind::Throttled);
        if reasons.is_empty() && !repeated.is_empty() {
            if self.is_patient(&mut tries, worst.unwrap_or(ErrorKind::Throttled)) {
                self.state.tries = tries;
                return self.retry(Task::Arm(repeated.into_iter().map(|(index, _, _)| index).collect()));
            }
            reasons.extend(repeated.into_iter().map(|(_, call, error)| words::failure(call, error)));
        }
        if reasons.is_empty() { self.next_stage() } else { self.fail(reasons) }
    }

    pub(super) fn find_alarm_calls(&self) -> Vec<Call> {
        self.state.armed.chunks(NAMES).map(|names| Call::DescribeAlarms { names: names.to_vec() }).collect()
    }

    pub(super) fn hear_find_alarms(&mut self, heard: Heard) -> Effect {
        if let Some(effect) = self.again(&heard) {
            return effect;
        }
        let mut found = Vec::new();
        for (call, answer) in &heard {
            match answer {
                Ok(Reply::Alarms(states)) => {
                    found.extend(
                        states.iter().map(|(name, _)| name.clone()).filter(|name| self.state.armed.contains(name)),
                    );
                }
                Ok(_) => {}
                Err(error) => self.leave_alarms(words::failure(call, error)),
            }
        }
        if found.is_empty() { self.finish() } else { self.begin(Task::DeleteAlarms(found)) }
    }

    pub(super) fn hear_delete_alarms(&mut self, _names: &[String], heard: Heard) -> Effect {
        if let Some(effect) = self.again(&heard) {
            return effect;
        }
        for (call, answer) in &heard {
            if let Err(error) = answer {
                self.leave_alarms(words::failure(call, error));
            }
        }
        self.finish()
    }

    fn leave_alarms(&mut self, why: String) {
        self.note(format!(
            "alarms of this release were perhaps left ({why}): aws cloudwatch delete-alarms --alarm-names {}",
            self.state.armed.join(" ")
        ));
    }
}
