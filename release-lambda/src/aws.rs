//! What the functions ask of AWS beside a release's own calls, with the AWS SDK.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_codedeploy::types::LifecycleEventStatus;
use aws_sdk_lambda::{
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::InvocationType,
};
use aws_smithy_http_client::tls;
use serde_json::Value;

use crate::https::chain;

/// How long one try of a call may take.
const TRY: Duration = Duration::from_secs(10);

/// The same for a function that is not waited for: a bake has little time left when it hands itself over.
const QUICK_TRY: Duration = Duration::from_secs(3);

/// How often a call is tried.
const TRIES: u32 = 4;

/// AWS, as a function's role may use it.
pub(crate) struct Cloud {
    config: SdkConfig,
}

impl Cloud {
    /// AWS, in this function's region and with its role; nothing is sent yet.
    pub(crate) async fn connect() -> Self {
        let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        let http = aws_smithy_http_client::Builder::new().tls_provider(ring).build_https();
        let timeouts = TimeoutConfig::builder().connect_timeout(TRY / 2).operation_attempt_timeout(TRY).build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
            .timeout_config(timeouts);
        Self { config: config.load().await }
    }

    /// Invokes a function and does not wait for it.
    pub(crate) async fn invoke_later(&self, function: &str, event: &Value) -> Result<(), String> {
        let quick = aws_sdk_lambda::config::Builder::from(&self.config)
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(QUICK_TRY).build())
            .build();
        let call = aws_sdk_lambda::Client::from_conf(quick)
            .invoke()
            .function_name(function)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(event.to_string()));
        call.send().await.map(drop).map_err(|error| sentence("Invoke", &error))
    }

    /// Invokes a version of a function and waits for its result. It is not repeated: it may have done something.
    pub(crate) async fn invoke(&self, function: &str, qualifier: &str, payload: &Value) -> Result<String, String> {
        let once = aws_sdk_lambda::config::Builder::from(&self.config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(TRY / 2).build())
            .build();
        let call = aws_sdk_lambda::Client::from_conf(once)
            .invoke()
            .function_name(function)
            .qualifier(qualifier)
            .payload(Blob::new(payload.to_string()));
        let output = call.send().await.map_err(|error| sentence("Invoke", &error))?;
        let returned = output.payload.map(Blob::into_inner).unwrap_or_default();
        let returned = String::from_utf8_lossy(&returned).into_owned();
        match output.function_error {
            None => Ok(returned),
            Some(_) => Err(format!("the function failed: {}", returned.chars().take(500).collect::<String>())),
        }
    }

    /// The status of a CloudFormation stack, such as `UPDATE_IN_PROGRESS`.
    pub(crate) async fn stack_status(&self, stack: &str) -> Result<String, String> {
        let call = aws_sdk_cloudformation::Client::new(&self.config).describe_stacks().stack_name(stack);
        let output = call.send().await.map_err(|error| sentence("DescribeStacks", &error))?;
        let status = output.stacks.unwrap_or_default().first().and_then(|stack| stack.stack_status.clone());
        status.map(|status| status.as_str().to_owned()).ok_or_else(|| "DescribeStacks: no such stack".to_owned())
    }

    /// The AppSpec of a deployment of CodeDeploy.
    pub(crate) async fn appspec(&self, deployment: &str) -> Result<String, String> {
        let call = aws_sdk_codedeploy::Client::new(&self.config).get_deployment().deployment_id(deployment);
        let output = call.send().await.map_err(|error| sentence("GetDeployment", &error))?;
        let revision = output.deployment_info.and_then(|deployment| deployment.revision);
        let content = revision.and_then(|revision| {
            #[expect(deprecated, reason = "what was deployed with the older kind of revision still shows it")]
            let older = revision.string.and_then(|string| string.content);
            revision.app_spec_content.and_then(|appspec| appspec.content).or(older)
        });
        content.ok_or_else(|| {
            format!(
                "GetDeployment: {deployment} does not show its AppSpec, as one in S3 does not: name function and qualifier \
                 in every smoke request"
            )
        })
    }

    /// Tells CodeDeploy how a hook went. Told before is as good as told.
    pub(crate) async fn put_status(&self, deployment: &str, execution: &str, passed: bool) -> Result<(), String> {
        let status = if passed { LifecycleEventStatus::Succeeded } else { LifecycleEventStatus::Failed };
        let call = aws_sdk_codedeploy::Client::new(&self.config)
            .put_lifecycle_event_hook_execution_status()
            .deployment_id(deployment)
            .lifecycle_event_hook_execution_id(execution)
            .status(status);
        match call.send().await {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(|error| error.is_lifecycle_event_already_completed_exception()) =>
            {
                Err(sentence("PutLifecycleEventHookExecutionStatus", &error))
            }
            _ => Ok(()),
        }
    }
}

/// What AWS said, in its own words; or why it said nothing.
fn sentence<E, R>(call: &str, error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{call}: {code}: {message}"),
        (Some(code), None) => format!("{call}: {code}"),
        _ => format!("{call}: {}", chain(error)),
    }
}
