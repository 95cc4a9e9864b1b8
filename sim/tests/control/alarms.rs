//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html>

use onebox_release::{AlarmState, Call, ErrorKind, Executed, Minute, Reply, VersionAlarm};
use onebox_sim::control::ControlPlane;

use crate::scene::{after, noon, plane, refused};

fn new_version() -> Executed {
    Executed { function: "orders".into(), alias: "live".into(), version: "7".into() }
}

fn put(errors: u32, minutes: u32) -> Call {
    Call::PutMetricAlarm(VersionAlarm {
        name: "orders-7-errors".into(),
        description: "ours".into(),
        of: new_version(),
        errors,
        minutes,
    })
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn states(plane: &mut ControlPlane, asked: &[&str], at: i64) -> Vec<(String, AlarmState)> {
    match plane.call(&Call::DescribeAlarms { names: names(asked), region: None }, after(at)) {
        Ok(Reply::Alarms(views)) => views.into_iter().map(|view| (view.name, view.state)).collect(),
        other => panic!("expected alarms: {other:?}"),
    }
}

fn state(plane: &mut ControlPlane, at: i64) -> AlarmState {
    states(plane, &["orders-7-errors"], at)[0].1
}

#[test]
fn an_alarm_that_is_not_there_is_left_out() {
    let mut plane = plane();
    plane.set_alarm("web-5xx", AlarmState::Ok, noon());
    assert_eq!(states(&mut plane, &["none", "web-5xx"], 0), [("web-5xx".to_owned(), AlarmState::Ok)]);
    plane.set_alarm("web-5xx", AlarmState::Alarm, noon());
    assert_eq!(states(&mut plane, &["web-5xx"], 3_600), [("web-5xx".to_owned(), AlarmState::Alarm)]);
}

#[test]
fn a_new_alarm_knows_nothing_until_it_is_evaluated() {
    let mut plane = plane();
    plane.call(&put(5, 1), noon()).unwrap();
    assert_eq!(state(&mut plane, 59), AlarmState::InsufficientData);
    // No traffic is not breaching.
    assert_eq!(state(&mut plane, 60), AlarmState::Ok);
}

#[test]
fn errors_make_it_fire_and_silence_makes_it_well() {
    let mut plane = plane();
    plane.call(&put(5, 1), noon()).unwrap();
    plane.record_traffic(new_version(), after(70), 100, 4);
    assert_eq!(state(&mut plane, 100), AlarmState::Ok);
    // The fifth in the same minute.
    plane.record_traffic(new_version(), after(110), 1, 1);
    assert_eq!(state(&mut plane, 110), AlarmState::Alarm);
    assert_eq!(state(&mut plane, 179), AlarmState::Alarm, "the last whole minute counts");
    assert_eq!(state(&mut plane, 180), AlarmState::Ok);
}

#[test]
fn two_minutes_in_a_row_are_two() {
    let mut plane = plane();
    plane.call(&put(5, 2), noon()).unwrap();
    for (minute, errors) in [(1, 9), (2, 0), (3, 9), (4, 9)] {
        plane.record_traffic(new_version(), after(minute * 60), 100, errors);
    }
    let at = |plane: &mut ControlPlane, minute: i64| state(plane, minute * 60 + 30);
    assert_eq!(
        [2, 3, 4, 5, 6].map(|minute| at(&mut plane, minute) == AlarmState::Alarm),
        [false, false, true, true, false]
    );
}

#[test]
fn one_that_is_set_by_hand_stands_until_it_is_evaluated() {
    let mut plane = plane();
    plane.call(&put(5, 1), noon()).unwrap();
    plane.set_alarm("orders-7-errors", AlarmState::Alarm, after(200));
    assert_eq!(state(&mut plane, 239), AlarmState::Alarm);
    assert_eq!(state(&mut plane, 240), AlarmState::Ok);
    // Putting it anew does not make it new.
    plane.call(&put(6, 1), after(300)).unwrap();
    assert_eq!(state(&mut plane, 300), AlarmState::Ok);
}

/// "If you specify an incorrect alarm name … no alarms are deleted."
#[test]
fn alarms_are_deleted_all_or_none() {
    let mut plane = plane();
    plane.call(&put(5, 1), noon()).unwrap();
    let delete = |asked: &[&str]| Call::DeleteAlarms { names: names(asked) };
    refused(
        plane.call(&delete(&["orders-7-errors", "none"]), noon()),
        ErrorKind::NotFound,
        "ResourceNotFound: Alarm none",
    );
    assert_eq!(plane.alarms().count(), 1);
    plane.call(&delete(&["orders-7-errors"]), noon()).unwrap();
    assert_eq!(plane.alarms().count(), 0);
}

#[test]
fn a_call_names_at_most_a_hundred_alarms() {
    let mut plane = plane();
    let many = |count: usize| Call::DescribeAlarms {
        names: (0..count).map(|number| format!("a-{number}")).collect(),
        region: None,
    };
    assert!(plane.call(&many(100), noon()).is_ok());
    refused(plane.call(&many(101), noon()), ErrorKind::Invalid, "101 members, at most 100 are allowed");
    let long = Call::DescribeAlarms { names: vec!["a".repeat(256)], region: None };
    refused(plane.call(&long, noon()), ErrorKind::Invalid, "1 to 255 are allowed");
}

#[test]
fn traffic_is_counted_by_the_minute_that_it_begins_in() {
    let mut plane = plane();
    for (at, invocations, errors) in [(0, 10, 1), (59, 10, 2), (60, 5, 9), (180, 1, 0)] {
        plane.record_traffic(new_version(), after(at), invocations, errors);
    }
    let old = Executed { version: "6".into(), ..new_version() };
    let ask = |from, to| Call::GetMetricData { of: vec![old.clone(), new_version()], from: after(from), to: after(to) };
    let mut minutes = |from, to| match plane.call(&ask(from, to), after(600)) {
        Ok(Reply::Traffic(traffic)) => traffic,
        other => panic!("expected traffic: {other:?}"),
    };
    let minute = |at, invocations, errors| Minute { at: after(at), invocations, errors };
    // There are never more errors than requests.
    assert_eq!(minutes(0, 180), [vec![], vec![minute(0, 20, 3), minute(60, 5, 5)]]);
    assert_eq!(minutes(1, 181), [vec![], vec![minute(60, 5, 5), minute(180, 1, 0)]]);
    refused(plane.call(&ask(60, 60), noon()), ErrorKind::Invalid, "StartTime must be less than the parameter EndTime");
    let many = Call::GetMetricData { of: vec![new_version(); 251], from: noon(), to: after(60) };
    refused(plane.call(&many, noon()), ErrorKind::Invalid, "at most 500 are allowed");
}
