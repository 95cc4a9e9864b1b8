//! Versions that are not active, and updates that are in progress:
//! <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>.

use onebox_release::{
    Answer, Call, CallError, Ending, ErrorKind, Input, Plan, Reply, Routing, Target, UpdateStatus, VersionState,
};

use crate::world::{World, at, plan};

fn only_orders(target: Target) -> Plan {
    plan(|plan| {
        (plan.one_box, plan.regular) = (None, None);
        plan.backends[0].target = target;
    })
}

fn on(version: &str) -> Plan {
    only_orders(Target::Version(version.into()))
}

/// A version as AWS shows it, in another state.
fn shown(
    world: &mut World,
    call: &Call,
    state: VersionState,
    update: UpdateStatus,
    reason: Option<&str>,
) -> Option<Answer> {
    let Ok(Reply::Version(mut view)) = world.answer(call) else { return None };
    (view.state, view.update, view.reason) = (state, update, reason.map(str::to_owned));
    Some(Ok(Reply::Version(view)))
}

fn reads(call: &Call, wanted: &str) -> bool {
    matches!(call, Call::GetVersion { version, .. } if version == wanted)
}

fn in_state(
    plan: Plan,
    wanted: &'static str,
    state: VersionState,
    update: UpdateStatus,
    reason: &'static str,
) -> World {
    World::new(plan).scripted(move |world, call| {
        reads(call, wanted).then(|| shown(world, call, state.clone(), update, Some(reason)))?
    })
}

fn told(world: &World, part: &str) -> usize {
    world.told().iter().filter(|line| line.contains(part)).count()
}

#[test]
fn an_inactive_version_is_released_with_advice() {
    for version in ["7", "6"] {
        let reason = "Idle: The function is idle.";
        let mut world = in_state(on("7"), version, VersionState::Inactive, UpdateStatus::Successful, reason);
        assert_eq!(world.start(), Ending::Released);
        let advice = format!("aws lambda invoke --function-name orders --qualifier {version}");
        assert_eq!(told(&world, &advice), 1, "{:#?}", world.told());
        assert_eq!(told(&world, reason), 1);
    }
}

#[test]
fn a_version_that_is_pending_is_waited_for_with_a_bound() {
    let until = |seconds: i64| {
        World::new(on("7")).scripted(move |world, call| {
            let pending = reads(call, "7") && world.now < at(seconds);
            pending.then(|| shown(world, call, VersionState::Pending, UpdateStatus::Successful, Some("Creating: …")))?
        })
    };
    let mut world = until(1_500);
    assert_eq!(world.start(), Ending::Released);
    assert_eq!(told(&world, "version 7 of orders is not active yet (Creating: …); this is waited for"), 1);
    assert!(world.now >= at(1_500));
    let mut world = until(1_000_000);
    let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal") };
    assert!(reasons[0].contains("version 7 of orders is not active yet"), "{reasons:?}");
    assert!(reasons[0].contains("after 26 minutes"), "{reasons:?}");
    assert!(world.now < at(1_700), "{}", world.now);
    // The version that the alias points to is held against the same bound.
    let mut world = in_state(on("7"), "6", VersionState::Pending, UpdateStatus::Successful, "Restoring");
    let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal") };
    assert!(reasons[0].contains("version 6 of orders is not active yet (Restoring) after 26"), "{reasons:?}");
}

#[test]
fn a_version_that_is_not_active_is_refused_with_what_helps() {
    let (failed, successful) = (VersionState::Failed, UpdateStatus::Successful);
    for (plan, version, state, update, said) in [
        (on("7"), "7", failed.clone(), successful, "version 7 of orders failed (why) and stays so"),
        (on("7"), "7", VersionState::Other("Deleting".into()), successful, "is in the state Deleting (why)"),
        (on("7"), "6", failed.clone(), successful, "`onebox alias set orders ALIAS --version N`"),
        (only_orders(Target::Latest), "$LATEST", failed, successful, "orders is not active (why)"),
        (
            only_orders(Target::Latest),
            "$LATEST",
            VersionState::Active,
            UpdateStatus::Failed,
            "the last update of orders failed (why)",
        ),
    ] {
        let mut world = in_state(plan, version, state.clone(), update, "why");
        let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal: {state:?}") };
        assert!(reasons.iter().any(|reason| reason.contains(said)), "{reasons:?}");
        assert!(world.calls.iter().all(|(_, call)| !call.changes()));
    }
}

#[test]
fn a_version_that_fails_after_its_publication_is_named_with_advice_that_can_work() {
    let reason = "FunctionError.RuntimeInitError: it threw";
    let latest = only_orders(Target::Latest);
    let mut world = in_state(latest, "8", VersionState::Failed, UpdateStatus::Successful, reason);
    let Ending::RolledBack(reason) = world.start() else { panic!("expected no release: {:?}", world.state) };
    for said in
        ["version 8 of orders failed (FunctionError.RuntimeInitError: it threw)", "stays so", "code or configuration"]
    {
        assert!(reason.contains(said), "{reason}");
    }
    assert_eq!(world.aliases["orders:live"].routing, Routing::wholly("6"));
}

fn zip() -> Target {
    Target::Zip { path: "orders.zip".into(), sha256: "code-8".into() }
}

