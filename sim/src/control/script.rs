//! What functions answer when they are invoked: as a test, or a person, told them to.

use onebox_release::hook_failure;
use serde_json::{Value, json};

/// What a function does when it is invoked.
#[derive(Clone, Debug, PartialEq)]
pub enum Script {
    /// It returns this.
    Returns(Value),
    /// It throws: the answer says `FunctionError`.
    Throws(String),
    /// As a hook of CodeDeploy's it says nothing until `PutLifecycleEventHookExecutionStatus`; invoked, it returns null.
    Waits,
}

impl Script {
    /// A hook that passes.
    #[must_use]
    pub fn passes() -> Self {
        Self::Returns(json!({ "status": "Succeeded" }))
    }

    /// A hook that fails, and says why.
    #[must_use]
    pub fn fails(reason: &str) -> Self {
        Self::Returns(json!({ "status": "Failed", "reason": reason }))
    }

    /// Why it fails as a hook, if it does.
    pub(crate) fn failure(&self) -> Option<String> {
        match self {
            Self::Returns(value) => hook_failure(None, value.to_string().as_bytes()),
            Self::Waits => None,
            Self::Throws(message) => Some(message.clone()),
        }
    }
}
