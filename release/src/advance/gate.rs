//! Whether a lane may take its next step, what it waits for, and what happens when it waited too long.

use jiff::Timestamp;

use super::{Machine, time::later};
use crate::{Effect, Ending, Event, NotProven, Pause, Percent, Step, Verdict, state::Gate};

/// Where a gate stands.
#[derive(Debug)]
pub(super) enum Passage {
    /// It is open.
    Open,
    /// It opens at a time; never alone where there is none.
    Later(Option<Timestamp>),
    /// The time has passed, but this is missing: a key and a sentence for each.
    Missing(Vec<(String, String)>),
}

impl Machine<'_> {
    pub(super) fn steps(&self, index: usize) -> Vec<Step> {
        self.shifts.get(index).map(|shift| shift.strategy.steps()).unwrap_or_default()
    }

    /// Whether a lane has taken its last step.
    pub(super) fn is_done(&self, index: usize) -> bool {
        self.state.lanes.get(index).is_none_or(|lane| lane.step > 0 && lane.percent == Percent::ALL)
    }

    /// Whether a lane may take its next step.
    pub(super) fn passage(&self, index: usize, steps: &[Step]) -> Passage {
        let Some(lane) = self.state.lanes.get(index) else { return Passage::Later(None) };
        let taken = lane.step.checked_sub(1).and_then(|last| steps.get(last));
        let due = match taken.map(|step| &step.then) {
            _ if lane.gate.skip => self.now,
            None => self.now,
            Some(Pause::For(wait)) => later(lane.since.unwrap_or(self.now), *wait),
            Some(Pause::Approval) => return Passage::Later(None),
        };
        if due > self.now {
            let lost = self.is_lost(lane.gate);
            return if lost { Passage::Missing(self.missing_time()) } else { Passage::Later(Some(due)) };
        }
        let mut missing = if lane.gate.blind { Vec::new() } else { self.missing_alarms() };
        if taken.is_some() && !lane.gate.skip {
            missing.extend(self.missing_requests(index));
            let is_last = lane.step + 1 == steps.len();
            if is_last && self.plan.health.comparison.is_some() && lane.traffic.verdict != Some(Verdict::ProvenHealthy)
            {
                let sentence = format!(
                    "{}: version {} is not proven healthy in comparison with version {}",
                    lane.name(),
                    lane.to.as_deref().unwrap_or_default(),
                    lane.from.as_deref().unwrap_or_default()
                );
                missing.push((format!("{} verdict", lane.name()), sentence));
            }
        }
        if missing.is_empty() { Passage::Open } else { Passage::Missing(missing) }
    }

    /// The requests that a lane lacks before its step passes.
    pub(super) fn missing_requests(&self, index: usize) -> Vec<(String, String)> {
        let needed = self.plan.health.min_requests;
        let Some(lane) = self.state.lanes.get(index).filter(|lane| lane.traffic.requests < needed) else {
            return Vec::new();
        };
        let name = lane.name();
        let version = lane.to.as_deref().unwrap_or_default();
        let served = format!("{name}: version {version} has not served the {needed} requests that a step needs");
        let unread = self
            .state
            .unread
            .as_ref()
            .map(|why| (format!("{name} traffic"), format!("traffic cannot be read ({why})")));
        [(format!("{name} requests"), served)].into_iter().chain(unread).collect()
    }

    /// Tells what is missing, each reason once.
    pub(super) fn tell_missing(&mut self, missing: Vec<(String, String)>) {
        for (key, reason) in missing {
            if !self.state.told.contains(&key) {
                self.state.told.push(key);
                self.tell(Event::Held { reason });
            }
        }
    }

    /// When a gate that is held since then has been held for too long.
    pub(super) fn limit(&self, gate: Gate) -> Option<Timestamp> {
        gate.held.map(|held| later(held, self.plan.health.hold))
    }

    /// Health was not proven in time: the plan says what follows. `None`: the release goes on.
    pub(super) fn not_proven(&mut self, missing: &[(String, String)]) -> Option<Effect> {
        let mut reasons: Vec<String> = Vec::new();
        for (_, reason) in missing {
            if !reasons.contains(reason) {
                reasons.push(reason.clone());
            }
        }
        let reason = reasons.join("; ");
        match self.plan.health.not_proven {
            NotProven::Continue => {
                self.note(format!("health is not proven, and the plan goes on: {reason}"));
                None
            }
            NotProven::RollBack => Some(self.roll_back(format!("health is not proven: {reason}"))),
            NotProven::Stop => Some(self.stop(Ending::NotProven(format!(
                "{reason}. Everything stays as it is: `onebox release promote` goes on without proof, `onebox release \
                 resume` waits once more, `onebox release abort` puts everything back"
            )))),
        }
    }
}
