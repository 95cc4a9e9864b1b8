//! Crashes, orders and clocks: at any place.

use std::time::Duration;

use onebox_release::{AlarmState, Call, Effect, Ending, Event, Input, Plan, Routing, State, VersionAlarms, advance};

use crate::world::{World, at, plan};

fn whole(plan: &mut Plan) {
    plan.health.version_alarms = Some(VersionAlarms { errors: 1, minutes: 1 });
    plan.backends[0].before = Some("smoke".into());
    plan.backends[0].after = Some("verify".into());
}

fn shifted(world: &World) -> Vec<Event> {
    world
        .events
        .iter()
        .filter(|event| matches!(event, Event::Shifted { .. } | Event::PutBack { .. }))
        .cloned()
        .collect()
}

/// Runs; crashes once at step `place`, after the effect was performed or before; `None` once there is no such step.
fn crashed(mut world: World, place: usize, performed: bool) -> Option<World> {
    world.input(Input::Resume);
    for step in 0.. {
        if let Effect::Stop { .. } = world.state.effect {
            return None;
        }
        if step == place {
            if let (Effect::Call { calls, .. }, true) = (world.state.effect.clone(), performed) {
                for call in &calls {
                    let _lost = world.call(call);
                }
            }
            world.now += Duration::from_secs(3);
            world.input(Input::Resume);
            world.run();
            return Some(world);
        }
        world.perform();
    }
    None
}

#[test]
fn a_crash_anywhere_ends_as_no_crash_would() {
    let good = || World::new(plan(whole));
    let bad = || {
        World::new(plan(whole)).scripted(|world, _| {
            if world.now >= at(330) {
                world.alarms.insert("5xx".into(), AlarmState::Alarm);
            }
            None
        })
    };
    for (name, make) in [("good", &good as &dyn Fn() -> World), ("bad", &bad)] {
        let mut smooth = make();
        let ending = smooth.start();
        let mut histories = 0;
        for performed in [false, true] {
            for place in 0.. {
                let Some(world) = crashed(make(), place, performed) else { break };
                let Effect::Stop { ending: crashed } = &world.state.effect else { panic!("expected an end") };
                assert_eq!(*crashed, ending, "{name} {place} {performed}");
                assert_eq!(shifted(&world), shifted(&smooth), "{name} {place} {performed}");
                let stands: Vec<_> = world.aliases.values().map(|alias| &alias.routing).collect();
                let stood: Vec<_> = smooth.aliases.values().map(|alias| &alias.routing).collect();
                assert_eq!(stands, stood, "{name} {place} {performed}");
                assert_eq!(world.alarms.len(), 1, "{name} {place} {performed}: the release's alarms are gone");
                histories += 1;
            }
        }
        assert!(histories > 60, "{name}: {histories}");
    }
}

#[test]
fn alarms_that_were_read_before_a_crash_are_read_again_before_a_weight_rises() {
    let mut world = World::new(plan(|plan| plan.health.min_requests = 1));
    world.traffic.insert("7".into(), (10, 0));
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::GetMetricData { .. }));
    for input in [Input::Resume, Input::Promote("go".into())] {
        let mut another = World::new(world.plan.clone());
        (another.state, another.now, another.aliases) = (world.state.clone(), world.now, world.aliases.clone());
        another.input(input);
        if another.state.awaits_proof() {
            another.perform();
        }
        let Effect::Call { calls, .. } = another.state.effect else { panic!("expected calls") };
        assert!(matches!(calls[..], [Call::DescribeAlarms { .. }, ..]), "{calls:?}");
        assert!(!calls.iter().any(Call::changes), "{calls:?}");
    }
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::Released);
}

#[test]
fn an_abort_anywhere_puts_everything_back() {
    for performed in [false, true] {
        for place in 0.. {
            let mut world = World::new(plan(whole));
            world.input(Input::Resume);
            for _ in 0..place {
                if !matches!(world.state.effect, Effect::Stop { .. }) {
                    world.perform();
                }
            }
            if let (Effect::Call { calls, .. }, true) = (world.state.effect.clone(), performed) {
                for call in &calls {
                    let _lost = world.call(call);
                }
            }
            let was_over = matches!(world.state.effect, Effect::Stop { .. });
            world.input(Input::Abort("no".into()));
            let ending = world.run();
            if was_over {
                assert_eq!(ending, Ending::Released);
                assert!(world.told().last().is_some_and(|told| told.starts_with("the release is over")));
                break;
            }
            assert_eq!(ending, Ending::RolledBack("aborted: no".into()), "{place}");
            assert!(world.aliases.values().all(|alias| alias.routing == Routing::wholly("6")), "{place}");
            // An alarm that was asked for when the abort came, and made after it was looked for, is not there either.
            assert_eq!(world.alarms.len(), 1, "{place} {performed}");
        }
    }
}

