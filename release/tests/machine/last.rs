//! The last look: whoever moved an alias after the release's last update is found before the end.

use onebox_release::{AlarmState, Call, CallError, Effect, Ending, ErrorKind, Event, Input, Routing};

use crate::world::{World, at, plan};

/// Performs until this time.
fn until(world: &mut World, seconds: i64) {
    while world.now < at(seconds) {
        world.perform();
    }
}

/// Somebody else moves the first alias in the final bake.
fn moved_in_the_final_bake() -> World {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    until(&mut world, 400);
    world.put("orders:live", Routing::wholly("5"));
    let expected = "orders:live was changed by someone else: it stands on 5 (left: 7). Put it back and `onebox release \
                    resume`, or `onebox release abort` to put the other aliases back";
    assert_eq!(world.run(), Ending::Stuck(expected.into()));
    assert_eq!(world.now, at(400), "noticed at the next poll");
    world
}

#[test]
fn every_alias_is_read_once_in_one_batch_when_the_final_bake_is_over() {
    let mut world = World::new(plan(|_| {}));
    assert_eq!(world.start(), Ending::Released);
    assert_eq!(world.calls.last().map(|(when, _)| *when), Some(at(420)));
    assert!(world.calls[world.calls.len() - 3..].iter().all(|(_, call)| matches!(call, Call::GetAlias { .. })));
}

#[test]
fn a_change_in_the_final_bake_stops_the_release_and_is_never_overwritten() {
    let mut world = moved_in_the_final_bake();
    let updates = world.updates();
    world.input(Input::Resume);
    assert!(matches!(world.run(), Ending::Stuck(_)), "still there");
    world.input(Input::Promote("go".into()));
    assert!(matches!(world.run(), Ending::Stuck(_)), "no order overrides it");
    assert_eq!(world.updates(), updates);

    world.put("orders:live", Routing::wholly("7"));
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::Released);
    assert_eq!(world.updates(), updates);
}

#[test]
fn an_alarm_that_fires_while_a_person_looks_puts_everything_else_back() {
    let mut world = moved_in_the_final_bake();
    world.alarms.insert("5xx".into(), AlarmState::Alarm);
    world.input(Input::Resume);
    let Ending::Stuck(reason) = world.run() else { panic!("expected a conflict") };
    assert!(reason.contains("the alarm 5xx fired") && reason.contains("it stands on 5 (left: 7)"), "{reason}");
    assert_eq!(*world.on("orders:live"), Routing::wholly("5"));
    assert_eq!(*world.on("web:live"), Routing::wholly("6"));
}

#[test]
fn an_abort_after_the_last_look_leaves_the_change_alone() {
    let mut world = moved_in_the_final_bake();
    world.input(Input::Abort("enough".into()));
    let Ending::Stuck(reason) = world.run() else { panic!("expected a conflict") };
    assert!(reason.contains("aborted: enough") && reason.contains("it stands on 5"), "{reason}");
    assert_eq!(*world.on("orders:live"), Routing::wholly("5"));
    assert_eq!(*world.on("web-box:live"), Routing::wholly("6"));

    world.put("orders:live", Routing::wholly("6"));
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::RolledBack("aborted: enough".into()));
}

#[test]
fn an_alias_that_was_touched_and_stands_as_it_was_left_is_adopted() {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    until(&mut world, 400);
    world.put("orders:live", Routing::wholly("7"));
    assert_eq!(world.run(), Ending::Released);
    let revisions: Vec<_> = world.aliases.values().map(|alias| Some(alias.revision.clone())).collect();
    let mut known: Vec<_> = world.state.lanes.iter().map(|lane| lane.revision.clone()).collect();
    known.sort();
    assert!(revisions.iter().all(|revision| known.contains(revision)), "{known:?}");
}

#[test]
fn an_alias_that_is_deleted_in_the_final_bake_is_a_foreign_change() {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    until(&mut world, 400);
    world.aliases.remove("web:live");
    let Ending::Stuck(reason) = world.run() else { panic!("expected a conflict") };
    assert!(reason.starts_with("web:live was changed by someone else: it does not exist any more"), "{reason}");
}

#[test]
fn a_last_look_without_an_answer_is_repeated_with_a_look_at_the_alarms_and_then_needs_a_person() {
    for (kind, times, released) in
        [(ErrorKind::Unknown, 4, true), (ErrorKind::Unknown, 5, false), (ErrorKind::Denied, 1, false)]
    {
        let (mut left, mut reads) = (times, 0);
        let mut world = World::new(plan(|_| {})).scripted(move |world, call| {
            let is_last = world.now >= at(420) && matches!(call, Call::GetAlias { function, .. } if function == "web");
            // The poll of the same moment reads it too.
            if is_last {
                reads += 1;
            }
            if !is_last || left == 0 || reads % 2 == 1 {
                return None;
            }
            left -= 1;
            Some(Err(CallError::new(kind, "AWS's words")))
        });
        match world.start() {
            Ending::Released if released => {}
            Ending::Stuck(reason) if !released => {
                assert!(reason.starts_with("everything was moved, but not every alias can be read once more: "));
                assert!(reason.contains("web:live"), "{reason}");
                let seen = world.calls.len();
                world.resume();
                // What proves the place is not a look.
                world.calls.drain(seen..);
                assert_eq!(world.run(), Ending::Released, "{kind:?} {times}: resume looks again");
            }
            ending => panic!("{kind:?} {times}: {ending}"),
        }
        let looks = world.calls.iter().filter(|(when, _)| *when >= at(420));
        let looks: Vec<_> = looks.map(|(_, call)| call.operation()).collect();
        // A poll, which reads alarms first, and the last look.
        let poll = ["DescribeAlarms", "GetAlias", "GetFunctionConfiguration", "GetAlias", "GetFunctionConfiguration"];
        for batch in looks.chunks(10) {
            assert_eq!(batch[..5], poll, "{kind:?} {times}");
            assert_eq!(batch[7..], ["GetAlias"; 3], "{kind:?} {times}");
        }
    }
}

