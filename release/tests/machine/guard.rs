//! Guard aliases: AWS deletes no version that an alias points to, so each version that a rollback needs has an alias of the
//! release's own until the release is over. <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html>

use onebox_release::{
    AliasView, Call, CallError, Effect, Ending, ErrorKind, Input, Percent, Plan, Routing, Stage, VersionAlarms,
};

use crate::world::{World, place, plan};

const NAME: &str = "orders:onebox-keep-web-1-6";
const OURS: &str = "Made by onebox for the release web-1, and removed after it: version 6 is needed for a rollback.";

/// One canary backend.
fn guarded(change: impl FnOnce(&mut Plan)) -> Plan {
    plan(|plan| {
        (plan.one_box, plan.regular) = (None, None);
        plan.protect = true;
        change(plan);
    })
}

fn error(kind: ErrorKind) -> Option<onebox_release::Answer> {
    Some(Err(CallError::new(kind, "AWS says so")))
}

/// The changes that were made, but for alarms.
fn changes(world: &World) -> Vec<&'static str> {
    let changes = world.calls.iter().filter(|(_, call)| call.changes()).map(|(_, call)| call.operation());
    changes.filter(|operation| operation.ends_with("Alias")).collect()
}

fn count(world: &World, operation: &str) -> usize {
    changes(world).into_iter().filter(|change| *change == operation).count()
}

fn others(description: &str, version: &str) -> AliasView {
    AliasView {
        routing: Routing::wholly(version),
        revision: "theirs".into(),
        description: description.into(),
        place: place(),
    }
}

fn notes(world: &World, words: &str) -> usize {
    world.told().iter().filter(|told| told.contains(words)).count()
}

#[test]
fn the_rollback_target_cannot_be_deleted_until_the_release_is_over() {
    let mut world = World::new(plan(|plan| plan.protect = true)).scripted(|world, _| {
        let is_over = matches!(world.state.stage, Stage::Disarm | Stage::Over);
        let began = !matches!(world.state.stage, Stage::Preflight | Stage::Guard);
        if began && !is_over {
            for function in ["orders", "web-box", "web"] {
                assert!(!world.prune(function, "6"), "version 6 of {function} was deleted in {:?}", world.state.stage);
            }
        }
        None
    });
    assert_eq!(world.start(), Ending::Released);
    assert_eq!(changes(&world)[..3], ["CreateAlias"; 3], "before the first traffic, at once");
    assert_eq!(count(&world, "DeleteAlias"), 3);
    assert_eq!(world.guards(), [""; 0]);
    assert!(world.prune("orders", "6"), "afterwards nothing keeps it");
}

#[test]
fn no_guard_is_left_after_a_rollback() {
    for hook in ["smoke", "verify"] {
        let mut world = World::new(guarded(|plan| {
            plan.backends[0].before = Some("smoke".into());
            plan.backends[0].after = Some("verify".into());
        }))
        .scripted(move |_, call| match call {
            Call::Invoke { function, .. } if function == hook => {
                Some(Ok(onebox_release::Reply::Invoked(Some("404".into()))))
            }
            _ => None,
        });
        assert!(matches!(world.start(), Ending::RolledBack(_)));
        assert_eq!((count(&world, "CreateAlias"), count(&world, "DeleteAlias")), (1, 1), "{hook}");
        assert_eq!(world.guards(), [""; 0], "{hook}");
    }
}

#[test]
fn aliases_of_one_function_that_leave_one_version_share_a_guard() {
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
    for (function, version, guards) in [("orders", "6", 1), ("orders", "5", 2), (arn, "6", 1), ("web", "6", 2)] {
        let mut world = World::new(guarded(|plan| {
            let mut second = plan.backends[0].clone();
            (second.function, second.alias) = (function.into(), "beta".into());
            plan.backends.push(second);
        }));
        world.aliases.get_mut(&format!("{function}:beta")).unwrap().routing = Routing::wholly(version);
        assert_eq!(world.start(), Ending::Released, "{function} {version}");
        assert_eq!(count(&world, "CreateAlias"), guards, "{function} {version}");
        assert_eq!(world.guards(), [""; 0]);
    }
}

