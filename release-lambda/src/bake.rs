//! *bake*: a CloudFormation custom resource that takes its time while alarms are armed.
//!
//! Between two resources of a stack it watches alarms for a while. One that fires fails the resource, and CloudFormation
//! rolls the stack back. An alarm that says nothing (`INSUFFICIENT_DATA`, unreadable, removed) holds the bake until
//! shortly before CloudFormation stops waiting; then it fails as *not proven*, never as healthy.
//!
//! A Lambda function ends after 15 minutes at the latest. Before that, the bake invokes the same function once more,
//! asynchronously, with the same event and what it [carries](Watch), and goes on there. CloudFormation waits an hour at
//! most for a custom resource, so a bake takes 55 minutes at most.
//!
//! Every request is answered: malformed ones and panics with `FAILED` and a sentence. `Delete` is answered at once. An
//! `Update` bakes again, except while the stack is being rolled back. The physical id never changes.
//!
//! | property | what it says |
//! |---|---|
//! | `Duration` | how long: `"30m"` |
//! | `Alarms` | the names of alarms, 1 to 100 |
//! | `IgnoreAlarms` | a list of `{"Alarm": name, "Because": reason}`: these are not looked at |
//! | `PollSeconds` | how often alarms are read: 1 to 300, by default 10 |
//! | `Release` | anything that changes with a release: CloudFormation updates only what changed |

use std::process::ExitCode;

mod properties;
mod request;
mod run;
mod watch;

pub use properties::Properties;
pub use watch::{Action, Input, Watch};

/// Serves invocations until Lambda ends the process.
pub fn run() -> ExitCode {
    crate::serve::run("bake", run::serve)
}
