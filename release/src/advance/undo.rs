//! The way back: the groups, last first; what is known is updated at once, what is in doubt is read in the same batch.

use super::{Heard, Machine, alias, may_pass, words};
use crate::{
    AliasView, Call, CallError, Effect, ErrorKind, Event, Group, Percent, Routing, Stage,
    state::{Deploying, Foreign, Gate, Settling, Task, Tries},
};

/// What an alias needs next.
enum Next {
    /// An update, at once.
    Write,
    /// A look, at once.
    Read,
    /// An update, after a poll.
    WriteLater,
    /// A look, after a poll.
    ReadLater,
    /// Nothing: it is back, or it cannot be put back.
    Nothing,
}

impl Machine<'_> {
    /// Puts everything back that this release changed, or perhaps changed.
    pub(super) fn roll_back(&mut self, reason: String) -> Effect {
        self.tell(Event::RollingBack { reason: reason.clone() });
        // What a rollback is held for is reported anew: what remains is another thing.
        (self.state.refused, self.state.refused_call) = (None, None);
        self.state.reason = Some(reason);
        for lane in &mut self.state.lanes {
            (lane.gate, lane.tries) = (Gate::default(), Tries::default());
            // From now on it moves the other way.
            if let Settling::Moving(_) = lane.settling {
                lane.settling = Settling::Unread;
            }
        }
        (self.state.stage, self.state.since) = (Stage::RollBack, self.now);
        self.state.gate = Gate::default();
        self.state.told.clear();
        self.halt_deployments()
    }

    /// The next group that is not back yet; the last look once all are.
    pub(super) fn undo_next(&mut self) -> Effect {
        for group in [Group::Regular, Group::OneBox, Group::Backends] {
            let (mut write, mut read) = (Vec::new(), Vec::new());
            for index in self.lanes_of(group) {
                let Some(lane) = self.state.lanes.get(index).filter(|lane| lane.is_touched()) else { continue };
                let known = lane.wanted.is_none() && lane.foreign.is_none() && lane.deployment == Deploying::Untold;
                match lane.stuck {
                    Some(_) => {}
                    None if known => write.push(index),
                    None => read.push(index),
                }
            }
            if !write.is_empty() || !read.is_empty() {
                return self.begin(Task::Undo { write, read });
            }
        }
        self.look_last()
    }

    pub(super) fn undo_calls(&self, lanes: &[usize]) -> Vec<Call> {
        let lanes = lanes.iter().filter_map(|&index| self.state.lanes.get(index));
        let call = |lane: &crate::Lane| Call::UpdateAlias {
            function: lane.function.clone(),
            alias: lane.alias.clone(),
            to: lane.routing(Percent::NONE),
            revision: lane.revision.clone().unwrap_or_default(),
        };
        lanes.map(call).collect()
    }

    pub(super) fn hear_undo(&mut self, write: &[usize], read: &[usize], heard: Heard) -> Effect {
        let (mut writes, mut reads, mut later) = (Vec::new(), Vec::new(), false);
        let asked = write.iter().map(|&index| (index, true)).chain(read.iter().map(|&index| (index, false)));
        for ((index, is_write), (call, answer)) in asked.zip(heard) {
            let answer = alias(answer);
            let next =
                if is_write { self.take_write(index, &call, answer) } else { self.take_read(index, &call, answer) };
            later |= matches!(next, Next::WriteLater | Next::ReadLater);
            match next {
                Next::Write | Next::WriteLater => writes.push(index),
                Next::Read | Next::ReadLater => reads.push(index),
                Next::Nothing => {}
            }
        }
        let task = Task::Undo { write: writes, read: reads };
        match &task {
            Task::Undo { write, read } if write.is_empty() && read.is_empty() => self.undo_next(),
            _ if later => self.retry(task),
            _ => self.begin(task),
        }
    }

    /// What the answer to an update tells.
    fn take_write(&mut self, index: usize, call: &Call, answer: Result<AliasView, CallError>) -> Next {
        let Some(lane) = self.state.lanes.get_mut(index) else { return Next::Nothing };
        let error = match answer {
            // Where there is provisioned concurrency, the answer to the update proves nothing: the alias is read.
            Ok(view) if view.routing == lane.routing(Percent::NONE) && lane.provisioned => {
                (lane.settling, lane.revision) = (Settling::Moving(self.now), Some(view.revision));
                self.doubt(index);
                return Next::Read;
            }
            Ok(view) if view.routing == lane.routing(Percent::NONE) => return self.restored(index, view),
            Ok(view) if lane.is_way_to(Percent::NONE, &view.routing) => return self.moving_back(index, &view),
            Ok(_) => CallError::new(ErrorKind::Unknown, "the alias stands elsewhere than asked for"),
            Err(error) => error,
        };
        match error.kind {
            kind if (kind == ErrorKind::Throttled || kind.is_of_caller()) && self.is_lane_patient(index, kind) => {
                Next::WriteLater
            }
            ErrorKind::Precondition | ErrorKind::Conflict | ErrorKind::Unknown
                if self.is_lane_patient(index, error.kind) =>
            {
                // A refusal of the only attempt: whatever stands there now, this update did not put it there.
                if error.kind != ErrorKind::Precondition || self.state.repeated {
                    self.doubt(index);
                }
                // CodeDeploy may still be putting it back.
                let is_busy = error.kind == ErrorKind::Conflict || self.is_with_codedeploy(index);
                if is_busy { Next::ReadLater } else { Next::Read }
            }
            // The alias, or the version that it goes back to: the alias tells.
            ErrorKind::NotFound => {
                self.doubt(index);
                if let Some(lane) = self.state.lanes.get_mut(index) {
                    lane.lost = true;
                }
                Next::Read
            }
            _ => self.give_up(index, &words::failure(call, &error)),
        }
    }

    /// What a look tells.
    fn take_read(&mut self, index: usize, call: &Call, answer: Result<AliasView, CallError>) -> Next {
        let Some(lane) = self.state.lanes.get_mut(index) else { return Next::Nothing };
        match answer {
            Ok(view) if !lane.is_ours(&view) || lane.is_put_back_by_another(&view) => {
                self.leave(index, Foreign::Moved(view.routing))
            }
            Ok(view) if lane.lost && view.routing != lane.routing(Percent::NONE) => self.stay(index),
            Ok(view) if view.routing == lane.routing(Percent::NONE) => {
                let in_doubt = lane.wanted.is_some_and(|wanted| wanted > Percent::NONE);
                if !in_doubt || lane.deployment != Deploying::Untold {
                    return self.restored(index, view);
                }
                // The update that was lost may still come. It builds on the old revision: a change of nothing, which
                // gives the alias a new one, keeps it out.
                (lane.wanted, lane.foreign, lane.revision) = (None, None, Some(view.revision));
                Next::Write
            }
            Ok(view) if lane.is_moving_back(&view.routing) => self.moving_back(index, &view),
            Ok(view) => {
                // What AWS shows on the way is not where the alias was put.
                let is_way = lane.is_way_to(Percent::ALL, &view.routing);
                lane.percent = if is_way { Percent::ALL } else { part(&view.routing, lane.to.as_deref()) };
                (lane.wanted, lane.foreign, lane.revision) = (None, None, Some(view.revision));
                Next::Write
            }
            Err(error) if error.kind == ErrorKind::NotFound => self.leave(index, Foreign::Gone),
            Err(error) if may_pass(error.kind) && self.is_lane_patient(index, error.kind) => Next::ReadLater,
            Err(error) => self.give_up(index, &words::failure(call, &error)),
        }
    }

    /// The alias is on its way back, and AWS still moves its traffic.
    fn moving_back(&mut self, index: usize, view: &AliasView) -> Next {
        self.doubt(index);
        self.set_moving(index, view);
        if self.is_overdue(index) {
            let why = self.describe_overdue(index).unwrap_or_default();
            self.strand(index, why);
            return Next::Nothing;
        }
        Next::ReadLater
    }

    /// The version that an alias would go back to is gone: it stays where it is.
    fn stay(&mut self, index: usize) -> Next {
        if let Some(lane) = self.state.lanes.get_mut(index) {
            (lane.wanted, lane.foreign) = (None, None);
            let why = words::lost(lane);
            self.strand(index, why);
        }
        Next::Nothing
    }

    /// An update back was perhaps applied.
    pub(super) fn doubt(&mut self, index: usize) {
        if let Some(lane) = self.state.lanes.get_mut(index) {
            lane.wanted = Some(Percent::NONE);
        }
    }

    /// An alias stands on its old version.
    fn restored(&mut self, index: usize, view: AliasView) -> Next {
        let Some(lane) = self.state.lanes.get_mut(index) else { return Next::Nothing };
        let moved = lane.percent > Percent::NONE;
        lane.percent = Percent::NONE;
        (lane.wanted, lane.foreign, lane.stuck, lane.revision) = (None, None, None, Some(view.revision));
        let was_read = matches!(lane.settling, Settling::Moving(_));
        lane.settling = if was_read { Settling::Settled } else { Settling::Unread };
        (lane.deployment, lane.tries, lane.back) = (Deploying::Untold, Tries::default(), true);
        let (function, alias, version) = (lane.function.clone(), lane.alias.clone(), view.routing.version);
        if moved {
            self.tell(Event::PutBack { function, alias, version });
        }
        Next::Nothing
    }

    /// AWS refuses: the lane stays where it is, and the others go on.
    fn give_up(&mut self, index: usize, why: &str) -> Next {
        if let Some(lane) = self.state.lanes.get_mut(index) {
            let is_back = lane.percent == Percent::NONE && lane.wanted.is_none() && lane.foreign.is_none();
            if !is_back || lane.deployment != Deploying::Untold {
                self.strand(index, why.to_owned());
            }
        }
        Next::Nothing
    }

    /// Somebody else changed it: it is left alone.
    fn leave(&mut self, index: usize, foreign: Foreign) -> Next {
        self.set_foreign(index, foreign);
        self.leave_foreign(index);
        Next::Nothing
    }

    /// An alias that somebody else changed stays as it is.
    pub(super) fn leave_foreign(&mut self, index: usize) {
        let why = self.describe_foreign(index).unwrap_or_default();
        self.strand(index, format!("{why}; it was left alone"));
    }

    /// A lane cannot be put back.
    pub(super) fn strand(&mut self, index: usize, why: String) {
        if let Some(lane) = self.state.lanes.get_mut(index) {
            lane.stuck = Some(why.clone());
            self.note(why);
        }
    }

    /// Every lane that could not be put back, where it stands, and what puts it right.
    pub(super) fn stuck_lanes(&self) -> Option<String> {
        let stuck = self.state.lanes.iter().filter_map(|lane| {
            let why = lane.stuck.as_ref()?;
            let stands = match (&lane.foreign, lane.wanted, &lane.deployment) {
                (Some(_), _, _) => String::new(),
                (None, None, Deploying::Untold) => {
                    format!(" It stands on {}.", words::routing(&lane.routing(lane.percent)))
                }
                _ => format!(" It stood on {}, and is in doubt.", words::routing(&lane.routing(lane.percent))),
            };
            Some(format!(
                "{}: {why}.{stands} This puts it right: {}",
                lane.name(),
                words::by_hand(lane, self.state.place.as_ref())
            ))
        });
        let stuck: Vec<_> = stuck.collect();
        (!stuck.is_empty()).then(|| format!("{}. Then `onebox release resume` looks again", stuck.join("; ")))
    }

    /// Tries again what could not be put back.
    pub(super) fn undo_again(&mut self) -> Effect {
        for lane in &mut self.state.lanes {
            if lane.stuck.take().is_some() {
                lane.tries = Tries::default();
                // Whoever put it right: the alias is read first.
                lane.wanted.get_or_insert(Percent::NONE);
                if let Settling::Moving(_) = lane.settling {
                    lane.settling = Settling::Moving(self.now);
                }
            }
        }
        (self.state.stage, self.state.since) = (Stage::RollBack, self.now);
        self.halt_deployments()
    }
}

/// The part of an alias's traffic that a version has.
fn part(routing: &Routing, version: Option<&str>) -> Percent {
    let additional = routing.additional.as_ref().map_or(Percent::NONE, |(_, part)| *part);
    if Some(routing.version.as_str()) == version {
        Percent::from_hundredths(Percent::ALL.hundredths() - additional.hundredths()).unwrap_or(Percent::ALL)
    } else {
        additional
    }
}
