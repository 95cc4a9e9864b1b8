//! The release's own alarms: one for each new version, made before traffic and removed after the last bake.
//!
//! CloudWatch replaces an alarm of the same name whoever made it, and deletes it by name. So a name is read before it is
//! written and right before it is deleted, and only an alarm whose description says that this release made it is touched.

use super::{Heard, Machine, NAMES, may_pass, words};
use crate::{AlarmView, Call, Effect, ErrorKind, Executed, Lane, Reply, VersionAlarm, name::shortened, state::Task};

/// What the names of the alarms begin with that onebox makes: a policy can be limited to it.
const PREFIX: &str = "onebox-";

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>
const LONGEST_NAME: usize = 255;

impl Machine<'_> {
    /// Reads what is there under the names of these lanes' alarms.
    pub(super) fn claim_calls(&self, lanes: &[usize]) -> Vec<Call> {
        let names: Vec<String> = lanes.iter().filter_map(|&index| Some(self.own_alarm(index)?.name)).collect();
        described(&names)
    }

    /// Only names that are free, or hold an alarm of this release, are written.
    pub(super) fn hear_claim(&mut self, lanes: &[usize], heard: Heard) -> Effect {
        if let Some(effect) = self.again(&heard) {
            return effect;
        }
        let mut reasons = Vec::new();
        for (call, answer) in &heard {
            match answer {
                Ok(Reply::Alarms(views)) => {
                    let others: Vec<_> = views.iter().filter(|view| !self.is_own(view)).collect();
                    for view in others {
                        // Whatever was made under this name is not there any more.
                        self.state.armed.retain(|name| *name != view.name);
                        reasons.push(format!(
                            "the alarm {} exists, and this release did not make it: rename or delete it, then try again",
                            view.name
                        ));
                    }
                }
                Ok(_) => reasons.push(format!("{}: the answer was another", call.operation())),
                Err(error) => reasons.push(words::failure(call, error)),
            }
        }
        if reasons.is_empty() { self.begin(Task::Arm(lanes.to_vec())) } else { self.fail(reasons) }
    }

    pub(super) fn arm_calls(&mut self, lanes: &[usize]) -> Vec<Call> {
        let alarms: Vec<_> = lanes.iter().filter_map(|&index| self.own_alarm(index)).collect();
        // Known before they are made: a crash leaves none behind.
        for alarm in &alarms {
            if !self.state.armed.contains(&alarm.name) {
                self.state.armed.push(alarm.name.clone());
            }
        }
        alarms.into_iter().map(Call::PutMetricAlarm).collect()
    }

    /// The alarm of a lane's new version.
    fn own_alarm(&self, index: usize) -> Option<VersionAlarm> {
        let (rule, lane) = (self.plan.health.version_alarms?, self.state.lanes.get(index)?);
        let version = lane.to.clone().unwrap_or_default();
        let of = Executed { function: lane.function.clone(), alias: lane.alias.clone(), version };
        let (name, description) = (self.alarm_name(lane), self.alarm_description());
        Some(VersionAlarm { name, description, of, errors: rule.errors, minutes: rule.minutes })
    }

    /// `onebox-<release>/<function>/<alias>/<version>/errors`: neither of them has a slash, so no two are the same.
    pub(super) fn alarm_name(&self, lane: &Lane) -> String {
        let function = lane.function.rsplit(':').next().unwrap_or_default();
        let version = lane.to.as_deref().unwrap_or_default();
        shortened(format!("{PREFIX}{}/{function}/{}/{version}/errors", self.plan.id, lane.alias), LONGEST_NAME)
    }

    /// Proves that this release made an alarm.
    fn alarm_description(&self) -> String {
        format!("Made by onebox for the release {}, and removed after it.", self.plan.id)
    }

    /// Whether this release made an alarm that is there.
    pub(super) fn is_own(&self, view: &AlarmView) -> bool {
        let mut lanes = self.state.lanes.iter();
        lanes.any(|lane| {
            self.alarm_name(lane) == view.name && view.description.as_ref() == Some(&self.alarm_description())
        })
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
        // What waiting alone makes better comes last.
        let kinds = || repeated.iter().map(|(_, _, error)| error.kind);
        let worst = kinds().find(|kind| *kind != ErrorKind::Throttled && !kind.is_of_caller());
        let worst = worst.or_else(|| kinds().find(|kind| kind.is_of_caller()));
        if reasons.is_empty() && !repeated.is_empty() {
            if self.is_patient(&mut tries, worst.unwrap_or(ErrorKind::Throttled)) {
                self.state.tries = tries;
                return self.retry(Task::Claim(repeated.into_iter().map(|(index, _, _)| index).collect()));
            }
            reasons.extend(repeated.into_iter().map(|(_, call, error)| words::failure(call, error)));
        }
        if reasons.is_empty() { self.next_stage() } else { self.fail(reasons) }
    }

    pub(super) fn find_alarm_calls(&self) -> Vec<Call> {
        described(&self.state.armed)
    }

    pub(super) fn hear_find_alarms(&mut self, heard: Heard) -> Effect {
        if let Some(effect) = self.again(&heard) {
            return effect;
        }
        let mut found = Vec::new();
        for (call, answer) in &heard {
            match answer {
                Ok(Reply::Alarms(views)) => {
                    for view in views.iter().filter(|view| self.state.armed.contains(&view.name)) {
                        if self.is_own(view) {
                            found.push(view.name.clone());
                        } else {
                            self.state.events.push(crate::Event::Noted {
                                note: format!(
                                    "the alarm {} is not the one that this release made: it is left alone",
                                    view.name
                                ),
                            });
                        }
                    }
                }
                Ok(_) => self.leave_alarms("the answer was another".to_owned()),
                Err(error) => self.leave_alarms(words::failure(call, error)),
            }
        }
        if found.is_empty() {
            return self.unguard();
        }
        // What failed before counts: whoever makes them again is not chased for ever.
        self.ask(Task::DeleteAlarms(found))
    }

    pub(super) fn hear_delete_alarms(&mut self, heard: Heard) -> Effect {
        let failed = |(call, answer): &(Call, crate::Answer)| Some((call.clone(), answer.clone().err()?));
        let failed: Vec<_> = heard.iter().filter_map(failed).collect();
        // One that is gone may have kept the others. Whose they are is looked at again.
        let passes = |kind: ErrorKind| may_pass(kind) || kind == ErrorKind::NotFound;
        if let Some((_, error)) = failed.iter().find(|(_, error)| passes(error.kind)) {
            let mut tries = self.state.tries;
            let kind = if error.kind == ErrorKind::NotFound { ErrorKind::Unknown } else { error.kind };
            let patient = self.is_patient(&mut tries, kind);
            self.state.tries = tries;
            if patient {
                return self.retry(Task::FindAlarms);
            }
        }
        for (call, error) in failed {
            self.leave_alarms(words::failure(&call, &error));
        }
        self.unguard()
    }

    fn leave_alarms(&mut self, why: String) {
        self.note(format!(
            "alarms of this release were perhaps left ({why}): aws cloudwatch delete-alarms --alarm-names {}",
            self.state.armed.join(" ")
        ));
    }
}

/// `DescribeAlarms` of the release's own alarms.
fn described(names: &[String]) -> Vec<Call> {
    names.chunks(NAMES).map(|names| Call::DescribeAlarms { names: names.to_vec(), region: None }).collect()
}
