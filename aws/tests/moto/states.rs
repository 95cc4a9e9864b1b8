//! Versions that are not active, and what was changed between the read and the publication.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>

use onebox_aws::AliasSet;
use onebox_release::{Answer, Call, ErrorKind, Reply, Target, UpdateStatus, VersionState, VersionView, alias_name};
use serde_json::json;

use crate::{
    aws,
    scenario::{Clock, SCENARIOS, drive, end, plan},
    server::moto,
};

fn get(version: &str) -> Call {
    Call::GetVersion { function: "orders".into(), version: version.into() }
}

fn view(answer: Answer) -> VersionView {
    match answer {
        Ok(Reply::Version(view)) => view,
        other => panic!("expected a version: {other:?}"),
    }
}

fn publish(view: &VersionView) -> Call {
    let (sha256, revision) = (view.sha256.clone(), view.revision.clone());
    Call::PublishVersion { function: "orders".into(), sha256, revision }
}

#[tokio::test]
async fn what_was_changed_since_it_was_read_is_not_published() {
    let region = "eu-south-1";
    moto().tell(region, "account", &SCENARIOS[0].account());
    let aws = aws(region);
    let read = view(aws.call(&get("$LATEST")).await);
    moto().tell(region, "configured", &json!({ "function": "orders" }));
    let error = aws.call(&publish(&read)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Precondition, "{error:?}");
    let changed = view(aws.call(&get("$LATEST")).await);
    assert_eq!(changed.sha256, read.sha256, "the code alone does not show it");
    let Ok(Reply::Published(version)) = aws.call(&publish(&changed)).await else { panic!("expected a version") };
    // Its answer was lost, say: publishing itself changes the revision, and nothing is published twice.
    assert_eq!(aws.call(&publish(&changed)).await.unwrap_err().kind, ErrorKind::Precondition);
    let again = publish(&VersionView { revision: None, ..changed });
    assert_eq!(aws.call(&again).await, Ok(Reply::Published(version)));
}

#[tokio::test]
async fn states_and_their_reasons_are_read() {
    let region = "eu-south-2";
    moto().tell(region, "account", &SCENARIOS[0].account());
    let aws = aws(region);
    for (shown, state, update, reason) in [
        (
            json!({ "State": "Inactive", "StateReasonCode": "Idle", "StateReason": "The function is idle." }),
            VersionState::Inactive,
            UpdateStatus::Successful,
            Some("Idle: The function is idle."),
        ),
        (
            json!({ "State": "Failed", "StateReasonCode": "FunctionError.InitTimeout" }),
            VersionState::Failed,
            UpdateStatus::Successful,
            Some("FunctionError.InitTimeout"),
        ),
        (
            json!({ "LastUpdateStatus": "Failed", "LastUpdateStatusReasonCode": "InvalidSubnet",
                    "LastUpdateStatusReason": "It is gone." }),
            VersionState::Active,
            UpdateStatus::Failed,
            Some("InvalidSubnet: It is gone."),
        ),
    ] {
        moto().tell(region, "condition", &json!({ "function": "orders", "qualifier": "2", "condition": shown }));
        let view = view(aws.call(&get("2")).await);
        assert_eq!((view.state, view.update, view.reason.as_deref()), (state, update, reason));
    }
}

#[tokio::test]
async fn a_release_of_a_version_that_failed_after_its_publication_leaves_the_alias() {
    let region = "me-south-1";
    moto().tell(region, "account", &SCENARIOS[0].account());
    moto().tell(region, "configured", &json!({ "function": "orders" }));
    let failed = json!({ "State": "Failed", "StateReasonCode": "FunctionError", "StateReason": "no snapshot" });
    moto().tell(region, "outcome", &json!({ "function": "orders", "condition": failed }));
    let mut plan = plan();
    plan.backends[0].target = Target::Latest;
    let records = drive(&plan, &aws(region), &Clock::default()).await;
    assert_eq!(end(&records), "rolled-back");
    let end = json!(records.last().unwrap()).to_string();
    for said in ["of orders failed (FunctionError: no snapshot) and stays so", "where code or configuration changed"] {
        assert!(end.contains(said), "{end}");
    }
    assert_eq!(moto().look(region, "account")["aliases"]["orders:live"], json!({ "version": "1", "weights": {} }));
}

/// The name's rule is that of botocore's model, `(?!^[0-9]+$)([a-zA-Z0-9-_]+)`, at most 128 long.
#[tokio::test]
async fn every_name_that_is_kept_or_converted_is_one_that_aws_accepts() {
    let region = "me-central-1";
    moto().tell(region, "account", &SCENARIOS[0].account());
    let aws = aws(region);
    let (longest, long) = ("X".repeat(128), format!("feature/{}", "a".repeat(200)));
    for name in ["PROD", "prod", "-", "_", "1-2", "2026", "feature/Foo#12", "größe", &longest, &long, &"7".repeat(128)]
    {
        let alias = alias_name(name).unwrap();
        assert_eq!(aws.set_alias("orders", &alias, "2").await, Ok(AliasSet::Created), "{name}");
    }
    for refused in ["2026", "a/b", "", &"X".repeat(129)] {
        assert!(aws.set_alias("orders", refused, "2").await.is_err(), "{refused}");
    }
    let zero = json!({ "function": "orders", "alias": "PROD", "version": "2", "weights": { "1": 0.0 } });
    moto().tell(region, "alias", &zero);
    let weights = || moto().look(region, "account")["aliases"]["orders:PROD"]["weights"].clone();
    assert_eq!(weights(), json!({ "1": 0.0 }));
    assert_eq!(aws.set_alias("orders", "PROD", "2").await, Ok(AliasSet::Updated), "the next update clears it");
    assert_eq!(weights(), json!({}));
}
