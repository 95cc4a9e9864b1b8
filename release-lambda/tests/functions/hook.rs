//! *hook* from CodeDeploy's event, or a release's, to the answer.

use std::{collections::VecDeque, time::Duration};

use serde_json::{Value, json};

use crate::{aws::Aws, lambda::Function};

const MINUTE: Duration = Duration::from_secs(60);

const APPSPEC: &str = r#"{"version":0.0,"Resources":[{"orders":{"Type":"AWS::Lambda::Function","Properties":
    {"Name":"orders","Alias":"live","CurrentVersion":"6","TargetVersion":"7"}}}]}"#;

fn by_codedeploy() -> Value {
    json!({ "DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1" })
}

fn by_release() -> Value {
    json!({ "release": "web-1", "function": "orders", "alias": "live", "version": "7", "when": "before" })
}

async fn aws() -> Aws {
    let aws = Aws::start().await;
    aws.with(|aws| {
        aws.appspec = Some(APPSPEC.to_owned());
        aws.returns = Some(json!({ "statusCode": 200, "body": "pong" }));
    });
    aws
}

async fn hook(aws: &Aws, smoke: Option<Value>) -> Function {
    let smoke = smoke.map(|smoke| smoke.to_string());
    let mut variables = vec![("AWS_ENDPOINT_URL", aws.url.as_str())];
    variables.extend(smoke.as_deref().map(|smoke| ("SMOKE", smoke)));
    Function::start(env!("CARGO_BIN_EXE_hook"), &variables).await
}

/// What CodeDeploy was told, once.
fn told(aws: &Aws) -> String {
    let told = aws.carried("PutLifecycleEventHookExecutionStatus");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["deploymentId"], "d-1");
    assert_eq!(told[0]["lifecycleEventHookExecutionId"], "e-1");
    told[0]["status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn codedeploy_is_told_that_the_new_version_answers() {
    let aws = aws().await;
    let smoke = json!([
        { "payload": { "ping": true }, "expect": { "status": 200, "contains": "pong" } },
        { "url": format!("{}/health/{{version}}", aws.url), "headers": { "X-Version": "{version}" }, "expect": { "contains": "well" } },
    ]);
    let result = hook(&aws, Some(smoke)).await.invoke(by_codedeploy(), MINUTE).await.unwrap();
    assert_eq!(result, json!({ "status": "Succeeded", "reason": "2 smoke requests passed" }));
    assert_eq!(told(&aws), "Succeeded");
    let [invoked] = &aws.carried("Invoke")[..] else { panic!("expected one invocation") };
    assert_eq!(invoked["path"], "/2015-03-31/functions/orders/invocations?Qualifier=7");
    assert_eq!(invoked["payload"], json!({ "ping": true }));
    assert_eq!(aws.carried("GET /health/7")[0]["version"], "7");
}