#[test]
fn without_protection_nothing_is_created() {
    let mut world = World::new(guarded(|plan| plan.protect = false));
    assert_eq!(world.start(), Ending::Released);
    assert_eq!(changes(&world), ["UpdateAlias", "UpdateAlias"]);
}

#[test]
fn what_aws_refuses_is_reported_once_and_the_release_goes_on_unprotected() {
    // <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>
    for (kind, words) in [
        (ErrorKind::Denied, "AWS does not permit CreateAlias (AWS says so). Allow lambda:CreateAlias on the function"),
        // AliasLimitExceededException
        (ErrorKind::Invalid, "AWS refuses CreateAlias (AWS says so)"),
        (ErrorKind::NotFound, "AWS refuses CreateAlias (AWS says so)"),
        (ErrorKind::Unknown, "CreateAlias failed again and again (AWS says so)"),
        (ErrorKind::Throttled, "CreateAlias failed again and again (AWS says so)"),
    ] {
        let mut world = World::new(plan(|plan| plan.protect = true))
            .scripted(move |_, call| if matches!(call, Call::CreateAlias { .. }) { error(kind) } else { None });
        assert_eq!(world.start(), Ending::Released, "{kind:?}");
        assert_eq!(notes(&world, words), 1, "{kind:?}: {:#?}", world.told());
        assert_eq!(notes(&world, "version 6 of orders, version 6 of web-box, version 6 of web:"), 1, "{kind:?}");
        assert_eq!(count(&world, "DeleteAlias"), 0, "{kind:?}");
        assert_eq!(notes(&world, "perhaps left"), 0, "{kind:?}: {:#?}", world.told());
    }
}

#[test]
fn an_alias_of_a_guards_name_that_this_release_did_not_create_is_left_alone_and_named() {
    let elsewhere = OURS.replace("web-1", "web-2");
    for (description, version) in [("", "6"), ("pins the shop", "6"), (&*elsewhere, "6"), (OURS, "5")] {
        let mut world = World::new(guarded(|_| {}));
        world.aliases.insert(NAME.into(), others(description, version));
        assert_eq!(world.start(), Ending::Released);
        assert_eq!(world.aliases[NAME], others(description, version), "it is neither replaced nor deleted");
        assert_eq!(notes(&world, &format!("the alias {NAME} exists, and this release did not create it")), 1);
        assert_eq!(count(&world, "DeleteAlias"), 0);
    }
}

#[test]
fn a_guard_that_an_earlier_run_of_the_release_left_is_used_again_and_deleted() {
    let mut world = World::new(guarded(|_| {}));
    world.aliases.insert(NAME.into(), others(OURS, "6"));
    assert_eq!(world.start(), Ending::Released);
    assert_eq!((world.guards(), notes(&world, "did not create")), (vec![], 0));
}

#[test]
fn a_guard_that_was_changed_externally_is_left_alone() {
    // Before the deletion is wanted; after it was wanted and a crash; after it failed once.
    for (crash, fails) in [(false, false), (true, false), (false, true)] {
        let mut world = World::new(guarded(|_| {})).scripted(move |world, call| {
            if fails && matches!(call, Call::DeleteAlias { .. }) {
                world.aliases.insert(NAME.into(), others("pins the shop", "6"));
                return error(ErrorKind::Throttled);
            }
            None
        });
        world.input(Input::Resume);
        if crash || fails {
            world.run_until(|call| matches!(call, Call::DeleteAlias { .. }));
        } else {
            while world.state.stage != Stage::Disarm {
                world.perform();
            }
        }
        if !fails {
            world.aliases.insert(NAME.into(), others("pins the shop", "6"));
        }
        if crash {
            world.resume();
        }
        assert_eq!(world.run(), Ending::Released);
        assert_eq!(world.aliases[NAME].description, "pins the shop");
        assert_eq!(notes(&world, "left alone"), 1, "{:#?}", world.told());
    }
}

