//! Why a hook is called, and what for.

use aws_lambda_events::codedeploy::CodeDeployLifecycleEvent;
use onebox_release::HookPayload;
use serde_json::Value;

/// Who calls a hook.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Occasion {
    /// CodeDeploy: it says only what to answer, and wants the answer in a call.
    CodeDeploy(CodeDeployLifecycleEvent),
    /// A release of our own: it says what moves, and takes the function's result for the answer.
    Release(HookPayload),
}

impl Occasion {
    /// Recognises an event.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub(crate) fn of(event: &Value) -> Result<Self, String> {
        if event.get("LifecycleEventHookExecutionId").is_some() {
            let read = serde_json::from_value(event.clone());
            return read.map(Self::CodeDeploy).map_err(|error| format!("expected an event of CodeDeploy: {error}"));
        }
        let read = serde_json::from_value(event.clone());
        read.map(Self::Release).map_err(|error| {
            format!(
                "expected an event of CodeDeploy (DeploymentId, LifecycleEventHookExecutionId) or of a release (release, \
                 function, alias, version, when): {error}"
            )
        })
    }
}

/// What is tried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The function.
    pub(crate) function: String,
    /// Its alias.
    pub(crate) alias: String,
    /// The new version.
    pub(crate) version: String,
}

impl Subject {
    /// A text with the subject in the places that are held for it.
    pub(crate) fn fill(&self, text: &str) -> String {
        text.replace("{function}", &self.function).replace("{alias}", &self.alias).replace("{version}", &self.version)
    }
}

impl From<&HookPayload> for Subject {
    fn from(payload: &HookPayload) -> Self {
        Self { function: payload.function.clone(), alias: payload.alias.clone(), version: payload.version.clone() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_callers_are_recognised() {
        let event = json!({ "DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1" });
        assert!(matches!(Occasion::of(&event), Ok(Occasion::CodeDeploy(event)) if event.deployment_id == "d-1"));
        let event =
            json!({ "release": "web-1", "function": "orders", "alias": "live", "version": "7", "when": "before" });
        let Ok(Occasion::Release(payload)) = Occasion::of(&event) else { panic!("expected a release") };
        let subject = Subject::from(&payload);
        assert_eq!(subject.fill("{function}:{version} is not {alias} {other}"), "orders:7 is not live {other}");
    }

    #[test]
    fn anything_else_is_told_what_was_expected() {
        for event in [json!(null), json!({}), json!({ "function": "orders" })] {
            let problem = Occasion::of(&event).unwrap_err();
            assert!(problem.contains("LifecycleEventHookExecutionId") && problem.contains("alias"), "{problem}");
        }
        let problem = Occasion::of(&json!({ "LifecycleEventHookExecutionId": 7 })).unwrap_err();
        assert!(problem.starts_with("expected an event of CodeDeploy"), "{problem}");
    }
}
