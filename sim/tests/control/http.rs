//! The protocols that SDKs speak, byte by byte where it matters.

use std::time::Duration;

use ciborium::Value as Cbor;
use jiff::SignedDuration;
use onebox_release::AlarmState;
use onebox_sim::{
    Clock,
    control::{At, ControlServer, FaultPlan, Script, Trouble},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::scene::{noon, plane};

struct Said {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

async fn server() -> ControlServer {
    let at: std::time::SystemTime = noon().try_into().unwrap();
    let mut plane = plane();
    plane.set_alarm("web-5xx", AlarmState::Alarm, noon());
    plane.set_composite_alarm("all", AlarmState::Ok, noon());
    plane.deployment_group("shop", "orders");
    ControlServer::start(plane, Clock::new(move || at)).await.unwrap()
}

/// One request on a connection of its own; `None` where it is closed without an answer.
async fn send(server: &ControlServer, line: &str, headers: &str, body: &[u8]) -> Option<Said> {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let length = body.len();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: local\r\nauthorization: AWS4-HMAC-SHA256 local\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Said { status, head, body: answer[end + 4..].to_vec() })
}

async fn ask(server: &ControlServer, line: &str, body: Value) -> Said {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    send(server, line, "", &body).await.unwrap()
}

async fn codedeploy(server: &ControlServer, operation: &str, body: Value) -> Said {
    let target =
        format!("x-amz-target: CodeDeploy_20141006.{operation}\r\ncontent-type: application/x-amz-json-1.1\r\n");
    send(server, "POST /", &target, body.to_string().as_bytes()).await.unwrap()
}

async fn cloudwatch(server: &ControlServer, operation: &str, body: &Cbor) -> (Said, Cbor) {
    let mut bytes = Vec::new();
    ciborium::into_writer(body, &mut bytes).unwrap();
    let line = format!("POST /service/GraniteServiceVersion20100801/operation/{operation}");
    let said = send(server, &line, "smithy-protocol: rpc-v2-cbor\r\ncontent-type: application/cbor\r\n", &bytes)
        .await
        .unwrap();
    assert_eq!(said.header("smithy-protocol"), Some("rpc-v2-cbor"));
    assert_eq!(said.header("content-type"), Some("application/cbor"));
    let value = ciborium::from_reader(said.body.as_slice()).unwrap();
    (said, value)
}

fn text(value: &str) -> Cbor {
    Cbor::Text(value.into())
}

fn map(entries: &[(&str, Cbor)]) -> Cbor {
    Cbor::Map(entries.iter().map(|(name, value)| (text(name), value.clone())).collect())
}

fn member<'a>(value: &'a Cbor, name: &str) -> &'a Cbor {
    let entries = value.as_map().unwrap();
    &entries.iter().find(|(key, _)| key.as_text() == Some(name)).unwrap().1
}

const LIVE: &str = "/2015-03-31/functions/orders/aliases/live";

