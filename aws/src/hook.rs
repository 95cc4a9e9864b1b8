//! Hooks: functions that say whether a version may have traffic.

use aws_sdk_lambda::{primitives::Blob, types::InvocationType};
use onebox_release::{Answer, CallError, ErrorKind, HookPayload, Reply};
use serde_json::Value;

use crate::{Aws, error::call_error};

/// The longest reason that is kept, in characters: journals are read by people.
const LONGEST: usize = 500;

impl Aws {
    pub(crate) async fn invoke(&self, function: &str, payload: &HookPayload) -> Answer {
        let payload = serde_json::to_vec(payload)
            .map_err(|error| CallError::new(ErrorKind::Invalid, format!("the hook's payload: {error}")))?;
        let invoke = self.hooks.invoke().function_name(function).invocation_type(InvocationType::RequestResponse);
        let answer = invoke.payload(Blob::new(payload)).send().await.map_err(call_error)?;
        let said = answer.payload.map(Blob::into_inner).unwrap_or_default();
        Ok(Reply::Invoked(failure(answer.function_error.as_deref(), &said)))
    }
}

/// Why a hook failed, if it did: it threw, or it returned `{"status": "Failed", "reason": …}`.
fn failure(thrown: Option<&str>, said: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(said).unwrap_or_default();
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    let reason = match (thrown, text("status")) {
        // `errorType` and `errorMessage` are what every runtime answers with:
        // <https://docs.aws.amazon.com/lambda/latest/dg/invocation-sync.html>
        (Some(thrown), _) => match (text("errorType"), text("errorMessage")) {
            (Some(kind), Some(message)) => format!("{kind}: {message}"),
            (None, Some(message)) => message.to_owned(),
            _ => format!("FunctionError {thrown}: {}", String::from_utf8_lossy(said)),
        },
        (None, Some("Failed")) => text("reason").unwrap_or("it gave no reason").to_owned(),
        (None, _) => return None,
    };
    Some(reason.chars().take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_passes_unless_it_throws_or_says_failed() {
        let table = [
            (None, "null", None),
            (None, "", None),
            (None, r#"{"status":"Succeeded"}"#, None),
            (None, r#"{"status":"Failed","reason":"no answer"}"#, Some("no answer")),
            (None, r#"{"status":"Failed"}"#, Some("it gave no reason")),
            (None, r#""Failed""#, None),
            (Some("Unhandled"), r#"{"errorType":"Error","errorMessage":"no"}"#, Some("Error: no")),
            (Some("Unhandled"), r#"{"errorMessage":"timed out"}"#, Some("timed out")),
            (Some("Unhandled"), "killed", Some("FunctionError Unhandled: killed")),
            (
                Some("Unhandled"),
                r#"{"status":"Succeeded"}"#,
                Some("FunctionError Unhandled: {\"status\":\"Succeeded\"}"),
            ),
        ];
        for (thrown, said, expected) in table {
            assert_eq!(failure(thrown, said.as_bytes()).as_deref(), expected, "{thrown:?} {said}");
        }
    }

    #[test]
    fn a_reason_is_as_long_as_a_person_reads() {
        let said = format!(r#"{{"status":"Failed","reason":"{}"}}"#, "ä".repeat(10_000));
        assert_eq!(failure(None, said.as_bytes()).unwrap().chars().count(), LONGEST);
    }
}
