//! Orders from outside: resume, abort, promote.

use std::time::Duration;

use super::Machine;
use crate::{
    Effect, Ending, Event, Stage,
    state::{Task, Tries},
};

impl Machine<'_> {
    /// Begins, or goes on. What only looks, puts back or is safe to repeat is repeated; an update that raises a weight
    /// is looked for first.
    pub(super) fn resume(&mut self) -> Effect {
        // Another driver: that the one before it looked too rarely does not count against it.
        self.state.watch.gap = false;
        // Whoever resumes has perhaps logged in.
        (self.state.refused, self.state.refused_call) = (None, None);
        let task = match (self.state.task.clone(), &self.state.effect) {
            (Task::Begin, _) => return self.ask(Task::Begin),
            (Task::Over, Effect::Stop { ending: Ending::Stuck(_) }) => {
                self.tell(Event::Resumed);
                return self.undo_again();
            }
            (Task::Over, same) => return same.clone(),
            (_, Effect::Stop { ending: Ending::NotProven(_) }) => {
                (self.state.gate.held, self.state.watch.lost) = (None, Duration::ZERO);
                self.state.lanes.iter_mut().for_each(|lane| lane.gate.held = None);
                self.state.told.clear();
                Task::Watch
            }
            (task, Effect::Stop { .. }) => {
                self.state.lanes.iter_mut().for_each(|lane| lane.tries = Tries::default());
                self.be_patient_again();
                task
            }
            (task, _) => task,
        };
        let task = self.safe(task);
        self.state.repeated = true;
        self.tell(Event::Resumed);
        self.ask(task)
    }

    /// What is safe to do where the effect was perhaps performed: an update that raises a weight is looked for first.
    fn safe(&self, task: Task) -> Task {
        match task {
            Task::Move(lanes) => Task::Look(lanes),
            Task::Deploy(lanes) => Task::Find(lanes),
            // Whose an alarm is was read before.
            Task::Arm(lanes) => Task::Claim(lanes),
            Task::DeleteAlarms(_) => Task::FindAlarms,
            Task::Unguard { remove, read } => Task::Unguard { remove: Vec::new(), read: [remove, read].concat() },
            // What alarms said before is old news.
            Task::Measure | Task::History => self.watch_task(),
            Task::Last(_) if self.state.reason.is_none() => Task::Watch,
            task => task,
        }
    }

    pub(super) fn abort(&mut self, because: String) -> Effect {
        let same = self.state.effect.clone();
        match (self.state.stage, &same) {
            (Stage::Over, Effect::Stop { ending: Ending::Stuck(_) }) => {
                self.order("abort", &because);
                self.undo_again()
            }
            (Stage::Over, _) => {
                self.note(format!("the release is over: an abort ({because}) changes nothing"));
                same
            }
            _ if self.state.reason.is_some() => {
                self.note(format!("everything goes back already: an abort ({because}) changes nothing"));
                same
            }
            _ => {
                self.order("abort", &because);
                self.roll_back(format!("aborted: {because}"))
            }
        }
    }

    pub(super) fn promote(&mut self, because: String) -> Effect {
        let same = self.state.effect.clone();
        let held = matches!(same, Effect::Stop { ending: Ending::NotProven(_) });
        let stands = matches!(same, Effect::Stop { .. }) && !held;
        match self.state.stage {
            Stage::Shift(_) if self.is_via_codedeploy() && !self.running().is_empty() => {
                self.note(format!("CodeDeploy decides how fast this goes: a promote ({because}) changes nothing"));
                return same;
            }
            Stage::Shift(group) if !stands => {
                self.order("promote", &because);
                let open = |index: &usize| !self.is_done(*index);
                for index in self.lanes_of(group).into_iter().filter(open).collect::<Vec<_>>() {
                    if let Some(lane) = self.state.lanes.get_mut(index) {
                        // Alarms that cannot be read are passed over by one who was told so.
                        lane.gate.blind |= lane.gate.held.is_some();
                        (lane.gate.skip, lane.gate.held) = (true, None);
                    }
                }
            }
            Stage::Bake | Stage::FinalBake if !stands => {
                self.order("promote", &because);
                self.state.gate.blind |= self.state.gate.held.is_some();
                (self.state.gate.skip, self.state.gate.held) = (true, None);
            }
            _ => {
                self.note(format!("nothing is waited for or held: a promote ({because}) changes nothing"));
                return same;
            }
        }
        match same {
            // The order may come long after the effect was wanted: whoever drives now did not perform it.
            Effect::Call { .. } => {
                let task = self.safe(self.state.task.clone());
                if task == self.state.task { same } else { self.begin(task) }
            }
            _ => self.begin(Task::Watch),
        }
    }

    fn order(&mut self, order: &str, because: &str) {
        self.tell(Event::Ordered { order: order.to_owned(), because: because.to_owned() });
    }
}
