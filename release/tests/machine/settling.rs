//! AWS still moving traffic, what a poll notices, and provisioned concurrency.
//!
//! After an update without weights AWS keeps weights on the version that the alias leaves until provisioned concurrency is
//! allocated: <https://github.com/hashicorp/terraform-provider-aws/pull/48116>.

use onebox_release::{
    AlarmState, Call, CallError, Effect, Ending, ErrorKind, Event, Input, Percent, Provisioned, ProvisionedStatus,
    Routing,
};

use crate::world::{World, at, plan};

fn part(version: &str, other: &str, hundredths: u16) -> Routing {
    Routing {
        version: version.into(),
        additional: Percent::from_hundredths(hundredths).map(|part| (other.into(), part)),
    }
}

fn config(qualifier: &str, status: ProvisionedStatus) -> Provisioned {
    let reason = (status == ProvisionedStatus::Failed).then(|| "FUNCTION_ERROR_INIT_FAILURE".to_owned());
    Provisioned { qualifier: qualifier.into(), status, reason }
}

/// A world in which AWS takes so many seconds to move traffic, and every alias has provisioned concurrency.
fn slow(seconds: i64, renewed: bool) -> World {
    let mut world = World::new(plan(|_| {}));
    world.slow = Some((seconds, renewed));
    for function in ["orders", "web-box", "web"] {
        world.provisioned.insert(function.into(), vec![config("live", ProvisionedStatus::Ready)]);
    }
    world
}

/// When an update was made.
fn when(world: &World, update: &str) -> i64 {
    world.updates().iter().find(|(_, to)| to == update).map(|(when, _)| *when).expect("an update")
}

fn until(world: &mut World, seconds: i64) {
    while world.now < at(seconds) {
        world.perform();
    }
}

#[test]
fn traffic_that_aws_still_moves_is_waited_for_and_the_bake_begins_when_it_is_over() {
    for renewed in [false, true] {
        let mut world = slow(200, renewed);
        assert_eq!(world.start(), Ending::Released, "{renewed}: {:#?}", world.told());
        let (orders, one_box, web) = (when(&world, "orders: 7"), when(&world, "web-box: 7"), when(&world, "web: 7"));
        assert!(one_box >= orders + 200, "{orders} {one_box}: no later group moves before");
        assert!(web >= one_box + 200 + 60, "{one_box} {web}: the bake takes a minute, after AWS has moved everything");
        assert!(world.now >= at(web + 200 + 60), "so does the final bake");
        let told = world.told();
        let waits = told.iter().filter(|line| line.starts_with("held: AWS is still moving the traffic of")).count();
        assert_eq!(waits, 3, "{told:#?}");
        assert!(told.contains(&"AWS has moved all traffic of web:live to version 7".to_owned()), "{told:#?}");
    }
}

#[test]
fn traffic_that_moves_slowly_is_seen_where_provisioned_concurrency_is_not_known() {
    // Neither the list nor the answer to the update says so: the next poll sees it.
    let mut world = slow(100, true);
    world.provisioned.clear();
    assert_eq!(world.start(), Ending::Released, "{:#?}", world.told());
    let web = when(&world, "web: 7");
    assert!(web >= when(&world, "web-box: 7") + 100 + 60, "{:?}", world.updates());
    assert!(world.now >= at(web + 100 + 60));
}

#[test]
fn aws_is_waited_for_for_a_quarter_of_an_hour_and_then_a_person_is_asked() {
    let mut world = slow(100_000, false);
    let Ending::Stuck(reason) = world.start() else { panic!("expected stuck") };
    assert!(
        reason.starts_with("AWS has not moved all traffic of orders:live to version 7 within 15 minutes"),
        "{reason}"
    );
    assert_eq!(world.now, at(300 + 15 * 60));
    // A resume waits once more; an abort goes back, under the revision that was read last.
    world.input(Input::Resume);
    assert!(matches!(world.run(), Ending::Stuck(_)));
    assert_eq!(world.now, at(300 + 30 * 60));
    world.slow = Some((60, true));
    world.input(Input::Abort("enough".into()));
    assert_eq!(world.run(), Ending::RolledBack("aborted: enough".into()));
    assert_eq!(*world.on("orders:live"), Routing::wholly("6"));
    assert_eq!(world.now, at(300 + 30 * 60 + 60), "what goes back is waited for as well");
}

