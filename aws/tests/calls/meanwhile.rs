//! Long calls and what accompanies them, by a clock that runs ahead.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use onebox_aws::{Calls, Performed, perform};
use onebox_release::{
    AlarmState, Answer, Call, CallError, Effect, Ending, ErrorKind, Health, Input, Plan, Routing, Shift, State,
    Strategy, Target, Via, advance,
};
use onebox_sim::control::{ControlPlane, Script};
use tokio::time::Instant;

use crate::stage::{at, seen};

/// A control plane whose hooks take their time.
struct Slow {
    plane: Mutex<ControlPlane>,
    start: Instant,
    hook: Duration,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Slow {
    fn new(hook: Duration) -> Self {
        let mut plane = ControlPlane::default();
        plane.function("orders", 2, at("2026-11-20T12:00:00Z"));
        plane.alias("orders", "live", &Routing::wholly("1")).unwrap();
        plane.set_alarm("errors", AlarmState::Ok, at("2026-11-20T12:00:00Z"));
        plane.script("smoke", Script::passes());
        let (under_way, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Self { plane: Mutex::new(plane), start: Instant::now(), hook, under_way, most }
    }

    fn now(&self) -> Timestamp {
        at("2026-11-20T12:00:00Z") + SignedDuration::try_from(self.start.elapsed()).unwrap()
    }

    fn routing(&self) -> Routing {
        seen(&self.plane.lock().unwrap(), "orders", "live").routing
    }
}

impl Calls for Slow {
    async fn call(&self, call: &Call) -> Answer {
        let now = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let takes = if matches!(call, Call::Invoke { .. }) { self.hook } else { Duration::from_millis(20) };
        tokio::time::sleep(takes).await;
        self.under_way.fetch_sub(1, Ordering::SeqCst);
        let at = self.now();
        self.plane.lock().unwrap().call(call, at)
    }
}

fn plan() -> Plan {
    Plan {
        id: "web-1".into(),
        region: None,
        account: None,
        via: Via::Lambda,
        backends: vec![Shift {
            function: "orders".into(),
            alias: "live".into(),
            target: Target::Version("2".into()),
            strategy: Strategy::AllAtOnce,
            before: Some("smoke".into()),
            after: None,
            codedeploy: None,
        }],
        one_box: None,
        regular: None,
        bake: Duration::from_secs(60),
        final_bake: Duration::from_secs(60),
        poll: Duration::from_secs(10),
        alarms: vec![onebox_release::Alarm::named("errors")],
        ignored: vec![],
        protect: true,
        health: Health::default(),
    }
}

/// Drives a release to its end; `noted` counts the states between.
async fn drive(plan: &Plan, calls: &Slow, noted: &AtomicUsize) -> Ending {
    let mut state = State::new(plan, calls.now());
    let mut input = Input::Resume;
    loop {
        (state, _) = advance(plan, state, calls.now(), input);
        let count = |_: &State| {
            noted.fetch_add(1, Ordering::SeqCst);
        };
        input = loop {
            match perform(plan, state, calls, || calls.now(), count).await {
                Performed::Heard(next, heard) => {
                    state = next;
                    break heard;
                }
                Performed::Wants(next) => state = next,
                Performed::Stopped(last) => match last.effect {
                    Effect::Stop { ending } => return ending,
                    effect => panic!("{effect:?}"),
                },
            }
        };
    }
}

#[tokio::test(start_paused = true)]
async fn alarms_are_read_while_a_hook_runs() {
    let (calls, noted) = (Slow::new(Duration::from_secs(300)), AtomicUsize::new(0));
    assert_eq!(drive(&plan(), &calls, &noted).await, Ending::Released);
    assert_eq!(calls.routing(), Routing::wholly("2"));
    // Every ten seconds and a call, for five minutes.
    assert_eq!(noted.load(Ordering::SeqCst), 29);
}

#[tokio::test(start_paused = true)]
async fn an_alarm_does_not_wait_for_a_hook() {
    let (calls, noted) = (Slow::new(Duration::from_secs(900)), AtomicUsize::new(0));
    let plan = plan();
    let fire = async {
        tokio::time::sleep(Duration::from_secs(45)).await;
        let now = calls.now();
        calls.plane.lock().unwrap().set_alarm("errors", AlarmState::Alarm, now);
        std::future::pending::<()>().await;
    };
    let ending = tokio::select! {
        ending = drive(&plan, &calls, &noted) => ending,
        () = fire => panic!("it waits for ever"),
    };
    assert!(!matches!(ending, Ending::Released), "{ending:?}");
    assert_eq!(calls.routing(), Routing::wholly("1"));
    assert!(calls.start.elapsed() < Duration::from_secs(60), "{:?}", calls.start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn many_calls_are_made_at_once_and_answered_in_their_order() {
    let calls = Slow::new(Duration::ZERO);
    let named = |number: usize| Call::GetAlias { function: "orders".into(), alias: format!("a{number}") };
    let wanted = (0..600).map(named).collect();
    let plan = plan();
    let mut state = State::new(&plan, calls.now());
    state.effect = Effect::Call { calls: wanted, meanwhile: vec![] };
    let performed = perform(&plan, state, &calls, || calls.now(), |_| {}).await;
    let Performed::Heard(_, Input::Answers(answers)) = performed else { panic!("{performed:?}") };
    for (number, answer) in answers.iter().enumerate() {
        let Err(CallError { kind: ErrorKind::NotFound, message }) = answer else { panic!("{answer:?}") };
        assert!(message.contains(&format!(":a{number}")), "{number}: {message}");
    }
    assert_eq!(answers.len(), 600);
    assert_eq!(calls.most.load(Ordering::SeqCst), 256);
    assert_eq!(calls.start.elapsed(), Duration::from_millis(60));
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_when_its_time_has_come() {
    let calls = Slow::new(Duration::ZERO);
    let plan = plan();
    for (until, expected) in [(90_500, 90_500), (-5_000, 0)] {
        let before = calls.start.elapsed();
        let mut state = State::new(&plan, calls.now());
        state.effect = Effect::Wait { until: calls.now() + SignedDuration::from_millis(until) };
        let performed = perform(&plan, state.clone(), &calls, || calls.now(), |_| {}).await;
        assert_eq!(performed, Performed::Heard(state, Input::Woke));
        assert_eq!((calls.start.elapsed() - before).as_millis(), expected);
    }
}
