//! What the functions of `onebox-release-lambda` ask beside a release's own calls.

use std::time::Duration;

use aws_sdk_codedeploy::types::LifecycleEventStatus;
use aws_sdk_lambda::{
    config::{Config, retry::RetryConfig},
    primitives::Blob,
    types::InvocationType,
};
use onebox_release::{CallError, ErrorKind, plain_text};

use crate::{
    Aws,
    connect::quick_timeouts,
    error::{call_error, during},
};

/// How long an invocation that is not waited for may take to be accepted: a bake has little time left when it hands
/// itself over.
const HANDED_OVER: Duration = Duration::from_secs(3);

/// How much of what a function that failed returned is kept, in characters.
const LONGEST: usize = 500;

impl Aws {
    /// `Invoke` of a function that is not waited for, at most three times.
    ///
    /// # Errors
    ///
    /// When AWS refuses it, or does not answer.
    pub async fn invoke_later(&self, function: &str, event: &serde_json::Value) -> Result<(), CallError> {
        let quick = Config::builder().timeout_config(quick_timeouts(HANDED_OVER));
        let quick = quick.retry_config(RetryConfig::standard().with_max_attempts(3));
        let invoke = self.hooks.invoke().function_name(function).invocation_type(InvocationType::Event);
        let sent = invoke.payload(Blob::new(event.to_string())).customize().config_override(quick).send().await;
        sent.map(drop).map_err(|error| during("Invoke", call_error(error)))
    }

    /// `Invoke` of a version of a function, once, and what it returned: it may have done something.
    ///
    /// # Errors
    ///
    /// When AWS refuses it or does not answer, and with [`ErrorKind::Invalid`] when the function failed.
    pub async fn invoke_version(
        &self,
        function: &str,
        qualifier: &str,
        payload: &serde_json::Value,
    ) -> Result<String, CallError> {
        let invoke = self.hooks.invoke().function_name(function).qualifier(qualifier);
        let sent = invoke.payload(Blob::new(payload.to_string())).send().await;
        let answer = sent.map_err(|error| during("Invoke", call_error(error)))?;
        let returned = answer.payload.map(Blob::into_inner).unwrap_or_default();
        let returned = String::from_utf8_lossy(&returned).into_owned();
        match answer.function_error {
            None => Ok(returned),
            Some(_) => {
                let shown = plain_text(&returned, LONGEST);
                Err(CallError::new(ErrorKind::Invalid, format!("the function failed: {shown}")))
            }
        }
    }

    /// The status of a CloudFormation stack, such as `UPDATE_IN_PROGRESS`: `DescribeStacks`.
    ///
    /// # Errors
    ///
    /// When AWS refuses it or does not answer, and with [`ErrorKind::NotFound`] when there is no such stack.
    pub async fn stack_status(&self, stack: &str) -> Result<String, CallError> {
        let sent = self.cloudformation.describe_stacks().stack_name(stack).send().await;
        let answer = sent.map_err(|error| during("DescribeStacks", call_error(error)))?;
        let status = answer.stacks().first().and_then(|stack| stack.stack_status());
        let none = || CallError::new(ErrorKind::NotFound, "DescribeStacks: no such stack");
        status.map(|status| status.as_str().to_owned()).ok_or_else(none)
    }

    /// The AppSpec of a deployment of CodeDeploy: `GetDeployment`.
    ///
    /// # Errors
    ///
    /// When AWS refuses it or does not answer, and with [`ErrorKind::Invalid`] when it does not show the AppSpec, as it does
    /// not for one in S3.
    pub async fn deployment_appspec(&self, deployment: &str) -> Result<String, CallError> {
        let sent = self.codedeploy.get_deployment().deployment_id(deployment).send().await;
        let answer = sent.map_err(|error| during("GetDeployment", call_error(error)))?;
        let revision = answer.deployment_info.and_then(|deployment| deployment.revision);
        let content = revision.and_then(|revision| {
            #[expect(deprecated, reason = "what was deployed with the older kind of revision still shows it")]
            let older = revision.string.and_then(|string| string.content);
            revision.app_spec_content.and_then(|appspec| appspec.content).or(older)
        });
        let hidden =
            || CallError::new(ErrorKind::Invalid, format!("GetDeployment: {deployment} does not show its AppSpec"));
        content.ok_or_else(hidden)
    }

    /// `PutLifecycleEventHookExecutionStatus`: how a hook of CodeDeploy went. What is known already is as good as told.
    ///
    /// # Errors
    ///
    /// When AWS refuses it, or does not answer.
    pub async fn put_hook_status(&self, deployment: &str, execution: &str, passed: bool) -> Result<(), CallError> {
        let status = if passed { LifecycleEventStatus::Succeeded } else { LifecycleEventStatus::Failed };
        let put = self.codedeploy.put_lifecycle_event_hook_execution_status();
        let put = put.deployment_id(deployment).lifecycle_event_hook_execution_id(execution).status(status);
        match put.send().await {
            Err(error)
                if !error
                    .as_service_error()
                    .is_some_and(|error| error.is_lifecycle_event_already_completed_exception()) =>
            {
                Err(during("PutLifecycleEventHookExecutionStatus", call_error(error)))
            }
            _ => Ok(()),
        }
    }
}
