//! A function on `lambda_runtime`: one thread, one invocation after the other.

use std::{env, future::Future, process::ExitCode};

use jiff::Timestamp;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

use crate::clock::from_unix_millis;

/// One invocation.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// The event.
    pub(crate) event: Value,
    /// When Lambda ends it.
    pub(crate) deadline: Timestamp,
    /// The function that was invoked: its ARN, with a qualifier if it was invoked by one.
    pub(crate) function: String,
}

/// Why an invocation failed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failed {
    /// What Step Functions and others tell failures apart by.
    pub(crate) kind: &'static str,
    /// A sentence.
    pub(crate) message: String,
}

impl Failed {
    /// A failure of this kind.
    pub(crate) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl From<String> for Failed {
    fn from(message: String) -> Self {
        Self::new("Onebox.Failed", message)
    }
}

/// Serves invocations until Lambda ends the process; the whole of a function's `main`.
pub(crate) fn run<W, E>(name: &str, work: impl Fn(Invocation) -> W) -> ExitCode
where
    W: Future<Output = Result<Value, E>>,
    E: Into<Failed>,
{
    if env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        eprintln!("onebox: {name}: this runs in AWS Lambda only; deploy/release.yaml brings it there");
        return ExitCode::from(64);
    }
    let serve_one = |event: LambdaEvent<Value>| {
        let invocation = Invocation {
            event: event.payload,
            deadline: from_unix_millis(event.context.deadline),
            function: event.context.invoked_function_arn,
        };
        let work = work(invocation);
        async move {
            work.await.map_err(|failed| {
                let failed: Failed = failed.into();
                eprintln!("onebox: {name}: {failed}");
                Diagnostic { error_type: failed.kind.to_owned(), error_message: failed.message }
            })
        }
    };
    let served =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(lambda_runtime::Error::from);
    match served.and_then(|runtime| runtime.block_on(lambda_runtime::run(service_fn(serve_one)))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onebox: {name}: {error}");
            ExitCode::from(2)
        }
    }
}
