//! The clients, and which of them makes a call.

use aws_config::SdkConfig;
use onebox_release::{Answer, Call, CallError, ErrorKind};

use crate::{
    Budget, Calls,
    connect::{ConnectError, Options, clients, connect},
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
    pub(crate) region: String,
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
            Call::GetVersion { function, version } => self.get_version(function, version).await,
            Call::UpdateFunctionCode { function, zip, sha256 } => self.update_code(function, zip, sha256).await,
            Call::PublishVersion { function, sha256 } => self.publish(function, sha256).await,
            Call::Invoke { function, payload } => self.invoke(function, payload).await,
            Call::DescribeAlarms { names } => self.describe_alarms(names).await,
            Call::PutMetricAlarm(alarm) => self.put_alarm(alarm).await,
            Call::DeleteAlarms { names } => self.delete_alarms(names).await,
            Call::GetMetricData { of, from, to } => self.traffic(of, *from, *to).await,
            Call::CreateDeployment(deployment) => self.create_deployment(deployment).await,
            Call::GetDeployment { id } => self.get_deployment(id).await,
            Call::FindDeployment { application, group, description } => {
                self.find_deployment(application, group, description).await
            }
            Call::StopDeployment { id } => self.stop_deployment(id).await,
            other => Err(CallError::new(
                ErrorKind::Invalid,
                format!("this onebox cannot call {}: update onebox", other.operation()),
            )),
        };
        answer.map_err(|error| self.named(call, error))
    }

    /// An error with the call that it is about.
    fn named(&self, call: &Call, error: CallError) -> CallError {
        // Without an answer, a region that does not exist looks like a broken network.
        let place = match error.kind {
            ErrorKind::Unknown => format!(" in {}", self.region),
            _ => String::new(),
        };
        CallError::new(error.kind, format!("{}{place}: {}", call.operation(), error.message))
    }
}

impl Calls for Aws {
    async fn call(&self, call: &Call) -> Answer {
        Self::call(self, call).await
    }
}
