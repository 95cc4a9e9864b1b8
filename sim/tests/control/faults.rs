//! What goes wrong goes wrong as it was said, and nowhere else.

use jiff::SignedDuration;
use onebox_release::{AlarmState, Call, ErrorKind, HookPayload, Reply, Routing, When};
use onebox_sim::control::{Around, At, Fault, FaultPlan, Script, Trouble};

use crate::scene::{alias, get, live, noon, plane, refused, split, update};

#[test]
fn a_lost_request_changes_nothing_and_a_lost_answer_hides_a_change() {
    for (trouble, applied) in [(Trouble::LostRequest, false), (Trouble::LostAnswer, true)] {
        let mut plane = plane();
        let before = live(&mut plane);
        plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 0), trouble));
        refused(
            plane.call(&update(split("6", "7", 100), &before.revision), noon()),
            ErrorKind::Unknown,
            "before an answer",
        );
        assert_eq!(live(&mut plane) != before, applied);
    }
}

#[test]
fn refusals_change_nothing() {
    for (trouble, kind, words) in [
        (Trouble::Throttled, ErrorKind::Throttled, "TooManyRequestsException"),
        (Trouble::Denied, ErrorKind::Denied, "is not authorized to perform: UpdateAlias"),
        (Trouble::Broken, ErrorKind::Unknown, "ServiceException"),
    ] {
        let mut plane = plane();
        let before = live(&mut plane);
        plane.fail(FaultPlan::once(At::Call(plane.calls()), trouble));
        refused(plane.call(&update(Routing::wholly("7"), &before.revision), noon()), kind, words);
        assert_eq!(live(&mut plane), before);
        assert!(plane.call(&update(Routing::wholly("7"), &before.revision), noon()).is_ok(), "it strikes once");
    }
}

#[test]
fn calls_are_counted_from_the_first() {
    let mut plane = plane();
    plane.fail(FaultPlan(vec![Fault { at: At::Call(1), times: 2, trouble: Trouble::Throttled }]));
    let answers: Vec<_> = (0..4).map(|_| plane.call(&get(), noon()).is_ok()).collect();
    assert_eq!(answers, [true, false, false, true]);
    assert_eq!(plane.calls(), 4);
    assert_eq!(plane.calls_by_operation()["GetAlias"], 4);
}

#[test]
fn somebody_else_is_just_before_or_just_after() {
    for (when, refuses) in [(Around::Before, true), (Around::After, false)] {
        let mut plane = plane();
        let before = live(&mut plane);
        let (function, alias) = ("orders".to_owned(), "live".to_owned());
        let edit = Trouble::Edited { function, alias, to: Routing::wholly("5"), when };
        plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 0), edit));
        let answer = plane.call(&update(Routing::wholly("7"), &before.revision), noon());
        assert_eq!(answer.is_err(), refuses);
        assert_eq!(live(&mut plane).routing, Routing::wholly("5"));
    }
}

#[test]
fn a_version_that_an_alias_uses_stays() {
    let mut plane = plane();
    let gone = |version: &str| Trouble::VersionGone { function: "orders".into(), version: version.into() };
    plane.fail(FaultPlan(["6", "7"].map(|version| Fault { at: At::Call(0), times: 1, trouble: gone(version) }).into()));
    let revision = alias(plane.call(&get(), noon())).revision;
    assert!(plane.call(&update(Routing::wholly("6"), &revision), noon()).is_ok());
    let revision = live(&mut plane).revision;
    refused(plane.call(&update(Routing::wholly("7"), &revision), noon()), ErrorKind::NotFound, "function:orders:7");
}

#[test]
fn alarms_change_and_vanish_and_clocks_turn_back() {
    let mut plane = plane();
    plane.set_alarm("web-5xx", AlarmState::Ok, noon());
    let strike = |call, trouble| Fault { at: At::Call(call), times: 1, trouble };
    plane.fail(FaultPlan(vec![
        strike(0, Trouble::Alarm { name: "web-5xx".into(), state: AlarmState::Alarm }),
        strike(1, Trouble::AlarmGone { name: "web-5xx".into() }),
        strike(2, Trouble::ClockBack(SignedDuration::from_mins(5))),
    ]));
    let describe = Call::DescribeAlarms { names: vec!["web-5xx".into()], region: None };
    let mut states = || match plane.call(&describe, noon()) {
        Ok(Reply::Alarms(views)) => views.into_iter().map(|view| view.state).collect::<Vec<_>>(),
        other => panic!("expected alarms: {other:?}"),
    };
    assert_eq!(states(), [AlarmState::Alarm]);
    assert_eq!(states(), []);
    states();
    assert_eq!(plane.turned_back(), SignedDuration::from_mins(5));
}

#[test]
fn hooks_do_as_they_were_told() {
    let mut plane = plane();
    plane.script("passes", Script::passes());
    plane.script("fails", Script::fails("two of three requests failed"));
    plane.script("throws", Script::Throws("undefined is not a function".into()));
    let payload = HookPayload {
        release: "r1".into(),
        function: "orders".into(),
        alias: "live".into(),
        version: "7".into(),
        when: When::Before,
    };
    let mut invoke = |hook: &str| plane.call(&Call::Invoke { function: hook.into(), payload: payload.clone() }, noon());
    assert_eq!(invoke("passes"), Ok(Reply::Invoked(None)));
    assert_eq!(invoke("passes:live"), Ok(Reply::Invoked(None)));
    assert_eq!(invoke("fails"), Ok(Reply::Invoked(Some("two of three requests failed".into()))));
    assert_eq!(invoke("throws"), Ok(Reply::Invoked(Some("undefined is not a function".into()))));
    refused(invoke("none"), ErrorKind::NotFound, "Function not found");
}
