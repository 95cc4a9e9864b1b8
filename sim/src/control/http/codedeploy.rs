//! CodeDeploy's operations.
//!
//! <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_Operations.html>

use jiff::Timestamp;
use onebox_release::Deployment;
use serde_json::{Value, json};

use super::value::Members;
use crate::control::{
    ControlPlane, Refusal,
    deployment::{Run, Status},
};

/// The most ids of a `BatchGetDeployments`.
const BATCH: usize = 25;

/// The operation of this name, if it is imitated.
pub(super) fn operation(name: &str) -> Option<&'static str> {
    [
        "CreateDeployment",
        "GetDeployment",
        "ListDeployments",
        "BatchGetDeployments",
        "StopDeployment",
        "ListDeploymentTargets",
        "GetDeploymentTarget",
        "PutLifecycleEventHookExecutionStatus",
    ]
    .into_iter()
    .find(|operation| *operation == name)
}

/// `ListDeployments`: pages of [`ControlPlane::deployment_pages`], each of which may be empty and have a next one.
///
/// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_ListDeployments.html>
fn list(plane: &ControlPlane, input: Members<'_>) -> Result<Value, Refusal> {
    let (application, group) = (input.text("applicationName")?, input.text("deploymentGroupName")?);
    let ids = match (application, group) {
        // Without either, every deployment of the account in this region.
        (None, None) => plane.deployments.all(),
        _ => plane.deployments.of_group(application.unwrap_or_default(), group.unwrap_or_default())?,
    };
    let statuses: Vec<&str> = match input.get("includeOnlyStatuses") {
        Some(Value::Array(statuses)) => statuses.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let range = input.get("createTimeRange").cloned().unwrap_or_default();
    let bound = |name: &str| range.get(name).and_then(Value::as_f64);
    let is_wanted = |id: &String| {
        plane.deployments.get(id).is_ok_and(|run| {
            #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
            let created = run.created.as_millisecond() as f64 / 1_000.0;
            (statuses.is_empty() || statuses.contains(&run.status().as_str()))
                && bound("start").is_none_or(|start| start <= created)
                && bound("end").is_none_or(|end| created <= end)
        })
    };
    let begin: usize = match input.text("nextToken")? {
        None => 0,
        Some(token) => {
            token.parse().map_err(|_| Refusal::new(400, "InvalidNextTokenException", "The token is invalid"))?
        }
    };
    // A page is cut before it is filtered: that is how an empty one comes to have a next.
    let most = plane.deployment_page.unwrap_or(100);
    let page: Vec<_> = ids.iter().skip(begin).take(most).filter(|id| is_wanted(id)).collect();
    let mut output = json!({ "deployments": page });
    if begin + most < ids.len() {
        output["nextToken"] = json!((begin + most).to_string());
    }
    Ok(output)
}

/// # Errors
///
/// When AWS would refuse it.
pub(super) fn perform(plane: &mut ControlPlane, name: &str, input: &Value, now: Timestamp) -> Result<Value, Refusal> {
    let input = Members(input);
    if name == "CreateDeployment" {
        let asked = asked(input)?;
        let view = plane.deploying(|deployments, around| deployments.create(&asked, now, around))?;
        return Ok(json!({ "deploymentId": view.id }));
    }
    if name == "ListDeployments" {
        return list(plane, input);
    }
    if name == "BatchGetDeployments" {
        let ids = input.texts("deploymentIds")?;
        if ids.len() > BATCH {
            let message = format!("{} deployment ids: at most {BATCH} are allowed", ids.len());
            return Err(Refusal::new(400, "BatchLimitExceededException", message));
        }
        let infos =
            ids.iter().map(|id| Ok(info(id, plane.deployments.get(id)?))).collect::<Result<Vec<_>, Refusal>>()?;
        return Ok(json!({ "deploymentsInfo": infos }));
    }
    let Some(id) = input.text("deploymentId")? else {
        return Err(Refusal::new(400, "DeploymentIdRequiredException", "The deployment ID is required"));
    };
    match name {
        "GetDeployment" => Ok(json!({ "deploymentInfo": info(id, plane.deployments.get(id)?) })),
        "StopDeployment" => {
            let back = input.flag("autoRollbackEnabled")?;
            plane.deploying(|deployments, around| deployments.stop(id, back, now, around))?;
            Ok(json!({ "status": "Succeeded", "statusMessage": "No more commands will be scheduled for execution" }))
        }
        "ListDeploymentTargets" => Ok(json!({ "targetIds": [target_id(plane.deployments.get(id)?)] })),
        "GetDeploymentTarget" => {
            let run = plane.deployments.get(id)?;
            match input.text("targetId")? {
                Some(asked) if asked == target_id(run) => Ok(json!({ "deploymentTarget": target(id, run) })),
                _ => Err(Refusal::new(400, "DeploymentTargetDoesNotExistException", "The target does not exist")),
            }
        }
        _ => {
            let execution = input.text("lifecycleEventHookExecutionId")?.unwrap_or_default();
            let passed = match input.text("status")? {
                Some("Succeeded") => true,
                Some("Failed") => false,
                other => {
                    let message = format!("expected Succeeded or Failed, not {other:?}");
                    return Err(Refusal::new(400, "InvalidLifecycleEventHookExecutionStatusException", message));
                }
            };
            plane.deployments.hook_said(id, execution, passed)?;
            plane.go_on(now);
            Ok(json!({ "lifecycleEventHookExecutionId": execution }))
        }
    }
}

fn required(input: Members<'_>, member: &str, code: &'static str) -> Result<String, Refusal> {
    let value = input.text(member)?.filter(|value| !value.is_empty());
    value.map(str::to_owned).ok_or_else(|| Refusal::new(400, code, format!("{member} is required")))
}

fn asked(input: Members<'_>) -> Result<Deployment, Refusal> {
    let revision = input.get("revision").map(Members);
    let Some(revision) = revision.filter(|revision| revision.get("revisionType") == Some(&json!("AppSpecContent")))
    else {
        let message = "a Lambda deployment has its AppSpec in the request: revisionType AppSpecContent";
        return Err(Refusal::new(400, "RevisionRequiredException", message));
    };
    let content = revision.get("appSpecContent").and_then(|content| content.get("content")).and_then(Value::as_str);
    let spec = content.and_then(app_spec).ok_or_else(|| {
        Refusal::new(
            400,
            "InvalidRevisionException",
            "the AppSpec has no resource of type AWS::Lambda::Function with all its properties",
        )
    })?;
    let alarms = input.get("overrideAlarmConfiguration").map(Members);
    let alarms = match alarms {
        Some(configuration) if configuration.flag("enabled")? => configuration.list("alarms")?,
        _ => &[],
    };
    let description = input.text("description")?.unwrap_or_default().to_owned();
    Ok(Deployment {
        application: required(input, "applicationName", "ApplicationNameRequiredException")?,
        group: required(input, "deploymentGroupName", "DeploymentGroupNameRequiredException")?,
        config: input.text("deploymentConfigName")?.unwrap_or("CodeDeployDefault.LambdaAllAtOnce").to_owned(),
        alarms: alarms.iter().filter_map(|alarm| alarm.get("name")?.as_str().map(str::to_owned)).collect(),
        description,
        ..spec
    })
}

/// The parts of a deployment that its AppSpec says, in JSON; names of members in either case.
///
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-resources.html>
fn app_spec(content: &str) -> Option<Deployment> {
    let spec: Value = serde_json::from_str(content).ok()?;
    let resource = member(&spec, "resources")?.as_array()?.first()?.as_object()?.values().next()?;
    if member(resource, "type")?.as_str()? != "AWS::Lambda::Function" {
        return None;
    }
    let properties = member(resource, "properties")?;
    let property = |name| member(properties, name)?.as_str().map(str::to_owned);
    let hooks = member(&spec, "hooks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let hook = |name| hooks.iter().find_map(|hook| member(hook, name)?.as_str().map(str::to_owned));
    Some(Deployment {
        application: String::new(),
        group: String::new(),
        config: String::new(),
        function: property("name")?,
        alias: property("alias")?,
        from: property("currentversion")?,
        to: property("targetversion")?,
        alarms: Vec::new(),
        before: hook("beforeallowtraffic"),
        after: hook("afterallowtraffic"),
        description: String::new(),
    })
}

fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The AppSpec of a deployment, in the form that is documented for JSON.
fn content(asked: &Deployment) -> String {
    let hooks = [("BeforeAllowTraffic", &asked.before), ("AfterAllowTraffic", &asked.after)];
    let hooks: Vec<_> = hooks.into_iter().filter_map(|(name, hook)| Some(json!({ name: hook.as_ref()? }))).collect();
    let properties = json!({
        "Name": asked.function,
        "Alias": asked.alias,
        "CurrentVersion": asked.from,
        "TargetVersion": asked.to,
    });
    let function = json!({ "Type": "AWS::Lambda::Function", "Properties": properties });
    json!({ "version": 0.0, "Resources": [{ asked.function.as_str(): function }], "Hooks": hooks }).to_string()
}

fn info(id: &str, run: &Run) -> Value {
    let asked = &run.asked;
    let mut info = json!({
        "applicationName": asked.application,
        "deploymentGroupName": asked.group,
        "deploymentConfigName": asked.config,
        "deploymentId": id,
        "description": asked.description,
        "computePlatform": "Lambda",
        "status": run.status().as_str(),
        "createTime": run.created.as_second(),
        "revision": { "revisionType": "AppSpecContent", "appSpecContent": { "content": content(asked) } },
    });
    if let Some((code, message)) = run.error() {
        info["errorInformation"] = json!({ "code": code, "message": message });
    }
    info
}

fn target_id(run: &Run) -> String {
    format!("{}:{}", run.asked.function, run.asked.alias)
}

fn target(id: &str, run: &Run) -> Value {
    let status = match run.status() {
        Status::Stopped => "Failed",
        status => status.as_str(),
    };
    json!({
        "deploymentTargetType": "LambdaTarget",
        "lambdaTarget": {
            "deploymentId": id,
            "targetId": target_id(run),
            "status": status,
            "lambdaFunctionInfo": {
                "functionName": run.asked.function,
                "functionAlias": run.asked.alias,
                "currentVersion": run.asked.from,
                "targetVersion": run.asked.to,
                "targetVersionWeight": f64::from(run.percent().hundredths()) / 100.0,
            },
        },
    })
}
