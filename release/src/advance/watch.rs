//! Only observed time counts. A bake and a step's wait are times during which every alarm was watched, could be read and
//! had data: whatever else passes is made up for.

use std::time::Duration;

use jiff::Timestamp;

use super::{Machine, time::later};
use crate::{Event, Stage, state::Gate};

/// So many polls may lie between two looks.
const POLLS: u32 = 3;

/// Calls take their time, however short a poll is.
const SHORTEST: Duration = Duration::from_secs(1);

/// A look is kept in the journal after so much time, or after this part of the stage, so that a long bake has no long
/// journal.
const KEPT: Duration = Duration::from_secs(60);
const KEPT_PART: u32 = 20;

impl Machine<'_> {
    /// Alarms were looked at just now. The time since the last look counts where both found everything well, and they were
    /// not too far apart; otherwise every wait is extended by it.
    pub(super) fn observe(&mut self) {
        let (now, well) = (self.state.alarms.at.unwrap_or(self.now), self.missing_alarms().is_empty());
        let lapsed = std::mem::take(&mut self.state.alarms.lapsed);
        let watch = &mut self.state.watch;
        let (last, was_well) = (watch.at.replace(now), std::mem::replace(&mut watch.well, well));
        let Some(last) = last else { return };
        let span = Duration::try_from(now.duration_since(last)).unwrap_or_default();
        let is_gap = span > self.apart();
        let watch = &mut self.state.watch;
        let after_gap = std::mem::replace(&mut watch.gap, is_gap);
        if is_gap || lapsed || !well || !was_well {
            // A driver that was away is made up for. One that looks, and sees nothing or sees it too late, is held; one
            // look that fails is no more than that.
            if if is_gap { after_gap } else { !was_well || lapsed } {
                watch.lost = watch.lost.saturating_add(span);
            }
            self.extend(last, now, is_gap, is_gap && !after_gap);
        }
        self.keep_look();
    }

    /// So far two looks may be apart.
    fn apart(&self) -> Duration {
        self.plan.poll.saturating_mul(POLLS).max(SHORTEST)
    }

    /// Whether the last look is too old to decide by. Where looks are always too far apart they are not repeated for that:
    /// time does not count, and that is held in the end.
    pub(super) fn is_stale(&self) -> bool {
        let watch = &self.state.watch;
        !watch.gap && watch.at.is_some_and(|at| self.elapsed(at) > self.apart())
    }

    /// Extends what waits by a time that does not count.
    fn extend(&mut self, last: Timestamp, now: Timestamp, is_gap: bool, is_first: bool) {
        let span = Duration::try_from(now.duration_since(last)).unwrap_or_default();
        if let Some(waiting) = self.waiting().filter(|_| is_gap) {
            self.tell(Event::NotObserved { from: last, to: now, waiting });
        }
        let mut times = Vec::new();
        if matches!(self.state.stage, Stage::Bake | Stage::FinalBake) {
            times.push(&mut self.state.since);
        }
        if is_first {
            self.state.gate.held = None;
        }
        for lane in &mut self.state.lanes {
            times.extend(&mut lane.since);
            if is_gap {
                lane.traffic.proven_from = Some(now);
            }
            // The proof begins again, and so does what is waited for it.
            if is_first {
                lane.gate.held = None;
            }
        }
        for time in times {
            // What began after the last look lost only what passed since then.
            *time = later(*time, span).min(now.max(*time));
        }
    }

    /// What waits for time to pass.
    fn waiting(&self) -> Option<String> {
        match self.state.stage {
            Stage::Bake | Stage::FinalBake if !self.state.gate.skip => Some("the bake".to_owned()),
            Stage::Shift(group) => {
                let waits = |index: &usize| {
                    let lane = self.state.lanes.get(*index);
                    lane.is_some_and(|lane| lane.step > 0 && !lane.gate.skip) && !self.is_done(*index)
                };
                self.lanes_of(group).iter().any(waits).then(|| "the step".to_owned())
            }
            _ => None,
        }
    }

    /// Now and then a look is worth a line in the journal: after a crash, what was observed until then still counts.
    fn keep_look(&mut self) {
        let stage = Duration::try_from(self.now.duration_since(self.state.since)).unwrap_or_default();
        let often = KEPT.max(stage / KEPT_PART);
        let kept = self.state.watch.kept;
        if kept.is_some_and(|kept| later(kept, often) > self.now) {
            return;
        }
        self.state.watch.keep = kept.is_some() && self.waiting().is_some();
        self.state.watch.kept = Some(self.now);
    }

    /// Whether so much time did not count that it is not waited for any longer.
    pub(super) fn is_lost(&self, gate: Gate) -> bool {
        let most = self.plan.health.hold.max(self.plan.poll.saturating_mul(POLLS));
        !gate.skip && !gate.blind && self.state.watch.lost >= most
    }

    /// Why time did not count.
    pub(super) fn missing_time(&self) -> Vec<(String, String)> {
        let missing = self.missing_alarms();
        if !missing.is_empty() {
            return missing;
        }
        let reason = "alarms could not be read in time, or had no data, again and again".to_owned();
        vec![("lost time".to_owned(), reason)]
    }
}
