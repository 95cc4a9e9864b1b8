//! *bake* from CloudFormation's request to the answer at its URL.

use std::{collections::VecDeque, time::Duration};

use serde_json::{Value, json};

use crate::{
    aws::Aws,
    clock::unix_seconds,
    lambda::{ARN, Function},
};

const MINUTE: Duration = Duration::from_secs(60);

/// A bake of a second or two.
fn properties() -> Value {
    json!({ "ServiceToken": ARN, "Duration": "2s", "PollSeconds": "1", "Alarms": ["web-5xx"] })
}

fn request(aws: &Aws, kind: &str, properties: Value) -> Value {
    let mut request = json!({
        "RequestType": kind,
        "RequestId": "unique",
        "ResponseURL": format!("{}/answer?X-Amz-Signature=abc", aws.url),
        "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/shop/5b1c",
        "ResourceType": "Custom::OneboxBake",
        "LogicalResourceId": "Bake",
        "ResourceProperties": properties,
    });
    if kind != "Create" {
        request["PhysicalResourceId"] = json!("as it was");
        request["OldResourceProperties"] = json!({});
    }
    request
}

async fn bake(aws: &Aws) -> Function {
    Function::start(env!("CARGO_BIN_EXE_bake"), &[("AWS_ENDPOINT_URL", &aws.url)]).await
}

/// The only answer that CloudFormation got: its status and its reason.
fn answered(aws: &Aws) -> (String, String) {
    let answers = aws.carried("PUT /answer");
    assert_eq!(answers.len(), 1, "{answers:?}");
    let answer = &answers[0];
    // With a presigned URL only the headers that were signed may be sent.
    assert_eq!(answer["type"], "");
    for (name, value) in [("RequestId", "unique"), ("LogicalResourceId", "Bake")] {
        assert_eq!(answer["body"][name], value);
    }
    let text = |name: &str| answer["body"][name].as_str().unwrap().to_owned();
    (text("Status"), text("Reason"))
}

#[tokio::test]
async fn all_is_well_for_as_long_as_was_said() {
    let aws = Aws::start().await;
    bake(&aws).await.invoke(request(&aws, "Create", properties()), MINUTE).await.unwrap();
    let (status, reason) = answered(&aws);
    assert_eq!((status.as_str(), reason.as_str()), ("SUCCESS", "every alarm was OK at the end of 2 s, read 3 times"));
    let polls = aws.carried("DescribeAlarms");
    assert_eq!(polls.len(), 3);
    assert_eq!(polls[0]["AlarmNames"], json!(["web-5xx"]));
    assert_eq!(polls[0]["AlarmTypes"], json!(["MetricAlarm", "CompositeAlarm", "LogAlarm"]));
}

#[tokio::test]
async fn an_alarm_that_fires_rolls_the_stack_back() {
    let aws = Aws::start().await;
    aws.with(|aws| aws.alarm = VecDeque::from([Some("OK"), Some("ALARM")]));
    bake(&aws).await.invoke(request(&aws, "Create", properties()), MINUTE).await.unwrap();
    let (status, reason) = answered(&aws);
    assert_eq!(status, "FAILED");
    assert_eq!(reason, "in ALARM 1 s into the bake: web-5xx (1 datapoint was greater than 0)");
    assert_eq!(aws.carried("DescribeAlarms").len(), 2, "nothing is read after it");
}

#[tokio::test]
async fn an_alarm_that_says_nothing_holds_until_it_speaks() {
    let aws = Aws::start().await;
    let states = ["INSUFFICIENT_DATA", "INSUFFICIENT_DATA", "INSUFFICIENT_DATA", "OK"].map(Some);
    aws.with(|aws| aws.alarm = states.into());
    bake(&aws).await.invoke(request(&aws, "Create", properties()), MINUTE).await.unwrap();
    let (status, reason) = answered(&aws);
    assert_eq!((status.as_str(), reason.as_str()), ("SUCCESS", "every alarm was OK at the end of 2 s, read 4 times"));
}

