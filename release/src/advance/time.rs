//! Time as it was handed in. It may jump back: nothing that was waited for is waited for twice.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Machine;
use crate::Effect;

const MINUTE: i64 = 60;

impl Machine<'_> {
    /// Takes the time. Where the clock jumped back, every stored time goes with it, so that what has elapsed counts on.
    pub(super) fn tick(&mut self) {
        let jump = self.state.clock.duration_since(self.now);
        self.state.clock = self.now;
        if jump <= SignedDuration::ZERO {
            return;
        }
        let state = &mut self.state;
        let mut times = vec![&mut state.since];
        times.extend(state.refused.as_mut());
        let own = [&mut state.gate.held, &mut state.tries.since, &mut state.watch.at, &mut state.watch.kept];
        times.extend(&mut state.alarms.at);
        times.extend(own.into_iter().flatten());
        for lane in &mut state.lanes {
            if let crate::state::Settling::Moving(since) = &mut lane.settling {
                times.push(since);
            }
            let stored = [&mut lane.since, &mut lane.gate.held, &mut lane.tries.since, &mut lane.deployed];
            times.extend(stored.into_iter().flatten());
            times.extend([&mut lane.traffic.until, &mut lane.traffic.proven_from].into_iter().flatten());
        }
        let kept = state.proof.as_deref_mut().map(|proof| &mut proof.effect);
        for effect in kept.into_iter().chain([&mut state.effect]) {
            if let Effect::Wait { until } = effect {
                times.push(until);
            }
        }
        for time in times {
            *time = time.checked_sub(jump).unwrap_or(Timestamp::MIN);
        }
        // Minutes of traffic are whole minutes.
        for until in state.lanes.iter_mut().filter_map(|lane| lane.traffic.until.as_mut()) {
            *until = minute(*until);
        }
        self.note(format!("the clock jumped back by {jump:#}: every stored time went with it"));
    }

    /// The time after a span.
    pub(super) fn after(&self, span: Duration) -> Timestamp {
        later(self.now, span)
    }

    /// How long ago this was.
    pub(super) fn elapsed(&self, since: Timestamp) -> Duration {
        self.now.duration_since(since).try_into().unwrap_or(Duration::ZERO)
    }
}

/// A time and a span; the end of time where it goes beyond.
pub(super) fn later(time: Timestamp, span: Duration) -> Timestamp {
    time.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// A time less a span; the beginning of time where it goes beyond.
pub(super) fn earlier(time: Timestamp, span: Duration) -> Timestamp {
    time.checked_sub(span).unwrap_or(Timestamp::MIN)
}

/// The beginning of the minute that this is in.
pub(super) fn minute(time: Timestamp) -> Timestamp {
    let second = time.as_second();
    Timestamp::from_second(second - second.rem_euclid(MINUTE)).unwrap_or(time)
}

/// The beginning of the first minute that is not before this.
pub(super) fn next_minute(time: Timestamp) -> Timestamp {
    let begun = minute(time);
    if begun == time { time } else { later(begun, Duration::from_secs(60)) }
}
