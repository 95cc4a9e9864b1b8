//! A bake: alarms are watched until the time has passed and all of them are OK.

use super::{Machine, time::later};
use crate::{Effect, Percent, Stage, state::Task};

impl Machine<'_> {
    pub(super) fn decide_bake(&mut self) -> Effect {
        if self.is_any_moving() {
            // It begins when all traffic is where it shall be.
            (self.state.since, self.state.gate.held) = (self.now, None);
            return self.rest_in_bake();
        }
        let due = self.bake_end();
        let lost = self.is_lost(self.state.gate);
        if due > self.now && !self.state.gate.skip && !lost {
            self.state.gate.held = None;
            if !self.state.gate.blind {
                self.tell_missing(self.missing_alarms());
            }
            return self.rest_in_bake();
        }
        let mut missing = match self.state.gate.blind {
            true => Vec::new(),
            false if lost && due > self.now => self.missing_time(),
            false => self.missing_alarms(),
        };
        if !self.state.gate.skip {
            missing.extend(
                self.all()
                    .into_iter()
                    .filter(|&index| self.is_unserved(index))
                    .flat_map(|index| self.missing_requests(index)),
            );
        }
        if missing.is_empty() {
            return self.leave_bake();
        }
        self.tell_missing(missing.clone());
        self.state.gate.held.get_or_insert(self.now);
        if !lost && self.limit(self.state.gate).is_none_or(|limit| limit > self.now) {
            return self.rest_in_bake();
        }
        match self.not_proven(&missing) {
            Some(effect) => effect,
            None => {
                // The plan goes on: what it was forgiven is not asked for again.
                (self.state.gate.skip, self.state.gate.blind) = (true, true);
                self.leave_bake()
            }
        }
    }

    /// Goes on; what a lane lacked and was forgiven is not asked for again.
    fn leave_bake(&mut self) -> Effect {
        for index in self.all() {
            let is_unserved = self.is_unserved(index);
            if let Some(lane) = self.state.lanes.get_mut(index) {
                lane.gate.skip |= is_unserved;
            }
        }
        if self.state.stage == Stage::FinalBake { self.look_last() } else { self.next_stage() }
    }

    fn bake_end(&self) -> jiff::Timestamp {
        let bake = if self.state.stage == Stage::FinalBake { self.plan.final_bake } else { self.plan.bake };
        later(self.state.since, bake)
    }

    pub(super) fn rest_in_bake(&mut self) -> Effect {
        let events = [Some(self.bake_end()), self.limit(self.state.gate)];
        let next = events.into_iter().flatten().filter(|time| *time > self.now).min();
        let poll = self.after(self.plan.poll);
        self.state.task = Task::Watch;
        Effect::Wait { until: next.map_or(poll, |next| next.min(poll)) }
    }

    /// Whether a lane lacks requests that only a bake can show: it went to everything without a smaller step of ours.
    pub(super) fn is_unserved(&self, index: usize) -> bool {
        let Some(lane) = self.state.lanes.get(index) else { return false };
        let at_once = self.is_via_codedeploy() || self.steps(index).len() <= 1;
        lane.percent == Percent::ALL
            && at_once
            && !lane.gate.skip
            && lane.traffic.requests < self.plan.health.min_requests
    }
}
