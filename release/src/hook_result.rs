//! What the result of a hook means. It passes only where it says so: whatever cannot be read as success is a failure.

use serde_json::Value;

use crate::text::plain_text;

/// The longest reason that is kept, in characters: journals are read by people.
const LONGEST: usize = 500;

/// What a hook may return, for people.
const EXPECTED: &str = r#"expected null, {}, {"status": "Succeeded"} or another explicit success"#;

/// Why a hook failed, given the `FunctionError` of `Invoke` and what was returned; `None` where it passed.
///
/// | returned | |
/// |---|---|
/// | nothing, `null`, `{}` | passed |
/// | `{"status": "Succeeded"}`, in upper or lower case, with other members or without; `"Succeeded"`; `true` | passed |
/// | `{"statusCode": 200}` and every other 2xx, as behind a function URL; a `body` that says otherwise (`false`, `"Failed"`, a `status`, an `error`) contradicts, and so does one in base64 | passed |
/// | anything else, a member that contradicts, a `FunctionError`, and what is no JSON | failed |
///
/// The reason is `reason` or `errorMessage` where there is one, else what was returned: without control characters, and at
/// most 500 characters long.
///
/// ```
/// use onebox_release::hook_failure;
///
/// assert_eq!(hook_failure(None, br#"{"status": "Succeeded"}"#), None);
/// assert_eq!(hook_failure(None, br#"{"status": "Failed", "reason": "no answer"}"#).as_deref(), Some("no answer"));
/// assert!(hook_failure(None, b"false").is_some());
/// ```
#[must_use]
pub fn hook_failure(function_error: Option<&str>, returned: &[u8]) -> Option<String> {
    let value = match returned {
        [] => Ok(Value::Null),
        returned => serde_json::from_slice::<Value>(returned),
    };
    let shown = || String::from_utf8_lossy(returned).into_owned();
    let reason = match (function_error, &value) {
        (Some(thrown), Ok(value)) => {
            thrown_reason(value).unwrap_or_else(|| format!("FunctionError {thrown}: {}", shown()))
        }
        (Some(thrown), Err(_)) => format!("FunctionError {thrown}: {}", shown()),
        (None, Ok(value)) if is_success(value) => return None,
        (None, Ok(value)) => match text(value, "reason").or_else(|| text(value, "errorMessage")) {
            Some(reason) if !reason.trim().is_empty() => reason.to_owned(),
            _ => format!("{EXPECTED}, got {}", shown()),
        },
        (None, Err(_)) => format!("{EXPECTED}, got what is no JSON: {}", shown()),
    };
    Some(plain_text(&reason, LONGEST))
}

/// `errorType` and `errorMessage` are what every runtime answers with:
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-sync.html>
fn thrown_reason(value: &Value) -> Option<String> {
    match (text(value, "errorType"), text(value, "errorMessage")) {
        (Some(kind), Some(message)) => Some(format!("{kind}: {message}")),
        (None, Some(message)) => Some(message.to_owned()),
        _ => None,
    }
}

fn text<'v>(value: &'v Value, member: &str) -> Option<&'v str> {
    value.get(member).and_then(Value::as_str)
}

fn is_success(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(true) => true,
        Value::String(status) => is_succeeded(status),
        Value::Object(members) if members.is_empty() => true,
        Value::Object(members) => {
            let status = members.get("status").map(|status| status.as_str().is_some_and(is_succeeded));
            let code =
                members.get("statusCode").map(|code| code.as_u64().is_some_and(|code| (200..300).contains(&code)));
            let thrown = contradicts(members);
            // One that says success, and none that says otherwise.
            !thrown
                && status.or(code).is_some()
                && status != Some(false)
                && code != Some(false)
                && !has_failed_body(value)
        }
        _ => false,
    }
}