#[tokio::test]
async fn an_alarm_that_stays_silent_is_not_proven_in_the_end() {
    for (state, said) in [(Some("INSUFFICIENT_DATA"), "INSUFFICIENT_DATA"), (None, "AccessDenied: not authorized")] {
        let aws = Aws::start().await;
        aws.with(|aws| aws.alarm = VecDeque::from([state]));
        let mut properties = properties();
        // CloudFormation waits 302 s: the last answer is given after 182, the bake may take 2.
        properties["ServiceTimeout"] = json!("302");
        let mut event = request(&aws, "Create", properties);
        // As if handed over shortly before that.
        event["OneboxBake"] = json!({ "Started": ago(180), "Polls": 90, "Rounds": 1, "Seen": true });
        bake(&aws).await.invoke(event, MINUTE).await.unwrap();
        let (status, reason) = answered(&aws);
        assert_eq!(status, "FAILED");
        assert!(reason.starts_with("not proven: ") && reason.contains(said), "{reason}");
    }
}

/// A time in the past, as the function's clock has it.
fn ago(seconds: i64) -> String {
    jiff::Timestamp::from_second(unix_seconds() - seconds).unwrap().to_string()
}

#[tokio::test]
async fn before_its_time_is_over_it_invokes_itself_and_goes_on_there() {
    let aws = Aws::start().await;
    aws.with(|aws| aws.returns = Some(Value::Null));
    let mut function = bake(&aws).await;
    let mut properties = properties();
    properties["Duration"] = json!("4s");
    let event = request(&aws, "Create", properties);
    // Two seconds more than what is kept for the answer.
    let result = function.invoke(event.clone(), Duration::from_secs(17)).await.unwrap();
    assert_eq!(result, "handed over");
    assert_eq!(aws.carried("PUT /answer"), [Value::Null; 0]);
    let [later] = &aws.carried("Invoke")[..] else { panic!("expected one invocation") };
    assert_eq!(later["type"], "Event");
    assert!(later["path"].as_str().unwrap().contains("function%3Aours"), "{}", later["path"]);
    let mut carried = later["payload"].clone();
    assert_eq!(carried["OneboxBake"]["Rounds"], 1);
    assert_eq!(carried["OneboxBake"]["Seen"], true);
    let result = function.invoke(carried.clone(), MINUTE).await.unwrap();
    assert_eq!(result, "answered");
    let (status, reason) = answered(&aws);
    assert_eq!(status, "SUCCESS");
    assert!(reason.starts_with("every alarm was OK at the end of 4 s"), "{reason}");
    carried.as_object_mut().unwrap().remove("OneboxBake");
    assert_eq!(carried, event, "the request is handed over as it came");
}

#[tokio::test]
async fn where_it_cannot_invoke_itself_it_fails() {
    // Refused, or never answered: what is kept for CloudFormation is not spent on waiting.
    for (denied, said) in [(true, "lambda:InvokeFunction"), (false, "not done within")] {
        let aws = Aws::start().await;
        aws.with(|aws| aws.denied = denied);
        let mut event = request(&aws, "Create", properties());
        event["ResourceProperties"]["Duration"] = json!("6s");
        bake(&aws).await.invoke(event, Duration::from_secs(16)).await.unwrap();
        let (status, reason) = answered(&aws);
        assert_eq!(status, "FAILED");
        assert!(reason.contains(said), "{reason}");
    }
}

#[tokio::test]
async fn what_is_removed_is_answered_at_once() {
    let aws = Aws::start().await;
    aws.with(|aws| aws.alarm = VecDeque::from([Some("ALARM")]));
    let mut function = bake(&aws).await;
    // Properties that no bake would take.
    function.invoke(request(&aws, "Delete", json!({ "Duration": "soon" })), Duration::from_secs(3)).await.unwrap();
    let (status, reason) = answered(&aws);
    assert_eq!((status.as_str(), reason.as_str()), ("SUCCESS", "a bake leaves nothing behind"));
    assert_eq!(aws.carried("PUT /answer")[0]["body"]["PhysicalResourceId"], "as it was");
    assert_eq!(aws.with(|aws| aws.calls.len()), 1, "nothing else is asked");
}

