//! Proof: alarms, requests, the comparison; what holds a release and what then.

use std::time::Duration;

use onebox_release::{
    AlarmState, Answer, Call, CallError, Comparison, Effect, Ending, ErrorKind, Event, Input, NotProven, Pause,
    Percent, Plan, Reply, Routing, Step, Strategy, VersionAlarms,
};

use crate::world::{World, at, plan};

/// What is said instead of AWS.
type Words = fn(&mut World) -> Option<Answer>;
/// Whether an ending is the expected one.
type Expected = fn(&Ending) -> bool;

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// One backend, one alarm.
fn backend(change: impl FnOnce(&mut Plan)) -> Plan {
    plan(|plan| {
        (plan.one_box, plan.regular) = (None, None);
        change(plan);
    })
}

fn held(world: &World) -> Vec<String> {
    let reason = |event: &Event| if let Event::Held { reason } = event { Some(reason.clone()) } else { None };
    world.events.iter().filter_map(reason).collect()
}

#[test]
fn an_alarm_puts_everything_back_with_the_very_next_effect() {
    // When it fires, the seconds at which what is moved.
    let table: [(i64, &[(i64, &str)]); 3] = [
        (100, &[(0, "orders: 10 % on 7"), (100, "orders: 6")]),
        (
            330,
            &[
                (0, "orders: 10 % on 7"),
                (300, "orders: 7"),
                (300, "web-box: 7"),
                (330, "web-box: 6"),
                (330, "orders: 6"),
            ],
        ),
        (
            400,
            &[
                (0, "orders: 10 % on 7"),
                (300, "orders: 7"),
                (300, "web-box: 7"),
                (360, "web: 7"),
                (400, "web: 6"),
                (400, "web-box: 6"),
                (400, "orders: 6"),
            ],
        ),
    ];
    for (fires, expected) in table {
        let mut world = World::new(plan(|_| {})).scripted(move |world, _| {
            if world.now >= at(fires) {
                world.alarms.insert("5xx".into(), AlarmState::Alarm);
            }
            None
        });

        assert_eq!(world.start(), Ending::RolledBack("the alarm 5xx fired".into()));
        let expected: Vec<(i64, String)> = expected.iter().map(|(when, what)| (*when, (*what).to_owned())).collect();
        assert_eq!(world.updates(), expected);
        let seen = world.calls.iter().rposition(|(_, call)| matches!(call, Call::DescribeAlarms { .. })).unwrap();
        // What the same poll read besides alarms comes in the same batch.
        let read = |(_, call): &&(_, Call)| matches!(call, Call::GetAlias { .. } | Call::GetVersion { .. });
        let next = world.calls[seen + 1..].iter().find(|made| !read(made)).map(|(_, call)| call.operation());
        assert_eq!(next, Some("UpdateAlias"));
        for name in ["orders:live", "web-box:live", "web:live"] {
            assert_eq!(*world.on(name), Routing::wholly("6"));
        }
    }
}

/// Three ways to lack an OK, and what is told.
#[test]
fn no_data_and_an_unreadable_alarm_hold_and_are_told_apart() {
    let table: [(&str, Words, &str); 3] = [
        (
            "no data",
            |world| {
                world.alarms.insert("5xx".into(), AlarmState::InsufficientData);
                None
            },
            "the alarm 5xx has no data (INSUFFICIENT_DATA)",
        ),
        (
            "vanished",
            |world| {
                world.alarms.remove("5xx");
                None
            },
            "the alarm 5xx cannot be read: it does not exist any more",
        ),
        ("unreadable", |_| Some(Err(CallError::new(ErrorKind::Denied, "no"))), "alarms cannot be read (no)"),
    ];
    for (name, lack, reason) in table {
        let mut world = World::new(backend(|_| {})).scripted(move |world, call| {
            let lacks = (at(200)..at(900)).contains(&world.now) && matches!(call, Call::DescribeAlarms { .. });
            if lacks {
                return lack(world);
            }
            world.alarms.insert("5xx".into(), AlarmState::Ok);
            None
        });

        assert_eq!(world.start(), Ending::Released, "{name}");
        assert_eq!(held(&world), [reason], "{name}: told once");
        // Ten seconds short of 200 count, and what comes after the 900th.
        assert_eq!(world.updates(), [(0, "orders: 10 % on 7".into()), (1_010, "orders: 7".into())], "{name}");
    }
}