#[test]
fn a_rollback_waits_until_aws_has_moved_everything_back() {
    for (known, renewed) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut world = slow(120, renewed);
        if !known {
            world.provisioned.clear();
        }
        world.input(Input::Resume);
        world.run_until(|call| matches!(call, Call::UpdateAlias { function, .. } if function == "web"));
        world.perform();
        world.alarms.insert("5xx".into(), AlarmState::Alarm);
        assert_eq!(world.run(), Ending::RolledBack("the alarm 5xx fired".into()), "{:#?}", world.told());
        for name in ["orders:live", "web-box:live", "web:live"] {
            assert_eq!(*world.on(name), Routing::wholly("6"), "{known} {renewed}");
        }
        let back = when(&world, "orders: 6");
        assert!(!known || back >= when(&world, "web: 6") + 240, "{back}: what moved last goes back first");
    }
}

#[test]
fn a_crash_while_aws_moves_traffic_changes_nothing() {
    // A backend and the one-box, and few polls: every place is tried.
    let short = || {
        let mut world = slow(90, true);
        world.plan.regular = None;
        world.plan.poll = std::time::Duration::from_secs(60);
        world.state = onebox_release::State::new(&world.plan, at(0));
        world
    };
    let smooth = {
        let mut world = short();
        world.start();
        world.updates()
    };
    for place in 0.. {
        let mut world = short();
        world.input(Input::Resume);
        for _ in 0..place {
            if !matches!(world.state.effect, Effect::Stop { .. }) {
                world.perform();
            }
        }
        if let Effect::Stop { .. } = &world.state.effect {
            break;
        }
        if let Effect::Call { calls, .. } = world.state.effect.clone() {
            for call in &calls {
                let _lost = world.call(call);
            }
        }
        world.input(Input::Resume);
        assert_eq!(world.run(), Ending::Released, "{place}");
        assert_eq!(world.updates().len(), smooth.len(), "{place}: no update is repeated");
    }
}

#[test]
fn weights_that_appear_after_everything_was_moved_are_an_external_change() {
    let mut world = slow(30, false);
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::UpdateAlias { function, .. } if function == "web"));
    let seen = world.now;
    world.put("orders:live", part("7", "6", 5_000));
    let Ending::Stuck(reason) = world.run() else { panic!("expected a conflict") };
    assert!(
        reason.starts_with("orders:live was changed by someone else: it stands on 50 % on 7, 50 % on 6"),
        "{reason}"
    );
    assert!(world.now <= seen + std::time::Duration::from_secs(10), "at the next poll");
}

#[test]
fn provisioned_concurrency_that_is_not_ready_is_waited_for_before_the_first_shift() {
    let mut world = slow(0, false).scripted(|world, call| {
        if matches!(call, Call::ListProvisionedConcurrency { .. }) && world.now >= at(60) {
            world.provisioned.insert("orders".into(), vec![config("7", ProvisionedStatus::Ready)]);
        }
        None
    });
    world.provisioned.insert("orders".into(), vec![config("7", ProvisionedStatus::InProgress)]);
    assert_eq!(world.start(), Ending::Released);
    assert_eq!(world.updates()[0], (60, "orders: 10 % on 7".to_owned()));
    let held = "held: the provisioned concurrency of orders:7 is not ready (IN_PROGRESS)".to_owned();
    assert!(world.told().contains(&held), "{:#?}", world.told());

    // Not for ever.
    let mut world = slow(0, false);
    world.provisioned.insert("orders".into(), vec![config("7", ProvisionedStatus::InProgress)]);
    let expected =
        "the provisioned concurrency of orders:7 is not ready (IN_PROGRESS) after 15 minutes; release when it is";
    assert_eq!(world.start(), Ending::Refused(vec![expected.into()]));
}

#[test]
fn provisioned_concurrency_that_failed_refuses_the_release_and_its_absence_is_noted() {
    let mut world = slow(0, false);
    world.provisioned.insert("orders".into(), vec![config("live", ProvisionedStatus::Failed)]);
    let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal") };
    assert!(reasons[0].contains("could not be allocated (FUNCTION_ERROR_INIT_FAILURE)"), "{reasons:?}");

    let mut world = slow(0, false);
    world.provisioned.insert("orders".into(), vec![config("6", ProvisionedStatus::Ready)]);
    assert_eq!(world.start(), Ending::Released);
    let note = "version 6 has provisioned concurrency and version 7 has none";
    assert!(world.told().iter().any(|told| told.contains(note)), "{:#?}", world.told());

    // Whoever may not list it releases all the same.
    let mut world = slow(30, false).scripted(|_, call| match call {
        Call::ListProvisionedConcurrency { .. } => Some(Err(CallError::new(ErrorKind::Denied, "AccessDenied"))),
        _ => None,
    });
    assert_eq!(world.start(), Ending::Released);
    assert!(
        world.told().iter().any(|told| told.starts_with("it is not known whether provisioned concurrency is ready"))
    );
}

