//! What keeps a release from beginning: every reason in one run, and nothing is changed.

use onebox_release::{
    AlarmState, Answer, Call, CallError, Ending, ErrorKind, Ignored, Percent, Plan, Reply, Routing, Target,
    UpdateStatus, VersionState, VersionView,
};

use crate::world::{World, plan};

/// The reasons of a refusal; nothing was changed.
fn reasons(mut world: World) -> Vec<String> {
    let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal: {:?}", world.state.effect) };
    let changes = world.calls.iter().filter(|(_, call)| call.changes()).count();
    assert_eq!(changes, 0, "nothing is changed");
    reasons
}

fn refused(kind: ErrorKind) -> Answer {
    Err(CallError::new(kind, "AWS's words"))
}

fn version(version: &str, role: &str) -> Answer {
    let (version, sha256) = (version.to_owned(), "code".to_owned());
    Ok(Reply::Version(VersionView {
        version,
        sha256,
        role: role.to_owned(),
        dead_letter: None,
        state: VersionState::Active,
        update: UpdateStatus::Successful,
        reason: None,
        revision: None,
        place: crate::world::place(),
    }))
}

type Change = Box<dyn Fn(&mut Plan)>;
type Words = fn(&Call) -> Option<Answer>;

fn as_is() -> Change {
    Box::new(|_| {})
}

#[test]
fn an_answer_that_is_not_as_expected_is_a_reason() {
    let table: [(Change, Words, &[&str]); 8] = [
        (
            as_is(),
            |call| {
                matches!(call, Call::GetAlias { function, .. } if function == "web")
                    .then(|| refused(ErrorKind::NotFound))
            },
            &["the alias web:live: there is none", "region", "`onebox alias set web live --version N` creates it"],
        ),
        (
            as_is(),
            |call| matches!(call, Call::GetAlias { .. }).then(|| refused(ErrorKind::Denied)),
            &["AWS does not permit GetAlias", "AWS's words", "use other credentials"],
        ),
        (
            as_is(),
            |_| Some(refused(ErrorKind::Unconfigured)),
            &[
                "AWS takes no credentials of yours (AWS's words): log in again, or set AWS_PROFILE and AWS_REGION as for the AWS CLI, then start",
            ],
        ),
        (
            as_is(),
            |call| {
                matches!(call, Call::GetVersion { version, .. } if version == "7").then(|| refused(ErrorKind::NotFound))
            },
            &["version 7 of orders: there is none"],
        ),
        (
            as_is(),
            |call| matches!(call, Call::GetVersion { version: of, .. } if of == "7").then(|| version("7", "other")),
            &["versions 6 and 7 cannot share an alias: their execution role differs (role, other)"],
        ),
        (
            as_is(),
            |call| matches!(call, Call::DescribeAlarms { .. }).then(|| refused(ErrorKind::Throttled)),
            &["the alarm 5xx: AWS still throttles DescribeAlarms"],
        ),
        (
            Box::new(|plan| plan.backends.iter_mut().for_each(|shift| shift.target = Target::Version("6".into()))),
            |_| None,
            &["orders:live is already on version 6: there is nothing to release"],
        ),
        (
            Box::new(|plan| (plan.backends, plan.one_box, plan.regular) = (Vec::new(), None, None)),
            |_| None,
            &["expected an alias that moves"],
        ),
    ];
    for (change, words, expected) in table {
        let reasons = reasons(World::new(plan(|plan| change(plan))).scripted(move |_, call| words(call))).join("\n");
        for part in expected {
            assert!(reasons.contains(part), "expected {part:?} in {reasons:?}");
        }
    }
}

#[test]
fn missing_credentials_are_told_once() {
    let world = World::new(plan(|_| {})).scripted(|_, _| Some(refused(ErrorKind::Unconfigured)));

    assert_eq!(reasons(world).len(), 1);
}

#[test]
fn all_reasons_come_in_one_run() {
    let mut world = World::new(plan(|plan| plan.alarms = ["5xx", "gone"].map(onebox_release::Alarm::named).to_vec()));
    world.alarms.insert("5xx".into(), AlarmState::Alarm);
    world.alarms.remove("gone");
    let tenth = Percent::from_hundredths(1_000).map(|part| ("5".to_owned(), part));
    world.put("orders:live", Routing { version: "6".into(), additional: tenth });
    world.put("web:live", Routing::wholly("$LATEST"));
    world.put("web-box:live", Routing::wholly("7"));

    let reasons = reasons(world);
    let beginnings = [
        "the alarm 5xx is in ALARM already",
        "the alarm gone does not exist",
        "orders:live already carries a weight: 90 % on 6, 10 % on 5",
        "web-box:live is already on version 7",
        "web:live stands on $LATEST",
    ];
    assert_eq!(reasons.len(), beginnings.len(), "{reasons:?}");
    for (reason, beginning) in reasons.iter().zip(beginnings) {
        assert!(reason.starts_with(beginning), "{reason}");
    }
}

#[test]
fn a_red_alarm_is_ignored_by_name_and_with_a_reason() {
    let ignored = Ignored { alarm: "5xx".into(), region: None, because: "this release mends it".into() };
    let mut world = World::new(plan(|plan| plan.ignored.push(ignored)));
    world.alarms.insert("5xx".into(), AlarmState::Alarm);

    assert_eq!(world.start(), Ending::Released);
    assert!(world.told().contains(&"the alarm 5xx is not looked at: this release mends it".to_owned()));
    let looked = world.calls.iter().any(|(_, call)| matches!(call, Call::DescribeAlarms { .. }));
    assert!(!looked, "the only alarm is ignored");
}

#[test]
fn hundreds_of_alarms_are_read_a_hundred_at_once() {
    let mut world = World::new(plan(|plan| {
        plan.alarms = (0..250).map(|number| onebox_release::Alarm::named(format!("alarm-{number}"))).collect()
    }));

    assert_eq!(world.start(), Ending::Released);
    let sizes: Vec<usize> = world
        .calls
        .iter()
        .filter_map(|(_, call)| if let Call::DescribeAlarms { names, .. } = call { Some(names.len()) } else { None })
        .collect();
    assert_eq!(sizes[..3], [100, 100, 50]);
}