#[test]
fn what_is_held_too_long_is_not_proven_and_the_plan_says_what_follows() {
    let table: [(NotProven, Expected, &str); 3] = [
        (NotProven::Stop, |ending| matches!(ending, Ending::NotProven(_)), "10 % on 7"),
        (NotProven::Continue, |ending| *ending == Ending::Released, "7"),
        (NotProven::RollBack, |ending| matches!(ending, Ending::RolledBack(_)), "6"),
    ];
    for (policy, is_expected, stands) in table {
        let mut world = World::new(backend(|plan| {
            plan.health.not_proven = policy;
            plan.health.min_requests = 50;
            plan.health.hold = minutes(10);
        }));

        let ending = world.start();
        assert!(is_expected(&ending), "{policy:?}: {ending}");
        assert_eq!(world.updates().last().map(|(_, to)| to.clone()), Some(format!("orders: {stands}")), "{policy:?}");
        assert_eq!(
            world.updates().last().map(|(when, _)| *when),
            Some(if policy == NotProven::Stop { 0 } else { 900 })
        );
        assert_eq!(held(&world), ["orders:live: version 7 has not served the 50 requests that a step needs"]);
    }
}

#[test]
fn not_proven_is_resumed_promoted_or_aborted() {
    let stopped = || {
        let mut world = World::new(backend(|plan| (plan.health.min_requests, plan.health.hold) = (50, minutes(10))));
        assert!(matches!(world.start(), Ending::NotProven(_)));
        world
    };

    let mut world = stopped();
    world.input(Input::Resume);
    assert!(matches!(world.run(), Ending::NotProven(_)));
    assert_eq!(world.now, at(300 + 600 + 600), "a fresh limit");

    let mut world = stopped();
    world.input(Input::Promote("I looked".into()));
    assert_eq!(world.run(), Ending::Released);

    let mut world = stopped();
    world.input(Input::Abort("I looked".into()));
    assert_eq!(world.run(), Ending::RolledBack("aborted: I looked".into()));

    let mut world = stopped();
    world.alarms.insert("5xx".into(), AlarmState::Alarm);
    world.input(Input::Promote("I did not look".into()));
    assert_eq!(world.run(), Ending::RolledBack("the alarm 5xx fired".into()), "no order overrides a fired alarm");
}

#[test]
fn requests_are_counted_by_settled_minutes_of_the_step() {
    let mut world = World::new(backend(|plan| plan.health.min_requests = 60));
    world.now = at(30);
    world.traffic.insert("7".into(), (10, 0));

    assert_eq!(world.start(), Ending::Released);
    // From the first whole minute after the step (60 s) on, six minutes until 420 s, settled two minutes later.
    assert_eq!(world.updates(), [(30, "orders: 10 % on 7".into()), (540, "orders: 7".into())]);
    let mut windows = world.calls.iter().filter_map(|(_, call)| match call {
        Call::GetMetricData { from, to, .. } => Some((*from, *to)),
        _ => None,
    });
    assert_eq!(windows.next().map(|(from, _)| from), Some(at(60)));
    let mut end = None;
    for (from, to) in world.calls.iter().filter_map(|(_, call)| match call {
        Call::GetMetricData { from, to, .. } => Some((*from, *to)),
        _ => None,
    }) {
        assert_eq!(end.unwrap_or(from), from, "each minute is counted once");
        end = Some(to);
    }
}

