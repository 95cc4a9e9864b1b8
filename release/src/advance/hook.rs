//! Hooks: functions that are invoked before a group's first traffic and after its last.

use super::{Heard, Machine, may_pass, words};
use crate::{Call, CallError, Effect, ErrorKind, Event, Group, HookPayload, Reply, Stage, When, state::Task};

/// How often a hook is invoked at most whose answer is lost, or a 5xx.
const INVOCATIONS: u32 = 2;

impl Machine<'_> {
    /// The hook of a lane in this stage.
    fn hook(&self, index: usize) -> Option<(When, &String)> {
        let shift = self.shifts.get(index)?;
        match self.state.stage {
            Stage::Before(_) => Some((When::Before, shift.before.as_ref()?)),
            Stage::After(_) => Some((When::After, shift.after.as_ref()?)),
            _ => None,
        }
    }

    /// The lanes of a group that have a hook in this stage.
    pub(super) fn hooked(&self, group: Group) -> Vec<usize> {
        self.lanes_of(group).into_iter().filter(|&index| self.hook(index).is_some()).collect()
    }

    pub(super) fn hook_calls(&self, lanes: &[usize]) -> Vec<Call> {
        let call = |&index: &usize| {
            let ((when, hook), lane) = (self.hook(index)?, self.state.lanes.get(index)?);
            let payload = HookPayload {
                release: self.plan.id.clone(),
                function: lane.function.clone(),
                alias: lane.alias.clone(),
                version: lane.to.clone().unwrap_or_default(),
                when,
            };
            Some(Call::Invoke { function: hook.clone(), payload })
        };
        lanes.iter().filter_map(call).collect()
    }

    pub(super) fn hear_hooks(&mut self, lanes: &[usize], heard: Heard) -> Effect {
        let (mut failures, mut repeated) = (Vec::new(), Vec::new());
        for (&index, (call, answer)) in lanes.iter().zip(heard) {
            let Call::Invoke { function: hook, payload } = &call else { continue };
            let (hook, function) = (hook.clone(), payload.function.clone());
            match answer {
                Ok(Reply::Invoked(None)) => self.tell(Event::HookPassed { hook, function }),
                Ok(Reply::Invoked(Some(reason))) => failures.push((hook, function, reason)),
                // A hook is safe to repeat.
                Err(error) if may_pass(error.kind) => repeated.push((index, call, error)),
                Err(error) => failures.push((hook, function, words::failure(&call, &error))),
                Ok(_) => failures.push((hook, function, "its answer was another than a hook's".to_owned())),
            }
        }
        if failures.is_empty() && !repeated.is_empty() {
            if self.is_worth_repeating(&repeated) {
                return self.retry(Task::Hook(repeated.into_iter().map(|(index, _, _)| index).collect()));
            }
            failures.extend(repeated.iter().filter_map(|(_, call, error)| match call {
                Call::Invoke { function: hook, payload } => {
                    Some((hook.clone(), payload.function.clone(), words::failure(call, error)))
                }
                _ => None,
            }));
        }
        let Some((hook, function, reason)) = failures.first().cloned() else { return self.next_stage() };
        for (hook, function, reason) in failures {
            self.tell(Event::HookFailed { hook, function, reason });
        }
        self.roll_back(format!("the hook {hook} of {function} failed: {reason}"))
    }

    fn is_worth_repeating(&mut self, failed: &[(usize, Call, CallError)]) -> bool {
        let kinds = || failed.iter().map(|(_, _, error)| error.kind);
        let waits = |kind: &ErrorKind| *kind == ErrorKind::Throttled || kind.is_of_caller();
        let worst = kinds().find(|kind| *kind == ErrorKind::Unknown).or_else(|| kinds().find(|kind| !waits(kind)));
        let worst = worst.or_else(|| kinds().find(|kind| kind.is_of_caller()));
        let mut tries = self.state.tries;
        let worst = worst.unwrap_or(ErrorKind::Throttled);
        let patient = self.is_patient(&mut tries, worst);
        self.state.tries = tries;
        // It perhaps ran, and it may take a quarter of an hour: it is not invoked again and again.
        patient && (worst != ErrorKind::Unknown || tries.count < INVOCATIONS)
    }
}
