//! The way back from CodeDeploy: deployments are found, stopped and waited for, before aliases are put back.

use super::{Heard, Machine, deployment, may_pass, words};
use crate::{
    Call, DeploymentStatus, Effect, ErrorKind,
    state::{Deploying, Task},
};

impl Machine<'_> {
    /// Finds what is in doubt, then stops what is under way, then puts aliases back.
    pub(super) fn halt_deployments(&mut self) -> Effect {
        let is_open = |index: &usize| self.state.lanes.get(*index).is_some_and(|lane| lane.stuck.is_none());
        let lanes: Vec<usize> = self.all().into_iter().filter(is_open).collect();
        let doubtful = |index: &usize| self.deploying(*index) == Deploying::Doubtful;
        let doubtful: Vec<usize> = lanes.iter().copied().filter(doubtful).collect();
        if !doubtful.is_empty() {
            return self.begin(Task::Seek(doubtful));
        }
        let running: Vec<usize> = self.running().into_iter().filter(|index| lanes.contains(index)).collect();
        if running.is_empty() { self.undo_next() } else { self.begin(Task::Halt(running)) }
    }

    pub(super) fn halt_calls(&self, lanes: &[usize]) -> Vec<Call> {
        let call = |&index: &usize| match self.deploying(index) {
            Deploying::Running(id) => Some(Call::StopDeployment { id }),
            _ => None,
        };
        lanes.iter().filter_map(call).collect()
    }

    pub(super) fn hear_seek(&mut self, lanes: &[usize], heard: Heard) -> Effect {
        let mut again = Vec::new();
        for (&index, (call, answer)) in lanes.iter().zip(heard) {
            match deployment(answer) {
                Ok(view) => self.set_deploying(index, Deploying::Running(view.id)),
                Err(error) if error.kind == ErrorKind::NotFound && !self.is_ruled_out(index) => again.push(index),
                Err(error) if error.kind == ErrorKind::NotFound => {
                    self.set_deploying(index, Deploying::Ended(String::new()));
                }
                Err(error) if may_pass(error.kind) && self.is_lane_patient(index, error.kind) => again.push(index),
                Err(error) => self.strand(index, words::failure(&call, &error)),
            }
        }
        if again.is_empty() { self.halt_deployments() } else { self.retry(Task::Seek(again)) }
    }

    pub(super) fn hear_halt(&mut self, lanes: &[usize], heard: Heard) -> Effect {
        // One that has ended cannot be stopped, and one that cannot be stopped ends: both are waited for.
        self.again(&heard).unwrap_or_else(|| self.begin(Task::Await(lanes.to_vec())))
    }

    pub(super) fn hear_await(&mut self, lanes: &[usize], heard: Heard) -> Effect {
        let mut again = Vec::new();
        for (&index, (call, answer)) in lanes.iter().zip(heard) {
            match deployment(answer) {
                Ok(view) if view.status == DeploymentStatus::Running => again.push(index),
                Ok(view) => self.set_deploying(index, Deploying::Ended(view.id)),
                Err(error) if may_pass(error.kind) && self.is_lane_patient(index, error.kind) => again.push(index),
                Err(error) => self.strand(index, words::failure(&call, &error)),
            }
        }
        if again.is_empty() { self.undo_next() } else { self.retry(Task::Await(again)) }
    }
}