#[tokio::test]
async fn an_alias_is_read_and_moved() {
    let server = server().await;
    let read = ask(&server, &format!("GET {LIVE}"), Value::Null).await;
    assert_eq!(read.status, 200);
    let revision = read.json()["RevisionId"].clone();
    assert_eq!(read.json()["RoutingConfig"], Value::Null);
    let weights = json!({ "FunctionVersion": "6", "RoutingConfig": { "AdditionalVersionWeights": { "7": 0.1 } }, "RevisionId": revision });
    let moved = ask(&server, &format!("PUT {LIVE}"), weights.clone()).await;
    assert_eq!((moved.status, &moved.json()["RoutingConfig"]["AdditionalVersionWeights"]["7"]), (200, &json!(0.1)));
    let stale = ask(&server, &format!("PUT {LIVE}"), weights).await;
    assert_eq!((stale.status, stale.header("x-amzn-errortype")), (412, Some("PreconditionFailedException")));
    // Left out, the weights stay; said to be empty, they go.
    let kept = ask(&server, &format!("PUT {LIVE}"), json!({ "Description": "kept" })).await.json();
    assert_eq!(kept["RoutingConfig"]["AdditionalVersionWeights"], json!({ "7": 0.1 }));
    let gone =
        ask(&server, &format!("PUT {LIVE}"), json!({ "RoutingConfig": { "AdditionalVersionWeights": {} } })).await;
    assert_eq!(gone.json()["RoutingConfig"], Value::Null);
    let two = json!({ "RoutingConfig": { "AdditionalVersionWeights": { "5": 0.1, "7": 0.1 } } });
    let refused = ask(&server, &format!("PUT {LIVE}"), two).await;
    assert_eq!(
        (refused.status, refused.json()["message"].as_str()),
        (400, Some("Number of items in AdditionalVersionWeights cannot be greater than 1"))
    );
    let wrong = ask(&server, &format!("PUT {LIVE}"), json!({ "FunctionVersion": 7 })).await;
    assert_eq!((wrong.status, wrong.header("x-amzn-errortype")), (400, Some("SerializationException")));
}