#[test]
fn a_lost_answer_leaves_no_guard_and_creates_none_twice() {
    for operation in ["CreateAlias", "DeleteAlias"] {
        for applied in [false, true] {
            let mut struck = false;
            let mut world = World::new(guarded(|_| {})).scripted(move |world, call| {
                if call.operation() != operation || std::mem::replace(&mut struck, true) {
                    return None;
                }
                if applied {
                    let _lost = world.answer(call);
                }
                error(ErrorKind::Unknown)
            });
            assert_eq!(world.start(), Ending::Released);
            let asked = if applied { 1 } else { 2 };
            assert_eq!(count(&world, operation), asked, "{operation} {applied}");
            assert_eq!(world.guards(), [""; 0], "{operation} {applied}");
            assert_eq!(notes(&world, "not protected") + notes(&world, "perhaps left"), 0);
        }
    }
}

#[test]
fn a_crash_anywhere_leaves_no_guard() {
    for operation in ["CreateAlias", "DeleteAlias", "GetAlias"] {
        for applied in [false, true] {
            for order in [Input::Resume, Input::Abort("no".into()), Input::Promote("go".into())] {
                let mut world = World::new(guarded(|_| {}));
                world.input(Input::Resume);
                world.run_until(|call| match call {
                    Call::GetAlias { alias, .. } => operation == "GetAlias" && alias.starts_with("onebox-keep-"),
                    call => call.operation() == operation,
                });
                let Effect::Call { calls, .. } = world.state.effect.clone() else { panic!("expected calls") };
                for call in calls.iter().filter(|_| applied) {
                    let _lost = world.call(call);
                }
                world.state = world.state.clone().for_another_driver();
                world.input(order.clone());
                let ending = world.run();
                let ends = matches!(ending, Ending::Released | Ending::RolledBack(_));
                assert!(ends, "{operation} {applied} {order:?}: {ending}");
                assert_eq!(world.guards(), [""; 0], "{operation} {applied} {order:?}: {ending}");
            }
        }
    }
}

#[test]
fn a_creation_that_arrives_after_an_abort_is_found() {
    let mut world = World::new(guarded(|_| {}));
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::CreateAlias { .. }));
    let Effect::Call { calls, .. } = world.state.effect.clone() else { panic!("expected calls") };
    world.input(Input::Abort("no".into()));
    // The first look finds nothing, and then the request arrives.
    world.run_until(|call| matches!(call, Call::GetAlias { alias, .. } if alias.starts_with("onebox-keep-")));
    world.perform();
    let _late = world.call(&calls[0]);
    assert_eq!(world.run(), Ending::RolledBack("aborted: no".into()));
    assert_eq!(world.guards(), [""; 0]);
}

#[test]
fn expired_credentials_hold_the_creation_and_the_deletion() {
    for operation in ["CreateAlias", "DeleteAlias"] {
        let (mut began, mut left) = (false, 3);
        let mut world = World::new(guarded(|_| {})).scripted(move |_, call| {
            began |= call.operation() == operation;
            if !began || left == 0 {
                return None;
            }
            left -= 1;
            error(ErrorKind::Expired)
        });
        assert_eq!(world.start(), Ending::Released);
        assert_eq!(notes(&world, "your session has expired"), 1, "{:#?}", world.told());
        assert_eq!((world.guards(), notes(&world, "not protected")), (vec![], 0), "{operation}");
    }
}

#[test]
fn a_guard_that_cannot_be_deleted_is_named_with_the_command_that_deletes_it() {
    for kind in [ErrorKind::Denied, ErrorKind::Unknown] {
        let mut world = World::new(guarded(|_| {}))
            .scripted(move |_, call| if matches!(call, Call::DeleteAlias { .. }) { error(kind) } else { None });
        assert_eq!(world.start(), Ending::Released, "it does not undo a release");
        let command = "aws lambda delete-alias --function-name orders --name onebox-keep-web-1-6";
        assert_eq!(notes(&world, command), 1, "{:#?}", world.told());
    }
}

#[test]
fn alarms_and_guards_are_both_removed_whatever_becomes_of_the_others() {
    for fails in ["", "DeleteAlarms", "DeleteAlias"] {
        let mut world = World::new(guarded(|plan| {
            plan.health.version_alarms = Some(VersionAlarms { errors: 1, minutes: 1 });
        }))
        .scripted(move |_, call| if call.operation() == fails { error(ErrorKind::Denied) } else { None });
        assert_eq!(world.start(), Ending::Released);
        assert_eq!(world.alarms.len(), 1 + usize::from(fails == "DeleteAlarms"), "{fails}");
        assert_eq!(world.guards().len(), usize::from(fails == "DeleteAlias"), "{fails}");
    }
}