#[test]
fn a_crash_in_the_last_look_looks_at_the_alarms_again() {
    for performed in [false, true] {
        let mut world = World::new(plan(|_| {}));
        world.input(Input::Resume);
        until(&mut world, 420);
        world.perform();
        let Effect::Call { calls, .. } = &world.state.effect else { panic!("expected calls") };
        assert!(calls.iter().all(|call| matches!(call, Call::GetAlias { .. })), "{calls:?}");
        if let (Effect::Call { calls, .. }, true) = (world.state.effect.clone(), performed) {
            for call in &calls {
                let _lost = world.call(call);
            }
        }
        let Effect::Call { calls, .. } = world.resume() else { panic!("expected calls") };
        assert!(matches!(calls[..], [Call::DescribeAlarms { .. }, ..]), "{calls:?}");
        world.put("web:live", Routing::wholly("5"));
        assert!(matches!(world.run(), Ending::Stuck(_)), "what is seen after the crash counts");
    }
}

/// An abort in the final bake; what was put back first is moved by somebody else meanwhile.
fn moved_on_the_way_back() -> World {
    let mut once = true;
    let mut world = World::new(plan(|_| {})).scripted(move |world, call| {
        let is_back = matches!(call, Call::UpdateAlias { to, .. } if *to == Routing::wholly("6"));
        if once && is_back && matches!(call, Call::UpdateAlias { function, .. } if function == "orders") {
            once = false;
            world.put("web:live", Routing::wholly("5"));
        }
        None
    });
    world.input(Input::Resume);
    until(&mut world, 400);
    world.input(Input::Abort("no".into()));
    world
}

#[test]
fn a_change_of_what_was_put_back_is_named_and_left_alone() {
    let mut world = moved_on_the_way_back();
    let Ending::Stuck(reason) = world.run() else { panic!("expected a conflict") };
    assert!(reason.contains("aborted: no"), "{reason}");
    assert!(reason.contains("web:live was changed by someone else: it stands on 5 (left: 6)"), "{reason}");
    assert_eq!(*world.on("web:live"), Routing::wholly("5"));
    let updates = world.updates();
    world.input(Input::Abort("really".into()));
    assert!(matches!(world.run(), Ending::Stuck(_)), "still there");
    assert_eq!(world.updates(), updates, "never overwritten");

    world.put("web:live", Routing::wholly("6"));
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::RolledBack("aborted: no".into()));
    let back = world.events.iter().filter(|event| matches!(event, Event::PutBack { .. })).count();
    assert_eq!(back, 3, "each alias once");
}

#[test]
fn a_crash_in_the_last_look_of_a_rollback_looks_again() {
    for performed in [false, true] {
        let mut world = moved_on_the_way_back();
        world.run_until(|call| matches!(call, Call::GetAlias { .. }));
        if let (Effect::Call { calls, .. }, true) = (world.state.effect.clone(), performed) {
            for call in &calls {
                let _lost = world.call(call);
            }
        }
        let Effect::Call { calls, .. } = world.resume() else { panic!("expected calls") };
        assert!(calls.len() == 3 && calls.iter().all(|call| matches!(call, Call::GetAlias { .. })), "{calls:?}");
        assert!(matches!(world.run(), Ending::Stuck(_)), "{performed}");
    }
}

#[test]
fn what_was_put_back_and_cannot_be_read_is_in_doubt() {
    let mut left = 1;
    let mut world = World::new(plan(|_| {})).scripted(move |world, call| {
        let is_last = world.now >= at(400) && matches!(call, Call::GetAlias { function, .. } if function == "web");
        if !is_last || left == 0 {
            return None;
        }
        left -= 1;
        Some(Err(CallError::new(ErrorKind::Denied, "AWS's words")))
    });
    world.input(Input::Resume);
    until(&mut world, 400);
    world.input(Input::Abort("no".into()));
    let Ending::Stuck(reason) = world.run() else { panic!("expected stuck") };
    assert!(reason.contains("AWS does not permit GetAlias") && reason.contains("and is in doubt"), "{reason}");
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::RolledBack("aborted: no".into()));
}

#[test]
fn a_release_that_changed_no_alias_looks_at_none_again() {
    let mut world = World::new(plan(|plan| plan.backends[0].before = Some("smoke".into())));
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::Invoke { .. }));
    world.input(Input::Abort("no".into()));
    assert_eq!(world.run(), Ending::RolledBack("aborted: no".into()));
    assert_eq!(world.calls.iter().filter(|(_, call)| matches!(call, Call::GetAlias { .. })).count(), 3);
}
