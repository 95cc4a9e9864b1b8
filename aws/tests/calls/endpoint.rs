//! Every call against the strict local control plane, over HTTP.

use std::{io::Write, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use onebox_aws::AliasSet;
use onebox_release::{
    AlarmChange, AlarmState, Answer, Call, CallError, DeploymentStatus, ErrorKind, Executed, Minute, ProvisionedStatus,
    Reply, Routing, UpdateStatus, VersionAlarm, VersionState,
};
use onebox_sim::{
    Clock,
    control::{At, Condition, ControlPlane, ControlServer, FaultPlan, Script, Trouble},
};
use sha2::{Digest, Sha256};

use crate::stage::{deployment, local, payload, seen, split, update_alias};

/// A control plane with two versions of `orders`, the alias `live` on the first, and some traffic.
async fn served() -> ControlServer {
    let now = now();
    let mut plane = ControlPlane::default();
    plane.function("orders", 2, now);
    plane.alias("orders", "live", &Routing::wholly("1")).unwrap();
    plane.deployment_group("shop", "orders");
    ControlServer::start(plane, Clock::system()).await.unwrap()
}

fn now() -> jiff::Timestamp {
    Clock::system().now().try_into().unwrap()
}

fn kind(answer: Answer) -> ErrorKind {
    answer.unwrap_err().kind
}

#[tokio::test]
async fn an_alias_is_read_and_moved_by_its_revision() {
    let server = served().await;
    let aws = local(&server.url());
    let get = Call::GetAlias { function: "orders".into(), alias: "live".into() };
    let Ok(Reply::Alias(first)) = aws.call(&get).await else { panic!() };
    assert_eq!(first.routing, Routing::wholly("1"));
    let Ok(Reply::Alias(second)) = aws.call(&update_alias(split(1_000), &first.revision)).await else { panic!() };
    assert_eq!(second.routing, split(1_000));
    assert_eq!(kind(aws.call(&update_alias(split(2_000), &first.revision)).await), ErrorKind::Precondition);
    // Wholly on the new version: the weights are gone, not left.
    let Ok(Reply::Alias(third)) = aws.call(&update_alias(Routing::wholly("2"), &second.revision)).await else {
        panic!()
    };
    assert_eq!(third.routing, Routing::wholly("2"));
    assert_eq!(aws.call(&get).await, Ok(Reply::Alias(third)));
    let missing = Call::GetAlias { function: "orders".into(), alias: "none".into() };
    assert_eq!(kind(aws.call(&missing).await), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_lambda_refuses_is_told_in_its_words() {
    let server = served().await;
    let aws = local(&server.url());
    let revision = server.with(|plane| seen(plane, "orders", "live").revision);
    let Err(CallError { kind, message }) = aws.call(&update_alias(Routing::wholly("99"), &revision)).await else {
        panic!()
    };
    assert_eq!(kind, ErrorKind::NotFound, "{message}");
    assert!(message.starts_with("UpdateAlias: ResourceNotFoundException: "), "{message}");
}

#[tokio::test]
async fn versions_are_read() {
    let server = served().await;
    let aws = local(&server.url());
    let version = |version: &str| Call::GetVersion { function: "orders".into(), version: version.into() };
    let Ok(Reply::Version(second)) = aws.call(&version("2")).await else { panic!() };
    assert_eq!(second.version, "2");
    assert!(
        second.state == VersionState::Active && second.dead_letter.is_none() && second.role.starts_with("arn:"),
        "{second:?}"
    );
    let Ok(Reply::Version(latest)) = aws.call(&version("$LATEST")).await else { panic!() };
    assert_eq!((latest.version.as_str(), latest.sha256), ("$LATEST", second.sha256));
    assert_eq!(kind(aws.call(&version("9")).await), ErrorKind::NotFound);
}

#[tokio::test]
async fn code_is_uploaded_and_published() {
    let server = served().await;
    // New code, and a new version, take a moment.
    server.with(|plane| plane.settle(std::time::Duration::from_millis(50)));
    let aws = local(&server.url());
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"PK\x05\x06 an archive without files").unwrap();
    let sha256 = BASE64_STANDARD.encode(Sha256::digest(b"PK\x05\x06 an archive without files"));
    let zip = file.path().to_str().unwrap().to_owned();
    let upload = |zip: &str, sha256: &str| Call::UpdateFunctionCode {
        function: "orders".into(),
        zip: zip.into(),
        sha256: sha256.into(),
    };
    let publish =
        |sha256: &str| Call::PublishVersion { function: "orders".into(), sha256: sha256.into(), revision: None };

    let Err(error) = aws.call(&upload(&zip, "another")).await else { panic!() };
    assert_eq!(error.kind, ErrorKind::Local);
    assert!(error.message.contains("put the file back"), "{}", error.message);
    assert_eq!(kind(aws.call(&upload("nowhere.zip", &sha256)).await), ErrorKind::Local);
    assert!(server.served().is_empty(), "a file that is not what it was is not sent");

    let Ok(Reply::Code { sha256: uploaded, revision }) = aws.call(&upload(&zip, &sha256)).await else { panic!() };
    assert_eq!(uploaded, sha256);
    let guarded = Call::PublishVersion { function: "orders".into(), sha256: sha256.clone(), revision };
    assert_eq!(aws.call(&guarded).await, Ok(Reply::Published("3".into())));
    // What is published is what was read: publishing gives $LATEST another revision, as AWS does.
    assert_eq!(kind(aws.call(&guarded).await), ErrorKind::Precondition);
    assert_eq!(aws.call(&publish(&sha256)).await, Ok(Reply::Published("3".into())));
    // Once more, as after a crash.
    assert!(matches!(aws.call(&upload(&zip, &sha256)).await, Ok(Reply::Code { .. })));
    assert_eq!(aws.call(&publish(&sha256)).await, Ok(Reply::Published("3".into())));
    assert_eq!(kind(aws.call(&publish("another")).await), ErrorKind::Invalid);
    let Ok(Reply::Version(third)) =
        aws.call(&Call::GetVersion { function: "orders".into(), version: "3".into() }).await
    else {
        panic!()
    };
    assert!(third.state == VersionState::Active && third.sha256 == sha256);
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>
#[tokio::test]
async fn every_state_and_its_reason_is_read() {
    let server = served().await;
    let aws = local(&server.url());
    let read = async |version: &str| match aws
        .call(&Call::GetVersion { function: "orders".into(), version: version.into() })
        .await
    {
        Ok(Reply::Version(view)) => (view.state, view.update, view.reason),
        other => panic!("expected a version: {other:?}"),
    };
    for state in
        [VersionState::Inactive, VersionState::Pending, VersionState::Failed, VersionState::Other("Deactivated".into())]
    {
        let condition = Condition::of(state.clone(), "InvalidSubnet", "The subnet is gone.");
        server.with(|plane| plane.condition("orders", "2", Some(condition))).unwrap();
        let reason = Some("InvalidSubnet: The subnet is gone.".to_owned());
        assert_eq!(read("2").await, (state, UpdateStatus::Successful, reason));
    }
    let failed = Condition::updated(UpdateStatus::Failed, "EniLimitExceeded", "No interface is left.");
    server.with(|plane| plane.condition("orders", "$LATEST", Some(failed))).unwrap();
    let reason = Some("EniLimitExceeded: No interface is left.".to_owned());
    assert_eq!(read("$LATEST").await, (VersionState::Active, UpdateStatus::Failed, reason));
}

/// SnapStart's snapshot is made after `PublishVersion` was answered.
#[tokio::test]
async fn a_version_that_fails_after_its_publication_is_known_by_its_number() {
    let server = served().await;
    let aws = local(&server.url());
    server.with(|plane| {
        plane.code("orders", onebox_sim::control::Code::new("new"), now()).unwrap();
        let failed = Condition::of(VersionState::Failed, "FunctionError.RuntimeInitError", "it threw");
        plane.outcome("orders", Some(failed)).unwrap();
    });
    let publish = Call::PublishVersion { function: "orders".into(), sha256: "new".into(), revision: None };
    assert_eq!(aws.call(&publish).await, Ok(Reply::Published("3".into())));
}

#[tokio::test]
async fn an_update_that_is_in_progress_is_waited_for_before_and_after_the_upload() {
    let server = served().await;
    let aws = local(&server.url());
    let content = b"PK\x05\x06 an archive without files";
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    let upload = Call::UpdateFunctionCode {
        function: "orders".into(),
        zip: file.path().to_str().unwrap().into(),
        sha256: BASE64_STANDARD.encode(Sha256::digest(content)),
    };
    server.with(|plane| {
        plane.settle(Duration::from_millis(300));
        // Another deployment has begun one a moment ago.
        let theirs =
            Call::UpdateFunctionCode { function: "orders".into(), zip: "theirs.zip".into(), sha256: "theirs".into() };
        plane.call(&theirs, now()).unwrap();
    });
    let Ok(Reply::Code { revision, .. }) = aws.call(&upload).await else { panic!("expected code") };
    let get = Call::GetVersion { function: "orders".into(), version: "$LATEST".into() };
    let Ok(Reply::Version(latest)) = aws.call(&get).await else { panic!("expected a version") };
    assert_eq!(latest.update, UpdateStatus::Successful);
    assert_eq!(latest.revision, revision, "the revision of the code that was applied");
}

#[tokio::test]
async fn a_publication_whose_answer_was_lost_is_not_repeated_under_its_revision() {
    let server = served().await;
    server.with(|plane| {
        plane.code("orders", onebox_sim::control::Code::new("new"), now()).unwrap();
        plane.fail(FaultPlan::once(At::Operation("PublishVersion", 0), Trouble::LostAnswer));
    });
    let aws = local(&server.url());
    let get = Call::GetVersion { function: "orders".into(), version: "$LATEST".into() };
    let Ok(Reply::Version(latest)) = aws.call(&get).await else { panic!("expected a version") };
    let publish = |revision| Call::PublishVersion { function: "orders".into(), sha256: "new".into(), revision };
    assert_eq!(kind(aws.call(&publish(latest.revision)).await), ErrorKind::Unknown);
    let made = server.served().iter().filter(|served| served.operation == "PublishVersion").count();
    assert_eq!(made, 1);
    assert_eq!(aws.call(&publish(None)).await, Ok(Reply::Published("3".into())));
}

#[tokio::test]
async fn provisioned_concurrency_is_listed_to_its_last_page() {
    let server = served().await;
    let aws = local(&server.url());
    let list = Call::ListProvisionedConcurrency { function: "orders".into() };
    assert_eq!(aws.call(&list).await, Ok(Reply::Provisioned(vec![])));
    // More than a page has.
    let many: Vec<String> = (0..120).map(|place| format!("alias-{place:03}")).collect();
    let failed = Some((ProvisionedStatus::Failed, Some("FUNCTION_ERROR_INIT_FAILURE".to_owned())));
    server.with(|plane| {
        for name in &many {
            plane.provision("orders", name, failed.clone()).unwrap();
        }
    });
    let Ok(Reply::Provisioned(found)) = aws.call(&list).await else { panic!() };
    assert_eq!(found.iter().map(|config| config.qualifier.clone()).collect::<Vec<_>>(), many);
    let first = (found[0].status, found[0].reason.as_deref());
    assert_eq!(first, (ProvisionedStatus::Failed, Some("FUNCTION_ERROR_INIT_FAILURE")));
}

#[tokio::test]
async fn hooks_say_what_they_say() {
    let server = served().await;
    let aws = local(&server.url());
    let table = [
        (Script::passes(), None),
        (Script::fails("no answer"), Some("no answer".to_owned())),
        (Script::Throws("it broke".into()), Some("Error: it broke".to_owned())),
    ];
    for (script, expected) in table {
        server.with(|plane| plane.script("hook", script));
        let call = Call::Invoke { function: "hook".into(), payload: payload() };
        assert_eq!(aws.call(&call).await, Ok(Reply::Invoked(expected)));
    }
    let missing = Call::Invoke { function: "nothing".into(), payload: payload() };
    assert_eq!(kind(aws.call(&missing).await), ErrorKind::NotFound);
}

#[tokio::test]
async fn alarms_are_made_read_and_removed() {
    let server = served().await;
    let aws = local(&server.url());
    server.with(|plane| plane.set_alarm("errors", AlarmState::Alarm, now()));
    server.with(|plane| plane.set_composite_alarm("all", AlarmState::Ok, now()));
    let of = Executed { function: "orders".into(), alias: "live".into(), version: "2".into() };
    let made = VersionAlarm { name: "orders-2-errors".into(), description: "ours".into(), of, errors: 3, minutes: 2 };
    assert_eq!(aws.call(&Call::PutMetricAlarm(made.clone())).await, Ok(Reply::Done));
    assert_eq!(aws.call(&Call::PutMetricAlarm(made)).await, Ok(Reply::Done));

    let names = ["errors", "all", "orders-2-errors", "missing"].map(str::to_owned).to_vec();
    let describe = Call::DescribeAlarms { names, region: None };
    let Ok(Reply::Alarms(mut alarms)) = aws.call(&describe).await else { panic!() };
    alarms.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<_> = alarms.iter().map(|alarm| alarm.name.as_str()).collect();
    assert_eq!(names, ["all", "errors", "orders-2-errors"]);
    assert_eq!(alarms[0].state, AlarmState::Ok);
    assert_eq!(alarms[1].state, AlarmState::Alarm);
    assert_eq!([1, 2].map(|at| alarms[at].description.as_deref()), [None, Some("ours")]);
    assert!(alarms.iter().all(|alarm| alarm.changed.is_some() && alarm.arn.is_some()), "{alarms:?}");

    // CloudWatch says which one is missing; whose the others are is looked at before they are deleted.
    let delete = |names: &[&str]| Call::DeleteAlarms { names: names.iter().map(ToString::to_string).collect() };
    assert_eq!(kind(aws.call(&delete(&["orders-2-errors", "missing"])).await), ErrorKind::NotFound);
    assert_eq!(aws.call(&delete(&["orders-2-errors"])).await, Ok(Reply::Done));
    let left: Vec<_> = server.with(|plane| plane.alarms().map(str::to_owned).collect());
    assert_eq!(left.len(), 2, "{left:?}");
}

#[tokio::test]
async fn the_history_of_an_alarm_is_read_to_its_last_page() {
    let server = served().await;
    let aws = local(&server.url());
    let at = |seconds: i64| now_at(seconds);
    server.with(|plane| {
        plane.set_alarm("errors", AlarmState::Ok, at(0));
        plane.set_composite_alarm("all", AlarmState::Ok, at(0));
        for flap in 0..120 {
            plane.set_alarm("errors", AlarmState::Alarm, at(1 + 2 * flap));
            plane.set_alarm("errors", AlarmState::Ok, at(2 + 2 * flap));
        }
        plane.set_composite_alarm("all", AlarmState::InsufficientData, at(5));
    });
    let history = |name: &str, after| Call::DescribeAlarmHistory { name: name.into(), region: None, after: at(after) };
    let Ok(Reply::AlarmHistory(changes)) = aws.call(&history("errors", 2)).await else { panic!("a history") };
    assert_eq!(changes.len(), 238, "what is as old as the last look is not part of it");
    assert_eq!(changes[0], AlarmChange { at: at(3), to: AlarmState::Alarm });
    assert_eq!(changes[237], AlarmChange { at: at(240), to: AlarmState::Ok });
    let Ok(Reply::AlarmHistory(changes)) = aws.call(&history("all", 0)).await else { panic!("a history") };
    assert_eq!(changes, [AlarmChange { at: at(5), to: AlarmState::InsufficientData }], "composite alarms too");
    assert_eq!(aws.call(&history("none", 0)).await, Ok(Reply::AlarmHistory(vec![])));
    let pages = server.served().iter().filter(|served| served.operation == "DescribeAlarmHistory").count();
    assert_eq!(pages, 3 + 1 + 1);
}

/// So many seconds after some time.
fn now_at(seconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

#[tokio::test]
async fn traffic_is_read_minute_by_minute() {
    let server = served().await;
    let aws = local(&server.url());
    let of = |version: &str| Executed { function: "orders".into(), alias: "live".into(), version: version.into() };
    let (first, second): (jiff::Timestamp, jiff::Timestamp) =
        ("2026-11-20T12:00:00Z".parse().unwrap(), "2026-11-20T12:01:00Z".parse().unwrap());
    server.with(|plane| {
        plane.record_traffic(of("1"), first, 90, 1);
        plane.record_traffic(of("2"), first, 10, 2);
        plane.record_traffic(of("2"), second, 20, 0);
    });
    let call = Call::GetMetricData {
        of: vec![of("1"), of("2"), of("3")],
        from: first,
        to: "2026-11-20T12:05:00Z".parse().unwrap(),
    };
    let minute = |at, invocations, errors| Minute { at, invocations, errors };
    let expected = vec![vec![minute(first, 90, 1)], vec![minute(first, 10, 2), minute(second, 20, 0)], vec![]];
    assert_eq!(aws.call(&call).await, Ok(Reply::Traffic(expected)));
}

#[tokio::test]
async fn a_deployment_is_made_found_and_stopped() {
    let server = served().await;
    server.with(|plane| {
        plane.set_alarm("errors", AlarmState::Ok, now());
        plane.script("CodeDeployHook_before", Script::Waits);
    });
    let aws = local(&server.url());
    let find = |description: &str| Call::FindDeployment {
        application: "shop".into(),
        group: "orders".into(),
        description: description.into(),
        from: now(),
    };
    assert_eq!(kind(aws.call(&find("web-1")).await), ErrorKind::NotFound);
    let create = Call::CreateDeployment(deployment());
    let Ok(Reply::Deployment(made)) = aws.call(&create).await else { panic!() };
    assert_eq!(made.status, DeploymentStatus::Running);
    assert_eq!(kind(aws.call(&create).await), ErrorKind::Conflict);
    let Ok(Reply::Deployment(found)) = aws.call(&find("web-1")).await else { panic!() };
    assert_eq!(found.id, made.id);
    assert_eq!(kind(aws.call(&find("web-2")).await), ErrorKind::NotFound);
    assert_eq!(aws.call(&Call::StopDeployment { id: made.id.clone() }).await, Ok(Reply::Done));
    let Ok(Reply::Deployment(stopped)) = aws.call(&Call::GetDeployment { id: made.id }).await else { panic!() };
    assert_eq!(stopped.status, DeploymentStatus::Failed);
    assert!(stopped.reason.is_some());
    assert_eq!(kind(aws.call(&Call::GetDeployment { id: "d-999999999".into() }).await), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_deployment_is_found_on_any_page_and_empty_pages_are_no_end() {
    let server = served().await;
    server.with(|plane| {
        plane.script("CodeDeployHook_before", Script::passes());
        plane.deployment_pages(1);
    });
    let aws = local(&server.url());
    let find = |description: &str, from| Call::FindDeployment {
        application: "shop".into(),
        group: "orders".into(),
        description: description.into(),
        from,
    };
    // The group's history: thirty that ended, older than one page and one batch of 25.
    let begun = now();
    let mut ids = Vec::new();
    for place in 0..30 {
        let (from, to) = if place % 2 == 0 { ("1", "2") } else { ("2", "1") };
        let one = onebox_release::Deployment {
            description: format!("web-{place}"),
            config: "CodeDeployDefault.LambdaAllAtOnce".into(),
            from: from.into(),
            to: to.into(),
            alarms: vec![],
            ..deployment()
        };
        let Ok(Reply::Deployment(made)) = aws.call(&Call::CreateDeployment(one)).await else { panic!() };
        ids.push(made.id);
    }
    for place in [0, 7, 29] {
        let Ok(Reply::Deployment(found)) = aws.call(&find(&format!("web-{place}"), begun)).await else { panic!() };
        assert_eq!((found.id, found.status), (ids[place].clone(), DeploymentStatus::Succeeded));
    }
    // Only of the time that was asked for: what an earlier release of the same name did is not ours.
    let later = now() + Duration::from_secs(3_600);
    assert_eq!(kind(aws.call(&find("web-7", later)).await), ErrorKind::NotFound);
    assert_eq!(kind(aws.call(&find("none", begun)).await), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_lost_answer_leaves_an_update_in_doubt_and_is_not_repeated() {
    let server = served().await;
    let aws = local(&server.url());
    let revision = server.with(|plane| seen(plane, "orders", "live").revision);
    server.with(|plane| plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 0), Trouble::LostAnswer)));
    assert_eq!(kind(aws.call(&update_alias(split(1_000), &revision)).await), ErrorKind::Unknown);
    let routing = server.with(|plane| seen(plane, "orders", "live").routing);
    assert_eq!(routing, split(1_000), "it was ours: the machine looks and recognises it");
}

#[tokio::test]
async fn an_alias_is_set_whether_it_is_there_or_not() {
    let server = served().await;
    let aws = local(&server.url());
    let at = |server: &ControlServer| server.with(|plane| seen(plane, "orders", "feature").routing);
    assert_eq!(aws.set_alias("orders", "feature", "1").await, Ok(AliasSet::Created));
    assert_eq!(at(&server), Routing::wholly("1"));
    assert_eq!(aws.set_alias("orders", "feature", "2").await, Ok(AliasSet::Updated));
    assert_eq!(at(&server), Routing::wholly("2"));
    assert_eq!(aws.set_alias("orders", "feature", "2").await, Ok(AliasSet::Unchanged));
    server.with(|plane| plane.alias("orders", "feature", &split(500))).unwrap();
    assert_eq!(aws.set_alias("orders", "feature", "1").await, Ok(AliasSet::Updated));
    assert_eq!(at(&server), Routing::wholly("1"), "a weight that was there is gone");
    let missing = aws.set_alias("nothing", "feature", "1").await;
    assert_eq!(missing.unwrap_err().kind, ErrorKind::NotFound);
}
