//! The last look: before a release ends, every alias that it changed is read once more. After our last update somebody
//! else may have moved one, and nobody would notice.

use super::{Heard, Machine, alias, may_pass, words};
use crate::{
    AliasView, Effect, Ending, ErrorKind, Stage,
    state::{Foreign, Task, Tries},
};

impl Machine<'_> {
    /// Reads what this release changed once more; what it cannot put back is named anyway.
    pub(super) fn look_last(&mut self) -> Effect {
        let goes_back = self.state.reason.is_some();
        let lanes = self.state.lanes.iter().enumerate();
        let changed = lanes.filter(|(_, lane)| !goes_back || (lane.back && lane.stuck.is_none()));
        let changed: Vec<usize> = changed.map(|(index, _)| index).collect();
        if changed.is_empty() { self.enter(Stage::Disarm) } else { self.begin(Task::Last(changed)) }
    }

    pub(super) fn hear_last(&mut self, lanes: &[usize], heard: Heard) -> Effect {
        let (mut unread, mut again) = (Vec::<(usize, String)>::new(), false);
        for (&index, (call, answer)) in lanes.iter().zip(heard) {
            match alias(answer) {
                Ok(view) => self.take_last(index, view),
                Err(error) if error.kind == ErrorKind::NotFound => self.set_foreign(index, Foreign::Gone),
                Err(error) if may_pass(error.kind) && self.is_lane_patient(index, error.kind) => again = true,
                Err(error) => unread.push((index, words::failure(&call, &error))),
            }
        }
        for &index in lanes {
            match self.describe_overdue(index).filter(|_| self.is_overdue(index)) {
                Some(why) => unread.push((index, why)),
                None => again |= self.is_moving(index),
            }
        }
        match (self.state.reason.is_some(), again) {
            // All of them, so that there is one moment at which every alias stood as it was left.
            (true, true) => self.retry(Task::Last(lanes.to_vec())),
            (true, false) => self.leave_changed(lanes, unread),
            // Alarms are watched until then.
            (false, true) => self.rest_in_bake(),
            (false, false) if lanes.iter().any(|&index| self.is_foreign(index)) => {
                self.conflict(Task::Last(lanes.to_vec()))
            }
            (false, false) if unread.is_empty() => self.next_stage(),
            (false, false) => self.stop(Ending::Stuck(unseen(unread))),
        }
    }

    /// Judges one alias: it stands as it was left, whoever touched it, or somebody else moved it.
    fn take_last(&mut self, index: usize, view: AliasView) {
        if let Some(lane) = self.state.lanes.get_mut(index).filter(|lane| view.routing == lane.routing(lane.percent)) {
            (lane.tries, lane.revision) = (Tries::default(), Some(view.revision.clone()));
        }
        self.take_sight(index, view);
    }

    /// Everything was put back: what was changed since is left alone and named, and what cannot be read is in doubt.
    fn leave_changed(&mut self, lanes: &[usize], unread: Vec<(usize, String)>) -> Effect {
        for (index, why) in unread {
            if !self.is_foreign(index) {
                self.doubt(index);
                self.strand(index, why);
            }
        }
        for &index in lanes {
            if self.is_foreign(index) {
                self.leave_foreign(index);
            }
        }
        self.enter(Stage::Disarm)
    }
}

/// Everything is on the new versions, but it cannot be seen.
fn unseen(unread: Vec<(usize, String)>) -> String {
    let reasons: Vec<String> = unread.into_iter().map(|(_, why)| why).collect();
    format!(
        "everything was moved, but not every alias can be read once more: {}. Then `onebox release resume` looks again, \
         or `onebox release abort` puts everything back",
        reasons.join("; ")
    )
}