/// `function_updated_v2` polls 300 times, once a second.
#[test]
fn an_update_in_progress_is_waited_for_by_time_and_not_by_polls() {
    for operation in ["UpdateFunctionCode", "PublishVersion"] {
        let until = |seconds: i64| {
            World::new(only_orders(zip())).scripted(move |world, call| {
                let busy = call.operation() == operation && world.now < at(seconds);
                busy.then(|| {
                    Err(CallError::new(ErrorKind::Conflict, "ResourceConflictException: An update is in progress"))
                })
            })
        };
        let mut world = until(290);
        assert_eq!(world.start(), Ending::Released, "{operation}");
        assert_eq!(told(&world, "an update of orders is in progress"), 1, "{:#?}", world.told());
        let mut world = until(1_000_000);
        let ending = world.start();
        let said = format!("{ending}");
        assert!(said.contains("an update of orders is still in progress after 5 minutes"), "{said}");
        // The code was uploaded before it could not be published.
        assert_eq!(matches!(ending, Ending::Refused(_)), operation == "UpdateFunctionCode", "{said}");
        assert!(world.now >= at(300) && world.now < at(400), "{operation}: {}", world.now);
    }
}

#[test]
fn what_is_read_in_the_middle_of_an_update_is_read_again() {
    let mut world = World::new(only_orders(Target::Latest)).scripted(|world, call| {
        let updating = reads(call, "$LATEST") && world.now < at(200);
        updating.then(|| shown(world, call, VersionState::Active, UpdateStatus::InProgress, None))?
    });
    assert_eq!(world.start(), Ending::Released);
    let mut world =
        in_state(only_orders(Target::Latest), "$LATEST", VersionState::Active, UpdateStatus::InProgress, "why");
    let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal") };
    assert!(reasons[0].contains("an update of orders is in progress after 5 minutes"), "{reasons:?}");
}

/// The revisions of every publication that was asked for.
fn revisions(world: &World) -> Vec<Option<String>> {
    let calls = world.calls.iter().map(|(_, call)| call);
    calls
        .filter_map(|call| match call {
            Call::PublishVersion { revision, .. } => Some(revision.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn only_the_configuration_that_was_read_is_published() {
    for (target, read) in [(Target::Latest, "r0"), (zip(), "r1")] {
        let mut world = World::new(only_orders(target));
        assert_eq!(world.start(), Ending::Released);
        assert_eq!(revisions(&world), [Some(read.to_owned())]);
    }
    let mut world = World::new(only_orders(Target::Latest)).scripted(|_, call| {
        (call.operation() == "PublishVersion")
            .then(|| Err(CallError::new(ErrorKind::Precondition, "PreconditionFailedException: The Revision Id")))
    });
    let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal: {:?}", world.state.effect) };
    for said in
        ["orders was changed after it was read", "PreconditionFailedException", "another deployment", "start again"]
    {
        assert!(reasons[0].contains(said), "{reasons:?}");
    }
    assert_eq!(revisions(&world).len(), 1, "the same revision is not tried again");
}

#[test]
fn a_publication_in_doubt_is_repeated_without_the_revision_that_it_may_have_changed() {
    // The answer is lost.
    let mut lost = false;
    let mut world = World::new(only_orders(Target::Latest)).scripted(move |_, call| {
        let first = call.operation() == "PublishVersion" && !std::mem::replace(&mut lost, true);
        first.then(|| Err(CallError::new(ErrorKind::Unknown, "no answer")))
    });
    assert_eq!(world.start(), Ending::Released);
    assert_eq!(revisions(&world), [Some("r0".to_owned()), None]);

    // The driver dies before it hears the answer; the next one repeats the call.
    let mut world = World::new(only_orders(Target::Latest)).scripted(|_, call| {
        matches!(call, Call::PublishVersion { revision: Some(_), .. })
            .then(|| Err(CallError::new(ErrorKind::Precondition, "PreconditionFailedException")))
    });
    world.input(Input::Resume);
    world.run_until(|call| call.operation() == "PublishVersion");
    world.state = world.state.clone().for_another_driver().perhaps_performed();
    world.resume();
    assert_eq!(world.run(), Ending::Released);
    assert_eq!(revisions(&world), [Some("r0".to_owned()), None]);
}

/// What was published already has another revision by then.
#[test]
fn a_batch_of_publications_is_repeated_where_one_of_them_was_throttled() {
    let mut tries = 0;
    let latest = plan(|plan| {
        plan.backends[0].target = Target::Latest;
        plan.one_box.as_mut().unwrap().target = Target::Latest;
        plan.regular.as_mut().unwrap().target = Target::Latest;
    });
    let mut published = Vec::new();
    let mut world = World::new(latest).scripted(move |_, call| {
        let Call::PublishVersion { function, revision, .. } = call else { return None };
        if revision.is_some() && published.contains(function) {
            return Some(Err(CallError::new(ErrorKind::Precondition, "PreconditionFailedException")));
        }
        if function == "web-box" && tries < 2 {
            tries += 1;
            return Some(Err(CallError::new(ErrorKind::Throttled, "TooManyRequestsException")));
        }
        published.push(function.clone());
        None
    });
    assert_eq!(world.start(), Ending::Released);
}

/// AWS shows a weight of nothing where somebody left one; it is no shift, and the next update clears it.
#[test]
fn a_weight_of_zero_is_no_shift() {
    for left in ["7", "5"] {
        let mut world = World::new(on("7"));
        let none = Some((left.to_owned(), onebox_release::Percent::NONE));
        let alias = world.aliases.get_mut("orders:live").unwrap();
        alias.routing = Routing { version: "6".into(), additional: none };
        assert_eq!(world.start(), Ending::Released, "{left}");
        assert_eq!(world.aliases["orders:live"].routing, Routing::wholly("7"));
    }
}