#[test]
fn while_an_alias_cannot_be_put_back_its_guard_stays() {
    let mut denied = true;
    let mut world = World::new(guarded(|_| {})).scripted(move |world, call| {
        denied &= !world.told().iter().any(|told| told == "abort: again");
        let back = matches!(call, Call::UpdateAlias { to, .. } if *to == Routing::wholly("6"));
        if back && denied { error(ErrorKind::Denied) } else { None }
    });
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::UpdateAlias { .. }));
    world.perform();
    assert_eq!(world.state.lanes[0].percent, Percent::from_hundredths(1_000).unwrap());
    world.input(Input::Abort("no".into()));
    assert!(matches!(world.run(), Ending::Stuck(_)));
    assert_eq!(world.guards(), [NAME]);
    assert_eq!(notes(&world, &format!("until `onebox release resume` has ended the release: {NAME}")), 1);
    world.input(Input::Abort("again".into()));
    assert_eq!(world.run(), Ending::RolledBack("aborted: no".into()));
    assert_eq!(world.guards(), [""; 0]);
}

#[test]
fn a_guards_name_is_one_that_aws_accepts_however_long_the_releases_is() {
    for id in ["1".to_owned(), "r".repeat(64)] {
        let mut world = World::new(guarded(|plan| plan.id = id.clone()));
        let version = "9".repeat(19);
        world.put("orders:live", Routing::wholly(&*version));
        world.input(Input::Resume);
        world.run_until(|call| matches!(call, Call::CreateAlias { .. }));
        let Effect::Call { calls, .. } = &world.state.effect else { panic!("expected calls") };
        let Call::CreateAlias { alias, description, .. } = &calls[0] else { panic!("expected a guard") };
        assert_eq!(onebox_release::alias_name(alias).as_ref(), Ok(alias));
        assert_eq!(*alias, format!("onebox-keep-{id}-{version}"));
        // <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>
        assert!(description.chars().count() <= 256, "{description}");
    }
}

/// What changes externally while a long hook runs does not wait for the hook.
#[test]
fn aliases_and_the_rollback_target_are_read_while_a_hook_runs() {
    for (when, deleted) in [("smoke", false), ("verify", false), ("verify", true)] {
        let mut world = World::new(guarded(|plan| {
            plan.protect = false;
            plan.backends[0].before = Some("smoke".into());
            plan.backends[0].after = Some("verify".into());
        }));
        world.input(Input::Resume);
        world.run_until(|call| matches!(call, Call::Invoke { function, .. } if function == when));
        let Effect::Call { calls, meanwhile } = world.state.effect.clone() else { panic!("expected calls") };
        let fine: Vec<_> = meanwhile.iter().map(|call| world.answer(call)).collect();
        let Effect::Call { calls: same, .. } = world.input(Input::Meanwhile(fine)) else { panic!("expected calls") };
        assert_eq!(calls, same, "the hook goes on");
        let left = world.on("orders:live").clone();
        if deleted {
            assert!(world.prune("orders", "6"));
        } else {
            world.put("orders:live", Routing::wholly("5"));
        }
        let changed: Vec<_> = meanwhile.iter().map(|call| world.answer(call)).collect();
        let Effect::Stop { ending: Ending::Stuck(why) } = world.input(Input::Meanwhile(changed)) else {
            panic!("expected a stop")
        };
        let expected = if deleted { "version 6 of orders was deleted" } else { "was changed by someone else" };
        assert!(why.contains(expected), "{why}");
        if !deleted {
            world.put("orders:live", left);
        }
        let before = world.calls.len();
        world.resume();
        assert_eq!(world.run(), Ending::Released, "{when}");
        let again = world.calls[before..].iter().filter(|(_, call)| match call {
            Call::Invoke { function, .. } => function == when,
            _ => false,
        });
        assert_eq!(again.count(), 1, "the hook runs again");
    }
}
