//! Ticks against the strict local control plane, with a clock of their own.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use onebox_aws::Calls;
use onebox_release::{
    AlarmState, Answer, Call, Effect, Ending, Event, Executed, Input, Plan, Record, Routing, State, advance, ending,
    worth_keeping,
};
use onebox_sim::control::{At, Code, ControlPlane, FaultPlan, Script, Trouble};
use serde_json::{Value, json};

use super::{LARGEST, MOST_ALIASES, Next, Tells, Told, step::tick};
use crate::clock::after;

/// An account, and its clock.
#[derive(Clone)]
struct World(Arc<Mutex<(ControlPlane, Timestamp)>>);

impl Calls for World {
    async fn call(&self, call: &Call) -> Answer {
        if matches!(call, Call::Invoke { function, .. } if function == "hangs") {
            std::future::pending::<()>().await;
        }
        let mut world = self.0.lock().unwrap();
        let now = world.1;
        world.0.call(call, now)
    }
}

impl World {
    fn new(functions: &[&str]) -> Self {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        let mut plane = ControlPlane::default();
        for function in functions {
            plane.function(function, 7, now);
            plane.alias(function, "live", &Routing::wholly("6")).unwrap();
        }
        plane.script("smoke", Script::passes());
        plane.set_alarm("web-5xx", AlarmState::Ok, now);
        Self(Arc::new(Mutex::new((plane, now))))
    }

    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().1
    }

    fn sleep(&self, until: Timestamp) {
        let mut world = self.0.lock().unwrap();
        world.1 = world.1.max(until);
    }

    fn with<T>(&self, work: impl FnOnce(&mut ControlPlane, Timestamp) -> T) -> T {
        let mut world = self.0.lock().unwrap();
        let now = world.1;
        work(&mut world.0, now)
    }

    /// Where our functions' aliases point to; a weight is shown too.
    fn stand(&self) -> BTreeSet<(String, bool)> {
        self.with(|plane, _| {
            let all = FUNCTIONS.iter().filter_map(|function| plane.alias_of(function, "live"));
            all.map(|alias| (alias.version.clone(), alias.additional.is_some())).collect()
        })
    }

    async fn tick(&self, told: Value) -> Tells {
        let told = Told::read(&told).unwrap();
        let plan = told.plan().unwrap();
        let deadline = after(self.now(), Duration::from_secs(900));
        tick(told, &plan, self, deadline, || self.now()).await.unwrap()
    }

    /// Ticks until the release waits.
    async fn until_it_waits(&self, mut told: Value) -> Value {
        loop {
            let tells = self.tick(told).await;
            told = serde_json::to_value(&tells).unwrap();
            match tells.next {
                Next::Tick => {}
                Next::Wait => return told,
                next => panic!("expected a wait, not {next:?}: {:?}", tells.ending),
            }
        }
    }

    /// Ticks as the state machine does, until the release is over.
    async fn run(&self, mut told: Value) -> Vec<Tells> {
        let mut all = Vec::new();
        loop {
            assert!(all.len() < 2_000, "it goes on for ever");
            let tells = self.tick(told).await;
            if let Some(until) = &tells.until {
                self.sleep(until.parse().unwrap());
            }
            told = serde_json::to_value(&tells).unwrap();
            assert!(told.to_string().len() < LARGEST);
            let next = tells.next;
            all.push(tells);
            if next == Next::Over {
                return all;
            }
        }
    }
}

const FUNCTIONS: [&str; 4] = ["orders", "stock", "box", "web"];

fn plan() -> Value {
    let shift = |function: &str| json!({ "function": function, "alias": "live", "target": "7" });
    let mut orders = shift("orders");
    orders["strategy"] = json!("Canary10Percent5Minutes");
    orders["before"] = json!("smoke");
    json!({
        "release": { "id": "web-1", "alarms": ["web-5xx"], "poll": "1m" },
        "backend": [orders, shift("stock")],
        "one-box": shift("box"),
        "regular": shift("web"),
    })
}

fn begin() -> Value {
    json!({ "plan": plan() })
}

