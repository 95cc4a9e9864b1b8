//! A release in the cloud, on nobody's machine: three small Lambda functions for `provided.al2023`.
//!
//! - [`bake`]: a CloudFormation custom resource that waits with alarms armed and fails the update when one fires.
//! - [`hook`]: smoke requests against a new version, for CodeDeploy's hooks and a release's own.
//! - [`tick`]: one step of a release, for a Step Functions state machine.
//!
//! Each decides in a pure part and asks and tells at its rim. `deploy/release.yaml` puts them into an account.

#![forbid(unsafe_code)]

mod clock;
mod guard;
mod https;
mod serve;

pub mod bake;
pub mod hook;
pub mod tick;
