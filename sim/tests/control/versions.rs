//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html>

use std::time::Duration;

use onebox_release::{Answer, Call, ErrorKind, Reply, UpdateStatus, VersionState, VersionView};
use onebox_sim::control::{CONTROL_PLANE_RATE, Code, Condition, ControlPlane};

use crate::scene::{after, get, noon, plane, refused};

fn publish(sha256: &str) -> Call {
    Call::PublishVersion { function: "orders".into(), sha256: sha256.into(), revision: None }
}

fn upload(sha256: &str) -> Call {
    Call::UpdateFunctionCode { function: "orders".into(), zip: "orders.zip".into(), sha256: sha256.into() }
}

fn version(version: &str) -> Call {
    Call::GetVersion { function: "orders".into(), version: version.into() }
}

fn published(answer: Answer) -> String {
    match answer {
        Ok(Reply::Published(version)) => version,
        other => panic!("expected a version: {other:?}"),
    }
}

fn is_active(plane: &mut ControlPlane, number: &str, at: i64) -> bool {
    match plane.call(&version(number), after(at)) {
        Ok(Reply::Version(view)) => view.state == VersionState::Active,
        other => panic!("expected a version: {other:?}"),
    }
}

#[test]
fn unchanged_code_gives_the_number_that_it_has() {
    let mut plane = plane();
    assert_eq!(published(plane.call(&publish("orders-7"), noon())), "7");
    plane.call(&upload("new"), noon()).unwrap();
    assert_eq!(published(plane.call(&publish("new"), noon())), "8");
    assert_eq!(published(plane.call(&publish("new"), noon())), "8");
}

#[test]
fn somebody_elses_code_is_not_published() {
    let mut plane = plane();
    plane.code("orders", Code::new("theirs"), noon()).unwrap();
    let words = "CodeSHA256 (ours) is different from current CodeSHA256 in $LATEST (theirs).";
    refused(plane.call(&publish("ours"), noon()), ErrorKind::Invalid, words);
}

#[test]
fn a_version_is_shown_as_it_was_published() {
    let mut plane = plane();
    plane.call(&upload("new"), noon()).unwrap();
    let sha256 = |answer| match answer {
        Ok(Reply::Version(view)) => view.sha256,
        other => panic!("expected a version: {other:?}"),
    };
    assert_eq!(sha256(plane.call(&version("7"), noon())), "orders-7");
    assert_eq!(sha256(plane.call(&version("$LATEST"), noon())), "new");
    refused(plane.call(&version("99"), noon()), ErrorKind::NotFound, "function:orders:99");
}

#[test]
fn new_code_and_new_versions_settle() {
    let mut plane = plane();
    plane.settle(Duration::from_secs(10));
    plane.call(&upload("new"), noon()).unwrap();
    let words = "An update is in progress for resource: arn:aws:lambda:";
    refused(plane.call(&upload("newer"), after(9)), ErrorKind::Conflict, words);
    assert!(plane.call(&upload("newer"), after(10)).is_ok());
    assert_eq!(published(plane.call(&publish("newer"), after(20))), "8");
    assert!(!is_active(&mut plane, "8", 29));
    assert!(is_active(&mut plane, "8", 30));
    // What is there already is not pending again.
    assert_eq!(published(plane.call(&publish("newer"), after(40))), "8");
    assert!(is_active(&mut plane, "8", 40));
}

fn view(plane: &mut ControlPlane, number: &str, at: i64) -> VersionView {
    match plane.call(&version(number), after(at)) {
        Ok(Reply::Version(view)) => view,
        other => panic!("expected a version: {other:?}"),
    }
}

/// AWS's own answers show when the revision changes:
/// <https://github.com/localstack/localstack/blob/master/tests/aws/services/lambda_/test_lambda_api.py>
#[test]
fn only_the_revision_that_was_read_is_published() {
    let mut plane = plane();
    plane.settle(Duration::from_secs(10));
    let publish = |revision: &str| Call::PublishVersion {
        function: "orders".into(),
        sha256: "new".into(),
        revision: Some(revision.into()),
    };
    let before = view(&mut plane, "$LATEST", 0).revision.unwrap();
    plane.call(&upload("new"), noon()).unwrap();
    let updating = view(&mut plane, "$LATEST", 9);
    assert_eq!((&updating.state, updating.update), (&VersionState::Active, UpdateStatus::InProgress));
    refused(
        plane.call(&publish(updating.revision.as_deref().unwrap()), after(9)),
        ErrorKind::Conflict,
        "An update is in progress",
    );
    let applied = view(&mut plane, "$LATEST", 10);
    assert_eq!(applied.update, UpdateStatus::Successful);
    for stale in [before.as_str(), updating.revision.as_deref().unwrap()] {
        refused(plane.call(&publish(stale), after(10)), ErrorKind::Precondition, "Revision Id");
    }
    assert_eq!(published(plane.call(&publish(applied.revision.as_deref().unwrap()), after(10))), "8");
    assert_eq!(view(&mut plane, "8", 11).state, VersionState::Pending);
    // Publishing changes the revision itself; nothing is published twice.
    refused(
        plane.call(&publish(applied.revision.as_deref().unwrap()), after(20)),
        ErrorKind::Precondition,
        "Revision Id",
    );
    let latest = view(&mut plane, "$LATEST", 20).revision.unwrap();
    assert_eq!(published(plane.call(&publish(&latest), after(20))), "8");
}

#[test]
fn what_is_not_in_order_with_a_version_is_shown_with_its_reason() {
    let mut plane = plane();
    let idle = Condition::of(VersionState::Inactive, "Idle", "The function is idle.");
    plane.condition("orders", "7", Some(idle)).unwrap();
    let seven = view(&mut plane, "7", 0);
    assert_eq!((seven.state, seven.reason.as_deref()), (VersionState::Inactive, Some("Idle: The function is idle.")));
    plane.condition("orders", "7", None).unwrap();
    assert_eq!(view(&mut plane, "7", 0).state, VersionState::Active);
    assert!(plane.condition("orders", "99", None).is_err());
    plane.outcome("orders", Some(Condition::of(VersionState::Failed, "FunctionError", "it threw"))).unwrap();
    plane.call(&upload("new"), noon()).unwrap();
    assert_eq!(published(plane.call(&publish("new"), noon())), "8");
    assert_eq!(view(&mut plane, "8", 0).state, VersionState::Failed);
}

/// "15 requests per second" over all of Lambda's control plane; hooks and alarms are other services' business.
#[test]
fn the_control_plane_takes_fifteen_calls_a_second() {
    let mut plane = plane();
    plane.limit_rate(Some(CONTROL_PLANE_RATE));
    for _ in 0..15 {
        assert!(plane.call(&get(), noon()).is_ok());
    }
    refused(plane.call(&version("7"), noon()), ErrorKind::Throttled, "TooManyRequestsException: Rate exceeded");
    assert!(plane.call(&Call::DescribeAlarms { names: Vec::new(), region: None }, noon()).is_ok());
    // A second later there are as many again, and not more.
    let taken = (0..40).filter(|_| plane.call(&get(), after(1)).is_ok()).count();
    assert_eq!(taken, 15);
    let taken = (0..40).filter(|_| plane.call(&get(), after(1_000)).is_ok()).count();
    assert_eq!(taken, 15);
    plane.limit_rate(None);
    assert!(plane.call(&get(), after(1_000)).is_ok());
}
