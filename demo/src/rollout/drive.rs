//! The driver of the demo's release: performs what the machine wants, and hands it what the page orders.
//!
//! It keeps no journal: what it drives is gone when the demo ends.

use onebox_driver::{Calls, Performed, perform};
use onebox_release::{Answer, Call, Effect, Ending, Input, State, advance, is_final};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{Rollout, plan::frontend};
use crate::board::Board;

use onebox_core::Partition;

/// Why, where the page orders something.
const BECAUSE: &str = "a person asked for it on the page";

/// What a person may order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Put everything back.
    Abort,
    /// Go on now.
    Promote,
    /// Begin again, when it is over.
    Again,
}

/// Who performs the calls.
struct Hands<'a> {
    rollout: &'a Rollout,
    board: &'a Board,
}

impl Calls for Hands<'_> {
    async fn call(&self, call: &Call) -> Answer {
        let perform = || self.rollout.account.call(call);
        match side_of(call) {
            // The pages that are loading at this moment are counted apart.
            Some(side) => self.rollout.turn(side, || self.board.turn(perform)),
            None => perform(),
        }
    }
}

/// The side of the site that a call changes.
fn side_of(call: &Call) -> Option<Partition> {
    let Call::UpdateAlias { function, .. } = call else { return None };
    [Partition::OneBox, Partition::Regular].into_iter().find(|side| frontend(*side) == function)
}

/// Drives one release to its end. Where it stops for a person, it waits for one, or ends there if nobody can come.
pub(super) async fn drive(
    rollout: &Rollout,
    board: &Board,
    mut asked: Option<&mut UnboundedReceiver<Ask>>,
) -> Option<Ending> {
    let hands = Hands { rollout, board };
    let plan = &rollout.plan;
    let (mut state, mut input) = (State::new(plan, rollout.account.now()), Input::Resume);
    loop {
        state = advance(plan, state, rollout.account.now(), input).0;
        rollout.note(&state);
        input = match &state.effect {
            Effect::Stop { ending } => {
                let ending = ending.clone();
                match &mut asked {
                    Some(asked) if !is_final(&ending) => ordered(asked.recv().await?),
                    _ => return Some(ending),
                }
            }
            Effect::Wait { until } => {
                let wait = tokio::time::sleep(rollout.pace.left(*until));
                match &mut asked {
                    Some(asked) => tokio::select! {
                        () = wait => Input::Woke,
                        ask = asked.recv() => ordered(ask?),
                    },
                    None => {
                        wait.await;
                        Input::Woke
                    }
                }
            }
            _ => match perform(plan, state, &hands, || rollout.account.now(), |state| rollout.note(state)).await {
                Performed::Heard(heard, input) => {
                    state = heard;
                    input
                }
                // Only hooks are accompanied, and there are none.
                Performed::Wants(_) | Performed::Stopped(_) => return None,
            },
        };
    }
}

fn ordered(ask: Ask) -> Input {
    match ask {
        Ask::Abort => Input::Abort(BECAUSE.to_owned()),
        Ask::Promote => Input::Promote(BECAUSE.to_owned()),
        // It has not ended yet: there is nothing to begin again.
        Ask::Again => Input::Woke,
    }
}
