//! AWS still moving traffic. After an update without weights it may keep weights on the version that the alias leaves,
//! until provisioned concurrency is allocated for the version that it goes to: for up to 15 minutes, and the alias's
//! revision may change when it ends. <https://github.com/hashicorp/terraform-provider-aws/pull/48116>
//!
//! Such an alias was not changed externally. The release waits for it, with a bound, and a bake begins when it is over.

use std::time::Duration;

use super::{Machine, words};
use crate::{
    AliasView, Effect, Ending, Percent, Stage,
    state::{Foreign, Settling, Task},
};

/// How long AWS may take to move the traffic of an alias: as long as Terraform's provider waits.
pub(super) const SETTLING: Duration = Duration::from_secs(15 * 60);

impl Machine<'_> {
    /// Whether AWS still moves traffic of a lane, or perhaps does.
    pub(super) fn is_moving(&self, index: usize) -> bool {
        self.state.lanes.get(index).is_some_and(|lane| matches!(lane.settling, Settling::Moving(_)))
    }

    /// Whether AWS still moves traffic of any lane.
    pub(super) fn is_any_moving(&self) -> bool {
        self.all().into_iter().any(|index| self.is_moving(index))
    }

    /// Takes how an alias was read that this release left alone since its last update. Whoever changed it externally is in
    /// [`Lane::foreign`](crate::Lane) afterwards.
    pub(super) fn take_sight(&mut self, index: usize, view: AliasView) {
        let now = self.now;
        let Some(lane) = self.state.lanes.get_mut(index) else { return };
        if view.routing == lane.routing(lane.percent) {
            let was_moving = matches!(lane.settling, Settling::Moving(_));
            if lane.settling != Settling::Settled {
                // AWS may give the alias a new revision when it has moved the traffic.
                lane.revision = Some(view.revision);
            }
            (lane.settling, lane.foreign) = (Settling::Settled, None);
            if was_moving {
                lane.since = Some(now);
                let (name, on) = (lane.name(), words::routing(&view.routing));
                self.tell_settled(index, &name, &on);
                self.wait_anew();
            }
        } else if lane.settling != Settling::Settled && lane.is_way_to(lane.percent, &view.routing) {
            self.set_moving(index, &view);
            self.wait_anew();
        } else {
            lane.foreign = Some(Foreign::Moved(view.routing));
        }
    }

    /// AWS was seen to move traffic of a lane.
    pub(super) fn set_moving(&mut self, index: usize, view: &AliasView) {
        let now = self.now;
        let Some(lane) = self.state.lanes.get_mut(index) else { return };
        if !matches!(lane.settling, Settling::Moving(_)) {
            lane.settling = Settling::Moving(now);
        }
        lane.revision = Some(view.revision.clone());
        let name = lane.name();
        let reason = format!(
            "AWS is still moving the traffic of {name} ({}), as it does with provisioned concurrency; this is waited for, \
             for up to {} minutes",
            words::routing(&view.routing),
            SETTLING.as_secs() / 60
        );
        self.tell_missing(vec![(moving(&name), reason)]);
    }

    /// AWS has moved all traffic; this is reported where it was reported that it had not.
    fn tell_settled(&mut self, _index: usize, name: &str, on: &str) {
        let key = moving(name);
        if self.state.told.contains(&key) {
            self.state.told.retain(|told| *told != key);
            self.note(format!("AWS has moved all traffic of {name} to version {on}"));
        }
    }

    /// A bake counts from when all traffic is where it shall be.
    fn wait_anew(&mut self) {
        if matches!(self.state.stage, Stage::Bake | Stage::FinalBake) {
            self.state.since = self.now;
        }
    }

    /// Whether a lane has been moving for too long.
    pub(super) fn is_overdue(&self, index: usize) -> bool {
        let since = self.state.lanes.get(index).map(|lane| lane.settling);
        matches!(since, Some(Settling::Moving(since)) if self.elapsed(since) >= SETTLING)
    }

    /// Stops where AWS takes too long.
    pub(super) fn stop_overdue(&mut self) -> Option<Effect> {
        let overdue: Vec<usize> = self.all().into_iter().filter(|&index| self.is_overdue(index)).collect();
        let found: Vec<String> = overdue.iter().filter_map(|&index| self.describe_overdue(index)).collect();
        if found.is_empty() {
            return None;
        }
        self.state.task = Task::Watch;
        Some(self.stop(Ending::Stuck(format!(
            "{}. `onebox release resume` waits once more, `onebox release abort` puts everything back",
            found.join("; ")
        ))))
    }

    pub(super) fn describe_overdue(&self, index: usize) -> Option<String> {
        let lane = self.state.lanes.get(index)?;
        let wanted = lane.wanted.filter(|wanted| *wanted == Percent::NONE).unwrap_or(lane.percent);
        Some(format!(
            "AWS has not moved all traffic of {} to version {} within {} minutes: its provisioned concurrency is perhaps \
             not allocated; look at `aws lambda list-provisioned-concurrency-configs --function-name {}`",
            lane.name(),
            words::routing(&lane.routing(wanted)),
            SETTLING.as_secs() / 60,
            lane.function
        ))
    }

    /// Waits once more, from now on.
    pub(super) fn be_patient_again(&mut self) {
        let now = self.now;
        for lane in &mut self.state.lanes {
            if matches!(lane.settling, Settling::Moving(_)) {
                lane.settling = Settling::Moving(now);
            }
        }
    }
}

/// The key under which it is reported once that AWS still moves traffic.
fn moving(name: &str) -> String {
    format!("{name} moving")
}
