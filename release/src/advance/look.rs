//! An update in doubt: the alias is read, and it tells. Ours, not applied, or somebody else's.

use super::{Heard, Machine, alias, may_pass, shift::first, words};
use crate::{
    AliasView, Answer, Effect, Ending, ErrorKind, Reply, Stage,
    state::{Foreign, Settling, Task},
};

/// What a look at an alias tells.
enum Look {
    /// It stands as it stood before.
    NotApplied,
    /// Somebody else changed it, but it stands again as this release left it.
    BackAgain,
    /// Somebody else changed it.
    Foreign,
}

impl Machine<'_> {
    pub(super) fn hear_look(&mut self, lanes: &[usize], heard: Heard) -> Effect {
        // A step that was taken is told before anything goes back: the way back begins where the aliases stand.
        let taken: Vec<bool> =
            lanes.iter().zip(&heard).map(|(&index, (_, answer))| self.take_applied(index, answer)).collect();
        if let Some(effect) = self.judge_alarms(heard.iter().map(|(call, answer)| (call, answer))) {
            return effect;
        }
        let (mut failures, mut again) = (Vec::new(), Vec::new());
        let open = lanes.iter().zip(heard).zip(taken).filter(|(_, taken)| !taken);
        for ((&index, (call, answer)), _) in open {
            match alias(answer) {
                Ok(view) => failures.extend(self.take_look(index, view)),
                Err(error) if error.kind == ErrorKind::NotFound => self.set_foreign(index, Foreign::Gone),
                Err(error) if may_pass(error.kind) && self.is_lane_patient(index, error.kind) => again.push(index),
                Err(error) => failures.push(words::failure(&call, &error)),
            }
        }
        if let Some(reason) = first(failures) {
            self.roll_back(reason)
        } else if !again.is_empty() {
            // Those that were seen elsewhere are looked at once more: they may be back.
            again.extend(lanes.iter().filter(|&&index| self.is_foreign(index)));
            self.retry(Task::Look(again))
        } else if lanes.iter().any(|&index| self.is_foreign(index)) {
            let foreign = self.all().into_iter().filter(|&index| self.is_foreign(index)).collect();
            self.conflict(Task::Look(foreign))
        } else if self.has_changed() {
            // What they were meanwhile is read before anything else is done.
            self.begin(Task::Watch)
        } else if lanes.iter().all(|&index| self.is_worth_a_watch(index)) {
            // Whatever is still due is seen at once, and alarms come first.
            self.watch_on()
        } else {
            self.settle()
        }
    }

    /// Whether a lane need not wait: it stands as wanted, or it failed once, or it has waited already.
    fn is_worth_a_watch(&self, index: usize) -> bool {
        self.state.lanes.get(index).is_some_and(|lane| lane.tries.throttled || lane.tries.count <= 1)
    }

    /// Goes on where the group is done, and looks at the alarms where it is not.
    fn watch_on(&mut self) -> Effect {
        match self.state.stage {
            Stage::Shift(group) if !self.lanes_of(group).into_iter().all(|index| self.is_done(index)) => {
                let task = self.watching(group);
                self.begin(task)
            }
            _ => self.settle(),
        }
    }

    pub(super) fn is_foreign(&self, index: usize) -> bool {
        self.state.lanes.get(index).is_some_and(|lane| lane.foreign.is_some())
    }

    pub(super) fn set_foreign(&mut self, index: usize, foreign: Foreign) {
        if let Some(lane) = self.state.lanes.get_mut(index) {
            lane.foreign = Some(foreign);
        }
    }

    /// Whether an alias stands as wanted: the lost update was ours, and it was applied.
    fn take_applied(&mut self, index: usize, answer: &Answer) -> bool {
        let (Some(lane), Ok(Reply::Alias(view))) = (self.state.lanes.get(index), answer) else { return false };
        let applied = lane
            .wanted
            .is_some_and(|wanted| view.routing == lane.routing(wanted) || lane.is_way_to(wanted, &view.routing));
        if applied {
            self.confirm(index, view.clone());
        }
        applied
    }

    /// Judges an alias that does not stand as wanted; a reason where it was tried too often.
    fn take_look(&mut self, index: usize, view: AliasView) -> Option<String> {
        let lane = self.state.lanes.get_mut(index)?;
        if lane.wanted.is_none() && lane.settling != Settling::Settled && lane.is_way_to(lane.percent, &view.routing) {
            lane.foreign = None;
            self.set_moving(index, &view);
            return None;
        }
        let stands = |percent| view.routing == lane.routing(percent);
        let before = stands(lane.percent);
        let look = if before && lane.foreign.is_some() {
            Look::BackAgain
        } else if before && lane.revision.as_ref() == Some(&view.revision) {
            Look::NotApplied
        } else {
            Look::Foreign
        };
        match look {
            Look::BackAgain => {
                (lane.wanted, lane.foreign, lane.revision) = (None, None, Some(view.revision));
            }
            Look::Foreign => lane.foreign = Some(Foreign::Moved(view.routing)),
            Look::NotApplied => {
                let (name, throttled) = (lane.name(), lane.tries.throttled);
                if !throttled && !self.is_lane_patient(index, ErrorKind::Unknown) {
                    return Some(format!("{name} could not be updated: no answer, or a refusal, again and again"));
                }
                if let Some(lane) = self.state.lanes.get_mut(index) {
                    lane.wanted = None;
                }
            }
        }
        None
    }

    /// Somebody else changed an alias: everything stays as it is until a person has looked; then comes the task.
    pub(super) fn conflict(&mut self, then: Task) -> Effect {
        let foreign: Vec<usize> = self.all().into_iter().filter(|&index| self.is_foreign(index)).collect();
        let found: Vec<String> = foreign.iter().filter_map(|&index| self.describe_foreign(index)).collect();
        let them = if foreign.len() == 1 { "it" } else { "them" };
        let ending = Ending::Stuck(format!(
            "{}. Put {them} back and `onebox release resume`, or `onebox release abort` to put the other aliases back",
            found.join("; ")
        ));
        self.state.task = then;
        self.stop(ending)
    }

    /// What somebody else did to an alias.
    pub(super) fn describe_foreign(&self, index: usize) -> Option<String> {
        let lane = self.state.lanes.get(index)?;
        let stands = match lane.foreign.as_ref()? {
            Foreign::Gone => format!(
                "it does not exist any more, nor do its permissions and triggers; this makes it again: {}",
                words::create(lane, lane.percent, self.state.place.as_ref())
            ),
            Foreign::Moved(routing) if *routing == lane.routing(lane.percent) => {
                format!("it stands on {} as before, but it was touched", words::routing(routing))
            }
            Foreign::Moved(routing) => format!("it stands on {}", words::routing(routing)),
        };
        let wanted = match (lane.wanted, self.state.reason.is_some()) {
            (Some(wanted), false) => format!(" (wanted: {})", words::routing(&lane.routing(wanted))),
            _ => format!(" (left: {})", words::routing(&lane.routing(lane.percent))),
        };
        Some(format!("{} was changed by someone else: {stands}{wanted}", lane.name()))
    }
}
