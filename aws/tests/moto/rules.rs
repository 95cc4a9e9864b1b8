//! The rules that plain moto lets through, each with the answer that the machine builds on.

use onebox_release::{AlarmState, Executed};
use onebox_release::{Answer, Call, ErrorKind, HookPayload, Percent, Reply, Routing, VersionAlarm, When};
use serde_json::json;

use crate::{aws, scenario::SCENARIOS, server::moto};

fn get() -> Call {
    Call::GetAlias { function: "orders".into(), alias: "live".into() }
}

fn update(to: Routing, revision: &str) -> Call {
    Call::UpdateAlias { function: "orders".into(), alias: "live".into(), to, revision: revision.into() }
}

fn split(version: &str, additional: &str, hundredths: u16) -> Routing {
    let percent = Percent::from_hundredths(hundredths).unwrap();
    Routing { version: version.into(), additional: Some((additional.into(), percent)) }
}

fn revision(answer: Answer) -> String {
    match answer {
        Ok(Reply::Alias(alias)) => alias.revision,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_alias_moves_only_by_its_latest_revision_and_within_the_rules() {
    let region = "us-east-1";
    moto().tell(region, "account", &SCENARIOS[0].account());
    let aws = aws(region);
    let first = revision(aws.call(&get()).await);
    let second = revision(aws.call(&update(split("1", "2", 1_000), &first)).await);
    assert_ne!(first, second);
    // An update that changes nothing gives a new revision too.
    let third = revision(aws.call(&update(split("1", "2", 1_000), &second)).await);
    assert_ne!(second, third);
    for (to, revision, kind, said) in [
        (Routing::wholly("2"), &first, ErrorKind::Precondition, "Revision Id"),
        (split("1", "2", 10_000), &third, ErrorKind::Invalid, "0.0 and 1.0"),
        (split("1", "1", 1_000), &third, ErrorKind::Invalid, "already included"),
        (split("$LATEST", "2", 1_000), &third, ErrorKind::Invalid, "$LATEST"),
        (Routing::wholly("9"), &third, ErrorKind::NotFound, "orders:9"),
        (split("1", "9", 1_000), &third, ErrorKind::NotFound, "orders:9"),
    ] {
        let error = aws.call(&update(to.clone(), revision)).await.unwrap_err();
        assert_eq!(error.kind, kind, "{to:?}: {error:?}");
        assert!(error.message.contains(said), "{to:?}: {error:?}");
    }
    let Ok(Reply::Alias(alias)) = aws.call(&update(Routing::wholly("2"), &third)).await else { panic!("refused") };
    assert_eq!(alias.routing, Routing::wholly("2"));
}

#[tokio::test]
async fn new_alarms_know_nothing_and_what_is_missing_is_named_when_alarms_are_removed() {
    let region = "us-east-2";
    moto().tell(region, "account", &SCENARIOS[0].account());
    let aws = aws(region);
    let of = Executed { function: "orders".into(), alias: "live".into(), version: "2".into() };
    let alarm = VersionAlarm { name: "orders-2-errors".into(), description: "ours".into(), of, errors: 3, minutes: 2 };
    assert_eq!(aws.call(&Call::PutMetricAlarm(alarm.clone())).await, Ok(Reply::Done));
    let describe =
        Call::DescribeAlarms { names: vec!["orders-2-errors".into(), "web-5xx".into(), "none".into()], region: None };
    let shown = |answer: Answer| match answer {
        Ok(Reply::Alarms(views)) => views.into_iter().map(|view| (view.name, view.state)).collect::<Vec<_>>(),
        other => panic!("expected alarms: {other:?}"),
    };
    let states = |first| vec![("orders-2-errors".to_owned(), first), ("web-5xx".to_owned(), AlarmState::Ok)];
    assert_eq!(shown(aws.call(&describe).await), states(AlarmState::InsufficientData));
    moto().tell(region, "alarm", &json!({ "name": "orders-2-errors", "state": "ALARM" }));
    // Made again it stands as it stood.
    assert_eq!(aws.call(&Call::PutMetricAlarm(alarm)).await, Ok(Reply::Done));
    assert_eq!(shown(aws.call(&describe).await), states(AlarmState::Alarm));
    let delete = |names: &[&str]| Call::DeleteAlarms { names: names.iter().map(ToString::to_string).collect() };
    let error = aws.call(&delete(&["orders-2-errors", "gone"])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error:?}");
    assert_eq!(aws.call(&delete(&["orders-2-errors"])).await, Ok(Reply::Done));
    assert_eq!(moto().look(region, "account")["alarms"], json!({ "web-5xx": "OK" }));
    let operations: Vec<_> = moto().look(region, "calls")["calls"].as_array().unwrap().clone();
    let deletions: Vec<_> = operations.iter().filter(|call| call["operation"] == "DeleteAlarms").collect();
    assert_eq!(deletions.len(), 2, "{operations:#?}");
    assert_eq!(deletions[0]["status"], 404, "the model says 404 of ResourceNotFound");
}

#[tokio::test]
async fn hooks_say_what_they_say() {
    let region = "us-west-1";
    let scripts = json!({
        "passes": { "script": { "answer": { "status": "Succeeded" } } },
        "fails": { "script": { "answer": { "status": "Failed", "reason": "no basket" } } },
        "throws": { "script": { "error": { "errorType": "Error", "errorMessage": "boom" } } },
    });
    moto().tell(region, "account", &json!({ "functions": scripts }));
    let aws = aws(region);
    let payload = HookPayload {
        release: "web-1".into(),
        function: "orders".into(),
        alias: "live".into(),
        version: "2".into(),
        when: When::Before,
    };
    for (function, said) in [("passes", None), ("fails", Some("no basket")), ("throws", Some("Error: boom"))] {
        let call = Call::Invoke { function: function.into(), payload: payload.clone() };
        assert_eq!(aws.call(&call).await, Ok(Reply::Invoked(said.map(str::to_owned))));
    }
    let error = aws.call(&Call::Invoke { function: "nobody".into(), payload }).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound, "{error:?}");
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html>
#[tokio::test]
async fn what_an_alarm_was_is_in_its_history() {
    let region = "us-west-2";
    moto().tell(region, "account", &json!({ "alarms": { "flapped": "OK" } }));
    let aws = aws(region);
    let view = async || match aws.call(&Call::DescribeAlarms { names: vec!["flapped".into()], region: None }).await {
        Ok(Reply::Alarms(views)) => views.into_iter().next().unwrap(),
        other => panic!("expected an alarm: {other:?}"),
    };
    let before = view().await;
    assert!(before.arn.as_ref().is_some_and(|arn| arn.contains(region)), "{before:?}");
    for state in ["ALARM", "ALARM", "OK"] {
        moto().tell(region, "alarm", &json!({ "name": "flapped", "state": state }));
    }
    let after = view().await;
    assert_eq!(after.state, before.state, "a look at the state alone misses it");
    assert!(after.changed > before.changed, "{before:?} {after:?}");
    let call = Call::DescribeAlarmHistory { name: "flapped".into(), region: None, after: before.changed.unwrap() };
    let Ok(Reply::AlarmHistory(changes)) = aws.call(&call).await else { panic!("expected a history") };
    let states: Vec<_> = changes.iter().map(|change| change.to).collect();
    assert_eq!(states, [AlarmState::Alarm, AlarmState::Ok]);
    assert_eq!(changes.last().map(|change| change.at), after.changed);
}
