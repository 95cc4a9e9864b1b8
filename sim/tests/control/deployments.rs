//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-lambda.html>

use onebox_release::{
    AlarmState, Answer, Call, Deployment, DeploymentStatus, DeploymentView, ErrorKind, Percent, Reply, Routing,
};
use onebox_sim::control::{ControlPlane, Script};

use crate::scene::{after, live, plane, refused, split};

fn deployment(config: &str) -> Deployment {
    Deployment {
        application: "shop".into(),
        group: "orders".into(),
        config: config.into(),
        function: "orders".into(),
        alias: "live".into(),
        from: "6".into(),
        to: "7".into(),
        alarms: vec!["web-5xx".into()],
        before: None,
        after: None,
        description: "r1".into(),
    }
}

const CANARY: &str = "CodeDeployDefault.LambdaCanary10Percent5Minutes";
const ALL: &str = "CodeDeployDefault.LambdaAllAtOnce";

fn account() -> ControlPlane {
    let mut plane = plane();
    plane.deployment_group("shop", "orders");
    plane.set_alarm("web-5xx", AlarmState::Ok, after(0));
    plane
}

fn shown(answer: Answer) -> DeploymentView {
    match answer {
        Ok(Reply::Deployment(view)) => view,
        other => panic!("expected a deployment: {other:?}"),
    }
}

fn create(plane: &mut ControlPlane, asked: Deployment) -> String {
    shown(plane.call(&Call::CreateDeployment(asked), after(0))).id
}

fn follow(plane: &mut ControlPlane, id: &str, at: i64) -> (DeploymentStatus, String) {
    let view = shown(plane.call(&Call::GetDeployment { id: id.into() }, after(at)));
    (view.status, view.reason.unwrap_or_default())
}

#[test]
fn a_canary_takes_its_time() {
    let mut plane = account();
    let id = create(&mut plane, deployment(CANARY));
    assert_eq!(live(&mut plane).routing, split("6", "7", 1_000));
    assert_eq!(follow(&mut plane, &id, 299).0, DeploymentStatus::Running);
    assert_eq!(live(&mut plane).routing, split("6", "7", 1_000));
    assert_eq!(follow(&mut plane, &id, 300).0, DeploymentStatus::Succeeded);
    assert_eq!(live(&mut plane).routing, Routing::wholly("7"));
}

#[test]
fn a_line_rises_by_the_minute_whoever_looks() {
    let mut plane = account();
    let id = create(&mut plane, deployment("CodeDeployDefault.LambdaLinear10PercentEvery1Minute"));
    let view = shown(plane.call(&Call::GetDeployment { id: id.clone() }, after(4 * 60 + 30)));
    assert_eq!((view.status, view.weight), (DeploymentStatus::Running, Percent::from_hundredths(5_000)));
    assert_eq!(follow(&mut plane, &id, 8 * 60 + 59).0, DeploymentStatus::Running);
    assert_eq!(follow(&mut plane, &id, 9 * 60).0, DeploymentStatus::Succeeded);
}

#[test]
fn an_alarm_sends_it_back_at_once() {
    let mut plane = account();
    let id = create(&mut plane, deployment(CANARY));
    plane.set_alarm("web-5xx", AlarmState::Alarm, after(60));
    let (status, reason) = follow(&mut plane, &id, 61);
    assert_eq!(status, DeploymentStatus::Failed);
    assert!(reason.starts_with("ALARM_ACTIVE: ") && reason.contains("web-5xx"), "{reason}");
    assert_eq!(live(&mut plane).routing, Routing::wholly("6"));
}

#[test]
fn it_is_stopped_once_and_goes_back() {
    let mut plane = account();
    let id = create(&mut plane, deployment(CANARY));
    let stop = Call::StopDeployment { id: id.clone() };
    plane.call(&stop, after(60)).unwrap();
    assert_eq!(live(&mut plane).routing, Routing::wholly("6"));
    assert!(follow(&mut plane, &id, 61).1.starts_with("MANUAL_STOP"));
    refused(plane.call(&stop, after(62)), ErrorKind::Invalid, "DeploymentAlreadyCompletedException");
}

