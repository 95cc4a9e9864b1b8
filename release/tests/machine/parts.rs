//! Publishing, hooks, CodeDeploy.

use onebox_release::{
    AlarmState, Answer, Call, CallError, CodeDeployGroup, DeploymentStatus, Effect, Ending, ErrorKind, Event, Input,
    Percent, Plan, Reply, Routing, Target, Via,
};

use crate::world::{World, at, plan};

fn error(kind: ErrorKind) -> Option<Answer> {
    Some(Err(CallError::new(kind, "AWS's words")))
}

fn zip(plan: &mut Plan) {
    let target = Target::Zip { path: "web.zip".into(), sha256: "code-9".into() };
    for shift in plan.backends.iter_mut().chain(&mut plan.one_box).chain(&mut plan.regular) {
        shift.target = target.clone();
    }
    if let Some(shift) = &mut plan.one_box {
        (shift.function, shift.alias) = ("web".into(), "box".into());
    }
}

fn operations(world: &World) -> Vec<&'static str> {
    world.calls.iter().filter(|(_, call)| call.changes()).map(|(_, call)| call.operation()).collect()
}

#[test]
fn a_zip_is_uploaded_and_published_once_for_each_function() {
    let mut world = World::new(plan(zip));

    assert_eq!(world.start(), Ending::Released);
    let operations = operations(&world);
    assert_eq!(
        operations[..4],
        ["UpdateFunctionCode", "UpdateFunctionCode", "PublishVersion", "PublishVersion"],
        "three aliases, two functions"
    );
    assert!(world.aliases.values().all(|alias| alias.routing == Routing::wholly("9")));
    let published: Vec<_> = world.told().into_iter().filter(|told| told.contains("published")).collect();
    assert_eq!(published, ["orders: published version 9", "web: published version 9"]);
}

#[test]
fn latest_is_published_as_it_was_read() {
    let mut world = World::new(plan(|plan| {
        plan.backends[0].target = Target::Latest;
        (plan.one_box, plan.regular) = (None, None);
    }));
    assert_eq!(world.start(), Ending::Released);
    assert_eq!(*world.on("orders:live"), Routing::wholly("8"));

    // Nothing new: AWS gives the number that the code has.
    let mut world = World::new(plan(|plan| {
        plan.backends[0].target = Target::Latest;
        (plan.one_box, plan.regular) = (None, None);
    }));
    world.latest = "code-6".into();
    let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal") };
    assert_eq!(reasons, ["orders:live is already on version 6, which is this code: there is nothing new"]);
}

#[test]
fn what_fails_while_publishing_moves_nothing() {
    let table: [(&str, ErrorKind, bool); 4] = [
        ("UpdateFunctionCode", ErrorKind::Denied, false),
        ("UpdateFunctionCode", ErrorKind::Local, false),
        ("UpdateFunctionCode", ErrorKind::Unknown, true),
        ("PublishVersion", ErrorKind::Denied, true),
    ];
    for (operation, kind, changed) in table {
        let mut world = World::new(plan(zip))
            .scripted(move |_, call| if call.operation() == operation { error(kind) } else { None });
        match world.start() {
            Ending::Refused(reasons) if !changed => assert_eq!(reasons.len(), 2, "{reasons:?}"),
            Ending::RolledBack(reason) if changed => {
                assert!(reason.contains("versions that were published stay"), "{reason}")
            }
            ending => panic!("{operation} {kind:?}: {ending}"),
        }
        assert!(world.updates().is_empty());
    }
}

