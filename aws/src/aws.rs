//! The clients, and which of them makes a call.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use aws_config::{Region, SdkConfig};
use jiff::Timestamp;
use onebox_release::{Answer, Call, CallError, DeploymentView, ErrorKind, Reply, plain_text};

use crate::{
    Budget, Calls,
    connect::{ConnectError, Options, clients, connect},
    error::{LONGEST, during},
};

/// AWS, as one account and region.
#[derive(Clone, Debug)]
pub struct Aws {
    pub(crate) lambda: aws_sdk_lambda::Client,
    /// For invocations: no part of the control plane, and long.
    pub(crate) hooks: aws_sdk_lambda::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    /// For making and removing alarms: it has a budget of its own.
    pub(crate) alarms: aws_sdk_cloudwatch::Client,
    pub(crate) codedeploy: aws_sdk_codedeploy::Client,
    #[cfg(feature = "functions")]
    pub(crate) cloudformation: aws_sdk_cloudformation::Client,
    pub(crate) region: String,
    pub(crate) expires: Option<Timestamp>,
    /// CloudWatch in other regions, as they are needed: the alarms of CloudFront are in us-east-1 only.
    pub(crate) elsewhere: Arc<Mutex<BTreeMap<String, aws_sdk_cloudwatch::Client>>>,
}

impl Aws {
    /// Finds the region and asks for credentials once; no service is called.
    ///
    /// # Errors
    ///
    /// When there is no region, or there are no credentials.
    pub async fn connect(options: &Options) -> Result<Self, ConnectError> {
        connect(options).await
    }

    /// The clients of a configuration that is loaded already: its credentials, region, endpoint and HTTP client, and our
    /// budget, retries and time-outs.
    #[must_use]
    pub fn with(config: &SdkConfig, budget: Budget) -> Self {
        clients(config, budget)
    }

    /// The region that is asked.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Until when the credentials are valid that there were when this was connected; `None` where that is not known.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// CloudWatch in a region; the same credentials, endpoint and budget.
    pub(crate) fn cloudwatch_in(&self, region: Option<&str>) -> aws_sdk_cloudwatch::Client {
        let Some(region) = region.filter(|region| *region != self.region) else { return self.cloudwatch.clone() };
        let mut elsewhere = self.elsewhere.lock().unwrap_or_else(PoisonError::into_inner);
        let client = elsewhere.entry(region.to_owned()).or_insert_with(|| {
            let config = self.cloudwatch.config().to_builder().region(Region::new(region.to_owned()));
            aws_sdk_cloudwatch::Client::from_conf(config.build())
        });
        client.clone()
    }

    /// Makes one call.
    ///
    /// # Errors
    ///
    /// When AWS refuses it, or does not answer: [`ErrorKind`] says what is known then.
    pub async fn call(&self, call: &Call) -> Answer {
        let answer = match call {
            Call::GetAlias { function, alias } => self.get_alias(function, alias).await,
            Call::UpdateAlias { function, alias, to, revision } => {
                self.update_alias(function, alias, to, revision).await
            }
            Call::CreateAlias { function, alias, version, description } => {
                self.create_alias(function, alias, version, description).await
            }
            Call::DeleteAlias { function, alias } => self.delete_alias(function, alias).await,
            Call::GetVersion { function, version } => self.get_version(function, version).await,
            Call::ListProvisionedConcurrency { function } => self.provisioned(function).await,
            Call::UpdateFunctionCode { function, zip, sha256 } => self.update_code(function, zip, sha256).await,
            Call::PublishVersion { function, sha256, revision } => {
                self.publish(function, sha256, revision.as_deref()).await
            }
            Call::Invoke { function, payload } => self.invoke(function, payload).await,
            Call::DescribeAlarms { names, region } => self.describe_alarms(names, region.as_deref()).await,
            Call::DescribeAlarmHistory { name, region, after } => {
                self.alarm_history(name, region.as_deref(), *after).await
            }
            Call::PutMetricAlarm(alarm) => self.put_alarm(alarm).await,
            Call::DeleteAlarms { names } => self.delete_alarms(names).await,
            Call::GetMetricData { of, from, to } => self.traffic(of, *from, *to).await,
            Call::CreateDeployment(deployment) => self.create_deployment(deployment).await,
            Call::GetDeployment { id } => self.get_deployment(id).await,
            Call::FindDeployment { application, group, description, from } => {
                self.find_deployment(application, group, description, *from).await
            }
            Call::StopDeployment { id } => self.stop_deployment(id).await,
            other => Err(CallError::new(
                ErrorKind::Invalid,
                format!("this onebox cannot call {}: update onebox", other.operation()),
            )),
        };
        answer.map(printable).map_err(|error| self.named(call, error))
    }

    /// An error with the call that it is about.
    fn named(&self, call: &Call, error: CallError) -> CallError {
        // Without an answer, a region that does not exist looks like a broken network.
        let place = match error.kind {
            ErrorKind::Unknown => format!(" in {}", region_of(call).unwrap_or(&self.region)),
            _ => String::new(),
        };
        during(&format!("{}{place}", call.operation()), CallError::new(error.kind, plain_text(&error.message, LONGEST)))
    }
}

/// The region of a call that goes elsewhere.
fn region_of(call: &Call) -> Option<&str> {
    match call {
        Call::DescribeAlarms { region, .. } | Call::DescribeAlarmHistory { region, .. } => region.as_deref(),
        _ => None,
    }
}

/// A reply whose texts come from outside, without what a terminal would obey.
fn printable(reply: Reply) -> Reply {
    let text = |text: &str| plain_text(text, LONGEST);
    match reply {
        Reply::Invoked(reason) => Reply::Invoked(reason.as_deref().map(text)),
        Reply::Deployment(view) => {
            Reply::Deployment(DeploymentView { reason: view.reason.as_deref().map(text), ..view })
        }
        reply => reply,
    }
}

impl Calls for Aws {
    async fn call(&self, call: &Call) -> Answer {
        Self::call(self, call).await
    }
}
