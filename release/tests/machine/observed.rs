//! What happened while nobody looked: an alarm that fired and recovered has fired, and only observed time counts.

use std::time::Duration;

use onebox_release::{
    Alarm, AlarmChange, AlarmState, Call, CallError, Effect, Ending, ErrorKind, Event, Input, MissingData, Pause,
    Percent, Plan, Reply, Step, Strategy, worth_keeping,
};

use crate::world::{World, at, plan};

/// One backend, one alarm.
fn backend(change: impl FnOnce(&mut Plan)) -> Plan {
    plan(|plan| {
        (plan.one_box, plan.regular) = (None, None);
        change(plan);
    })
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A release that runs until a time.
fn until(plan: Plan, time: i64) -> World {
    let mut world = World::new(plan);
    world.input(Input::Resume);
    while world.now < at(time) {
        world.perform();
    }
    world
}

/// Nobody drives for some time; then somebody goes on.
fn away(world: &mut World, time: i64) {
    world.now += Duration::from_secs(u64::try_from(time).unwrap());
    world.input(Input::Resume);
}

fn not_observed(world: &World) -> Vec<String> {
    let gap = |event: &Event| matches!(event, Event::NotObserved { .. }).then(|| event.to_string());
    world.events.iter().filter_map(gap).collect()
}

#[test]
fn an_alarm_that_fired_and_recovered_while_no_driver_ran_sends_everything_back() {
    // In the wait of a step, and in the final bake.
    for time in [100, 330] {
        let mut world = until(backend(|_| {}), time);
        let fired = world.now + seconds(60);
        world.flap("5xx", AlarmState::Alarm, fired, fired + seconds(60));
        away(&mut world, 7_200);

        let Ending::RolledBack(reason) = world.run() else { panic!("expected a rollback") };
        assert_eq!(reason, format!("the alarm 5xx fired at {fired:.0}, between two looks"));
        let told = world
            .events
            .iter()
            .any(|event| matches!(event, Event::AlarmFired { alarm, at: Some(at) } if alarm == "5xx" && *at == fired));
        assert!(told, "{:?}", world.told());
        assert_eq!(world.updates().last().map(|(_, to)| to.clone()), Some("orders: 6".into()));
    }
}

#[test]
fn an_alarm_that_fired_and_recovered_between_two_polls_sends_everything_back() {
    let mut world = until(backend(|_| {}), 100);
    let now = world.now;
    world.flap("5xx", AlarmState::Alarm, now + seconds(2), now + seconds(4));
    assert!(matches!(world.run(), Ending::RolledBack(_)));
    assert_eq!(world.updates().last(), Some(&(100, "orders: 6".into())), "with the next look");
}

#[test]
fn what_an_alarm_did_before_the_preflight_is_of_no_interest() {
    let mut world = World::new(backend(|_| {}));
    // By CloudWatch's clock, which is an hour ahead of this machine's.
    world.flap("5xx", AlarmState::Alarm, at(3_500), at(3_600));
    assert_eq!(world.start(), Ending::Released);
    assert!(world.calls.iter().all(|(_, call)| call.operation() != "DescribeAlarmHistory"));
}

#[test]
fn clocks_are_not_compared_with_each_other() {
    // CloudWatch's clock is a day behind: what changes is later than what was shown before all the same.
    let mut world = World::new(backend(|_| {}));
    world.flap("5xx", AlarmState::InsufficientData, at(-86_400), at(-86_300));
    world.input(Input::Resume);
    while world.now < at(100) {
        world.perform();
    }
    world.flap("5xx", AlarmState::Alarm, at(-86_250), at(-86_200));
    assert!(matches!(world.run(), Ending::RolledBack(_)));
}

#[test]
fn a_bake_counts_only_while_somebody_looks() {
    // So long nobody drives, at so many seconds into the release: the step takes 300, the bake 60.
    for (time, gap) in [(100, 7_200), (310, 7_200), (330, 40)] {
        let mut world = until(backend(|_| {}), time);
        let last = world.now;
        away(&mut world, gap);
        assert_eq!(world.run(), Ending::Released);
        let told = not_observed(&world);
        assert_eq!(told.len(), 1, "{told:?}");
        let waiting = if time < 300 { "the step" } else { "the bake" };
        assert!(told[0].starts_with("not observed for") && told[0].contains(waiting), "{told:?}");
        // The gap begins with the last look, at most a poll before.
        let extended = world.now.duration_since(at(360)).as_secs();
        assert!((gap..=gap + 10).contains(&extended), "{extended} of {gap}, since {last}");
    }
}

#[test]
fn a_machine_that_slept_is_made_up_for_without_a_resume() {
    let mut world = until(backend(|_| {}), 320);
    // The driver wakes from a wait of ten seconds, hours later.
    world.now += seconds(10_000);
    assert_eq!(world.run(), Ending::Released);
    assert_eq!(not_observed(&world), ["not observed for 2h 46m 50s: the bake is extended by that"]);
}

#[test]
fn polls_that_are_a_little_late_count() {
    let mut world = World::new(backend(|_| {})).scripted(|world, call| {
        if matches!(call, Call::DescribeAlarms { .. }) {
            world.now += seconds(15);
        }
        None
    });
    assert_eq!(world.start(), Ending::Released);
    assert_eq!(not_observed(&world), [""; 0]);
}

#[test]
fn answers_that_always_come_too_late_are_not_waited_for_for_ever() {
    let mut world = World::new(backend(|plan| plan.health.hold = seconds(600))).scripted(|world, call| {
        if matches!(call, Call::DescribeAlarms { .. }) {
            world.now += seconds(90);
        }
        None
    });
    let Ending::NotProven(reason) = world.start() else { panic!("expected no proof") };
    assert!(reason.contains("could not be read in time"), "{reason}");
    world.input(Input::Promote("it is fine".into()));
    assert!(matches!(world.run(), Ending::NotProven(_) | Ending::Released));
}

#[test]
fn time_without_data_does_not_count() {
    let mut world = World::new(backend(|_| {})).scripted(|world, _| {
        let silent = (at(100)..at(400)).contains(&world.now);
        let state = if silent { AlarmState::InsufficientData } else { AlarmState::Ok };
        world.alarms.insert("5xx".into(), state);
        None
    });
    assert_eq!(world.start(), Ending::Released);
    let moved = world.updates().last().map(|(when, _)| *when);
    assert!((600..=620).contains(&moved.unwrap()), "300 seconds with data: {moved:?}");
}

#[test]
fn time_without_data_between_two_looks_does_not_count_either() {
    let mut world = until(backend(|plan| plan.poll = seconds(60)), 120);
    let now = world.now;
    world.flap("5xx", AlarmState::InsufficientData, now + seconds(10), now + seconds(20));
    assert_eq!(world.run(), Ending::Released);
    assert_eq!(world.updates().last(), Some(&(360, "orders: 7".into())), "a poll more than the 300 seconds");
}

#[test]
fn an_alarm_that_has_data_now_and_then_does_not_hold_a_release_for_ever() {
    let mut world = World::new(backend(|plan| plan.health.hold = seconds(600))).scripted(|world, _| {
        let silent = world.now > at(10) && world.now.as_second() % 100 != 0;
        let state = if silent { AlarmState::InsufficientData } else { AlarmState::Ok };
        world.alarms.insert("5xx".into(), state);
        None
    });
    assert!(matches!(world.start(), Ending::NotProven(_)));
    assert!(world.now < at(1_000), "{}", world.now);
}

/// What is said instead of a history.
fn histories(answer: fn() -> onebox_release::Answer, from: i64, to: i64) -> World {
    let mut world = World::new(backend(|_| {})).scripted(move |world, call| {
        let strikes = matches!(call, Call::DescribeAlarmHistory { .. }) && (at(from)..at(to)).contains(&world.now);
        strikes.then(answer)
    });
    world.input(Input::Resume);
    while world.now < at(100) {
        world.perform();
    }
    world.flap("5xx", AlarmState::InsufficientData, at(101), at(102));
    world
}

#[test]
fn a_history_that_cannot_be_read_or_does_not_tell_yet_holds() {
    let denied = || Err(CallError::new(ErrorKind::Denied, "AccessDenied: cloudwatch:DescribeAlarmHistory"));
    let late = || Ok(Reply::AlarmHistory(vec![AlarmChange { at: at(101), to: AlarmState::InsufficientData }]));
    for (answer, said) in [(denied as fn() -> _, "AccessDenied"), (late, "does not tell yet")] {
        let mut world = histories(answer, 0, 400);
        assert_eq!(world.run(), Ending::Released);
        let moved = world.updates().last().map(|(when, _)| *when);
        assert!((600..=620).contains(&moved.unwrap()), "{said}: {moved:?}");
        assert!(world.told().iter().any(|told| told.contains("held") && told.contains(said)), "{:?}", world.told());

        let Ending::NotProven(reason) = histories(answer, 0, 1_000_000).run() else { panic!("expected no proof") };
        assert!(reason.contains(said), "{reason}");
    }
}

#[test]
fn an_alarm_is_watched_while_an_approval_is_waited_for() {
    let step = Step { percent: Percent::from_hundredths(5_000).unwrap(), then: Pause::Approval };
    let mut world = until(backend(|plan| plan.backends[0].strategy = Strategy::Steps(vec![step])), 600);
    world.flap("5xx", AlarmState::Alarm, at(700), at(800));
    away(&mut world, 3_600);
    assert!(matches!(world.run(), Ending::RolledBack(_)));
}

#[test]
fn an_alarm_that_fires_and_recovers_while_a_hook_runs_does_not_wait_for_the_hook() {
    let mut world = World::new(backend(|plan| plan.backends[0].before = Some("smoke".into())));
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::Invoke { .. }));
    let meanwhile = |world: &mut World| {
        world.now += seconds(10);
        let Effect::Call { meanwhile, .. } = world.state.effect.clone() else { panic!("expected calls") };
        let answers = meanwhile.iter().map(|call| world.call(call)).collect();
        world.input(Input::Meanwhile(answers))
    };
    let hook = world.state.effect.clone();
    assert_eq!(meanwhile(&mut world), hook);
    let now = world.now;
    world.flap("5xx", AlarmState::Alarm, now + seconds(1), now + seconds(2));
    let Effect::Call { calls, meanwhile: then } = meanwhile(&mut world) else { panic!("expected calls") };
    assert!(matches!(calls[..], [Call::Invoke { .. }]), "the hook goes on");
    assert_eq!(then.iter().map(Call::operation).collect::<Vec<_>>(), ["DescribeAlarmHistory"]);
    meanwhile(&mut world);
    assert!(matches!(world.run(), Ending::RolledBack(_)));
}

