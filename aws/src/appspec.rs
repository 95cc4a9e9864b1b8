//! The AppSpec: what CodeDeploy is told about one alias.
//!
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-example.html#appspec-file-example-lambda>

use onebox_release::Deployment;
use serde_json::{Map, Value, json};

/// The AppSpec of a deployment, as JSON.
pub(crate) fn text(asked: &Deployment) -> String {
    let resource = json!({
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Name": asked.function,
            "Alias": asked.alias,
            "CurrentVersion": asked.from,
            "TargetVersion": asked.to,
        },
    });
    let mut spec = json!({ "version": 0.0, "Resources": [{ "function": resource }] });
    let hooks = [("BeforeAllowTraffic", &asked.before), ("AfterAllowTraffic", &asked.after)];
    let hooks = hooks.into_iter().filter_map(|(event, hook)| Some((event, hook.as_ref()?)));
    let hooks: Vec<Value> =
        hooks.map(|(event, hook)| Map::from_iter([(event.to_owned(), json!(hook))]).into()).collect();
    if !hooks.is_empty() {
        spec["Hooks"] = hooks.into();
    }
    spec.to_string()
}
