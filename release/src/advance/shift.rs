//! A group's shift: its lanes move step by step, each at its own pace.

use std::time::Duration;

use super::{Heard, Machine, alias, gate::Passage, words};
use crate::{
    AliasView, Call, Effect, ErrorKind, Event, Group, Percent, Routing, Stage,
    state::{Gate, Settling, Task, Tries},
};

impl Machine<'_> {
    /// Takes the steps that are due, waits for those that are not, and holds those that lack something.
    pub(super) fn decide_shift(&mut self, group: Group) -> Effect {
        let lanes = self.lanes_of(group);
        if lanes.iter().all(|&index| self.is_done(index)) {
            return self.settle();
        }
        let moves_before = |index: usize| self.state.lanes.get(index).is_some_and(|lane| lane.group < group);
        if self.all().into_iter().any(|index| moves_before(index) && self.is_moving(index)) {
            return self.rest();
        }
        let (mut ready, mut overdue, mut wanting) = (Vec::new(), Vec::new(), Vec::new());
        for index in lanes {
            if self.is_done(index) || self.is_with_codedeploy(index) {
                continue;
            }
            let steps = self.steps(index);
            let passage = self.passage(index, &steps);
            match passage {
                Passage::Open => ready.push(index),
                Passage::Later(due) => {
                    self.release_gate(index);
                    // Time does not pass meanwhile, and whoever is asked for an approval should know.
                    if !self.state.lanes.get(index).is_some_and(|lane| lane.gate.blind) {
                        self.tell_missing(self.missing_alarms());
                    }
                    if due.is_none() {
                        self.tell_approval(index);
                    }
                }
                Passage::Missing(missing) => {
                    self.tell_missing(missing.clone());
                    if self.hold(index) {
                        overdue.push(index);
                        wanting.extend(missing);
                    }
                }
            }
        }
        if !ready.is_empty() {
            return self.raise(ready);
        }
        if overdue.is_empty() {
            return self.rest();
        }
        if let Some(effect) = self.not_proven(&wanting) {
            return effect;
        }
        for &index in &overdue {
            if let Some(lane) = self.state.lanes.get_mut(index) {
                lane.gate = Gate { skip: true, blind: true, held: None };
            }
        }
        self.raise(overdue)
    }

    /// The time passed and something is missing; whether that has been so for too long.
    fn hold(&mut self, index: usize) -> bool {
        let now = self.now;
        let Some(lane) = self.state.lanes.get_mut(index) else { return false };
        lane.gate.held.get_or_insert(now);
        let gate = lane.gate;
        self.is_lost(gate) || self.limit(gate).is_some_and(|limit| limit <= now)
    }

    fn release_gate(&mut self, index: usize) {
        if let Some(lane) = self.state.lanes.get_mut(index) {
            lane.gate.held = None;
        }
    }

    fn tell_approval(&mut self, index: usize) {
        if let Some(lane) = self.state.lanes.get(index) {
            let (name, percent) = (lane.name(), lane.percent);
            let reason = format!("{name} stays at {percent} until a person approves: `onebox release promote`");
            self.tell_missing(vec![(format!("{name} approval"), reason)]);
        }
    }

    /// Moves lanes to their next step.
    fn raise(&mut self, lanes: Vec<usize>) -> Effect {
        if self.is_via_codedeploy() {
            return self.deploy(lanes);
        }
        for &index in &lanes {
            let next = self.state.lanes.get(index).and_then(|lane| self.steps(index).get(lane.step).cloned());
            if let Some(lane) = self.state.lanes.get_mut(index) {
                lane.wanted = Some(next.map_or(Percent::ALL, |step| step.percent));
            }
        }
        self.begin(Task::Move(lanes))
    }

    pub(super) fn move_calls(&self, lanes: &[usize]) -> Vec<Call> {
        let lanes = lanes.iter().filter_map(|&index| self.state.lanes.get(index));
        let call = |lane: &crate::Lane| Call::UpdateAlias {
            function: lane.function.clone(),
            alias: lane.alias.clone(),
            to: lane.routing(lane.wanted.unwrap_or(lane.percent)),
            revision: lane.revision.clone().unwrap_or_default(),
        };
        lanes.map(call).collect()
    }

    pub(super) fn hear_moves(&mut self, lanes: &[usize], heard: Heard) -> Effect {
        let (mut doubtful, mut failures, mut throttled) = (Vec::new(), Vec::new(), false);
        for (&index, (call, answer)) in lanes.iter().zip(heard) {
            let Some(lane) = self.state.lanes.get(index) else { continue };
            let is_taken = |seen: &Routing| {
                lane.wanted.is_some_and(|wanted| *seen == lane.routing(wanted) || lane.is_way_to(wanted, seen))
            };
            // A refusal proves nothing: it may answer the second attempt, and the first was applied.
            match alias(answer) {
                Ok(view) if is_taken(&view.routing) => self.confirm(index, view),
                Ok(_) => doubtful.push(index),
                Err(error) => match error.kind {
                    ErrorKind::Precondition | ErrorKind::Conflict | ErrorKind::Unknown => doubtful.push(index),
                    kind if (kind == ErrorKind::Throttled || kind.is_of_caller())
                        && self.is_lane_patient(index, kind) =>
                    {
                        throttled = true;
                        doubtful.push(index);
                    }
                    _ => failures.push(words::failure(&call, &error)),
                },
            }
        }
        if let Some(reason) = first(failures) {
            self.roll_back(reason)
        } else if doubtful.is_empty() {
            self.settle()
        } else if throttled {
            self.retry(Task::Look(doubtful))
        } else {
            self.begin(Task::Look(doubtful))
        }
    }

    /// Counts a lane's failure, and says whether it is worth another try.
    pub(super) fn is_lane_patient(&mut self, index: usize, kind: ErrorKind) -> bool {
        let mut tries = self.state.lanes.get(index).map(|lane| lane.tries).unwrap_or_default();
        let patient = self.is_patient(&mut tries, kind);
        if let Some(lane) = self.state.lanes.get_mut(index) {
            lane.tries = tries;
        }
        patient
    }

    /// A lane stands where it was wanted.
    pub(super) fn confirm(&mut self, index: usize, view: AliasView) {
        let (now, first_minute) = (self.now, self.first_minute());
        let Some(lane) = self.state.lanes.get_mut(index) else { return };
        lane.percent = lane.wanted.take().unwrap_or(lane.percent);
        let is_way = lane.is_way_to(lane.percent, &view.routing);
        lane.settling = match lane.percent {
            // Where there is provisioned concurrency, the answer to the update proves nothing: the alias is read.
            Percent::ALL if is_way || lane.provisioned => Settling::Moving(now),
            Percent::ALL => Settling::Unread,
            _ => Settling::Settled,
        };
        lane.revision = Some(view.revision.clone());
        lane.step += 1;
        lane.since = Some(now);
        (lane.gate, lane.tries, lane.foreign) = (Gate::default(), Tries::default(), None);
        lane.traffic.requests = 0;
        lane.traffic.until.get_or_insert(first_minute);
        self.state.watch.lost = Duration::ZERO;
        let event = Event::Shifted {
            function: lane.function.clone(),
            alias: lane.alias.clone(),
            from: lane.from.clone().unwrap_or_default(),
            to: lane.to.clone().unwrap_or_default(),
            percent: lane.percent,
        };
        let prefix = format!("{} ", lane.name());
        self.state.told.retain(|key| !key.starts_with(&prefix));
        self.tell(event);
        if is_way {
            self.set_moving(index, &view);
        }
    }

    /// Goes on where the group is done, and waits where it is not.
    pub(super) fn settle(&mut self) -> Effect {
        match self.state.stage {
            Stage::Shift(group)
                if self.lanes_of(group).into_iter().all(|index| self.is_done(index) && !self.is_moving(index)) =>
            {
                self.next_stage()
            }
            _ => self.rest(),
        }
    }

    /// Waits for a poll, or less where something is due earlier.
    pub(super) fn rest(&mut self) -> Effect {
        let mut until = self.after(self.plan.poll);
        let Stage::Shift(group) = self.state.stage else { return self.retry(Task::Watch) };
        for index in self.lanes_of(group) {
            if self.is_done(index) || self.is_with_codedeploy(index) {
                continue;
            }
            let limit = self.state.lanes.get(index).and_then(|lane| self.limit(lane.gate));
            let due = match self.passage(index, &self.steps(index)) {
                Passage::Later(due) => due,
                Passage::Open | Passage::Missing(_) => limit,
            };
            until = until.min(due.filter(|due| *due > self.now).unwrap_or(until));
        }
        self.state.task = self.watching(group);
        Effect::Wait { until }
    }
}

/// The reasons in one, if there are any.
pub(super) fn first(reasons: Vec<String>) -> Option<String> {
    (!reasons.is_empty()).then(|| reasons.join("; "))
}