#[test]
fn what_was_served_while_nobody_looked_proves_nothing() {
    let requests = |plan: &mut Plan| plan.health.min_requests = 60;
    let mut world = World::new(backend(requests));
    world.traffic.insert("7".into(), (1, 0));
    world.input(Input::Resume);
    while world.now < at(200) {
        world.perform();
    }
    // Hours of it, a request a minute.
    away(&mut world, 7_200);
    assert!(matches!(world.run(), Ending::NotProven(_)), "{:?}", world.told());
}

#[test]
fn a_look_is_kept_now_and_then_and_a_long_bake_has_a_short_journal() {
    let mut world = World::new(backend(|plan| plan.final_bake = seconds(24 * 60 * 60)));
    world.input(Input::Resume);
    let (mut kept, mut longest, mut last) = (0_u32, seconds(0), world.now);
    while !matches!(world.state.effect, Effect::Stop { .. }) {
        if worth_keeping(&world.state) {
            kept += 1;
            longest = longest.max(world.now.duration_since(last).try_into().unwrap());
            last = world.now;
        }
        world.perform();
    }
    assert!(kept < 150, "{kept} records");
    assert!(longest <= seconds(24 * 60 * 60 / 20 + 10), "{longest:?}");
    // In a short bake a crash costs no more than about a minute.
    let mut world = World::new(backend(|plan| plan.final_bake = seconds(600)));
    world.input(Input::Resume);
    let mut kept = world.state.clone();
    while world.now < at(895) {
        if worth_keeping(&world.state) {
            kept = world.state.clone();
        }
        world.perform();
    }
    world.state = kept;
    away(&mut world, 60);
    assert_eq!(world.run(), Ending::Released);
    assert!(world.now <= at(900 + 60 + 75), "{}", world.now);
}

