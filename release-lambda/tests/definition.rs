//! What is deployed fits what the functions say: the state machine knows every word of a tick, the template every
//! permission.

use std::{fs, path::PathBuf};

use onebox_release::Ending;
use onebox_release_lambda::tick::Next;
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

#[cfg(test)]
fn deployed(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    fs::read_to_string(folder.join(name)).unwrap()
}

#[cfg(test)]
fn definition() -> Value {
    serde_json::from_str(&deployed("release.asl.json")).unwrap()
}

#[cfg(test)]
fn template() -> Yaml {
    YamlLoader::load_from_str(&deployed("release.yaml")).unwrap().remove(0)
}

/// Where the state machine goes after a tick in which a field has a word.
#[cfg(test)]
fn after<'a>(definition: &'a Value, field: &str, word: &Value) -> &'a Value {
    let what = &definition["States"]["WhatNext"];
    let choices = what["Choices"].as_array().unwrap();
    let choice = choices.iter().find(|choice| choice["Variable"] == field && choice["StringEquals"] == *word);
    let name = choice.map_or(&what["Default"], |choice| &choice["Next"]);
    let state = &definition["States"][name.as_str().unwrap()];
    assert!(state.is_object(), "there is no state {name}");
    state
}

#[test]
fn every_word_of_a_tick_leads_somewhere() {
    let definition = definition();
    let word = |next: Next| serde_json::to_value(next).unwrap();
    for (next, kind) in [(Next::Tick, "Task"), (Next::Wait, "Wait"), (Next::Anew, "Task")] {
        assert_eq!(after(&definition, "$.next", &word(next))["Type"], kind, "{next:?}");
    }
    // "over" is no choice of its own: how it ended is.
    let choices = definition["States"]["WhatNext"]["Choices"].to_string();
    assert!(!choices.contains(word(Next::Over).as_str().unwrap()));
    let why = || "why".to_owned();
    for (ending, error) in [
        (Ending::Released, None),
        (Ending::RolledBack(why()), Some("RolledBack")),
        (Ending::Refused(vec![why()]), Some("Refused")),
        (Ending::NotProven(why()), Some("NotProven")),
        (Ending::Stuck(why()), Some("Stuck")),
    ] {
        let ending = serde_json::to_value(ending).unwrap();
        let state = after(&definition, "$.ending.ending", &ending["ending"]);
        match error {
            None => assert_eq!(state["Type"], "Succeed"),
            Some(error) => assert_eq!((&state["Type"], &state["Error"]), (&"Fail".into(), &error.into())),
        }
    }
}

#[test]
fn what_a_tick_refuses_is_not_tried_again() {
    let definition = definition();
    let first = &definition["States"]["Tick"]["Retry"][0];
    assert_eq!(first["MaxAttempts"], 0);
    let listed = first["ErrorEquals"].to_string();
    for source in ["src/tick.rs", "src/tick/input.rs", "src/tick/step.rs"] {
        let source = fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(source)).unwrap();
        for kind in source.split("\"Onebox.").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(listed.contains(&format!("\"Onebox.{kind}\"")), "Onebox.{kind} is tried again and again");
        }
    }
}

#[test]
fn codedeploy_may_invoke_the_hook() {
    let name = &template()["Resources"]["HookFunction"]["Properties"]["FunctionName"];
    assert!(name.as_str().unwrap().starts_with("CodeDeployHook_"), "{name:?}");
}

#[test]
fn tick_may_make_every_call_of_a_release() {
    let template = template();
    let policies = &template["Resources"]["TickFunction"]["Properties"]["Policies"][0]["Statement"];
    let actions: Vec<_> = policies.as_vec().unwrap().iter().flat_map(|statement| texts(&statement["Action"])).collect();
    // The operations of `onebox_release::Call`, but for zip files.
    for action in [
        "lambda:GetAlias",
        "lambda:UpdateAlias",
        "lambda:CreateAlias",
        "lambda:DeleteAlias",
        "lambda:GetFunctionConfiguration",
        "lambda:PublishVersion",
        "lambda:InvokeFunction",
        "cloudwatch:DescribeAlarmHistory",
        "cloudwatch:DescribeAlarms",
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:DeleteAlarms",
        "cloudwatch:GetMetricData",
        "codedeploy:CreateDeployment",
        "codedeploy:GetDeployment",
        "codedeploy:ListDeployments",
        "codedeploy:StopDeployment",
    ] {
        assert!(actions.iter().any(|listed| listed == action), "{action} is not in the template");
    }
    assert!(actions.iter().all(|action| !action.ends_with('*')), "every action is named: {actions:?}");
}

#[test]
fn tick_may_change_no_alarm_but_those_that_onebox_makes() {
    let template = template();
    let policies = &template["Resources"]["TickFunction"]["Properties"]["Policies"][0]["Statement"];
    let changes = |statement: &&Yaml| {
        let actions = texts(&statement["Action"]);
        actions.iter().any(|action| ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"].contains(&action.as_str()))
    };
    let statements: Vec<_> = policies.as_vec().unwrap().iter().filter(changes).collect();
    assert_eq!(statements.len(), 1);
    let resource = &statements[0]["Resource"];
    assert!(resource.as_str().unwrap().ends_with(":alarm:onebox-*"), "{resource:?}");
}

/// IAM knows no aliases as resources of these actions:
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html>
#[test]
fn tick_may_create_and_delete_aliases_of_the_functions_that_it_may_move_only() {
    let template = template();
    let policies = &template["Resources"]["TickFunction"]["Properties"]["Policies"][0]["Statement"];
    let changes = |statement: &&Yaml| {
        let actions = texts(&statement["Action"]);
        actions.iter().any(|action| ["lambda:CreateAlias", "lambda:DeleteAlias"].contains(&action.as_str()))
    };
    let statements: Vec<_> = policies.as_vec().unwrap().iter().filter(changes).collect();
    assert_eq!(statements.len(), 1);
    assert_eq!(texts(&statements[0]["Action"]), ["lambda:CreateAlias", "lambda:DeleteAlias"]);
    let resource = &statements[0]["Resource"];
    assert!(resource.as_str().unwrap().ends_with(":function:${Functions}"), "{resource:?}");
}

/// A text, or a list of them.
#[cfg(test)]
fn texts(yaml: &Yaml) -> Vec<String> {
    match yaml {
        Yaml::Array(list) => list.iter().flat_map(texts).collect(),
        text => vec![text.as_str().unwrap().to_owned()],
    }
}
