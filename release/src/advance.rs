//! One step of a release.

use jiff::Timestamp;

use crate::{Effect, Input, Plan, State};

/// Takes one step: what happened goes in, where the release stands now and what is wanted comes out.
///
/// The effect is also in the state, so that a journal of states is all that a resumed release needs.
#[must_use]
pub fn advance(_plan: &Plan, state: State, now: Timestamp, _input: Input) -> (State, Effect) {
    let effect = Effect::Wait { until: now };
    (State { effect: effect.clone(), ..state }, effect)
}