/// The release's own alarms, and those of the plan.
fn states(missing_data: MissingData) -> Plan {
    backend(|plan| plan.alarms = vec![Alarm { missing_data, ..Alarm::named("5xx") }])
}

#[test]
fn each_alarm_says_what_missing_data_means() {
    let silent_at = |plan: Plan, from: i64| {
        let mut world = World::new(plan).scripted(move |world, _| {
            let state = if world.now >= at(from) { AlarmState::InsufficientData } else { AlarmState::Ok };
            world.alarms.insert("5xx".into(), state);
            None
        });
        (world.start(), world.updates().last().map(|(when, _)| *when))
    };
    assert_eq!(silent_at(states(MissingData::Ok), 100), (Ending::Released, Some(300)));
    assert_eq!(silent_at(states(MissingData::Ok), 0), (Ending::Released, Some(300)));
    assert!(matches!(silent_at(states(MissingData::Hold), 100), (Ending::NotProven(_), Some(0))));
    let (ending, moved) = silent_at(states(MissingData::RollBack), 100);
    assert_eq!(moved, Some(100));
    assert!(matches!(ending, Ending::RolledBack(reason) if reason.contains("5xx had no data")));
    assert!(matches!(silent_at(states(MissingData::RollBack), 0), (Ending::Refused(_), None)));

    // Between two looks, too.
    let flapped = |missing_data| {
        let mut world = until(states(missing_data), 100);
        world.flap("5xx", AlarmState::InsufficientData, at(102), at(104));
        (world.run(), world.updates().last().map(|(when, _)| *when))
    };
    assert_eq!(flapped(MissingData::Ok), (Ending::Released, Some(300)));
    assert_eq!(flapped(MissingData::Hold), (Ending::Released, Some(310)));
    assert!(matches!(flapped(MissingData::RollBack), (Ending::RolledBack(_), Some(100))));
}

