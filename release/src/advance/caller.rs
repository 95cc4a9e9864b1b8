//! Credentials that have expired, or that AWS does not take: the release is held, and nothing is concluded from it.
//!
//! They are no fault of a version and no missing permission. So nothing is rolled back because of them, nothing is
//! forgiven, and a rollback that is under way is not given up: every task is done again after a poll until AWS answers, or
//! until the release has been held for as long as its plan allows.

use super::{Heard, Machine, words};
use crate::{Answer, Call, CallError, Effect, Ending, Percent, Stage, state::Task};

impl Machine<'_> {
    /// The first answer that says something about whoever calls.
    pub(super) fn of_caller<'a>(&self, mut answers: impl Iterator<Item = &'a Answer>) -> Option<CallError> {
        // A release that has not begun is refused.
        let is_held = self.state.stage != Stage::Preflight;
        let error = answers.find_map(|answer| answer.as_ref().err().filter(|error| error.kind.is_of_caller()));
        error.filter(|_| is_held).cloned()
    }

    /// Reports once that the release is held for want of credentials, and once that it goes on.
    ///
    /// What is answered while the operation that was refused is not asked proves nothing: credentials may be refused by one
    /// service, or for one operation.
    pub(super) fn note_caller<'a>(&mut self, heard: impl Iterator<Item = (&'a Call, &'a Answer)>) {
        let (mut refused, mut is_taken) = (None, false);
        for (call, answer) in heard {
            match answer {
                Err(error) if error.kind.is_of_caller() => {
                    refused.get_or_insert((call.operation(), error));
                }
                _ => is_taken |= self.state.refused_call.as_deref().is_none_or(|asked| asked == call.operation()),
            }
        }
        match (refused, self.state.refused) {
            (Some((operation, error)), None) => {
                (self.state.refused, self.state.refused_call) = (Some(self.now), Some(operation.to_owned()));
                let reason = format!("{}, then resume. {}", words::caller(error), self.what_stays());
                self.tell(crate::Event::Held { reason });
            }
            (None, Some(_)) if is_taken => {
                (self.state.refused, self.state.refused_call) = (None, None);
                self.note("AWS takes the credentials again: the release goes on");
            }
            _ => {}
        }
    }

    /// Alarms or traffic cannot be read for want of credentials: one that fired all the same counts, nothing else does.
    pub(super) fn watch_again(&mut self, task: &Task, heard: &Heard) -> Effect {
        if let Some(effect) = self.judge_alarms(heard.iter().map(|(call, answer)| (call, answer))) {
            return effect;
        }
        let task = if matches!(task, Task::Measure | Task::History) { self.watch_task() } else { task.clone() };
        self.retry(task)
    }

    /// Stops where the release was held for too long, and leaves what is under way to whoever resumes.
    pub(super) fn held_or_stopped(&mut self, error: &CallError, effect: Effect) -> Effect {
        let is_overdue = self.state.refused.is_some_and(|since| self.elapsed(since) >= self.plan.health.hold);
        match effect {
            Effect::Wait { .. } if is_overdue => {
                let reason = format!("{}, then resume. {}", words::caller(error), self.what_stays());
                self.stop(Ending::Stuck(reason))
            }
            effect => effect,
        }
    }

    /// Where the aliases stand while nothing can be done.
    fn what_stays(&self) -> String {
        let touched = self.state.lanes.iter().filter(|lane| lane.is_touched() || lane.percent > Percent::NONE);
        let stands = |lane: &crate::Lane| match lane.wanted {
            Some(_) => format!("{} is in doubt", lane.name()),
            None => format!("{} stands on {}", lane.name(), words::routing(&lane.routing(lane.percent))),
        };
        let left: Vec<String> = touched.map(stands).collect();
        match (self.state.reason.is_some(), left.is_empty()) {
            (true, false) => format!("The rollback is NOT complete: {}", left.join("; ")),
            (true, true) => "Every alias is on its old version".to_owned(),
            (false, false) => format!("Until then everything stays as it is: {}", left.join("; ")),
            (false, true) => "Until then no alias is moved".to_owned(),
        }
    }
}
