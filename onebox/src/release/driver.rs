//! The driver: writes down what is wanted, does it, and tells the release what came of it.

#[cfg(test)]
mod tests;

use std::{cell::RefCell, time::Duration};

use anstyle::AnsiColor;
use jiff::Timestamp;
use onebox_aws::{Calls, Performed, perform};
use onebox_release::{Call, Effect, Ending, Input, Plan, Record, State, advance, is_final, worth_keeping};

use super::{engine::WAITING, printer::Printer, stop::Stop, store::Store};
use crate::Failure;

/// How long an order waits at most before it is heard.
const GLANCE: Duration = Duration::from_millis(100);

/// What a release runs with.
pub(super) struct Driver<'a, C, S> {
    pub(super) plan: &'a Plan,
    /// Performs the calls.
    pub(super) calls: &'a C,
    /// The time of this machine.
    pub(super) clock: &'a dyn Fn() -> Timestamp,
    pub(super) diary: Diary<S>,
    pub(super) stop: Stop,
}

/// How a drive ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Driven {
    /// The release stopped, or is over.
    To(Ending),
    /// A person stopped the driver; the release stands as it is.
    Interrupted,
}

/// What comes next.
enum Next {
    /// The release hears this.
    Hears(State, Input),
    /// It has heard something already, and wants another effect.
    Wants(State),
    /// Somebody stopped the driver.
    Nothing,
}

impl<C: Calls, S: Store> Driver<'_, C, S> {
    /// Drives a release from this state until it stops.
    pub(super) async fn drive(&mut self, state: State, input: Input) -> Result<Driven, Failure> {
        let mut next = Next::Hears(state, input);
        loop {
            let now = (self.clock)();
            let (state, ordered) = match next {
                Next::Hears(state, input) => {
                    let ordered = matches!(input, Input::Abort(_) | Input::Promote(_));
                    (advance(self.plan, state, now, input).0, ordered)
                }
                Next::Wants(state) => (state, false),
                Next::Nothing => return Ok(Driven::Interrupted),
            };
            self.diary.keep(&state, now, ordered)?;
            next = match &state.effect {
                Effect::Stop { ending } => match self.last_order(ending) {
                    Some(input) => Next::Hears(state, input),
                    None => return Ok(Driven::To(ending.clone())),
                },
                _ if self.stop.asked() => Next::Nothing,
                effect => match (self.stop.order(), effect) {
                    (Some(order), _) => Next::Hears(state, order),
                    (None, &Effect::Wait { until }) => self.wait(until, state).await,
                    _ => self.perform(state).await?,
                },
            };
        }
    }

    /// An order that came too late for a wait, and not too late for the release.
    fn last_order(&mut self, ending: &Ending) -> Option<Input> {
        if is_final(ending) { None } else { self.diary.store.next_order().or_else(|| self.stop.order()) }
    }

    /// Waits for the time, for an order, or for somebody who stops the driver.
    async fn wait(&mut self, until: Timestamp, state: State) -> Next {
        let mut last = (self.clock)();
        loop {
            if self.stop.asked() {
                return Next::Nothing;
            }
            if let Some(input) = self.stop.order().or_else(|| self.diary.store.next_order()) {
                return Next::Hears(state, input);
            }
            let now = (self.clock)();
            // A clock that jumps back would make a long wait of it: the release moves its times with the clock.
            if now >= until || now < last {
                return Next::Hears(state, Input::Woke);
            }
            last = now;
            self.diary.printer.show(&state, now);
            let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
            tokio::select! {
                () = tokio::time::sleep(left.min(GLANCE)) => {}
                () = self.stop.when_asked() => {}
            }
        }
    }

    /// Makes the calls that are wanted. Those that take long are left to themselves when everything is to go back.
    async fn perform(&mut self, state: State) -> Result<Next, Failure> {
        let Self { plan, calls, clock, diary, stop } = self;
        let long = matches!(&state.effect, Effect::Call { meanwhile, .. } if !meanwhile.is_empty());
        let wanted = match &state.effect {
            Effect::Call { calls, .. } => calls.first().map(Call::operation),
            _ => None,
        };
        let (latest, unwritten) = (RefCell::new(state.clone()), RefCell::new(None));
        let diary = RefCell::new(diary);
        let noted = |state: &State| {
            let kept = diary.borrow_mut().keep(state, clock(), false);
            latest.replace(state.clone());
            unwritten.replace(kept.err());
        };
        let mut performing = std::pin::pin!(perform(plan, state, *calls, *clock, noted));
        let (mut asked, mut waits) = (false, wanted.is_some() && !long);
        let mut silence = std::pin::pin!(tokio::time::sleep(WAITING));
        loop {
            tokio::select! {
                biased;
                performed = &mut performing => {
                    return match (performed, unwritten.take()) {
                        (_, Some(failure)) => Err(failure),
                        (Performed::Heard(state, input), _) => Ok(Next::Hears(state, input)),
                        (Performed::Wants(state), _) => Ok(Next::Wants(state)),
                        (Performed::Stopped(_), _) => Err(Failure::stuck(
                            "the release wants something that this onebox does not know: update it, then resume",
                        )),
                    };
                }
                () = stop.when_urged() => {
                    let order = stop.order();
                    return Ok(order.map_or(Next::Nothing, |order| Next::Hears(latest.borrow().clone(), order)));
                }
                () = stop.when_asked(), if !asked => {
                    asked = true;
                    diary.borrow().printer.remark(AnsiColor::Yellow, "stops", stop.told());
                }
                () = &mut silence, if waits => {
                    waits = false;
                    let operation = wanted.unwrap_or_default();
                    let message = format!("waiting for AWS: no answer to {operation} for {} s", WAITING.as_secs());
                    diary.borrow().printer.remark(AnsiColor::Yellow, "waiting", &message);
                }
                () = tokio::time::sleep(GLANCE), if long => {
                    if let Some(failure) = unwritten.take() {
                        return Err(failure);
                    }
                    if let Some(order) = stop.order().or_else(|| diary.borrow_mut().store.next_abort()) {
                        return Ok(Next::Hears(latest.borrow().clone(), order));
                    }
                }
            }
        }
    }
}

/// Where everything is written down before it is done, and told.
pub(super) struct Diary<S> {
    pub(super) store: S,
    pub(super) printer: Printer,
}

impl<S: Store> Diary<S> {
    fn keep(&mut self, state: &State, now: Timestamp, ordered: bool) -> Result<(), Failure> {
        // An order that waits for the proof is not carried out yet.
        if (ordered && !state.awaits_proof()) || worth_keeping(state) {
            let record = Record::new(self.store.next_number(), now, self.store.orders_taken(), state.clone());
            self.store.write(&record)?;
            self.printer.tell(&record);
        }
        self.printer.show(state, now);
        Ok(())
    }
}
