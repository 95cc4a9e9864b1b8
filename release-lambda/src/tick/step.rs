//! One tick: performs what was wanted, and says what is wanted next.

use std::time::Duration;

use jiff::Timestamp;
use onebox_aws::{Calls, Performed, perform};
use onebox_release::{
    Call, CallError, Effect, Ending, ErrorKind, Event, Input, Plan, Record, State, advance, ending, worth_keeping,
};
use tokio::time::timeout;

use super::input::{Next, Order, Tells, Told, timestamp};
use crate::{clock::until, serve::Failed};

/// What is left of an invocation when it no longer waits for a call.
const MARGIN: Duration = Duration::from_secs(20);

/// So many ticks are in one execution: its history ends at 25,000 events, and a tick with its wait takes 9.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
const MOST_TICKS: u32 = 2_000;

/// As much of an ending is told once more for people.
const LONGEST_CAUSE: usize = 2_000;

/// What a tick does, given a performer and a clock.
///
/// It begins with the effect that it was told: Step Functions has kept that, as a driver keeps it in its journal. It goes
/// on through looks and waits that are over, and ends before anything else is done that must be kept first.
///
/// # Errors
/// What was expected instead of what it was told.
pub(crate) async fn tick<C: Calls>(
    told: Told,
    plan: &Plan,
    calls: &C,
    deadline: Timestamp,
    now: impl Fn() -> Timestamp,
) -> Result<Tells, Failed> {
    let afresh = told.resume || told.order.is_some();
    let ticks = if afresh { 1 } else { told.ticks.saturating_add(1) };
    let mut step = Step { plan, calls, end: before(deadline), now, events: Vec::new() };
    let (seq, mut state) = match told.record {
        None => (0, step.begin()),
        Some(Record { seq, state, .. }) => match step.ordered(&state, told.resume, told.order) {
            Some(state) => (seq, state),
            None => (seq, step.forward(state).await),
        },
    };
    state.events.splice(0..0, step.events.drain(..));
    let kept = worth_keeping(&state);
    let now = (step.now)();
    let record = Record::new(seq + u64::from(kept), now, 0, state);
    Ok(tells(told.plan, record, kept, ticks, now))
}

/// An invocation's end, as far as calls are concerned.
fn before(deadline: Timestamp) -> Timestamp {
    deadline.checked_sub(MARGIN).unwrap_or(Timestamp::MIN)
}

struct Step<'a, C, N> {
    plan: &'a Plan,
    calls: &'a C,
    end: Timestamp,
    now: N,
    /// What happened on the way to the state that is told.
    events: Vec<Event>,
}

impl<C: Calls, N: Fn() -> Timestamp> Step<'_, C, N> {
    fn begin(&mut self) -> State {
        let now = (self.now)();
        advance(self.plan, State::new(self.plan, now), now, Input::Resume).0
    }

    fn advance(&mut self, mut state: State, input: Input) -> State {
        self.events.append(&mut state.events);
        advance(self.plan, state, (self.now)(), input).0
    }

    /// The state after what a person wants: nothing of it is done yet. `None`: nobody wants anything.
    ///
    /// An order is heard whatever is under way; only who merely goes on asks to look before anything is repeated.
    fn ordered(&mut self, state: &State, resume: bool, order: Option<Order>) -> Option<State> {
        let input = match order {
            Some(Order::Abort(because)) => Input::Abort(because),
            Some(Order::Promote(because)) => Input::Promote(because),
            None if resume => Input::Resume,
            None => return None,
        };
        // Whoever gave it may have given it to another account or region.
        Some(advance(self.plan, state.clone().for_another_driver(), (self.now)(), input).0)
    }

    /// Goes on until there is something to keep, to wait for, or nothing left.
    async fn forward(&mut self, mut state: State) -> State {
        // These are in the history already.
        state.events.clear();
        let mut told = true;
        loop {
            let early = matches!(&state.effect, Effect::Wait { until } if (self.now)() < *until);
            if early || ending(&state).is_some() {
                return state;
            }
            // Step Functions repeats a tick whose result was lost: what it was told was perhaps performed.
            let repeats = std::mem::take(&mut told) && matches!(state.effect, Effect::Call { .. });
            let state_now = if repeats { state.perhaps_performed() } else { state };
            let (next, input) = self.perform(state_now).await;
            state = match input {
                Some(input) => self.advance(next, input),
                None => next,
            };
            if worth_keeping(&state) || !self.events.is_empty() || (self.now)() >= self.end {
                return state;
            }
        }
    }

    /// Performs the state's effect; what was heard, unless the machine has heard it already.
    async fn perform(&mut self, state: State) -> (State, Option<Input>) {
        let mut latest = state.clone();
        let limit = until((self.now)(), self.end);
        let events = &mut self.events;
        let work = perform(self.plan, state, self.calls, &self.now, |noted| {
            events.extend(noted.events.iter().cloned());
            latest = noted.clone();
            latest.events.clear();
        });
        let outcome = timeout(limit, work).await;
        match outcome {
            Ok(Performed::Heard(mut state, input)) => {
                // Those are noted.
                state.events.clear();
                (state, Some(input))
            }
            Ok(Performed::Wants(state) | Performed::Stopped(state)) => (state, None),
            Err(_) => {
                let unanswered = unanswered(&latest);
                (latest, Some(unanswered))
            }
        }
    }
}

/// What the machine hears when an invocation's time is over: nobody knows what became of the calls.
fn unanswered(state: &State) -> Input {
    let message = "no answer before the tick function's time was over";
    let answer = |_: &Call| Err(CallError::new(ErrorKind::Unknown, message));
    match &state.effect {
        Effect::Call { calls, .. } => Input::Answers(calls.iter().map(answer).collect()),
        _ => Input::Woke,
    }
}

fn tells(plan: serde_json::Value, record: Record, kept: bool, ticks: u32, now: Timestamp) -> Tells {
    let ended: Option<Ending> = ending(&record.state).cloned();
    let wait = match &record.state.effect {
        Effect::Wait { until } if *until > now => Some(timestamp(*until)),
        _ => None,
    };
    let next = match (&ended, &wait) {
        (Some(_), _) => Next::Over,
        // Only a wait is a good moment: nothing is under way.
        (None, Some(_)) if ticks >= MOST_TICKS => Next::Anew,
        (None, Some(_)) => Next::Wait,
        (None, None) => Next::Tick,
    };
    let ticks = if next == Next::Anew { 0 } else { ticks };
    let cause = ended.as_ref().map(|ending| ending.to_string().chars().take(LONGEST_CAUSE).collect());
    Tells { plan, record, kept, next, until: wait, ending: ended, cause, ticks }
}