#[test]
fn a_rehearsal_counts_the_running_minute_once() {
    let mut world = World::new(backend(|plan| {
        (plan.health.min_requests, plan.health.settled, plan.poll) = (10, Duration::ZERO, Duration::from_secs(1));
        plan.backends[0].strategy = Strategy::Canary {
            percent: Percent::from_hundredths(1_000).expect("a part"),
            wait: Duration::from_secs(1),
        };
    }));
    world.now = at(0);
    // Ten requests a minute, all in its first second: enough in the first minute, however often it is read.
    world.traffic.insert("7".into(), (9, 0));

    assert_eq!(world.start(), Ending::Released);
    assert_eq!(world.updates(), [(0, "orders: 10 % on 7".into()), (60, "orders: 7".into())]);
}

#[test]
fn unreadable_traffic_is_no_proof() {
    let mut world = World::new(backend(|plan| plan.health.min_requests = 1)).scripted(|_, call| {
        matches!(call, Call::GetMetricData { .. }).then(|| Err(CallError::new(ErrorKind::Throttled, "slow down")))
    });

    assert!(matches!(world.start(), Ending::NotProven(_)));
    assert_eq!(
        held(&world),
        [
            "orders:live: version 7 has not served the 1 requests that a step needs",
            "traffic cannot be read (slow down)"
        ]
    );
}

#[test]
fn a_worse_version_goes_back_and_a_healthy_one_goes_on() {
    let compared = |plan: &mut Plan| {
        plan.health.comparison = Some(Comparison { false_alarm: 0.01, tolerance: 0.01 });
        plan.backends[0].strategy =
            Strategy::Canary { percent: Percent::from_hundredths(1_000).expect("a part"), wait: minutes(30) };
    };
    let mut worse = World::new(backend(compared));
    worse.traffic.extend([("6".to_owned(), (900, 9)), ("7".to_owned(), (100, 20))]);
    let ending = worse.start();
    assert_eq!(ending, Ending::RolledBack("orders:live: version 7 fails more often than the old one".into()));
    assert_eq!(worse.told().iter().filter(|told| told.contains("proven worse")).count(), 1);

    let mut healthy = World::new(backend(compared));
    healthy.traffic.extend([("6".to_owned(), (9_000, 9)), ("7".to_owned(), (9_000, 9))]);
    assert_eq!(healthy.start(), Ending::Released);
    assert_eq!(healthy.told().iter().filter(|told| told.contains("proven healthy")).count(), 1);

    // Neither: what cannot be proven is not healthy.
    let mut silent = World::new(backend(compared));
    let Ending::NotProven(reason) = silent.start() else { panic!("expected no proof") };
    assert!(reason.contains("version 7 is not proven healthy in comparison with version 6"), "{reason}");
}

#[test]
fn all_at_once_is_asked_for_its_requests_in_the_bake() {
    let mut world = World::new(plan(|plan| plan.health.min_requests = 30));
    world.traffic.insert("7".into(), (10, 0));

    assert_eq!(world.start(), Ending::Released);
    let box_at = world.updates().iter().find(|(_, to)| to == "web-box: 7").map(|(when, _)| *when);
    let web_at = world.updates().iter().find(|(_, to)| to == "web: 7").map(|(when, _)| *when);
    let (Some(box_at), Some(web_at)) = (box_at, web_at) else { panic!("expected both") };
    assert!(web_at - box_at >= 180 + 120, "three minutes of requests, and two until they count: {}", web_at - box_at);

    let mut silent = World::new(plan(|plan| {
        (plan.health.min_requests, plan.health.hold) = (30, minutes(5));
        plan.backends.clear();
    }));
    assert!(matches!(silent.start(), Ending::NotProven(_)));
    assert_eq!(*silent.on("web:live"), Routing::wholly("6"), "the regular side waits for the bake");
    silent.input(Input::Promote("quiet night".into()));
    assert!(matches!(silent.run(), Ending::NotProven(_)), "the final bake asks for the regular side's");
    let Effect::Stop { ending: Ending::NotProven(reason) } = &silent.state.effect else { panic!("expected a stop") };
    assert!(reason.starts_with("web:live") && !reason.contains("web-box"), "{reason}");
}