/// Whether a member says that something failed, whatever another one says.
fn contradicts(members: &serde_json::Map<String, Value>) -> bool {
    members.iter().any(|(name, value)| match name.to_ascii_lowercase().as_str() {
        "errormessage" | "errortype" => true,
        "error" | "errors" => !matches!(value, Value::Null | Value::Bool(false)) && !is_empty(value),
        "success" | "succeeded" | "ok" | "passed" | "healthy" => *value == Value::Bool(false),
        _ => false,
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Number(number) => number.as_u64() == Some(0),
        _ => false,
    }
}

/// Whether a body, as a function URL wraps it, says that something failed. A text for people says nothing.
fn has_failed_body(value: &Value) -> bool {
    // What cannot be read here may say anything.
    if value.get("isBase64Encoded") == Some(&Value::Bool(true)) && value.get("body").is_some() {
        return true;
    }
    match value.get("body") {
        None => false,
        Some(Value::String(body)) => match serde_json::from_str(body) {
            Ok(body) => says_failed(&body),
            Err(_) => is_failed(body),
        },
        Some(body) => says_failed(body),
    }
}

fn says_failed(body: &Value) -> bool {
    match body {
        Value::Bool(passed) => !passed,
        Value::String(text) => is_failed(text),
        Value::Array(items) => items.iter().any(says_failed),
        Value::Object(members) => {
            let speaks = |(name, _): (&String, &Value)| matches!(&*name.to_ascii_lowercase(), "status" | "statuscode");
            contradicts(members) || (members.iter().any(speaks) && !is_success(body))
        }
        Value::Null | Value::Number(_) => false,
    }
}

/// Whether a text is a word for failure, alone.
fn is_failed(text: &str) -> bool {
    let word = text.trim().to_ascii_lowercase();
    matches!(word.as_str(), "failed" | "failure" | "fail" | "error" | "false" | "unhealthy" | "not ok")
}

/// CodeDeploy's word for it: <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html>
fn is_succeeded(status: &str) -> bool {
    status.eq_ignore_ascii_case("Succeeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_passes_only_where_it_says_so() {
        for returned in [
            "",
            "null",
            " null\n",
            "{}",
            "true",
            r#""Succeeded""#,
            r#"{"status":"Succeeded"}"#,
            r#"{"status":"succeeded","reason":"3 smoke requests passed"}"#,
            r#"{"statusCode":200,"body":"fine"}"#,
            r#"{"statusCode":204}"#,
            r#"{"statusCode":200,"body":"{\"status\":\"Succeeded\"}"}"#,
            r#"{"statusCode":200,"body":"{\"message\":\"hello\"}"}"#,
            r#"{"statusCode":200,"body":"3 requests, none failed"}"#,
            r#"{"status":"Succeeded","errors":[],"error":null,"success":true}"#,
        ] {
            assert_eq!(hook_failure(None, returned.as_bytes()), None, "{returned}");
        }
    }

    #[test]
    fn anything_else_fails_with_what_was_returned() {
        for returned in [
            "false",
            "0",
            "1",
            "[]",
            r#""""#,
            r#""Failed""#,
            r#""ok""#,
            r#"{"status":"Failed"}"#,
            r#"{"status":"failed"}"#,
            r#"{"status":"InProgress"}"#,
            r#"{"status":"Succeeded "}"#,
            r#"{"status":null}"#,
            r#"{"status":true}"#,
            r#"{"Status":"Succeeded"}"#,
            r#"{"statusCode":500}"#,
            r#"{"statusCode":404,"body":"gone"}"#,
            r#"{"statusCode":302}"#,
            r#"{"statusCode":"200"}"#,
            r#"{"statusCode":200.5}"#,
            r#"{"status":"Succeeded","statusCode":500}"#,
            r#"{"status":"Failed","statusCode":200}"#,
            r#"{"statusCode":200,"body":"{\"status\":\"Failed\"}"}"#,
            r#"{"statusCode":200,"body":{"statusCode":500}}"#,
            r#"{"statusCode":200,"body":"Failed"}"#,
            r#"{"statusCode":200,"body":"false"}"#,
            r#"{"statusCode":200,"body":false}"#,
            r#"{"statusCode":200,"body":[{"status":"Failed"}]}"#,
            r#"{"statusCode":200,"body":"{\"ok\":false}"}"#,
            r#"{"statusCode":200,"body":{"success":false}}"#,
            r#"{"statusCode":200,"body":{"error":"boom"}}"#,
            r#"{"statusCode":200,"body":{"Status":"Failed"}}"#,
            r#"{"statusCode":200,"isBase64Encoded":true,"body":"eyJzdGF0dXMiOiJGYWlsZWQifQ=="}"#,
            r#"{"status":"Succeeded","error":"boom"}"#,
            r#"{"status":"Succeeded","success":false}"#,
            r#"{"status":"Succeeded","errorType":"Error"}"#,
            r#"{"ok":false}"#,
            r#"{"passed":true}"#,
            "Succeeded",
            "{",
            "<html>",
        ] {
            let reason = hook_failure(None, returned.as_bytes()).unwrap_or_else(|| panic!("{returned} passed"));
            assert!(reason.contains(returned) && reason.contains("expected null, {}"), "{returned}: {reason}");
        }
    }

    #[test]
    fn a_reason_that_was_given_is_the_reason() {
        let table = [
            (None, r#"{"status":"Failed","reason":"no answer"}"#, "no answer"),
            (None, r#"{"errorType":"Error","errorMessage":"caught"}"#, "caught"),
            (Some("Unhandled"), r#"{"errorType":"Error","errorMessage":"no"}"#, "Error: no"),
            (Some("Unhandled"), r#"{"errorMessage":"timed out"}"#, "timed out"),
            (Some("Unhandled"), "killed", "FunctionError Unhandled: killed"),
            (Some("Unhandled"), "null", "FunctionError Unhandled: null"),
            (Some("Handled"), r#"{"status":"Succeeded"}"#, "FunctionError Handled: {\"status\":\"Succeeded\"}"),
            (None, "{\"status\":\"Failed\",\"reason\":\"\\u001b[31mred\\nline\"}", "[31mred line"),
        ];
        for (thrown, returned, expected) in table {
            assert_eq!(hook_failure(thrown, returned.as_bytes()).as_deref(), Some(expected), "{thrown:?} {returned}");
        }
    }

    #[test]
    fn a_reason_is_as_long_as_a_person_reads() {
        let returned = format!(r#"{{"status":"Failed","reason":"{}"}}"#, "ä".repeat(10_000));
        assert_eq!(hook_failure(None, returned.as_bytes()).map(|reason| reason.chars().count()), Some(LONGEST));
        assert!(hook_failure(None, &[0xff; 10_000]).is_some_and(|reason| reason.chars().count() <= LONGEST));
    }
}