fn events(all: &[Tells]) -> Vec<Event> {
    all.iter().filter(|tells| tells.kept).flat_map(|tells| tells.record.state.events.clone()).collect()
}

fn released(world: &World, all: &[Tells]) {
    assert_eq!(all.last().unwrap().ending, Some(Ending::Released));
    assert_eq!(world.stand(), BTreeSet::from([("7".to_owned(), false)]));
}

fn rolled_back(world: &World, all: &[Tells]) -> String {
    assert_eq!(world.stand(), BTreeSet::from([("6".to_owned(), false)]));
    match &all.last().unwrap().ending {
        Some(Ending::RolledBack(reason)) => reason.clone(),
        other => panic!("expected a rollback, not {other:?}"),
    }
}

/// The same release by a driver with a journal, as the command has one.
async fn driven(world: &World) -> Vec<Record> {
    let plan = Plan::read(&plan()).unwrap();
    let mut state = advance(&plan, State::new(&plan, world.now()), world.now(), Input::Resume).0;
    let mut records: Vec<Record> = Vec::new();
    loop {
        if worth_keeping(&state) {
            records.push(Record::new(records.len() as u64 + 1, world.now(), 0, state.clone()));
        }
        let input = match state.effect.clone() {
            Effect::Call { calls, .. } => {
                let mut answers = Vec::new();
                for call in &calls {
                    answers.push(world.call(call).await);
                }
                Input::Answers(answers)
            }
            Effect::Wait { until } => {
                world.sleep(until);
                Input::Woke
            }
            _ => return records,
        };
        state = advance(&plan, state, world.now(), input).0;
    }
}

#[tokio::test]
async fn a_release_by_ticks_has_the_journal_of_one_by_the_command() {
    let world = World::new(&FUNCTIONS);
    let all = world.run(begin()).await;
    released(&world, &all);
    let kept: Vec<_> = all.iter().filter(|tells| tells.kept).map(|tells| tells.record.clone()).collect();
    let driven = driven(&World::new(&FUNCTIONS)).await;
    assert_eq!(kept.len(), driven.len());
    for (ours, theirs) in kept.iter().zip(&driven) {
        assert_eq!((ours.seq, &ours.text, &ours.state), (theirs.seq, &theirs.text, &theirs.state));
    }
    assert!(ending(&kept.last().unwrap().state).is_some());
}

#[tokio::test]
async fn an_alarm_puts_everything_back() {
    let world = World::new(&FUNCTIONS);
    let told = world.until_it_waits(begin()).await;
    world.with(|plane, now| plane.set_alarm("web-5xx", AlarmState::Alarm, after(now, Duration::from_secs(1))));
    world.sleep(told["until"].as_str().unwrap().parse().unwrap());
    let all = world.run(told).await;
    assert!(rolled_back(&world, &all).contains("web-5xx"));
    assert!(all.last().unwrap().cause.as_ref().unwrap().starts_with("rolled back: "));
}

#[tokio::test]
async fn every_tick_may_be_tried_again() {
    // What a tick did first is not known when Step Functions tries it again.
    let world = World::new(&FUNCTIONS);
    let mut told = begin();
    let mut all = Vec::new();
    while all.last().is_none_or(|tells: &Tells| tells.next != Next::Over) {
        world.tick(told.clone()).await;
        let tells = world.tick(told).await;
        if let Some(until) = &tells.until {
            world.sleep(until.parse().unwrap());
        }
        told = serde_json::to_value(&tells).unwrap();
        all.push(tells);
    }
    released(&world, &all);
    let once = World::new(&FUNCTIONS);
    let shifted = |event: &Event| matches!(event, Event::Shifted { .. } | Event::Ended { .. });
    let mut ours = events(&all);
    let mut theirs = events(&once.run(begin()).await);
    ours.retain(shifted);
    theirs.retain(shifted);
    assert_eq!(ours, theirs, "nothing is done twice");
}

