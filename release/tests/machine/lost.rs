//! Answers that were lost, and other people's changes.

use onebox_release::{
    AlarmState, Answer, Call, CallError, Effect, Ending, ErrorKind, Event, Input, Percent, Plan, Routing,
};

use crate::world::{World, at, plan};

fn backend(change: impl FnOnce(&mut Plan)) -> Plan {
    plan(|plan| {
        (plan.one_box, plan.regular) = (None, None);
        change(plan);
    })
}

fn error(kind: ErrorKind) -> Option<Answer> {
    Some(Err(CallError::new(kind, "AWS's words")))
}

fn tenth(from: &str, to: &str) -> Routing {
    Routing { version: from.into(), additional: Percent::from_hundredths(1_000).map(|part| (to.into(), part)) }
}

fn shifted(world: &World) -> usize {
    world.events.iter().filter(|event| matches!(event, Event::Shifted { .. })).count()
}

/// The first `count` updates fail like this, and are applied all the same where `applied`.
fn failing(kind: ErrorKind, applied: bool, count: usize) -> World {
    let mut left = count;
    World::new(backend(|_| {})).scripted(move |world, call| {
        if !matches!(call, Call::UpdateAlias { .. }) || left == 0 {
            return None;
        }
        left -= 1;
        if applied {
            let _lost = world.answer(call);
        }
        error(kind)
    })
}

#[test]
fn a_lost_answer_is_recognised_as_our_own_change() {
    for kind in [ErrorKind::Unknown, ErrorKind::Precondition, ErrorKind::Conflict] {
        let mut world = failing(kind, true, 2);

        assert_eq!(world.start(), Ending::Released, "{kind:?}");
        assert_eq!(shifted(&world), 2, "{kind:?}: each step once");
        assert_eq!(world.updates().len(), 2, "{kind:?}: nothing is repeated");
    }
}

#[test]
fn a_step_whose_answer_was_lost_is_told_before_an_alarm_sends_it_back() {
    let mut lost = false;
    let mut world = World::new(backend(|_| {})).scripted(move |world, call| {
        if lost || !matches!(call, Call::UpdateAlias { .. }) {
            return None;
        }
        lost = true;
        let _lost = world.answer(call);
        world.alarms.values_mut().for_each(|state| *state = AlarmState::Alarm);
        error(ErrorKind::Unknown)
    });

    assert!(matches!(world.start(), Ending::RolledBack(_)));
    let told = world.told();
    let steps: Vec<_> = told.iter().filter(|told| told.starts_with("orders:live")).collect();
    assert_eq!(steps, ["orders:live: 10 % on version 7, the rest on 6", "orders:live: wholly on version 6 again"]);
}

#[test]
fn what_was_not_applied_is_tried_again_after_a_look_at_the_alarms() {
    for kind in [ErrorKind::Unknown, ErrorKind::Conflict, ErrorKind::Throttled] {
        let mut world = failing(kind, false, 3);

        assert_eq!(world.start(), Ending::Released, "{kind:?}");
        assert_eq!(shifted(&world), 2, "{kind:?}");
        let raises = world.calls.iter().enumerate().filter(|(_, (_, call))| matches!(call, Call::UpdateAlias { .. }));
        for (place, _) in raises {
            let polled = |call: &Call| matches!(call, Call::GetAlias { .. } | Call::GetVersion { .. });
            let before = world.calls[..place].iter().rev();
            let before =
                before.map(|(_, call)| call).find(|call| !matches!(call, Call::UpdateAlias { .. }) && !polled(call));
            assert!(matches!(before, Some(Call::DescribeAlarms { .. })), "{kind:?}: {before:?}");
        }
    }
}