#[test]
fn a_version_has_its_own_alarm_for_as_long_as_the_release() {
    let mut world = World::new(plan(|plan| plan.health.version_alarms = Some(VersionAlarms { errors: 1, minutes: 1 })));

    assert_eq!(world.start(), Ending::Released, "no data of a new alarm is as good as OK");
    let names: Vec<String> = world
        .calls
        .iter()
        .filter_map(|(_, call)| match call {
            Call::PutMetricAlarm(alarm) => Some(alarm.name.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        names,
        ["onebox-web-1/orders/live/7/errors", "onebox-web-1/web-box/live/7/errors", "onebox-web-1/web/live/7/errors"]
    );
    assert_eq!(world.alarms.keys().collect::<Vec<_>>(), ["5xx"]);

    let mut fires = World::new(plan(|plan| plan.health.version_alarms = Some(VersionAlarms { errors: 1, minutes: 1 })))
        .scripted(|world, _| {
            if world.now >= at(50) {
                world.alarms.insert("onebox-web-1/orders/live/7/errors".into(), AlarmState::Alarm);
            }
            None
        });
    assert_eq!(fires.start(), Ending::RolledBack("the alarm onebox-web-1/orders/live/7/errors fired".into()));
    assert!(fires.alarms.keys().all(|name| name == "5xx" || name == "onebox-web-1/orders/live/7/errors"));
    let deleted = fires.calls.iter().any(|(_, call)| matches!(call, Call::DeleteAlarms { names } if names.len() == 3));
    assert!(deleted);
}

#[test]
fn two_aliases_of_one_function_have_two_alarms() {
    let mut world = World::new(plan(|plan| {
        plan.health.version_alarms = Some(VersionAlarms { errors: 1, minutes: 1 });
        plan.backends.clear();
        if let Some(shift) = &mut plan.one_box {
            (shift.function, shift.alias) = ("web".into(), "box".into());
        }
    }));

    assert_eq!(world.start(), Ending::Released);
    let deleted = world.calls.iter().find_map(|(_, call)| match call {
        Call::DeleteAlarms { names } => Some(names.clone()),
        _ => None,
    });
    assert_eq!(deleted, Some(vec!["onebox-web-1/web/box/7/errors".into(), "onebox-web-1/web/live/7/errors".into()]));
}

#[test]
fn an_approval_waits_for_a_person() {
    let step = Step { percent: Percent::from_hundredths(5_000).expect("a part"), then: Pause::Approval };
    let mut world = World::new(backend(|plan| plan.backends[0].strategy = Strategy::Steps(vec![step])));
    world.input(Input::Resume);
    while world.now < at(7_200) {
        world.perform();
    }
    assert_eq!(world.updates(), [(0, "orders: 50 % on 7".into())]);
    assert_eq!(held(&world), ["orders:live stays at 50 % until a person approves: `onebox release promote`"]);

    world.input(Input::Promote("looks good".into()));
    assert_eq!(world.run(), Ending::Released);
}

#[test]
fn a_promote_skips_the_wait_but_not_alarms_that_nobody_looked_at() {
    let mut world = World::new(backend(|_| {})).scripted(|world, call| {
        let silent = world.now > at(0) && world.now < at(120);
        (silent && matches!(call, Call::DescribeAlarms { .. })).then(|| Ok(Reply::Alarms(Vec::new())))
    });
    world.input(Input::Resume);
    while world.now < at(60) {
        world.perform();
    }
    world.input(Input::Promote("quick".into()));
    assert_eq!(world.run(), Ending::Released);
    assert_eq!(world.updates(), [(0, "orders: 10 % on 7".into()), (120, "orders: 7".into())]);
}
