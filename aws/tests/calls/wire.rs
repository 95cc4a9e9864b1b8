//! What goes over the wire.

use onebox_release::{AliasView, Call, DeploymentStatus, ErrorKind, Place, Reply, Routing};
use serde_json::json;

use crate::stage::{calls, create_alias, deployment, get_alias, scripted, split, update_alias};

const ALIAS: &str = r#"{"AliasArn":"arn:aws:lambda:eu-west-1:123456789012:function:orders:live",
    "FunctionVersion":"1","RevisionId":"r2",
    "RoutingConfig":{"AdditionalVersionWeights":{"2":0.1}}}"#;

fn place() -> Place {
    Place::new("eu-west-1", "123456789012")
}

#[tokio::test]
async fn whole_traffic_is_an_explicitly_empty_map() {
    let (aws, asked) = scripted(|_, _| (200, vec![], ALIAS.to_owned()));
    aws.call(&update_alias(Routing::wholly("2"), "r1")).await.unwrap();
    let asked = asked.lock().unwrap();
    assert_eq!(asked[0].method, "PUT");
    assert_eq!(asked[0].path, "/2015-03-31/functions/orders/aliases/live");
    let expected =
        json!({ "FunctionVersion": "2", "RoutingConfig": { "AdditionalVersionWeights": {} }, "RevisionId": "r1" });
    assert_eq!(asked[0].json(), expected);
}

#[tokio::test]
async fn a_part_is_the_weight_of_the_additional_version() {
    let (aws, asked) = scripted(|_, _| (200, vec![], ALIAS.to_owned()));
    let answer = aws.call(&update_alias(split(1_000), "r1")).await;
    assert_eq!(
        answer,
        Ok(Reply::Alias(AliasView {
            routing: split(1_000),
            revision: "r2".into(),
            description: String::new(),
            place: place()
        }))
    );
    let weights = json!({ "AdditionalVersionWeights": { "2": 0.1 } });
    assert_eq!(asked.lock().unwrap()[0].json()["RoutingConfig"], weights);
}