#[test]
fn what_never_works_goes_back() {
    let table = [
        (ErrorKind::Unknown, 6, "orders:live could not be updated"),
        (ErrorKind::Denied, 2, "the alias orders:live: AWS does not permit UpdateAlias"),
        (ErrorKind::Invalid, 2, "the alias orders:live: AWS does not accept UpdateAlias"),
        (ErrorKind::NotFound, 2, "the alias orders:live: there is none"),
    ];
    for (kind, tries, reason) in table {
        let mut world = failing(kind, false, usize::MAX);

        let Ending::RolledBack(said) = world.start() else { panic!("{kind:?}: expected a rollback") };
        assert!(said.starts_with(reason), "{said}");
        // The last is the change of nothing that keeps a late one out.
        assert_eq!(world.updates().len(), tries, "{kind:?}");
        assert_eq!(world.updates().last().map(|(_, to)| to.as_str()), Some("orders: 6"), "{kind:?}");
    }
    // Throttling is waited out for as long as a release may be held.
    let mut world = failing(ErrorKind::Throttled, false, usize::MAX);
    assert!(matches!(world.start(), Ending::RolledBack(_)));
    assert_eq!(world.now, at(2 * 30 * 60), "once up, once down");
}

/// Somebody else moves the alias before the second step.
fn conflict() -> World {
    let mut once = true;
    let mut world = World::new(plan(|_| {})).scripted(move |world, call| {
        if once && world.now >= at(300) && matches!(call, Call::UpdateAlias { .. }) {
            once = false;
            world.put("orders:live", Routing::wholly("5"));
        }
        None
    });
    let ending = world.start();
    let expected = "orders:live was changed by someone else: it stands on 5 (wanted: 7). Put it back and `onebox release \
                    resume`, or `onebox release abort` to put the other aliases back";
    assert_eq!(ending, Ending::Stuck(expected.into()));
    world
}

#[test]
fn a_foreign_change_stops_the_release_and_is_never_overwritten() {
    let mut world = conflict();
    let updates = world.updates();
    assert_eq!(*world.on("orders:live"), Routing::wholly("5"));

    world.input(Input::Resume);
    assert!(matches!(world.run(), Ending::Stuck(_)), "still there");
    world.input(Input::Promote("go".into()));
    assert!(matches!(world.run(), Ending::Stuck(_)), "no order overrides it");
    assert_eq!(world.updates(), updates);

    world.put("orders:live", tenth("6", "7"));
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::Released, "it stands as it was left, with another revision");
    assert_eq!(shifted(&world), 4);
}

#[test]
fn a_foreign_change_that_is_what_was_wanted_is_adopted() {
    let mut world = conflict();
    world.put("orders:live", Routing::wholly("7"));
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::Released);
}

#[test]
fn an_abort_leaves_the_foreign_change_alone_and_names_it() {
    let mut world = conflict();
    world.input(Input::Abort("enough".into()));
    let Ending::Stuck(reason) = world.run() else { panic!("expected a conflict") };
    assert!(reason.contains("aborted: enough") && reason.contains("it stands on 5"), "{reason}");
    assert!(
        reason.contains("aws lambda update-alias --function-name orders --name live --function-version 6"),
        "{reason}"
    );
    assert_eq!(*world.on("orders:live"), Routing::wholly("5"));

    world.put("orders:live", Routing::wholly("6"));
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::RolledBack("aborted: enough".into()), "a person put it right");
}

#[test]
fn a_touched_alias_is_a_foreign_change_until_a_person_has_looked() {
    let mut once = true;
    let mut world = World::new(backend(|_| {})).scripted(move |world, call| {
        if once && matches!(call, Call::UpdateAlias { .. }) {
            once = false;
            world.put("orders:live", Routing::wholly("6"));
        }
        None
    });
    let Ending::Stuck(reason) = world.start() else { panic!("expected a conflict") };
    assert!(reason.contains("as before, but it was touched"), "{reason}");
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::Released);
}

#[test]
fn a_deleted_alias_is_a_foreign_change() {
    let mut world = World::new(backend(|_| {})).scripted(|world, call| {
        (world.now >= at(300) && matches!(call, Call::UpdateAlias { .. })).then(|| {
            world.aliases.clear();
            Err(CallError::new(ErrorKind::Precondition, "gone"))
        })
    });
    let Ending::Stuck(reason) = world.start() else { panic!("expected a conflict") };
    assert!(reason.contains("it does not exist any more"), "{reason}");
}

