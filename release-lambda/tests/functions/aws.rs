//! AWS, as far as *bake* and *hook* ask it beside a release's calls, and the one who waits for their answers.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use ciborium::Value as Cbor;
use http::{Method, Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::http::{serve, text};

/// What was asked, and what is answered.
#[derive(Clone, Default)]
pub(crate) struct Aws {
    /// Where it is served.
    pub(crate) url: String,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
pub(crate) struct Shared {
    /// The states of `web-5xx` at every poll; the last one stays. `None`: CloudWatch refuses.
    pub(crate) alarm: VecDeque<Option<&'static str>>,
    /// The status of every stack.
    pub(crate) stack: &'static str,
    /// The AppSpec of every deployment.
    pub(crate) appspec: Option<String>,
    /// What an invoked function returns; `None`: it never does.
    pub(crate) returns: Option<Value>,
    /// Whether an invoked function fails.
    pub(crate) fails: bool,
    /// Whether the role may not invoke anything.
    pub(crate) denied: bool,
    /// The statuses with which an answer at `/answer` is received before 200.
    pub(crate) trouble: VecDeque<u16>,
    /// Every call: its operation, or its method and path, and what it carried.
    pub(crate) calls: Vec<(String, Value)>,
}

impl Aws {
    /// AWS with an alarm that is OK, and a stack that is updated.
    pub(crate) async fn start() -> Self {
        let mut aws = Self::default();
        let shared = Arc::clone(&aws.shared);
        let address = serve(move |request| answer(request, Arc::clone(&shared))).await;
        aws.url = format!("http://{address}");
        aws.with(|aws| {
            aws.alarm = VecDeque::from([Some("OK")]);
            aws.stack = "UPDATE_IN_PROGRESS";
        });
        aws
    }

    /// Looks at it, or changes it.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Shared) -> T) -> T {
        work(&mut self.shared.lock().unwrap())
    }

    /// What calls of an operation carried.
    pub(crate) fn carried(&self, operation: &str) -> Vec<Value> {
        self.with(|aws| {
            let calls = aws.calls.iter().filter(|(name, _)| name == operation);
            calls.map(|(_, carried)| carried.clone()).collect()
        })
    }
}

async fn answer(request: Request<Bytes>, shared: Arc<Mutex<Shared>>) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let json = serde_json::from_slice(request.body()).unwrap_or_default();
    let mut body = if path.contains("/service/") { cbor(request.body()) } else { json };
    let operation = match target.rsplit_once('.') {
        Some((_, operation)) => operation.to_owned(),
        None if path.contains("/operation/") => path.rsplit('/').next().unwrap().to_owned(),
        None if path.ends_with("/invocations") => {
            let kind = request.headers().get("x-amz-invocation-type").map(|kind| kind.to_str().unwrap());
            body = json!({ "path": request.uri().to_string(), "type": kind, "payload": body });
            "Invoke".to_owned()
        }
        None if path == "/" => {
            body = Value::from(String::from_utf8_lossy(request.body()).into_owned());
            "DescribeStacks".to_owned()
        }
        None => {
            let kind = request.headers().get("content-type").map(|kind| kind.to_str().unwrap());
            body = json!({ "type": kind, "body": body, "version": request.headers().get("x-version").map(|v| v.to_str().unwrap()) });
            format!("{} {path}", request.method())
        }
    };
    let (response, hangs) = {
        let mut shared = shared.lock().unwrap();
        shared.calls.push((operation.clone(), body));
        respond(&mut shared, &operation, request.method())
    };
    if hangs {
        sleep(Duration::from_secs(3_600)).await;
    }
    response
}

/// The response, and whether it never comes.
fn respond(aws: &mut Shared, operation: &str, method: &Method) -> (Response<Full<Bytes>>, bool) {
    let response = match operation {
        "DescribeAlarms" => describe_alarms(aws),
        "DescribeStacks" => text(
            200,
            format!(
                "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>shop</StackName>\
                 <CreationTime>2026-11-20T12:00:00Z</CreationTime><StackStatus>{}</StackStatus></member></Stacks>\
                 </DescribeStacksResult></DescribeStacksResponse>",
                aws.stack
            ),
        ),
        "Invoke" if aws.denied => {
            text(403, json!({ "__type": "AccessDeniedException", "Message": "not authorized" }).to_string())
        }
        "Invoke" => match &aws.returns {
            None => return (text(200, "null"), true),
            Some(returns) if aws.fails => {
                let mut response = text(200, returns.to_string());
                response.headers_mut().insert("x-amz-function-error", "Unhandled".parse().unwrap());
                response
            }
            Some(returns) => text(200, returns.to_string()),
        },
        "GetDeployment" => match &aws.appspec {
            Some(appspec) => {
                let revision = json!({ "revisionType": "AppSpecContent", "appSpecContent": { "content": appspec } });
                text(200, json!({ "deploymentInfo": { "revision": revision } }).to_string())
            }
            None => text(400, json!({ "__type": "DeploymentDoesNotExistException", "message": "no d-1" }).to_string()),
        },
        "PutLifecycleEventHookExecutionStatus" => match aws.trouble.pop_front() {
            Some(status) => {
                let kind = if status < 500 { "LifecycleEventAlreadyCompletedException" } else { "InternalFailure" };
                text(status, json!({ "__type": kind, "message": "as it was told" }).to_string())
            }
            None => text(200, json!({ "lifecycleEventHookExecutionId": "e-1" }).to_string()),
        },
        "PUT /answer" => text(aws.trouble.pop_front().unwrap_or(200), ""),
        "GET /hangs" => return (text(200, ""), true),
        "GET /gone" => text(410, "gone for good"),
        _ if method == Method::GET => text(200, "all is well"),
        other => text(500, format!("the fake knows no {other}")),
    };
    (response, false)
}

fn describe_alarms(aws: &mut Shared) -> Response<Full<Bytes>> {
    let state = if aws.alarm.len() > 1 { aws.alarm.pop_front().unwrap() } else { aws.alarm[0] };
    let word = |word: &str| Cbor::Text(word.to_owned());
    let mut alarms = Vec::new();
    let (status, answer) = match state {
        Some(state) => {
            if state != "absent" {
                alarms.push(Cbor::Map(vec![
                    (word("AlarmName"), word("web-5xx")),
                    (word("StateValue"), word(state)),
                    (word("StateReason"), word("1 datapoint was greater than 0")),
                ]));
            }
            (200, vec![(word("MetricAlarms"), Cbor::Array(alarms)), (word("CompositeAlarms"), Cbor::Array(vec![]))])
        }
        None => (400, vec![(word("__type"), word("AccessDenied")), (word("message"), word("not authorized"))]),
    };
    let mut body = Vec::new();
    ciborium::into_writer(&Cbor::Map(answer), &mut body).unwrap();
    Response::builder()
        .status(status)
        .header("smithy-protocol", "rpc-v2-cbor")
        .header("content-type", "application/cbor")
        .body(Full::from(body))
        .unwrap()
}

fn cbor(body: &[u8]) -> Value {
    let value: Cbor = ciborium::from_reader(body).unwrap();
    value.deserialized().unwrap()
}
