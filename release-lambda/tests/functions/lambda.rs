//! Lambda, as a function's process sees it: the Runtime API.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::Value;
use tokio::{
    process::{Child, Command},
    sync::{Mutex, mpsc},
    time::timeout,
};

use crate::{
    clock::since_1970,
    http::{serve, text},
};

/// The function's ARN.
pub(crate) const ARN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:ours";

/// A function under way: its binary, and Lambda around it.
pub(crate) struct Function {
    events: mpsc::Sender<Invocation>,
    results: mpsc::Receiver<(bool, Value)>,
    _child: Child,
}

/// An event, and how long its invocation may take.
struct Invocation {
    event: Value,
    limit: Duration,
}

impl Function {
    /// Starts a binary as Lambda does.
    pub(crate) async fn start(binary: impl AsRef<Path>, variables: &[(&str, &str)]) -> Self {
        let (events, next) = mpsc::channel(1);
        let (told, results) = mpsc::channel(1);
        let next = Arc::new(Mutex::new(next));
        let address = serve(move |request| answer(request, Arc::clone(&next), told.clone())).await;
        let child = Command::new(binary.as_ref())
            .env_clear()
            .envs([
                ("AWS_LAMBDA_RUNTIME_API", address.to_string().as_str()),
                ("AWS_LAMBDA_FUNCTION_NAME", "ours"),
                ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
                ("AWS_REGION", "eu-west-1"),
                ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
                ("AWS_SECRET_ACCESS_KEY", "example"),
                ("AWS_SESSION_TOKEN", "example"),
            ])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self { events, results, _child: child }
    }

    /// Invokes it: its result, or its error.
    pub(crate) async fn invoke(&mut self, event: Value, limit: Duration) -> Result<Value, Value> {
        self.events.send(Invocation { event, limit }).await.unwrap();
        // Lambda would have ended it long ago.
        let (well, result) = timeout(limit + Duration::from_secs(60), self.results.recv())
            .await
            .expect("the function hangs")
            .expect("the Runtime API is gone");
        if well { Ok(result) } else { Err(result) }
    }
}

async fn answer(
    request: Request<Bytes>,
    next: Arc<Mutex<mpsc::Receiver<Invocation>>>,
    told: mpsc::Sender<(bool, Value)>,
) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if path.ends_with("/invocation/next") {
        let Some(invocation) = next.lock().await.recv().await else { return text(410, "") };
        return Response::builder()
            .header("Lambda-Runtime-Aws-Request-Id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
            .header("Lambda-Runtime-Deadline-Ms", (since_1970() + invocation.limit).as_millis().to_string())
            .header("Lambda-Runtime-Invoked-Function-Arn", ARN)
            .header(
                "Lambda-Runtime-Trace-Id",
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
            )
            .body(Full::from(invocation.event.to_string()))
            .unwrap();
    }
    let well = path.ends_with("/response");
    let result = serde_json::from_slice(request.body()).unwrap_or_default();
    // Who invoked it may have given up.
    let _ = told.send((well, result)).await;
    text(202, "")
}
