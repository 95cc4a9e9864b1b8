//! Hooks: functions that say whether a version may have traffic.

use aws_sdk_lambda::{primitives::Blob, types::InvocationType};
use onebox_release::{Answer, CallError, ErrorKind, HookPayload, Reply, hook_failure};

use crate::{Aws, error::call_error};

impl Aws {
    /// Invokes a hook once. The release machine decides whether it is invoked again.
    pub(crate) async fn invoke(&self, function: &str, payload: &HookPayload) -> Answer {
        let payload = serde_json::to_vec(payload)
            .map_err(|error| CallError::new(ErrorKind::Invalid, format!("the hook's payload: {error}")))?;
        let invoke = self.hooks.invoke().function_name(function).invocation_type(InvocationType::RequestResponse);
        let answer = invoke.payload(Blob::new(payload)).send().await.map_err(call_error)?;
        let returned = answer.payload.map(Blob::into_inner).unwrap_or_default();
        Ok(Reply::Invoked(hook_failure(answer.function_error.as_deref(), &returned)))
    }
}