#[tokio::test]
async fn aliases_are_made_and_listed() {
    let server = server().await;
    let create = |name: &str| {
        ask(&server, "POST /2015-03-31/functions/orders/aliases", json!({ "Name": name, "FunctionVersion": "5" }))
    };
    assert_eq!(create("feature-1").await.status, 201);
    assert_eq!(create("feature-1").await.status, 409);
    let digits = create("12").await;
    assert_eq!((digits.status, digits.header("x-amzn-errortype")), (400, Some("ValidationException")));
    let listed = ask(&server, "GET /2015-03-31/functions/orders/aliases?FunctionVersion=5", Value::Null).await.json();
    assert_eq!(listed["Aliases"][0]["Name"], "feature-1");
    assert_eq!(listed["Aliases"].as_array().unwrap().len(), 1);
    // A function's ARN as one segment of the path.
    let arn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Aorders";
    assert_eq!(ask(&server, &format!("GET /2015-03-31/functions/{arn}/aliases/live"), Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_page_has_at_most_fifty_versions() {
    let server = server().await;
    server.with(|plane| plane.function("old", 62, noon()));
    let list = |query: &str| {
        let line = format!("GET /2015-03-31/functions/old/versions?{query}");
        let server = &server;
        async move { ask(server, &line, Value::Null).await }
    };
    let first = list("MaxItems=10000").await.json();
    assert_eq!(first["Versions"].as_array().unwrap().len(), 50);
    assert_eq!(first["Versions"][0]["Version"], "$LATEST");
    let second = list(&format!("Marker={}", first["NextMarker"].as_str().unwrap())).await.json();
    assert_eq!(second["Versions"].as_array().unwrap().len(), 13);
    assert_eq!(second["NextMarker"], Value::Null);
    assert_eq!(list("MaxItems=0").await.status, 400);
    assert_eq!(list("Marker=none").await.status, 400);
}

#[tokio::test]
async fn a_version_is_deleted_only_where_nothing_needs_it() {
    let server = server().await;
    server.with(|plane| plane.replicated("orders", 4, true)).unwrap();
    let delete = |query: &str| {
        let line = format!("DELETE /2015-03-31/functions/orders{query}");
        let server = &server;
        async move { ask(server, &line, Value::Null).await }
    };
    for (query, status, words) in [
        ("", 400, "would delete the function with all its versions"),
        ("?Qualifier=%24LATEST", 400, "$LATEST version cannot be deleted without deleting the function."),
        ("?Qualifier=live", 400, "Deletion of aliases is not currently supported."),
        ("?Qualifier=6", 409, "in use by aliases: [live]"),
        ("?Qualifier=4", 400, "because it is a replicated function."),
        ("?Qualifier=99", 404, "Function not found"),
    ] {
        let refused = delete(query).await;
        let body = String::from_utf8(refused.body.clone()).unwrap();
        assert!(refused.status == status && body.contains(words), "{query}: {} {body}", refused.status);
    }
    assert_eq!(delete("?Qualifier=3").await.status, 204);
    server.with(|plane| plane.replicated("orders", 4, false)).unwrap();
    assert_eq!(delete("?Qualifier=4").await.status, 204);
    // A number is never given twice.
    let published = ask(&server, "POST /2015-03-31/functions/orders/versions", json!({})).await;
    assert_eq!((published.status, published.json()["Version"].as_str()), (201, Some("7")));
}

#[tokio::test]
async fn code_is_uploaded_and_published() {
    let server = server().await;
    let put = |body: Value| ask(&server, "PUT /2015-03-31/functions/orders/code", body);
    // An archive without files, in base64.
    let zip = "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==";
    let dry = put(json!({ "ZipFile": zip, "DryRun": true })).await.json();
    assert_eq!(dry["CodeSha256"], "orders-7");
    let uploaded = put(json!({ "ZipFile": zip })).await.json();
    let sha256 = uploaded["CodeSha256"].as_str().unwrap();
    assert_eq!((uploaded["Version"].as_str(), sha256.len()), (Some("$LATEST"), 44));
    assert_eq!(put(json!({ "ZipFile": zip, "RevisionId": "stale" })).await.status, 412);
    assert_eq!(put(json!({ "ZipFile": "bm8gemlw" })).await.status, 400);
    assert_eq!(put(json!({})).await.status, 400);
    let publish =
        |sha256: &str| ask(&server, "POST /2015-03-31/functions/orders/versions", json!({ "CodeSha256": sha256 }));
    assert_eq!(publish("other").await.status, 400);
    assert_eq!(publish(sha256).await.json()["Version"], "8");
    let shown = ask(&server, "GET /2015-03-31/functions/orders/configuration?Qualifier=8", Value::Null).await.json();
    assert_eq!(
        (&shown["State"], &shown["LastUpdateStatus"], &shown["CodeSha256"]),
        (&json!("Active"), &json!("Successful"), &json!(sha256))
    );
    let by_alias = ask(&server, "GET /2015-03-31/functions/orders?Qualifier=live", Value::Null).await.json();
    assert_eq!(by_alias["Configuration"]["Version"], "6");
}

#[tokio::test]
async fn a_function_that_throws_says_so_in_a_header() {
    let server = server().await;
    server.with(|plane| plane.script("smoke", Script::Throws("no".into())));
    let line = "POST /2015-03-31/functions/smoke/invocations?Qualifier=7";
    let threw = ask(&server, line, json!({ "a": 1 })).await;
    assert_eq!((threw.status, threw.header("x-amz-function-error")), (200, Some("Unhandled")));
    assert_eq!(threw.header("x-amz-executed-version"), Some("7"));
    assert_eq!(threw.json()["errorMessage"], "no");
    server.with(|plane| plane.script("smoke", Script::passes()));
    assert_eq!(ask(&server, line, json!({})).await.json(), json!({ "status": "Succeeded" }));
    let event = send(&server, line, "x-amz-invocation-type: Event\r\n", b"{}").await.unwrap();
    assert_eq!((event.status, event.body.len()), (202, 0));
    assert_eq!(send(&server, line, "", b"{").await.unwrap().status, 400);
}

#[tokio::test]
async fn alarms_in_cbor() {
    let server = server().await;
    let names = Cbor::Array(vec![text("web-5xx"), text("all"), text("none")]);
    let (said, found) = cloudwatch(&server, "DescribeAlarms", &map(&[("AlarmNames", names.clone())])).await;
    let alarm = &member(&found, "MetricAlarms").as_array().unwrap()[0];
    assert_eq!((said.status, member(alarm, "StateValue")), (200, &text("ALARM")));
    assert!(matches!(member(alarm, "StateUpdatedTimestamp"), Cbor::Tag(1, _)));
    assert!(member(&found, "CompositeAlarms").as_array().unwrap().is_empty(), "they were not asked for");
    let types = Cbor::Array(vec![text("MetricAlarm"), text("CompositeAlarm")]);
    let (_, found) = cloudwatch(&server, "DescribeAlarms", &map(&[("AlarmNames", names), ("AlarmTypes", types)])).await;
    assert_eq!(member(&member(&found, "CompositeAlarms").as_array().unwrap()[0], "AlarmName"), &text("all"));
    let (said, error) =
        cloudwatch(&server, "DeleteAlarms", &map(&[("AlarmNames", Cbor::Array(vec![text("none")]))])).await;
    assert_eq!((said.status, member(&error, "__type")), (404, &text("com.amazonaws.cloudwatch#ResourceNotFound")));
    assert_eq!(said.header("x-amzn-query-error"), Some("ResourceNotFound;Sender"));
    let broken = send(&server, "POST /service/GraniteServiceVersion20100801/operation/DescribeAlarms", "", b"\xff")
        .await
        .unwrap();
    assert_eq!(broken.status, 400);
}

#[tokio::test]
async fn a_page_has_fifty_alarms_where_nothing_is_said() {
    let server = server().await;
    let names: Vec<_> = (0..60).map(|number| format!("a-{number}")).collect();
    server.with(|plane| names.iter().for_each(|name| plane.set_alarm(name, AlarmState::Ok, noon())));
    let names = || ("AlarmNames", Cbor::Array(names.iter().map(|name| text(name)).collect()));
    let (_, first) = cloudwatch(&server, "DescribeAlarms", &map(&[names()])).await;
    assert_eq!(member(&first, "MetricAlarms").as_array().unwrap().len(), 50);
    let (_, second) =
        cloudwatch(&server, "DescribeAlarms", &map(&[names(), ("NextToken", member(&first, "NextToken").clone())]))
            .await;
    assert_eq!(member(&second, "MetricAlarms").as_array().unwrap().len(), 10);
    let (_, whole) =
        cloudwatch(&server, "DescribeAlarms", &map(&[names(), ("MaxRecords", Cbor::Integer(100.into()))])).await;
    assert_eq!(member(&whole, "MetricAlarms").as_array().unwrap().len(), 60);
}

#[tokio::test]
async fn a_deployment_waits_for_its_hook() {
    let server = server().await;
    server.with(|plane| plane.script("CodeDeployHook_smoke", Script::Waits));
    let content = json!({
        "version": 0.0,
        "Resources": [{ "orders": { "Type": "AWS::Lambda::Function", "Properties": {
            "Name": "orders", "Alias": "live", "CurrentVersion": "6", "TargetVersion": "7",
        } } }],
        "Hooks": [{ "BeforeAllowTraffic": "CodeDeployHook_smoke" }],
    });
    let asked = json!({
        "applicationName": "shop",
        "deploymentGroupName": "orders",
        "deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce",
        "revision": { "revisionType": "AppSpecContent", "appSpecContent": { "content": content.to_string() } },
    });
    let id = codedeploy(&server, "CreateDeployment", asked.clone()).await.json()["deploymentId"].clone();
    let shown = codedeploy(&server, "GetDeployment", json!({ "deploymentId": id })).await.json();
    assert_eq!(shown["deploymentInfo"]["status"], "InProgress");
    let spec = shown["deploymentInfo"]["revision"]["appSpecContent"]["content"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(spec).unwrap(), content);
    let say = |execution: String, status: &str| {
        let body = json!({ "deploymentId": id, "lifecycleEventHookExecutionId": execution, "status": status });
        let server = &server;
        async move { codedeploy(server, "PutLifecycleEventHookExecutionStatus", body).await }
    };
    let id_text = id.as_str().unwrap();
    assert_eq!(
        say("other".into(), "Succeeded").await.json()["__type"],
        "InvalidLifecycleEventHookExecutionIdException"
    );
    assert_eq!(
        say(format!("{id_text}-before"), "Done").await.json()["__type"],
        "InvalidLifecycleEventHookExecutionStatusException"
    );
    assert_eq!(say(format!("{id_text}-before"), "Succeeded").await.status, 200);
    assert_eq!(
        say(format!("{id_text}-before"), "Succeeded").await.json()["__type"],
        "LifecycleEventAlreadyCompletedException"
    );
    let target = json!({ "deploymentId": id, "targetId": "orders:live" });
    let target = codedeploy(&server, "GetDeploymentTarget", target).await.json();
    assert_eq!(target["deploymentTarget"]["lambdaTarget"]["lambdaFunctionInfo"]["targetVersionWeight"], json!(100.0));
    let mut wrong = asked;
    wrong["revision"]["appSpecContent"]["content"] = json!("version: 0.0");
    assert_eq!(codedeploy(&server, "CreateDeployment", wrong).await.json()["__type"], "InvalidRevisionException");
    assert_eq!(codedeploy(&server, "GetDeployment", json!({})).await.json()["__type"], "DeploymentIdRequiredException");
}

#[tokio::test]
async fn faults_are_seen_as_an_sdk_sees_them() {
    let server = server().await;
    let line = format!("GET {LIVE}");
    let fail = |trouble| server.with(|plane| plane.fail(FaultPlan::once(At::Call(plane.calls()), trouble)));
    fail(Trouble::Throttled);
    let throttled = ask(&server, &line, Value::Null).await;
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, Some("1")));
    assert_eq!(throttled.json()["Reason"], "CallerRateLimitExceeded");
    fail(Trouble::Broken);
    assert_eq!(ask(&server, &line, Value::Null).await.status, 500);
    fail(Trouble::LostAnswer);
    let moved = send(&server, &format!("PUT {LIVE}"), "", br#"{"FunctionVersion":"7"}"#).await;
    assert!(moved.is_none(), "there is no answer");
    assert_eq!(server.with(|plane| plane.alias_of("orders", "live").unwrap().version.clone()), "7");
    fail(Trouble::Throttled);
    let (said, error) = cloudwatch(&server, "DescribeAlarms", &map(&[])).await;
    assert_eq!((said.status, member(&error, "__type")), (400, &text("com.amazonaws.cloudwatch#ThrottlingException")));
    let statuses: Vec<_> = server.served().iter().map(|served| (served.operation.clone(), served.status)).collect();
    let expected =
        [("GetAlias", Some(429)), ("GetAlias", Some(500)), ("UpdateAlias", None), ("DescribeAlarms", Some(400))];
    assert_eq!(statuses, expected.map(|(operation, status)| (operation.to_owned(), status)));
    server.forget_served();
    assert!(server.served().is_empty());
}

#[tokio::test]
async fn who_does_not_sign_is_refused() {
    let server = server().await;
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let request = format!("GET {LIVE} HTTP/1.1\r\nhost: local\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("MissingAuthenticationTokenException"), "{answer}");
    let unknown = ask(&server, "GET /2015-03-31/layers", Value::Null).await;
    assert_eq!((unknown.status, unknown.header("x-amzn-errortype")), (404, Some("UnknownOperationException")));
}

#[tokio::test(start_paused = true)]
async fn what_was_served_is_known_with_its_times() {
    let (start, at) = (tokio::time::Instant::now(), std::time::SystemTime::try_from(noon()).unwrap());
    let server = ControlServer::start(plane(), Clock::new(move || at + start.elapsed())).await.unwrap();
    server.set_latency(Duration::from_millis(40));
    ask(&server, &format!("GET {LIVE}"), Value::Null).await;
    let served = &server.served()[0];
    assert_eq!(served.answered.duration_since(served.arrived), SignedDuration::from_millis(40));
    assert_eq!(server.url(), format!("http://{}", server.address()));
}
