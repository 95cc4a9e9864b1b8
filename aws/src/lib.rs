//! Performs what a release wants with the AWS SDK: one call in, one answer out.
//!
//! Nothing is decided here. An error says what is known about the change, refused or perhaps applied, and the machine in
//! `onebox-release` goes on from there.
//!
//! ```no_run
//! use onebox_aws::{Aws, Options};
//! use onebox_release::Call;
//!
//! # async fn run() -> Result<(), onebox_aws::ConnectError> {
//! let aws = Aws::connect(&Options { profile: Some("shop".into()), ..Options::default() }).await?;
//! let answer = aws.call(&Call::GetAlias { function: "orders".into(), alias: "live".into() }).await;
//! # drop(answer);
//! # Ok(())
//! # }
//! ```
//!
//! # Whose credentials, which region, which endpoint
//!
//! As the AWS CLI finds them. Credentials, the first that there are: a profile that was named in [`Options`];
//! `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`; the profile of `AWS_PROFILE` or `default` in
//! `~/.aws/config` and `~/.aws/credentials`, with `source_profile`, `role_arn`, `web_identity_token_file`, and, with the feature `sso`, which
//! is on unless it is switched off, IAM Identity Center (`aws sso login`) and `credential_process`;
//! `AWS_WEB_IDENTITY_TOKEN_FILE`; the role of an ECS task or a Lambda function; the role of an EC2 instance. Region:
//! [`Options`], `AWS_REGION`, `AWS_DEFAULT_REGION`, the profile's, EC2's. Endpoint: [`Options`],
//! `AWS_ENDPOINT_URL_LAMBDA` (`_CLOUDWATCH`, `_CODEDEPLOY`), `AWS_ENDPOINT_URL`, the profile's `endpoint_url`. Proxies:
//! `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`. Certificates: the system's. Not supported: `mfa_serial`, `aws login`,
//! `AWS_CA_BUNDLE`.
//!
//! # Budget and retries
//!
//! Every attempt counts against a [`Budget`]: for Lambda's control plane 10 calls a second and 5 at once unless
//! [`Options`] says otherwise; CloudWatch has one for what it is asked and one for alarms that are made and removed,
//! CodeDeploy has one. What is throttled, broken or lost is tried up to 5 times in all, after pauses that double and are
//! cut short by chance; `CreateDeployment` and the invocation of a hook once only.
//!
//! # Bounds
//!
//! An answer has at most 1 MiB and 15 seconds, from the request to its last byte, and all answers that are being read
//! have 16 MiB together. A call has 3 minutes with all its attempts, the upload of code 15, the invocation of a hook
//! fifteen and a half. Connections are kept alive (`SO_KEEPALIVE`, every 60 seconds): while a hook runs its connection is
//! silent, and a NAT gateway would forget it after 350 seconds
//! (<https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html>).

#![forbid(unsafe_code)]

mod adopt;
mod alarms;
mod alias;
mod appspec;
mod aws;
mod bounded;
mod budget;
mod codedeploy;
mod connect;
mod error;
#[cfg(feature = "functions")]
mod functions;
mod hook;
mod lambda;
mod metrics;

pub use alias::{AliasSet, is_moving};
pub use aws::Aws;
pub use budget::Budget;
pub use connect::{ConnectError, Options};
pub use error::ERROR_CODES;
pub use onebox_driver::{Calls, Performed, perform};