#[test]
fn a_conflict_on_the_way_back_leaves_one_alias_and_puts_the_others_back() {
    let mut world = World::new(plan(|_| {})).scripted(|world, call| {
        if world.now >= at(330) && matches!(call, Call::UpdateAlias { function, .. } if function == "web-box") {
            world.put("web-box:live", Routing::wholly("5"));
        }
        None
    });
    world.input(Input::Resume);
    while world.now < at(330) {
        world.perform();
    }
    world.input(Input::Abort("no".into()));

    let Ending::Stuck(reason) = world.run() else { panic!("expected a conflict") };
    assert!(reason.contains("web-box:live was changed by someone else: it stands on 5 (left: 7)"), "{reason}");
    assert_eq!(*world.on("web-box:live"), Routing::wholly("5"));
    assert_eq!(*world.on("orders:live"), Routing::wholly("6"));
}

#[test]
fn lost_answers_on_the_way_back_are_read_and_tried_again() {
    for (kind, applied) in [
        (ErrorKind::Unknown, true),
        (ErrorKind::Unknown, false),
        (ErrorKind::Conflict, false),
        (ErrorKind::Throttled, false),
    ] {
        let mut left = 2;
        let mut world = World::new(plan(|_| {})).scripted(move |world, call| {
            let is_back = matches!(call, Call::UpdateAlias { to, .. } if *to == Routing::wholly("6"));
            if !is_back || left == 0 {
                return None;
            }
            left -= 1;
            if applied {
                let _lost = world.answer(call);
            }
            error(kind)
        });
        world.input(Input::Resume);
        while world.now < at(330) {
            world.perform();
        }
        world.input(Input::Abort("no".into()));

        assert_eq!(world.run(), Ending::RolledBack("aborted: no".into()), "{kind:?} {applied}");
        let back = world.events.iter().filter(|event| matches!(event, Event::PutBack { .. })).count();
        assert_eq!(back, 2, "{kind:?} {applied}: each alias once");
    }
}

#[test]
fn what_cannot_be_put_back_is_named_and_the_others_go_back() {
    let mut denied = true;
    let mut world = World::new(plan(|_| {})).scripted(move |world, call| {
        denied &= world.now < at(1_000);
        let is_back = matches!(call, Call::UpdateAlias { to, function, .. } if function == "web-box" && *to == Routing::wholly("6"));
        if is_back && denied { error(ErrorKind::Denied) } else { None }
    });
    world.input(Input::Resume);
    while world.now < at(330) {
        world.perform();
    }
    world.input(Input::Abort("no".into()));
    let Ending::Stuck(reason) = world.run() else { panic!("expected stuck") };
    for part in ["web-box:live: ", "AWS does not permit UpdateAlias", "It stands on 7.", "--function-name web-box"] {
        assert!(reason.contains(part), "expected {part:?} in {reason:?}");
    }
    assert_eq!(*world.on("orders:live"), Routing::wholly("6"));

    world.now = at(1_000);
    world.input(Input::Resume);
    assert_eq!(world.run(), Ending::RolledBack("aborted: no".into()), "resume tries again");
}

/// A raise whose answer was lost, and an abort: the update may still be on its way.
#[test]
fn a_raise_in_doubt_is_fenced_off_by_a_new_revision() {
    let mut world = World::new(backend(|_| {}));
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::UpdateAlias { .. }));
    let Effect::Call { calls, .. } = world.state.effect.clone() else { panic!("expected an update") };
    world.input(Input::Abort("no".into()));
    assert_eq!(world.run(), Ending::RolledBack("aborted: no".into()));

    let late = world.answer(&calls[0]);
    assert!(matches!(late, Err(CallError { kind: ErrorKind::Precondition, .. })), "it comes too late: {late:?}");
    assert!(world.events.iter().all(|event| !matches!(event, Event::PutBack { .. })), "nothing had moved");
}
