//! What a poll reads besides alarms: aliases, and the versions that a rollback needs. A change from outside is noticed at
//! the next poll, not at the next step.

use super::{Heard, Machine, alias, version, words};
use crate::{
    Call, Effect, Ending, ErrorKind, Percent,
    state::{Deploying, Foreign, Task},
};

/// The most such reads of a poll: 2 seconds of what Lambda's control plane allows to everyone in the account together,
/// 15 calls a second (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>). A release of
/// more aliases reads them in turn.
const READS: usize = 20;
/// Where polls follow each other quickly, their reads take half of the calls that a release allows itself, 10 a second.
const MILLIS_OF_READ: u128 = 200;

impl Machine<'_> {
    /// What a poll reads: the alarms, and what else may change externally.
    pub(super) fn watch_calls(&mut self) -> Vec<Call> {
        [self.alarm_calls(), self.poll_calls()].concat()
    }

    /// `GetAlias` of the lanes whose turn it is, and `GetFunctionConfiguration` of the version that each would go back to
    /// where its alias no longer protects that version from deletion.
    pub(super) fn poll_calls(&mut self) -> Vec<Call> {
        let lanes = self.all();
        let most = self.most_reads();
        let turn = self.state.polled % lanes.len().max(1);
        let (moving, others): (Vec<_>, Vec<_>) =
            lanes.iter().cycle().skip(turn).take(lanes.len()).copied().partition(|&index| self.is_moving(index));
        let mut calls: Vec<Call> = Vec::new();
        for (place, index) in moving.iter().copied().chain(others.iter().copied()).enumerate() {
            let of_lane = self.reads(index);
            if calls.len() + of_lane.len() > most {
                let read = place.saturating_sub(moving.len());
                self.state.polled = (turn + read) % lanes.len();
                break;
            }
            calls.extend(of_lane.into_iter().filter(|call| !calls.contains(call)).collect::<Vec<_>>());
        }
        calls
    }

    fn most_reads(&self) -> usize {
        usize::try_from(self.plan.poll.as_millis() / MILLIS_OF_READ).unwrap_or(READS).clamp(2, READS)
    }

    fn reads(&self, index: usize) -> Vec<Call> {
        let Some(lane) = self.state.lanes.get(index) else { return Vec::new() };
        // What is in doubt is read by the task that resolves it, and CodeDeploy moves its aliases when it wants.
        let is_known = lane.wanted.is_none() && lane.stuck.is_none() && lane.deployment == Deploying::Untold;
        let Some(from) = lane.from.clone().filter(|_| is_known) else { return Vec::new() };
        let (function, name) = (lane.function.clone(), lane.alias.clone());
        let mut calls = vec![Call::GetAlias { function: function.clone(), alias: name }];
        if lane.percent == Percent::ALL && !lane.lost {
            calls.push(Call::GetVersion { function, version: from });
        }
        calls
    }

    /// Takes what a poll read; the effect where the release cannot go on.
    pub(super) fn judge_polled(&mut self, heard: &Heard) -> Option<Effect> {
        let mut lost = Vec::new();
        for (call, answer) in heard {
            for index in self.all() {
                let Some(lane) = self.state.lanes.get_mut(index) else { continue };
                match call {
                    Call::GetAlias { function, alias: name } if (function, name) == (&lane.function, &lane.alias) => {
                        match alias(answer.clone()) {
                            Ok(view) => self.take_sight(index, view),
                            Err(error) if error.kind == ErrorKind::NotFound => self.set_foreign(index, Foreign::Gone),
                            // It is read again; in the end it must be readable.
                            Err(_) => {}
                        }
                    }
                    Call::GetVersion { function, version: from }
                        if *function == lane.function && lane.from.as_ref() == Some(from) =>
                    {
                        let gone = version(answer.clone()).is_err_and(|error| error.kind == ErrorKind::NotFound);
                        if gone && lane.percent == Percent::ALL && !lane.lost {
                            lane.lost = true;
                            lost.push(words::lost(lane));
                        }
                    }
                    _ => {}
                }
            }
        }
        if self.all().into_iter().any(|index| self.is_foreign(index)) {
            let foreign = self.all().into_iter().filter(|&index| self.is_foreign(index)).collect();
            return Some(self.conflict(Task::Look(foreign)));
        }
        if !lost.is_empty() {
            self.state.task = Task::Watch;
            return Some(self.stop(Ending::Stuck(format!(
                "{}. `onebox release resume` goes on without a way back for it, `onebox release abort` puts the other \
                 aliases back",
                lost.join("; ")
            ))));
        }
        self.stop_overdue()
    }
}
