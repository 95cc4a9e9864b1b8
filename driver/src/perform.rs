//! One effect, performed: by the command's driver, and by one tick in the cloud.

use std::{future::Future, pin::pin, time::Duration};

use futures_util::{
    StreamExt,
    future::{Either, select},
    stream,
};
use jiff::Timestamp;
use onebox_release::{Answer, Call, Effect, Input, Plan, State, advance};

/// Whoever performs calls: AWS's SDK, or a local control plane.
pub trait Calls: Sync {
    /// Performs one call, and decides nothing.
    fn call(&self, call: &Call) -> impl Future<Output = Answer> + Send;
}

impl<C: Calls + Send> Calls for std::sync::Arc<C> {
    fn call(&self, call: &Call) -> impl Future<Output = Answer> + Send {
        C::call(self, call)
    }
}

/// What an effect led to.
#[derive(Clone, Debug, PartialEq)]
pub enum Performed {
    /// The effect is done: this state is to be advanced with what was heard.
    Heard(State, Input),
    /// The machine wants another effect: this state is to be journaled, and its effect performed.
    Wants(State),
    /// There is nothing left to perform: [`Effect::Stop`].
    Stopped(State),
}

/// So many calls are under way at once. What a budget makes them wait stays far below the five minutes after which AWS no
/// longer takes a signature: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html>
const AT_ONCE: usize = 256;

/// Performs what a state wants, [`State::effect`].
///
/// While long calls are under way, those that accompany them are made at every [`Plan::poll`], and the machine is told:
/// `noted` sees each state that this leads to, and as long as the effect stays the same the long calls go on. Dropping the
/// future leaves the calls to themselves; the state that `noted` saw last, or else the one handed in, is then where the
/// release stands.
///
/// ```
/// use onebox_driver::{Calls, Performed, perform};
/// use onebox_release::{Answer, Call, CallError, Effect, ErrorKind, Health, Input, Plan, State, Via};
///
/// struct Nothing;
/// impl Calls for Nothing {
///     async fn call(&self, call: &Call) -> Answer {
///         Err(CallError::new(ErrorKind::NotFound, format!("{}: there is nothing", call.operation())))
///     }
/// }
///
/// # fn plan() -> Plan {
/// #     Plan {
/// #         id: "r1".into(), region: None, account: None, via: Via::Lambda, backends: vec![], one_box: None, regular: None,
/// #         bake: Plan::DEFAULT_BAKE, final_bake: Plan::DEFAULT_BAKE, poll: Plan::DEFAULT_POLL, alarms: vec![],
/// #         ignored: vec![], protect: true, health: Health::default(),
/// #     }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let noon = "2026-11-20T12:00:00Z".parse()?;
/// let calls = vec![Call::GetAlias { function: "orders".into(), alias: "live".into() }];
/// let mut state = State::new(&plan(), noon);
/// state.effect = Effect::Call { calls, meanwhile: vec![] };
/// let performed = perform(&plan(), state, &Nothing, || noon, |_| {}).await;
/// let Performed::Heard(_, Input::Answers(answers)) = performed else { panic!("answers") };
/// assert!(answers[0].is_err());
/// # Ok(())
/// # }
/// ```
pub async fn perform<C: Calls>(
    plan: &Plan,
    state: State,
    calls: &C,
    now: impl Fn() -> Timestamp,
    mut noted: impl FnMut(&State),
) -> Performed {
    match state.effect.clone() {
        Effect::Call { calls: long, meanwhile } => {
            let mut latest = state;
            let outcome = {
                let done = pin!(together(calls, &long));
                let other = pin!(accompany(plan, &mut latest, &meanwhile, calls, &now, &mut noted));
                match select(done, other).await {
                    Either::Left((answers, _)) => Some(answers),
                    Either::Right(_) => None,
                }
            };
            match outcome {
                Some(answers) => Performed::Heard(latest, Input::Answers(answers)),
                None => Performed::Wants(latest),
            }
        }
        Effect::Wait { until } => {
            // A clock that is set forward while this sleeps is noticed within a second.
            while let Some(left) = left(until, now()) {
                tokio::time::sleep(left.min(Duration::from_secs(1))).await;
            }
            Performed::Heard(state, Input::Woke)
        }
        // What a newer machine may want, this one cannot do: it goes on only with a newer onebox.
        _ => Performed::Stopped(state),
    }
}

/// Makes calls at once, and gives their answers in their order.
async fn together<C: Calls>(calls: &C, these: &[Call]) -> Vec<Answer> {
    stream::iter(these).map(|call| calls.call(call)).buffered(AT_ONCE).collect().await
}

/// Tells the machine again and again how things stand, until it wants another effect.
async fn accompany<C: Calls>(
    plan: &Plan,
    state: &mut State,
    meanwhile: &[Call],
    calls: &C,
    now: &impl Fn() -> Timestamp,
    noted: &mut impl FnMut(&State),
) {
    if meanwhile.is_empty() {
        return std::future::pending().await;
    }
    let mut meanwhile = meanwhile.to_vec();
    tokio::time::sleep(plan.poll).await;
    loop {
        let answers = together(calls, &meanwhile).await;
        let (next, effect) = advance(plan, state.clone(), now(), Input::Meanwhile(answers));
        let before = std::mem::replace(state, next);
        let (Effect::Call { calls: long, .. }, Effect::Call { calls: same, meanwhile: then }) =
            (&before.effect, effect)
        else {
            return;
        };
        if *long != same {
            return;
        }
        noted(state);
        // What follows from an answer, such as a look into an alarm's history, does not wait for the next poll.
        if !matches!(then.first(), Some(Call::DescribeAlarmHistory { .. })) {
            tokio::time::sleep(plan.poll).await;
        }
        meanwhile = then;
    }
}

/// How long it is until a time; nothing if it has come.
fn left(until: Timestamp, now: Timestamp) -> Option<Duration> {
    Duration::try_from(until.duration_since(now)).ok().filter(|left| !left.is_zero())
}
