//! Guard aliases: which are the release's, and what must hold of them.

use onebox_release::{Call, Stage};
use onebox_sim::control::ControlPlane;

use crate::{
    tally::Problem,
    watch::{Seen, Watch},
};

/// The name of the release's guard of a version.
pub(crate) fn name(version: &str) -> String {
    format!("onebox-keep-r1-{version}")
}

/// Whether the release's own guard of an alias's old version is there.
pub(crate) fn is_there(plane: &ControlPlane, seen: &Seen) -> bool {
    let guard = plane.alias_of(&seen.function, &name(&seen.old));
    guard.is_some_and(|guard| !guard.description.is_empty() && guard.version == seen.old)
}

/// Whether another alias has the name of the guard.
fn is_taken(plane: &ControlPlane, seen: &Seen) -> bool {
    plane.alias_of(&seen.function, &name(&seen.old)).is_some() && !is_there(plane, seen)
}

impl Watch {
    /// What the release reads under the name of a guard, it has to know from then on.
    pub(crate) fn read_guard(&mut self, plane: &ControlPlane, call: &Call) {
        let Call::GetAlias { function, alias } = call else { return };
        let key = format!("{function}:{alias}");
        let of = |seen: &&Seen| seen.function == *function && name(&seen.old) == *alias;
        if let Some(seen) = self.seen.iter().find(of) {
            self.taken_guards.retain(|taken| *taken != key);
            if is_taken(plane, seen) {
                self.taken_guards.push(key);
            }
        }
    }

    /// What was guarded once cannot be deleted by anyone until the release is over.
    pub(crate) fn guards(&mut self, plane: &ControlPlane, stage: Stage) {
        let is_under_way = !matches!(stage, Stage::Preflight | Stage::Disarm | Stage::Over);
        for seen in &mut self.seen {
            seen.guarded |= is_there(plane, seen);
            if seen.guarded && is_under_way && !plane.has_version(&seen.function, &seen.old) {
                let rule = "the rollback target cannot be deleted while it is guarded";
                self.problems.push(Problem::new(rule, format!("{} in {stage:?}", seen.function)));
            }
        }
    }
}
