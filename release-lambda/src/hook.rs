//! *hook*: tries a new version out with smoke requests before it gets traffic, or when it has all of it.
//!
//! It serves CodeDeploy's `BeforeAllowTraffic` and `AfterAllowTraffic` and a release's own hooks. CodeDeploy waits for a
//! call of `PutLifecycleEventHookExecutionStatus`
//! (<https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html>): it is made
//! whatever happens, wrong configuration and requests that never return included, and before Lambda ends the
//! invocation. A release takes the result: `{"status": "Succeeded" or "Failed", "reason": …}`.
//!
//! The variable `SMOKE` says what is tried out, as a list in JSON:
//!
//! ```json
//! [
//!   { "payload": { "ping": true }, "expect": { "contains": "pong" } },
//!   { "function": "client", "qualifier": "live", "payload": {}, "expect": { "status": 200 } },
//!   { "url": "https://staging.example.com/{version}/health", "headers": { "X-Try": "{version}" } }
//! ]
//! ```
//!
//! A request without `function` and `url` invokes the new version. `{function}`, `{alias}` and `{version}` stand for what
//! is released, in `function`, `qualifier`, `url` and `headers`. Without `expect` any status below 400 passes, and of a
//! function what [`onebox_release::hook_failure`] lets pass.

use std::process::ExitCode;

mod appspec;
mod occasion;
mod run;
mod smoke;

use occasion::Subject;

/// Serves invocations until Lambda ends the process.
pub fn run() -> ExitCode {
    crate::serve::run("hook", run::serve)
}