#[tokio::test]
async fn an_update_bakes_unless_the_stack_is_on_its_way_back() {
    let aws = Aws::start().await;
    aws.with(|aws| aws.alarm = VecDeque::from([Some("ALARM")]));
    let mut function = bake(&aws).await;
    function.invoke(request(&aws, "Update", properties()), MINUTE).await.unwrap();
    assert_eq!(answered(&aws).0, "FAILED");
    let asked = aws.carried("DescribeStacks");
    assert!(asked[0].as_str().unwrap().contains("stack%2Fshop%2F5b1c"), "{asked:?}");
    // CloudFormation now updates the resource to what it was, while the alarm still fires.
    aws.with(|aws| {
        aws.calls.clear();
        aws.stack = "UPDATE_ROLLBACK_IN_PROGRESS";
    });
    function.invoke(request(&aws, "Update", properties()), MINUTE).await.unwrap();
    assert_eq!(answered(&aws).0, "SUCCESS");
    assert_eq!(aws.carried("PUT /answer")[0]["body"]["PhysicalResourceId"], "as it was");
}

#[tokio::test]
async fn mistakes_are_answered_with_a_sentence() {
    let aws = Aws::start().await;
    let mut function = bake(&aws).await;
    let alter = |name: &str, value: Value| {
        let mut properties = properties();
        properties[name] = value;
        request(&aws, "Create", properties)
    };
    let mut unknown = request(&aws, "Create", properties());
    unknown["RequestType"] = json!("Rename");
    for (event, said) in [
        (alter("Duration", json!("56m")), "55 minutes at most"),
        (alter("Duration", json!("later")), "Duration: expected"),
        (alter("Alarms", json!([])), "Alarms: expected at least one"),
        (alter("Colour", json!("red")), "Colour: no such property"),
        (request(&aws, "Create", json!(null)), "expected ResourceProperties"),
        (
            json!({ "ResponseURL": unknown["ResponseURL"], "RequestId": "unique", "LogicalResourceId": "Bake" }),
            "expected a request",
        ),
        (unknown, "Rename"),
    ] {
        function.invoke(event.clone(), MINUTE).await.unwrap();
        let (status, reason) = answered(&aws);
        assert_eq!(status, "FAILED");
        assert!(reason.contains(said), "{event}: {reason}");
        aws.with(|aws| aws.calls.clear());
    }
    let error = function.invoke(json!({ "RequestType": "Create" }), MINUTE).await.unwrap_err();
    assert!(error["errorMessage"].as_str().unwrap().contains("ResponseURL"), "{error}");
}

#[tokio::test]
async fn an_alarm_that_is_not_there_and_one_that_fires_already_are_named() {
    for (state, said) in [("absent", "no such alarm: web-5xx"), ("ALARM", "in ALARM before the bake began: web-5xx")] {
        let aws = Aws::start().await;
        aws.with(|aws| aws.alarm = VecDeque::from([Some(state)]));
        bake(&aws).await.invoke(request(&aws, "Create", properties()), MINUTE).await.unwrap();
        let (status, reason) = answered(&aws);
        assert_eq!(status, "FAILED");
        assert!(reason.starts_with(said), "{reason}");
    }
}

#[tokio::test]
async fn an_answer_is_sent_again_while_that_may_help() {
    let aws = Aws::start().await;
    let mut function = bake(&aws).await;
    aws.with(|aws| aws.trouble = VecDeque::from([500, 503, 429]));
    function.invoke(request(&aws, "Delete", properties()), MINUTE).await.unwrap();
    assert_eq!(aws.carried("PUT /answer").len(), 4);
    // S3 refuses for good: the invocation fails, and Lambda tries once more.
    aws.with(|aws| {
        aws.calls.clear();
        aws.trouble = VecDeque::from([403]);
    });
    let error = function.invoke(request(&aws, "Delete", properties()), MINUTE).await.unwrap_err();
    assert!(error["errorMessage"].as_str().unwrap().contains("403"), "{error}");
    assert_eq!(aws.carried("PUT /answer").len(), 1);
}