#[test]
fn a_second_abort_and_a_promote_on_the_way_back_change_nothing() {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    while world.now < at(100) {
        world.perform();
    }
    let effect = world.input(Input::Abort("no".into()));
    assert_eq!(world.input(Input::Abort("really".into())), effect);
    assert_eq!(world.input(Input::Promote("yes".into())), effect);
    assert_eq!(world.run(), Ending::RolledBack("aborted: no".into()));
}

#[test]
fn inputs_that_answer_nothing_change_nothing() {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    for _ in 0..200 {
        let effect = world.state.effect.clone();
        if let Effect::Stop { .. } = effect {
            return;
        }
        // A wait that is over answers to `Woke`; this one is not.
        for input in [Input::Woke, Input::Answers(Vec::new()), Input::Meanwhile(Vec::new())] {
            let (state, same) = advance(&world.plan, world.state.clone(), world.now, input);
            assert_eq!(same, effect);
            assert!(state.events.is_empty());
        }
        world.perform();
    }
    panic!("it does not end");
}

#[test]
fn another_plan_is_refused() {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    world.plan.backends.clear();
    let Effect::Stop { ending: Ending::Stuck(reason) } = world.input(Input::Resume) else { panic!("expected stuck") };
    assert!(reason.starts_with("expected the plan that this release began with"), "{reason}");
    world.plan = plan(|_| {});
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::Released, "with the right one it goes on");
}

#[test]
fn a_clock_that_jumps_back_lengthens_nothing() {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    while world.now < at(200) {
        world.perform();
    }
    world.now = at(200 - 3_600);
    world.input(Input::Resume);
    assert!(world.told().iter().any(|told| told.starts_with("the clock jumped back by 1h")), "{:?}", world.told());
    assert_eq!(world.run(), Ending::Released);
    let seconds: Vec<i64> = world.updates().iter().map(|(when, _)| *when).collect();
    assert_eq!(seconds, [0, 300 - 3_600, 300 - 3_600, 360 - 3_600]);
}

#[test]
fn a_promote_skips_a_wait_and_a_bake() {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    for seconds in [100, 120, 140] {
        while world.now < at(seconds) {
            world.perform();
        }
        world.input(Input::Promote("quick".into()));
    }
    assert_eq!(world.run(), Ending::Released);
    let seconds: Vec<i64> = world.updates().iter().map(|(when, _)| *when).collect();
    assert_eq!(seconds, [0, 100, 100, 120]);
    assert_eq!(world.now, at(140));
}

#[test]
fn a_promote_where_nothing_waits_is_noted() {
    let mut world = World::new(plan(|_| {}));
    let effect = world.input(Input::Resume);
    assert_eq!(world.input(Input::Promote("go".into())), effect);
    assert!(world.told().last().is_some_and(|told| told.starts_with("nothing is waited for")));
}

#[test]
fn nothing_is_wanted_of_the_regular_side_before_the_bake_is_over() {
    let mut world = World::new(plan(|_| {}));
    world.start();
    let regular = |call: &Call| matches!(call, Call::UpdateAlias { function, .. } if function == "web");
    let place = world.calls.iter().position(|(_, call)| regular(call));
    assert_eq!(place.map(|place| world.calls[place].0), Some(at(360)));
}

#[test]
fn the_state_is_written_in_stable_words() {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::UpdateAlias { .. }));
    let written = serde_json::to_value(&world.state).expect("JSON");
    assert_eq!(written["version"], State::VERSION);
    assert_eq!(written["stage"], serde_json::json!({ "shift": "backends" }));
    assert_eq!(written["task"], serde_json::json!({ "move": [0] }));
    assert_eq!(written["lanes"][0]["wanted"], 1_000);
}
