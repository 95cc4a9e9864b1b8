//! Which stage follows which.

use std::time::Duration;

use super::Machine;
use crate::{
    Effect, Ending, Event, Group, Plan, Stage, Target,
    state::{Gate, Task, Tries},
};

impl Machine<'_> {
    /// Goes on with the next stage.
    pub(super) fn next_stage(&mut self) -> Effect {
        let stages = stages(self.plan);
        let place = stages.iter().position(|&stage| stage == self.state.stage);
        let next = place.and_then(|place| stages.get(place + 1)).copied();
        self.enter(next.unwrap_or(Stage::Over))
    }

    /// Begins a stage.
    pub(super) fn enter(&mut self, stage: Stage) -> Effect {
        (self.state.stage, self.state.since) = (stage, self.now);
        (self.state.gate, self.state.tries) = (Gate::default(), Tries::default());
        self.state.watch.lost = Duration::ZERO;
        self.state.told.clear();
        let task = match stage {
            Stage::Over => return self.finish(),
            Stage::RollBack => return self.undo_next(),
            Stage::Preflight => {
                self.tell(Event::Began);
                Task::Read
            }
            Stage::Publish if self.uploads().is_empty() => Task::Publish,
            Stage::Publish => Task::Upload,
            Stage::Arm => Task::Claim((0..self.state.lanes.len()).collect()),
            Stage::Guard => self.begin_guards(),
            Stage::Before(group) | Stage::After(group) => Task::Hook(self.hooked(group)),
            Stage::Shift(_) | Stage::Bake | Stage::FinalBake => Task::Watch,
            Stage::Disarm if !self.state.armed.is_empty() => Task::FindAlarms,
            Stage::Disarm => match self.unguard_task() {
                Some(task) => task,
                None => return self.finish(),
            },
        };
        self.tell(Event::Entered { stage: stage.to_string() });
        self.begin(task)
    }

    /// The end, once nothing is left to do.
    pub(super) fn finish(&mut self) -> Effect {
        let ending = match (self.state.reason.clone(), self.stuck_lanes()) {
            (None, _) => Ending::Released,
            (Some(reason), None) => Ending::RolledBack(reason),
            (Some(reason), Some(stuck)) => {
                Ending::Stuck(format!("not everything could be put back ({reason}): {stuck}"))
            }
        };
        self.end(ending)
    }

    /// Ends a release that changed no alias yet: refused where it changed nothing at all.
    pub(super) fn fail(&mut self, reasons: Vec<String>) -> Effect {
        if !self.state.published && self.state.armed.is_empty() {
            return self.end(Ending::Refused(reasons));
        }
        let left =
            if self.state.published { "; code that was uploaded and versions that were published stay" } else { "" };
        self.roll_back(format!("{}{left}", reasons.join("; ")))
    }

    /// The lanes of a group.
    pub(super) fn lanes_of(&self, group: Group) -> Vec<usize> {
        let lanes = self.state.lanes.iter().enumerate();
        lanes.filter(|(_, lane)| lane.group == group).map(|(index, _)| index).collect()
    }
}

/// The stages of a plan, in their order: those that have nothing to do are left out.
fn stages(plan: &Plan) -> Vec<Stage> {
    let mut stages = vec![Stage::Preflight];
    if plan.shifts().any(|(_, shift)| !matches!(shift.target, Target::Version(_))) {
        stages.push(Stage::Publish);
    }
    if plan.health.version_alarms.is_some() {
        stages.push(Stage::Arm);
    }
    if plan.protect {
        stages.push(Stage::Guard);
    }
    for group in [Group::Backends, Group::OneBox, Group::Regular] {
        let shifts: Vec<_> = plan.shifts().filter(|(of, _)| *of == group).map(|(_, shift)| shift).collect();
        // CodeDeploy calls its hooks itself.
        let hooks = plan.via == crate::Via::Lambda;
        let bakes = group == Group::Regular && stages.iter().any(|stage| matches!(stage, Stage::Shift(_)));
        let parts = [
            (bakes, Stage::Bake),
            (hooks && shifts.iter().any(|shift| shift.before.is_some()), Stage::Before(group)),
            (true, Stage::Shift(group)),
            (hooks && shifts.iter().any(|shift| shift.after.is_some()), Stage::After(group)),
        ];
        if !shifts.is_empty() {
            stages.extend(parts.into_iter().filter_map(|(wanted, stage)| wanted.then_some(stage)));
        }
    }
    stages.extend([Stage::FinalBake, Stage::Disarm, Stage::Over]);
    stages
}