#[test]
fn hooks_are_asked_before_and_after() {
    for (before, last, ends, stands) in [
        (Script::passes(), Script::passes(), DeploymentStatus::Succeeded, "7"),
        (Script::fails("no"), Script::passes(), DeploymentStatus::Failed, "6"),
        (Script::passes(), Script::Throws("no".into()), DeploymentStatus::Failed, "6"),
        // Nobody ever says anything.
        (Script::Waits, Script::passes(), DeploymentStatus::Failed, "6"),
    ] {
        let mut plane = account();
        plane.script("smoke", before.clone());
        plane.script("verify", last);
        let asked = Deployment { before: Some("smoke".into()), after: Some("verify".into()), ..deployment(ALL) };
        let id = create(&mut plane, asked);
        if before == Script::Waits {
            assert_eq!(follow(&mut plane, &id, 3_599).0, DeploymentStatus::Running);
        }
        assert_eq!(follow(&mut plane, &id, 3_600).0, ends);
        assert_eq!(live(&mut plane).routing, Routing::wholly(stands));
    }
}

#[test]
fn an_alias_that_stands_elsewhere_fails_it_and_is_left_alone() {
    let mut plane = account();
    plane.alias("orders", "live", &Routing::wholly("5")).unwrap();
    let id = create(&mut plane, deployment(ALL));
    assert!(follow(&mut plane, &id, 1).1.contains("does not point to the current version 6"));
    assert_eq!(live(&mut plane).routing, Routing::wholly("5"));
    // Somebody moves it while it is under way.
    let mut plane = account();
    let id = create(&mut plane, deployment(CANARY));
    plane.alias("orders", "live", &Routing::wholly("5")).unwrap();
    assert!(follow(&mut plane, &id, 300).1.contains("the alias was not put back"));
    assert_eq!(live(&mut plane).routing, Routing::wholly("5"));
}

#[test]
fn what_codedeploy_refuses_is_refused() {
    let other = |change: fn(&mut Deployment)| {
        let mut asked = deployment(ALL);
        change(&mut asked);
        asked
    };
    for (asked, kind, words) in [
        (other(|asked| asked.application = "none".into()), ErrorKind::NotFound, "ApplicationDoesNotExistException"),
        (other(|asked| asked.group = "none".into()), ErrorKind::NotFound, "DeploymentGroupDoesNotExistException"),
        (other(|asked| asked.config = "none".into()), ErrorKind::NotFound, "DeploymentConfigDoesNotExistException"),
        (other(|asked| asked.alias = "none".into()), ErrorKind::NotFound, "Cannot find alias"),
        (other(|asked| asked.alarms = vec!["a".into(); 11]), ErrorKind::Invalid, "AlarmsLimitExceededException"),
    ] {
        refused(account().call(&Call::CreateDeployment(asked), after(0)), kind, words);
    }
    let mut plane = account();
    create(&mut plane, deployment(CANARY));
    let words = "already has an active Deployment 'd-000000001'";
    refused(plane.call(&Call::CreateDeployment(deployment(CANARY)), after(1)), ErrorKind::Conflict, words);
    refused(
        plane.call(&Call::GetDeployment { id: "d-000000009".into() }, after(1)),
        ErrorKind::NotFound,
        "d-000000009",
    );
}

#[test]
fn a_deployment_is_found_by_its_description() {
    let mut plane = account();
    let find = |description: &str| Call::FindDeployment {
        application: "shop".into(),
        group: "orders".into(),
        description: description.into(),
        from: after(0),
    };
    refused(plane.call(&find("r1"), after(0)), ErrorKind::NotFound, "r1");
    create(&mut plane, deployment(ALL));
    let newest = create(&mut plane, Deployment { from: "7".into(), to: "6".into(), ..deployment(ALL) });
    assert_eq!(shown(plane.call(&find("r1"), after(1))).id, newest);
}

#[test]
fn a_configuration_of_ones_own() {
    let mut plane = account();
    plane.deployment_config("Half", "Canary10Percent5Minutes".parse().unwrap());
    create(&mut plane, deployment("Half"));
    assert_eq!(live(&mut plane).routing, split("6", "7", 1_000));
}