#[test]
fn alarms_that_cannot_be_made_refuse_the_release() {
    let armed = |plan: &mut Plan| {
        plan.health.version_alarms = Some(onebox_release::VersionAlarms { errors: 1, minutes: 1 });
    };
    let mut world = World::new(plan(armed))
        .scripted(|_, call| if matches!(call, Call::PutMetricAlarm(_)) { error(ErrorKind::Denied) } else { None });
    assert!(matches!(world.start(), Ending::Refused(reasons) if reasons.len() == 3));

    let mut world = World::new(plan(armed)).scripted(|_, call| match call {
        Call::PutMetricAlarm(alarm) if alarm.of.function == "web-box" => error(ErrorKind::Denied),
        _ => None,
    });
    assert!(matches!(world.start(), Ending::RolledBack(_)), "two were made");
    assert_eq!(world.alarms.len(), 1, "and removed");

    let mut left = World::new(plan(armed))
        .scripted(|_, call| if matches!(call, Call::DeleteAlarms { .. }) { error(ErrorKind::Denied) } else { None });
    assert_eq!(left.start(), Ending::Released, "alarms that stay do not undo a release");
    let advice = "aws cloudwatch delete-alarms --alarm-names onebox-web-1/orders/live/7/errors";
    assert!(left.told().iter().any(|told| told.contains(advice)));
}

fn hooked(plan: &mut Plan) {
    plan.backends[0].before = Some("smoke".into());
    plan.backends[0].after = Some("verify".into());
}

#[test]
fn hooks_run_before_the_first_traffic_and_after_the_last() {
    let mut world = World::new(plan(hooked));
    assert_eq!(world.start(), Ending::Released);
    let operations = operations(&world);
    assert_eq!(operations, ["Invoke", "UpdateAlias", "UpdateAlias", "Invoke", "UpdateAlias", "UpdateAlias"]);
    assert_eq!(world.events.iter().filter(|event| matches!(event, Event::HookPassed { .. })).count(), 2);
}

#[test]
fn a_hook_that_fails_puts_everything_back() {
    for (hook, updates) in [("smoke", 0), ("verify", 3)] {
        let mut world = World::new(plan(hooked)).scripted(move |_, call| match call {
            Call::Invoke { function, .. } if function == hook => Some(Ok(Reply::Invoked(Some("404 on /".into())))),
            _ => None,
        });
        assert_eq!(world.start(), Ending::RolledBack(format!("the hook {hook} of orders failed: 404 on /")));
        assert_eq!(world.updates().len(), updates, "{hook}");
        assert!(world.told().contains(&format!("orders: the hook {hook} failed: 404 on /")));
    }
}

#[test]
fn a_hook_without_an_answer_is_repeated_once() {
    for (times, passes) in [(1, true), (2, false)] {
        let mut left = times;
        let mut world = World::new(plan(hooked)).scripted(move |_, call| {
            if !matches!(call, Call::Invoke { .. }) || left == 0 {
                return None;
            }
            left -= 1;
            error(ErrorKind::Unknown)
        });
        assert_eq!(world.start() == Ending::Released, passes, "{times}");
    }
}

#[test]
fn an_alarm_while_a_hook_runs_does_not_wait_for_the_hook() {
    let mut world = World::new(plan(hooked));
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::Invoke { function, .. } if function == "verify"));
    let Effect::Call { meanwhile, .. } = world.state.effect.clone() else { panic!("expected calls") };
    assert!(matches!(meanwhile[..], [Call::DescribeAlarms { .. }, Call::GetAlias { .. }, Call::GetVersion { .. }, ..]));

    let fine: Vec<Answer> = meanwhile.iter().map(|call| world.answer(call)).collect();
    let same = world.state.effect.clone();
    assert_eq!(world.input(Input::Meanwhile(fine)), same, "the hook goes on");

    world.alarms.insert("5xx".into(), AlarmState::Alarm);
    let fired: Vec<Answer> = meanwhile.iter().map(|call| world.answer(call)).collect();
    let Effect::Call { calls, .. } = world.input(Input::Meanwhile(fired)) else { panic!("expected the way back") };
    assert!(matches!(&calls[..], [Call::UpdateAlias { to, .. }] if *to == Routing::wholly("6")));
}

fn codedeploy(plan: &mut Plan) {
    plan.via = Via::CodeDeploy;
    (plan.one_box, plan.regular) = (None, None);
    let mut twin = plan.backends[0].clone();
    twin.function = "stock".into();
    plan.backends.push(twin);
    for shift in &mut plan.backends {
        shift.before = Some("CodeDeployHook_smoke".into());
        let (application, group) = ("shop".into(), shift.function.clone());
        shift.codedeploy =
            Some(CodeDeployGroup { application, group, config: "CodeDeployDefault.LambdaAllAtOnce".into() });
    }
}