#[tokio::test]
async fn stopped_at_any_moment_it_goes_on_or_goes_back() {
    let length = World::new(&FUNCTIONS).run(begin()).await.len();
    for stop in 0..length - 1 {
        for (order, lost) in [("resume", false), ("resume", true), ("abort", false), ("abort", true), ("promote", true)]
        {
            let world = World::new(&FUNCTIONS);
            let mut told = begin();
            for _ in 0..=stop {
                let tells = world.tick(told).await;
                if let Some(until) = &tells.until {
                    world.sleep(until.parse().unwrap());
                }
                told = serde_json::to_value(&tells).unwrap();
            }
            if lost {
                // The execution was stopped while a tick was at work: it did what it did, and nobody knows.
                world.tick(told.clone()).await;
            }
            match order {
                "resume" => told["resume"] = json!(true),
                order => told["order"] = json!({ order: "we want to" }),
            }
            let all = world.run(told).await;
            match order {
                "abort" => assert_eq!(rolled_back(&world, &all), "aborted: we want to", "{stop} {lost}"),
                _ => released(&world, &all),
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_proven_waits_for_a_person() {
    for order in ["promote", "abort"] {
        let world = World::new(&FUNCTIONS);
        let mut plan = plan();
        plan["health"] = json!({ "min_requests": 50, "hold": "5m" });
        let mut all = world.run(json!({ "plan": plan })).await;
        let mut orders = 0;
        while let Some(Ending::NotProven(_)) = all.last().unwrap().ending {
            orders += 1;
            assert!(orders < 10, "it is held for ever");
            let mut told = serde_json::to_value(all.last().unwrap()).unwrap();
            assert_eq!(world.tick(told.clone()).await.next, Next::Over, "nothing goes on by itself");
            told["order"] = json!({ order: "we have looked" });
            all = world.run(told).await;
        }
        assert!(orders > 0);
        match order {
            "abort" => assert_eq!(rolled_back(&world, &all), "aborted: we have looked"),
            _ => released(&world, &all),
        }
    }
}

#[tokio::test]
async fn a_long_release_goes_on_in_another_execution() {
    let world = World::new(&FUNCTIONS);
    let mut told = world.until_it_waits(begin()).await;
    told["ticks"] = json!(1_998);
    assert_eq!(world.tick(told.clone()).await.next, Next::Wait);
    told["ticks"] = json!(1_999);
    let tells = world.tick(told).await;
    assert_eq!((tells.next, tells.ticks), (Next::Anew, 0));
    assert!(tells.until.is_some());
    let all = world.run(serde_json::to_value(tells).unwrap()).await;
    assert_eq!(all[0].next, Next::Wait);
    released(&world, &all);
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_never_returns_is_not_waited_for_longer_than_a_tick_lasts() {
    let world = World::new(&FUNCTIONS);
    let mut told = begin();
    told["plan"]["backend"][0]["before"] = json!("hangs");
    let all = world.run(told).await;
    let reason = rolled_back(&world, &all);
    assert!(reason.contains("no answer before the tick function's time was over"), "{reason}");
}

#[tokio::test]
async fn a_hook_that_fails_puts_everything_back() {
    let world = World::new(&FUNCTIONS);
    world.with(|plane, _| plane.script("smoke", Script::fails("the page is white")));
    let all = world.run(begin()).await;
    assert!(rolled_back(&world, &all).contains("the page is white"));
}

#[tokio::test]
async fn a_call_that_is_lost_is_found() {
    for trouble in [Trouble::LostRequest, Trouble::LostAnswer] {
        let world = World::new(&FUNCTIONS);
        world.with(|plane, _| plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 0), trouble)));
        let all = world.run(begin()).await;
        released(&world, &all);
    }
}

#[test]
fn what_cannot_be_done_is_refused_by_kind() {
    let shifts = |count: usize| {
        let shift = |number| json!({ "function": format!("f{number}"), "alias": "live", "target": "7" });
        json!({ "release": { "id": "web-1" }, "backend": (0..count).map(shift).collect::<Vec<_>>() })
    };
    let zip = json!({ "release": { "id": "w" }, "regular": { "function": "f", "alias": "live", "target": { "zip": "f.zip" } } });
    for (event, kind, said) in [
        (json!(null), "Onebox.BadInput", r#"expected {"plan": …}"#),
        (json!({ "plan": plan(), "order": "abort" }), "Onebox.BadInput", "expected"),
        (json!({ "plan": plan(), "record": { "state": { "version": 999 } } }), "Onebox.Newer", "newer onebox"),
        (json!({ "plan": { "release": { "id": "" }, "regular": {} } }), "Onebox.BadPlan", "regular.function"),
        (json!({ "plan": shifts(MOST_ALIASES + 1) }), "Onebox.BadPlan", "too many"),
        (json!({ "plan": zip }), "Onebox.BadPlan", "no zip files in the cloud"),
    ] {
        let failed = Told::read(&event).and_then(|told| told.plan().map(drop)).unwrap_err();
        assert_eq!(failed.kind, kind, "{failed}");
        assert!(failed.message.contains(said), "{failed}");
    }
    assert!(Told::read(&json!({ "plan": shifts(MOST_ALIASES) })).unwrap().plan().is_ok());
}

#[tokio::test]
async fn as_many_aliases_as_are_accepted_fit_into_a_state() {
    // Every new version fails as well: its alarm fires, and every reason names all of them.
    for errors in [0, 12] {
        let (largest, ending) = largest(MOST_ALIASES, errors).await;
        println!("{MOST_ALIASES} aliases with the longest names, {errors} errors: {largest} bytes of {LARGEST}");
        assert!(largest <= LARGEST, "{largest} bytes");
        assert_eq!(matches!(ending, Ending::Released), errors == 0, "{ending}");
    }
}

/// The most bytes that a tick tells in a release of so many aliases, and how that ends.
async fn largest(aliases: usize, errors: u64) -> (usize, Ending) {
    // The longest names that AWS allows, 64 for a function and 128 for an alias, and the function's as an ARN.
    let (alias, hook) = ("a".repeat(128), "h".repeat(64));
    let names: Vec<_> = (0..aliases).map(|number| format!("{number:0>64}")).collect();
    let arn = |name: &str| format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}");
    let world = World::new(&[]);
    world.with(|plane, now| {
        plane.script(&hook, Script::passes());
        for name in &names {
            plane.function(name, 7, now);
            plane.alias(name, &alias, &Routing::wholly("6")).unwrap();
        }
    });
    let shift = |name: &String| {
        json!({
            "function": arn(name),
            "alias": alias, "target": "latest", "before": hook, "after": hook,
            "strategy": "Canary10Percent5Minutes",
        })
    };
    world.with(|plane, now| {
        for name in &names {
            plane.code(name, Code::new(format!("{name}-8")), now).unwrap();
            // Something to compare.
            for minute in 0..30 {
                for (version, requests, errors) in [("6", 123_456, 0), ("8", 12_345, errors)] {
                    let of = Executed { function: arn(name), alias: alias.clone(), version: version.into() };
                    plane.record_traffic(of, after(now, Duration::from_secs(60 * minute)), requests, errors);
                }
            }
        }
    });
    let plan = json!({
        "release": { "id": "w".repeat(64), "alarms": ["web-5xx"], "poll": "1m" },
        "health": {
            "comparison": { "false_alarm": "1%", "tolerance": "1%" },
            "version_alarms": { "errors": 1, "minutes": 1 },
            "not_proven": "continue",
            "hold": "1m",
        },
        "backend": names.iter().map(shift).collect::<Vec<_>>(),
    });
    let (mut largest, mut judged) = (0, false);
    let mut told = json!({ "plan": plan });
    loop {
        let tells = world.tick(told).await;
        if let Some(until) = &tells.until {
            world.sleep(until.parse().unwrap());
        }
        told = serde_json::to_value(&tells).unwrap();
        largest = largest.max(told.to_string().len());
        judged |= tells.record.state.events.iter().any(|event| matches!(event, Event::Judged { .. }));
        if tells.next == Next::Over {
            assert!(judged || errors > 0, "the evidence is not in the state");
            return (largest, tells.ending.unwrap());
        }
    }
}