#[tokio::test]
async fn a_release_takes_the_result() {
    let aws = aws().await;
    let smoke = json!([{ "expect": { "contains": "pong" } }]);
    let mut hook = hook(&aws, Some(smoke)).await;
    let result = hook.invoke(by_release(), MINUTE).await.unwrap();
    assert_eq!(result, json!({ "status": "Succeeded", "reason": "1 smoke requests passed" }));
    aws.with(|aws| aws.returns = Some(json!("KO")));
    let result = hook.invoke(by_release(), MINUTE).await.unwrap();
    assert_eq!(result["status"], "Failed");
    assert_eq!(result["reason"], r#"orders:7: expected a text with "pong", got: "KO""#);
    let told = aws.carried("PutLifecycleEventHookExecutionStatus").len() + aws.carried("GetDeployment").len();
    assert_eq!(told, 0, "CodeDeploy has no part in it");
}

/// What is smoked, what is broken, and what is said.
type Case = (Option<Value>, fn(&Aws), &'static str);

#[tokio::test]
async fn whatever_goes_wrong_codedeploy_is_told_so() {
    let invoke = json!([{}]);
    let cases: [Case; 10] = [
        (Some(invoke.clone()), |aws| aws.with(|aws| aws.fails = true), "the function failed"),
        (Some(invoke.clone()), |aws| aws.with(|aws| aws.returns = Some(json!(false))), "expected null, {}"),
        (
            Some(invoke.clone()),
            |aws| aws.with(|aws| aws.returns = Some(json!({ "status": "failed" }))),
            r#"got {"status":"failed"}"#,
        ),
        (Some(invoke.clone()), |aws| aws.with(|aws| aws.denied = true), "AccessDeniedException: not authorized"),
        (Some(invoke.clone()), |aws| aws.with(|aws| aws.appspec = None), "DeploymentDoesNotExistException"),
        (Some(invoke.clone()), |aws| aws.with(|aws| aws.appspec = Some("version: 0.0".into())), "no name"),
        (None, |_| (), "SMOKE: expected a list"),
        (Some(json!([])), |_| (), "tries nothing out"),
        (Some(json!([{ "url": "http://127.0.0.1:1/" }])), |_| (), "Connection refused"),
        (Some(json!([{ "url": "http://127.0.0.1:1/", "headers": { "a b": "c" } }])), |_| (), "cannot be sent"),
    ];
    for (smoke, break_it, said) in cases {
        let aws = aws().await;
        break_it(&aws);
        let result = hook(&aws, smoke).await.invoke(by_codedeploy(), MINUTE).await.unwrap();
        assert_eq!(told(&aws), "Failed");
        assert_eq!(result["status"], "Failed");
        assert!(result["reason"].as_str().unwrap().contains(said), "{said}: {result}");
    }
}

#[tokio::test]
async fn a_page_that_is_gone_fails_unless_that_was_expected() {
    let aws = aws().await;
    let url = format!("{}/gone", aws.url);
    let mut wanted = hook(&aws, Some(json!([{ "url": url, "expect": { "status": 410 } }]))).await;
    assert_eq!(wanted.invoke(by_release(), MINUTE).await.unwrap()["status"], "Succeeded");
    let result = hook(&aws, Some(json!([{ "url": url }]))).await.invoke(by_release(), MINUTE).await.unwrap();
    assert!(result["reason"].as_str().unwrap().ends_with("below 400, got 410: gone for good"), "{result}");
}

#[tokio::test]
async fn requests_that_never_return_are_not_waited_for() {
    let aws = aws().await;
    // Nothing is ever returned.
    aws.with(|aws| aws.returns = None);
    let smoke = json!([{}, { "url": format!("{}/hangs", aws.url) }]);
    let result = hook(&aws, Some(smoke)).await.invoke(by_codedeploy(), Duration::from_secs(6)).await.unwrap();
    assert_eq!(told(&aws), "Failed");
    // A third of a short time is kept for CodeDeploy.
    assert!(result["reason"].as_str().unwrap().starts_with("not done within 3 s"), "{result}");
}

#[tokio::test]
async fn codedeploy_is_told_again_while_that_may_help() {
    let aws = aws().await;
    let mut hook = hook(&aws, Some(json!([{ "function": "client", "qualifier": "3" }]))).await;
    // Twice an error of CodeDeploy's; then it has heard it already.
    aws.with(|aws| aws.trouble = VecDeque::from([500, 503, 400]));
    let result = hook.invoke(by_codedeploy(), MINUTE).await.unwrap();
    assert_eq!(result["status"], "Succeeded");
    assert_eq!(aws.carried("PutLifecycleEventHookExecutionStatus").len(), 3);
    assert_eq!(aws.carried("GetDeployment").len(), 0, "every request says whom it asks");
    // It cannot be told: the invocation fails, and Lambda tries once more.
    aws.with(|aws| aws.trouble = VecDeque::from([500; 8]));
    let error = hook.invoke(by_codedeploy(), MINUTE).await.unwrap_err();
    assert!(error["errorMessage"].as_str().unwrap().contains("CodeDeploy could not be told"), "{error}");
}

#[tokio::test]
async fn an_event_of_nobody_is_refused() {
    let aws = aws().await;
    let error = hook(&aws, Some(json!([{}]))).await.invoke(json!({ "hello": 1 }), MINUTE).await.unwrap_err();
    assert!(error["errorMessage"].as_str().unwrap().contains("LifecycleEventHookExecutionId"), "{error}");
}