#[test]
fn an_alias_that_is_changed_or_deleted_is_noticed_at_the_next_poll() {
    // During the wait of a step, the bake and the final bake; whether this release has moved it or not.
    for (seconds, name) in [(100, "orders:live"), (100, "web:live"), (330, "web-box:live"), (400, "web:live")] {
        for change in [None, Some(Routing::wholly("5"))] {
            let mut world = World::new(plan(|_| {}));
            world.input(Input::Resume);
            until(&mut world, seconds);
            match &change {
                None => drop(world.aliases.remove(name)),
                Some(routing) => drop(world.put(name, routing.clone())),
            }
            let left = world.updates();
            let Ending::Stuck(reason) = world.run() else { panic!("{name}: expected a conflict") };
            assert!(reason.starts_with(&format!("{name} was changed by someone else")), "{reason}");
            assert!(world.now <= at(seconds + 10), "{name}: noticed at the next poll");
            assert_eq!(world.updates(), left);
        }
    }
}

#[test]
fn a_deleted_alias_can_be_made_again_as_the_advice_says() {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    until(&mut world, 100);
    world.aliases.remove("orders:live");
    let Ending::Stuck(reason) = world.run() else { panic!("expected a conflict") };
    let advice = "aws lambda create-alias --function-name orders --name live --function-version 6 --routing-config \
                  AdditionalVersionWeights={7=0.1}";
    assert!(reason.contains(advice), "{reason}");
    world.put("orders:live", part("6", "7", 1_000));
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::Released);
}

#[test]
fn a_deleted_rollback_target_is_noticed_at_the_next_poll_with_advice_that_can_work() {
    let lost = || {
        let mut world = World::new(plan(|_| {}));
        world.input(Input::Resume);
        until(&mut world, 330);
        world.deleted.push(("orders".into(), "6".into()));
        let Ending::Stuck(reason) = world.run() else { panic!("expected stuck") };
        assert!(
            reason.starts_with("version 6 of orders was deleted: orders:live cannot be put back on it"),
            "{reason}"
        );
        assert!(reason.contains("list-versions-by-function --function-name orders"), "{reason}");
        assert!(world.now <= at(340), "noticed at the next poll");
        world
    };
    // Go on without a way back.
    let mut world = lost();
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::Released);

    // Put the others back; the one that cannot go back stays, and a person says where it belongs.
    let mut world = lost();
    world.input(Input::Abort("no".into()));
    let Ending::Stuck(reason) = world.run() else { panic!("expected stuck") };
    assert!(reason.contains("version 6 of orders was deleted"), "{reason}");
    assert!(!reason.contains("--function-version 6"), "advice that cannot work: {reason}");
    assert_eq!(*world.on("orders:live"), Routing::wholly("7"));
    assert_eq!(*world.on("web-box:live"), Routing::wholly("6"));
    world.put("orders:live", Routing::wholly("5"));
    world.input(Input::Resume);
    let Ending::Stuck(reason) = world.run() else { panic!("it was not rolled back") };
    assert!(reason.contains("orders:live was changed by someone else: it stands on 5"), "{reason}");
    assert_eq!(*world.on("orders:live"), Routing::wholly("5"), "left alone");
}

#[test]
fn a_rollback_target_that_is_missing_when_everything_goes_back_is_told_from_a_missing_alias() {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    until(&mut world, 400);
    world.deleted.push(("orders".into(), "6".into()));
    world.aliases.remove("web:live");
    world.input(Input::Abort("no".into()));
    let Ending::Stuck(reason) = world.run() else { panic!("expected stuck") };
    assert!(reason.contains("orders:live: version 6 of orders was deleted"), "{reason}");
    assert!(
        reason.contains("aws lambda create-alias --function-name web --name live --function-version 6"),
        "{reason}"
    );
    let back = world.events.iter().filter(|event| matches!(event, Event::PutBack { .. })).count();
    assert_eq!(back, 1, "web-box");
}

#[test]
fn two_hundred_aliases_are_read_in_turn() {
    let mut world = World::new(plan(|plan| {
        (plan.one_box, plan.regular) = (None, None);
        let first = plan.backends[0].clone();
        plan.backends =
            (0..200).map(|place| onebox_release::Shift { function: format!("f{place}"), ..first.clone() }).collect();
    }));
    world.input(Input::Resume);
    until(&mut world, 10);
    let before = world.calls.len();
    until(&mut world, 110);
    let reads: Vec<_> =
        world.calls[before..].iter().filter(|(_, call)| matches!(call, Call::GetAlias { .. })).collect();
    assert_eq!(reads.len(), 200, "ten polls, twenty each");
    let read: std::collections::BTreeSet<_> = reads.iter().map(|(_, call)| format!("{call:?}")).collect();
    assert_eq!(read.len(), 200, "each in its turn");
}