#[test]
fn alarms_are_read_in_their_regions() {
    let far = || Alarm { region: Some("us-east-1".into()), ..Alarm::named("cdn-5xx") };
    let mut world = World::new(backend(|plan| plan.alarms.push(far())));
    assert_eq!(world.start(), Ending::Released);
    let mut asked: Vec<(Vec<String>, Option<String>)> = world
        .calls
        .iter()
        .filter_map(|(_, call)| match call {
            Call::DescribeAlarms { names, region } => Some((names.clone(), region.clone())),
            _ => None,
        })
        .collect();
    asked.sort();
    asked.dedup();
    assert_eq!(asked, [(vec!["5xx".to_owned()], None), (vec!["cdn-5xx".to_owned()], Some("us-east-1".to_owned()))]);

    let mut world = World::new(backend(|plan| plan.alarms.push(far()))).scripted(|world, _| {
        if world.now >= at(100) {
            world.alarms.insert("cdn-5xx".into(), AlarmState::Alarm);
        }
        None
    });
    assert_eq!(world.start(), Ending::RolledBack("the alarm cdn-5xx (us-east-1) fired".into()));
}

#[test]
fn an_alarm_of_another_account_is_refused_with_both_accounts() {
    let arn = "arn:aws:cloudwatch:us-east-1:111111111111:alarm:5xx";
    let alarm = || Alarm::read(arn).unwrap();
    let mut world = World::new(backend(|plan| plan.alarms = vec![alarm()])).scripted(|_, call| {
        let Call::DescribeAlarms { .. } = call else { return None };
        let arn = Some("arn:aws:cloudwatch:us-east-1:222222222222:alarm:5xx".to_owned());
        Some(Ok(Reply::Alarms(vec![onebox_release::AlarmView {
            arn,
            ..onebox_release::AlarmView::new("5xx", AlarmState::Ok)
        }])))
    });
    let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal") };
    assert!(reasons[0].contains("111111111111") && reasons[0].contains("222222222222"), "{reasons:?}");
    let mut world = World::new(backend(|plan| plan.alarms = vec![alarm()]));
    world.alarms.clear();
    let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal") };
    assert!(reasons[0].contains("111111111111") && reasons[0].contains("their own account"), "{reasons:?}");
}

#[test]
fn codedeploy_gets_the_alarms_of_its_own_region_and_the_release_watches_the_others() {
    let mut world = World::new(backend(|plan| {
        plan.via = onebox_release::Via::CodeDeploy;
        plan.region = Some("eu-west-1".into());
        plan.alarms = vec![
            Alarm::named("5xx"),
            Alarm { region: Some("eu-west-1".into()), ..Alarm::named("slow") },
            Alarm { region: Some("us-east-1".into()), ..Alarm::named("cdn-5xx") },
        ];
        plan.backends[0].codedeploy = Some(onebox_release::CodeDeployGroup {
            application: "shop".into(),
            group: "orders".into(),
            config: "CodeDeployDefault.LambdaAllAtOnce".into(),
        });
    }));
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::CreateDeployment(_)));
    let Effect::Call { calls, .. } = &world.state.effect else { panic!("expected calls") };
    let Call::CreateDeployment(deployment) = &calls[0] else { panic!("expected a deployment") };
    assert_eq!(deployment.alarms, ["5xx", "slow"]);
    let far = world
        .calls
        .iter()
        .any(|(_, call)| matches!(call, Call::DescribeAlarms { region: Some(region), .. } if region == "us-east-1"));
    assert!(far);
}