/// <https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html>,
/// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html>
#[tokio::test]
async fn a_guard_alias_is_created_with_its_proof_and_deleted_by_its_name() {
    let (aws, asked) = scripted(|asked, _| match asked.method.as_str() {
        "POST" => (201, vec![], ALIAS.replacen('{', r#"{"Description":"ours","#, 1)),
        _ => (204, vec![], String::new()),
    });
    let Ok(Reply::Alias(made)) = aws.call(&create_alias("keep")).await else { panic!("refused") };
    assert_eq!(made.description, "ours");
    let delete = Call::DeleteAlias { function: "orders".into(), alias: "keep".into() };
    assert_eq!(aws.call(&delete).await, Ok(Reply::Done));
    let asked = asked.lock().unwrap();
    let lines: Vec<_> = asked.iter().map(|asked| (asked.method.as_str(), asked.path.as_str())).collect();
    let aliases = "/2015-03-31/functions/orders/aliases";
    assert_eq!(lines, [("POST", aliases), ("DELETE", &*format!("{aliases}/keep"))]);
    let expected = json!({ "Name": "keep", "FunctionVersion": "1", "Description": "ours" });
    assert_eq!(asked[0].json(), expected);
}

#[tokio::test]
async fn an_alias_is_read_in_every_shape() {
    let table = [
        (r#"{"FunctionVersion":"1","RevisionId":"r"}"#, Routing::wholly("1")),
        (r#"{"FunctionVersion":"1","RevisionId":"r","RoutingConfig":{}}"#, Routing::wholly("1")),
        (
            r#"{"FunctionVersion":"1","RevisionId":"r","RoutingConfig":{"AdditionalVersionWeights":{}}}"#,
            Routing::wholly("1"),
        ),
        (
            r#"{"FunctionVersion":"1","RevisionId":"r","RoutingConfig":{"AdditionalVersionWeights":{"2":0.2575}}}"#,
            split(2_575),
        ),
    ];
    for (body, routing) in table {
        let arn = r#"{"AliasArn":"arn:aws:lambda:eu-west-1:123456789012:function:orders:live","#;
        let body = body.replacen('{', arn, 1);
        let (aws, _) = scripted(move |_, _| (200, vec![], body.clone()));
        let view = AliasView { routing, revision: "r".into(), description: String::new(), place: place() };
        assert_eq!(aws.call(&get_alias()).await, Ok(Reply::Alias(view)));
    }
}

#[tokio::test]
async fn cloudwatch_is_asked_in_cbor_and_signed_for_its_region() {
    for call in calls() {
        let (aws, asked) = scripted(|_, _| (400, vec![], String::new()));
        let _ = aws.call(&call).await;
        let asked = asked.lock().unwrap();
        let first = &asked[0];
        let service = match first.path.as_str() {
            path if path.starts_with("/service/GraniteServiceVersion20100801/operation/") => {
                assert!(path.ends_with(call.operation()), "{path}");
                assert_eq!(first.headers["smithy-protocol"], "rpc-v2-cbor");
                "monitoring"
            }
            path if path.starts_with("/2015-03-31/functions/") || path.starts_with("/2019-09-30/functions/") => {
                "lambda"
            }
            _ => {
                let target = first.headers["x-amz-target"].to_str().unwrap();
                assert_eq!(target, format!("CodeDeploy_20141006.{}", call.operation()));
                "codedeploy"
            }
        };
        let scope = format!("/eu-west-1/{service}/aws4_request");
        assert!(first.headers["authorization"].to_str().unwrap().contains(&scope), "{call:?}");
    }
}

#[tokio::test]
async fn codedeploy_gets_the_app_spec_and_the_alarms() {
    let (aws, asked) = scripted(|_, _| (200, vec![], r#"{"deploymentId":"d-7"}"#.to_owned()));
    let Ok(Reply::Deployment(made)) = aws.call(&Call::CreateDeployment(deployment())).await else { panic!() };
    assert_eq!((made.id.as_str(), made.status), ("d-7", DeploymentStatus::Running));
    let body = asked.lock().unwrap()[0].json();
    assert_eq!(body["description"], "web-1");
    assert_eq!(body["deploymentConfigName"], "CodeDeployDefault.LambdaCanary10Percent5Minutes");
    assert_eq!(
        body["overrideAlarmConfiguration"],
        json!({ "enabled": true, "ignorePollAlarmFailure": false, "alarms": [{ "name": "errors" }] })
    );
    assert_eq!(
        body["autoRollbackConfiguration"],
        json!({
            "enabled": true,
            "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
        })
    );
    assert_eq!(body["revision"]["revisionType"], "AppSpecContent");
    let spec: serde_json::Value =
        serde_json::from_str(body["revision"]["appSpecContent"]["content"].as_str().unwrap()).unwrap();
    let properties = json!({ "Name": "orders", "Alias": "live", "CurrentVersion": "1", "TargetVersion": "2" });
    let function = json!({ "Type": "AWS::Lambda::Function", "Properties": properties });
    assert_eq!(
        spec,
        json!({
            "version": 0.0,
            "Resources": [{ "function": function }],
            "Hooks": [{ "BeforeAllowTraffic": "CodeDeployHook_before" }],
        })
    );
}

#[tokio::test]
async fn more_alarms_than_codedeploy_takes_are_refused_before_it_is_asked() {
    let (aws, asked) = scripted(|_, _| (200, vec![], "{}".to_owned()));
    let many = (0..11).map(|number| format!("alarm-{number}")).collect();
    let call = Call::CreateDeployment(onebox_release::Deployment { alarms: many, ..deployment() });
    assert_eq!(aws.call(&call).await.unwrap_err().kind, ErrorKind::Invalid);
    assert_eq!(asked.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_failed_deployment_says_why() {
    let (aws, _) = scripted(|asked, _| {
        let target = asked.headers["x-amz-target"].to_str().unwrap();
        match target {
            "CodeDeploy_20141006.GetDeployment" => (
                200,
                vec![],
                r#"{"deploymentInfo":{"deploymentId":"d-1","status":"Stopped",
                    "errorInformation":{"code":"ALARM_ACTIVE","message":"errors fired"}}}"#
                    .to_owned(),
            ),
            "CodeDeploy_20141006.ListDeploymentTargets" => (200, vec![], r#"{"targetIds":["t"]}"#.to_owned()),
            _ => (
                200,
                vec![],
                r#"{"deploymentTarget":{"lambdaTarget":{"lambdaFunctionInfo":{"targetVersionWeight":10.0}}}}"#
                    .to_owned(),
            ),
        }
    });
    let Ok(Reply::Deployment(view)) = aws.call(&Call::GetDeployment { id: "d-1".into() }).await else { panic!() };
    assert_eq!(view.status, DeploymentStatus::Failed);
    assert_eq!(view.reason.as_deref(), Some("ALARM_ACTIVE: errors fired"));
    assert_eq!(view.weight.unwrap().hundredths(), 1_000);
}

#[tokio::test]
async fn nothing_is_asked_about_nothing() {
    let (aws, asked) = scripted(|_, _| (500, vec![], String::new()));
    let (from, to) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(aws.call(&Call::DescribeAlarms { names: vec![], region: None }).await, Ok(Reply::Alarms(Vec::new())));
    assert_eq!(aws.call(&Call::DeleteAlarms { names: vec![] }).await, Ok(Reply::Done));
    assert_eq!(aws.call(&Call::GetMetricData { of: vec![], from, to }).await, Ok(Reply::Traffic(vec![])));
    assert_eq!(asked.lock().unwrap().len(), 0);
}