/// CodeDeploy gives a tenth at 60 seconds, and everything at 120.
fn deploying(world: &mut World, fails: bool) {
    let done = world.now >= at(120);
    for (id, function) in [("d-1", "orders"), ("d-2", "stock")] {
        let Some((view, _)) = world.deployments.get_mut(id) else { continue };
        if view.status != DeploymentStatus::Running {
            continue;
        }
        if world.now >= at(60) {
            view.weight = Percent::from_hundredths(1_000);
        }
        if done && fails && id == "d-2" {
            (view.status, view.reason) = (DeploymentStatus::Failed, Some("a hook failed".into()));
        } else if done {
            view.status = DeploymentStatus::Succeeded;
            world.put(&format!("{function}:live"), Routing::wholly("7"));
        }
    }
}

#[test]
fn codedeploy_is_told_and_followed() {
    let mut world = World::new(plan(codedeploy)).scripted(|world, call| {
        deploying(world, false);
        assert!(!matches!(call, Call::UpdateAlias { .. } | Call::Invoke { .. }), "CodeDeploy does that");
        None
    });
    assert_eq!(world.start(), Ending::Released);
    let told = world.told();
    for part in ["orders:live: 10 % on version 7, the rest on 6", "stock:live: 100 % on version 7"] {
        assert_eq!(told.iter().filter(|line| line.as_str() == part).count(), 1, "{part}: {told:?}");
    }
    let created: Vec<_> = world
        .calls
        .iter()
        .filter_map(|(_, call)| match call {
            Call::CreateDeployment(asked) => Some((asked.description.clone(), asked.alarms.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(created[0], ("onebox release web-1: orders:live".to_owned(), vec!["5xx".to_owned()]));
    assert_eq!(created.len(), 2);
}

#[test]
fn a_deployment_that_fails_puts_the_others_back() {
    let mut world = World::new(plan(codedeploy)).scripted(|world, _| {
        deploying(world, true);
        None
    });
    let ending = world.start();
    assert_eq!(ending, Ending::RolledBack("CodeDeploy's deployment of stock:live: a hook failed".into()));
    assert_eq!(world.updates().iter().map(|(_, to)| to.as_str()).collect::<Vec<_>>(), ["orders: 6"]);
}

#[test]
fn deployments_are_stopped_before_aliases_are_put_back() {
    let mut world = World::new(plan(codedeploy)).scripted(|world, call| {
        deploying(world, false);
        if world.now >= at(60) {
            world.alarms.insert("5xx".into(), AlarmState::Alarm);
        }
        if matches!(call, Call::CreateDeployment(asked) if asked.function == "orders") {
            let part = Percent::from_hundredths(1_000).map(|part| ("7".to_owned(), part));
            world.put("orders:live", Routing { version: "6".into(), additional: part });
        }
        None
    });
    assert_eq!(world.start(), Ending::RolledBack("the alarm 5xx fired".into()));
    assert_eq!(
        operations(&world),
        ["CreateDeployment", "CreateDeployment", "StopDeployment", "StopDeployment", "UpdateAlias"]
    );
    assert!(world.aliases.values().all(|alias| alias.routing == Routing::wholly("6")));
}

#[test]
fn a_lost_deployment_is_found_by_its_description_and_never_made_twice() {
    let mut lost = false;
    let mut world = World::new(plan(codedeploy)).scripted(move |world, call| {
        deploying(world, false);
        if matches!(call, Call::CreateDeployment(_)) && !lost {
            lost = true;
            let _lost = world.answer(call);
            return error(ErrorKind::Unknown);
        }
        None
    });
    assert_eq!(world.start(), Ending::Released);
    assert_eq!(world.deployments.len(), 2);

    // Crashes: before it was told, and after; the next driver comes with an order, or without.
    let inputs = [Input::Resume, Input::Promote("go".into())];
    for (performed, input) in
        [false, true].into_iter().flat_map(|performed| inputs.clone().map(|input| (performed, input)))
    {
        let mut world = World::new(plan(codedeploy)).scripted(|world, _| {
            deploying(world, false);
            None
        });
        world.input(Input::Resume);
        world.run_until(|call| matches!(call, Call::CreateDeployment(_)));
        if let (Effect::Call { calls, .. }, true) = (world.state.effect.clone(), performed) {
            for call in &calls {
                let _lost = world.call(call);
            }
        }
        world.input(input);
        assert_eq!(world.run(), Ending::Released, "{performed}");
        assert_eq!(world.deployments.len(), 2, "{performed}");
    }
}

#[test]
fn a_deployment_that_is_not_listed_yet_stays_in_doubt_and_is_neither_made_twice_nor_left_running() {
    // It is created, its answer is lost, and the list shows it half a minute later only.
    for abort in [false, true] {
        let mut lost = false;
        let mut world = World::new(plan(codedeploy)).scripted(move |world, call| {
            if world.now < at(30) && matches!(call, Call::FindDeployment { .. }) {
                return error(ErrorKind::NotFound);
            }
            if !abort {
                deploying(world, false);
            }
            if matches!(call, Call::CreateDeployment(asked) if asked.function == "stock") && !lost {
                lost = true;
                let _lost = world.answer(call);
                return error(ErrorKind::Unknown);
            }
            None
        });
        world.input(Input::Resume);
        world.run_until(|call| matches!(call, Call::FindDeployment { .. }));
        if abort {
            world.input(Input::Abort("no".into()));
        }
        let ending = world.run();
        assert_eq!(world.deployments.len(), 2, "{abort}: none is made twice");
        if abort {
            assert_eq!(ending, Ending::RolledBack("aborted: no".into()));
            let stopped =
                |id: &str| world.calls.iter().any(|(_, call)| *call == Call::StopDeployment { id: id.into() });
            assert!(stopped("d-1") && stopped("d-2"), "both are stopped");
        } else {
            assert_eq!(ending, Ending::Released);
        }
    }
}

#[test]
fn a_deployment_that_was_never_created_is_ruled_out_after_a_minute_and_created_then() {
    let mut lost = false;
    let mut world = World::new(plan(codedeploy)).scripted(move |world, call| {
        deploying(world, false);
        if matches!(call, Call::CreateDeployment(asked) if asked.function == "stock") && !lost {
            lost = true;
            return error(ErrorKind::Unknown);
        }
        None
    });
    assert_eq!(world.start(), Ending::Released);
    let created: Vec<_> = world
        .calls
        .iter()
        .filter_map(|(when, call)| match call {
            Call::CreateDeployment(asked) if asked.function == "stock" => Some(*when),
            _ => None,
        })
        .collect();
    assert!(created.len() == 2 && created[1] >= at(60), "{created:?}");
    let from = world.calls.iter().find_map(|(_, call)| match call {
        Call::FindDeployment { from, .. } => Some(*from),
        _ => None,
    });
    assert_eq!(from, Some(created[0]), "it is looked for from then on");
}

#[test]
fn a_deployment_that_cannot_be_found_needs_a_person() {
    let mut world = World::new(plan(codedeploy)).scripted(|_, call| match call {
        Call::CreateDeployment(asked) if asked.function == "stock" => error(ErrorKind::Unknown),
        Call::FindDeployment { .. } => error(ErrorKind::Denied),
        _ => None,
    });
    let Ending::Stuck(reason) = world.start() else { panic!("expected stuck") };
    assert!(reason.contains("\"onebox release web-1: stock:live\""), "{reason}");
    world.input(Input::Abort("no".into()));
    let Ending::Stuck(reason) = world.run() else { panic!("expected stuck") };
    assert!(reason.contains("stock:live"), "{reason}");
    assert!(world.calls.iter().any(|(_, call)| matches!(call, Call::StopDeployment { id } if id == "d-1")));
}
