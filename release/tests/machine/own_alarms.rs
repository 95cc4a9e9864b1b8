//! The release's own alarms: CloudWatch replaces and deletes by name, whoever made an alarm.

use onebox_release::{AlarmState, Call, CallError, Effect, Ending, ErrorKind, Input, Plan, Stage, VersionAlarms};

use crate::world::{World, plan};

const NAME: &str = "onebox-web-1/orders/live/7/errors";

/// One backend, whose new version gets an alarm.
fn armed(change: impl FnOnce(&mut Plan)) -> Plan {
    plan(|plan| {
        (plan.one_box, plan.regular) = (None, None);
        plan.health.version_alarms = Some(VersionAlarms { errors: 1, minutes: 1 });
        change(plan);
    })
}

/// What was done to alarms.
fn changes(world: &World) -> Vec<&'static str> {
    let changes = world.calls.iter().map(|(_, call)| call.operation());
    changes.filter(|operation| matches!(*operation, "PutMetricAlarm" | "DeleteAlarms")).collect()
}

fn somebodys(world: &mut World, description: &str) {
    world.alarms.insert(NAME.into(), AlarmState::Ok);
    world.described.insert(NAME.into(), description.into());
}

#[test]
fn an_alarm_of_our_name_that_somebody_else_made_is_neither_replaced_nor_deleted() {
    for description in ["pages the shop", "", "Made by onebox for the release web-2, and removed after it."] {
        let mut world = World::new(armed(|_| {}));
        somebodys(&mut world, description);

        let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal") };
        assert_eq!(reasons.len(), 1);
        assert!(reasons[0].contains(NAME) && reasons[0].contains("did not make it"), "{reasons:?}");
        assert_eq!(changes(&world), [""; 0]);
        assert_eq!(world.described[NAME], description);
    }
}

#[test]
fn an_alarm_that_an_earlier_run_of_the_release_left_is_used_again_and_removed() {
    let mut world = World::new(armed(|_| {}));
    somebodys(&mut world, "Made by onebox for the release web-1, and removed after it.");

    assert_eq!(world.start(), Ending::Released);
    assert_eq!(changes(&world), ["PutMetricAlarm", "DeleteAlarms"]);
    assert!(!world.alarms.contains_key(NAME));
}

#[test]
fn an_alarm_that_somebody_replaced_meanwhile_is_left_alone() {
    // Before the deletion is wanted, after it was wanted and a crash, and after it failed once.
    for (crash, fails) in [(false, false), (true, false), (false, true)] {
        let mut world = World::new(armed(|_| {})).scripted(move |world, call| {
            let first = !world.calls[..world.calls.len() - 1].iter().any(|(_, made)| made == call);
            if fails && first && matches!(call, Call::DeleteAlarms { .. }) {
                somebodys(world, "pages the shop");
                return Some(Err(CallError::new(ErrorKind::Throttled, "slow down")));
            }
            None
        });
        world.input(Input::Resume);
        if crash || fails {
            world.run_until(|call| matches!(call, Call::DeleteAlarms { .. }));
        } else {
            while world.state.stage != Stage::Disarm {
                world.perform();
            }
        }
        if !fails {
            somebodys(&mut world, "pages the shop");
        }
        if crash {
            world.input(Input::Resume);
        }

        let deletions = usize::from(fails);
        let ending = world.run();
        assert_eq!(changes(&world).iter().filter(|change| **change == "DeleteAlarms").count(), deletions, "{ending}");
        assert_eq!(world.described[NAME], "pages the shop");
        assert!(world.told().iter().any(|told| told.contains("left alone")), "{:?}", world.told());
    }
}

#[test]
fn after_a_crash_a_name_is_read_again_before_it_is_written() {
    let mut world = World::new(armed(|_| {}));
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::PutMetricAlarm(_)));
    somebodys(&mut world, "pages the shop");
    let Effect::Call { calls, .. } = world.resume() else { panic!("expected calls") };
    assert!(calls.iter().all(|call| call.operation() == "DescribeAlarms"), "{calls:?}");
    assert!(matches!(world.run(), Ending::Refused(_)));
    assert_eq!(world.described[NAME], "pages the shop");
}

#[test]
fn one_that_is_gone_does_not_keep_the_others() {
    let mut world = World::new(plan(|plan| {
        plan.health.version_alarms = Some(VersionAlarms { errors: 1, minutes: 1 });
    }))
    .scripted(|world, call| {
        let Call::DeleteAlarms { names } = call else { return None };
        let missing = names.iter().find(|name| !world.alarms.contains_key(*name));
        missing.map(|name| Err(CallError::new(ErrorKind::NotFound, format!("Alarm {name} does not exist"))))
    });
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::DeleteAlarms { .. }));
    world.alarms.remove("onebox-web-1/web/live/7/errors");
    assert_eq!(world.run(), Ending::Released);
    assert_eq!(world.alarms.keys().collect::<Vec<_>>(), ["5xx"]);
}

#[test]
fn a_name_fits_and_is_its_own_however_long_its_parts_are() {
    let mut names = Vec::new();
    for function in ["orders", "arn:aws:lambda:eu-west-1:123456789012:function:orders"] {
        for alias in ["live", "a".repeat(128).as_str(), ["a".repeat(127).as_str(), "b"].concat().as_str()] {
            let mut world = World::new(armed(|plan| {
                plan.id = "r".repeat(64);
                (plan.backends[0].function, plan.backends[0].alias) = (function.into(), alias.into());
            }));
            world.input(Input::Resume);
            world.run_until(|call| matches!(call, Call::PutMetricAlarm(_)));
            let Effect::Call { calls, .. } = &world.state.effect else { panic!("expected calls") };
            let Call::PutMetricAlarm(alarm) = &calls[0] else { panic!("expected an alarm") };
            assert!(alarm.name.len() <= 255 && alarm.name.starts_with("onebox-rrr"), "{}", alarm.name);
            // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
            assert!(alarm.description.chars().count() <= 1_024);
            names.push(alarm.name.clone());
        }
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 3, "a function has one name, whether it is given by its ARN or not: {names:#?}");
}
