//! The state machine of `deploy/`, interpreted by moto, with the real *tick* behind a Runtime API: its history holds the
//! journal that the release has in process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of it is tests")]

#[path = "../../../aws/tests/moto/scenario.rs"]
mod scenario;
#[path = "../../../aws/tests/moto/server.rs"]
mod server;

use std::{sync::mpsc, time::Duration};

use onebox_release::{Chain, Header, Journal, Record};
use serde_json::{Value, json};

use scenario::{SCENARIOS, Scenario, end, events, plan, tree};
use server::moto;

/// What Step Functions is told.
const MACHINE: &str = include_str!("../../../deploy/release.asl.json");

/// How often an execution is looked at, and how often at most.
const LOOK: Duration = Duration::from_millis(250);
const LOOKS: usize = 480;

/// Runs an execution to its end.
fn run(region: &str, input: &Value) -> Value {
    let definition = MACHINE.replace("${TickFunction}", "tick");
    let begun = moto().tell(region, "execution", &json!({ "definition": definition, "input": input }));
    let arn = begun["arn"].as_str().unwrap();
    for _ in 0..LOOKS {
        let stands = moto().look(region, &format!("execution?arn={arn}"));
        if stands["status"] != "RUNNING" {
            return stands;
        }
        pause(LOOK);
    }
    panic!("{arn} goes on for ever");
}

/// The records that a journal keeps, from what the ticks gave.
fn kept(stands: &Value) -> Vec<Record> {
    let gave = stands["gave"].as_array().unwrap().iter();
    let kept = gave.filter(|tells| tells["kept"] == true);
    kept.map(|tells| serde_json::from_value(tells["record"].clone()).unwrap()).collect()
}

/// An account with the tick in it.
fn account(scenario: &Scenario, region: &str) {
    moto().tell(region, "account", &scenario.account());
    moto().tell(region, "program", &json!({ "function": "tick", "program": env!("CARGO_BIN_EXE_tick") }));
}

/// How many calls of an operation were made.
fn made(region: &str, operation: &str) -> usize {
    let calls = moto().look(region, "calls");
    calls["calls"].as_array().unwrap().iter().filter(|call| call["operation"] == operation).count()
}

/// The journal of the release in process.
fn expected(scenario: &Scenario) -> Vec<Record> {
    tokio::runtime::Runtime::new().unwrap().block_on(scenario.journal())
}

fn one(scenario: &Scenario, region: &str) {
    account(scenario, region);
    moto().tell(region, "faults", &scenario.faults());
    let stands = run(region, &json!({ "plan": tree() }));
    let records = kept(&stands);
    let expected = expected(scenario);
    assert_eq!(events(&records), events(&expected), "{}: {stands:#}", scenario.name);
    assert_eq!(end(&records), scenario.ends);
    let status = if scenario.ends == "released" { "SUCCEEDED" } else { "FAILED" };
    assert_eq!(stands["status"], status, "{}: {stands:#}", scenario.name);
    // The history is a journal, as the command would have written it.
    let (mut text, mut chain) = Chain::default().seal(&Header::new(plan(), expected[0].at)).unwrap();
    for record in &records {
        let (line, next) = chain.seal(&record).unwrap();
        text.push_str(&line);
        chain = next;
    }
    assert_eq!(Journal::read(text.as_bytes()).unwrap().records, records);
    let account = moto().look(region, "account");
    if let Some(version) = scenario.stands {
        for function in scenario::FUNCTIONS {
            let alias = &account["aliases"][format!("{function}:live")];
            assert_eq!(*alias, json!({ "version": version, "weights": {} }), "{}: {function}", scenario.name);
        }
    }
    if let Some(error) = stands["error"].as_str() {
        let words = match scenario.ends {
            "rolled-back" => "RolledBack",
            _ => "Stuck",
        };
        assert_eq!(error, words);
        assert!(stands["cause"].is_string(), "{stands:#}");
    }
}

#[test]
fn step_functions_comes_to_the_same_journal_whatever_goes_wrong() {
    let regions = ["eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "us-east-1", "us-west-2"];
    std::thread::scope(|threads| {
        for (scenario, region) in SCENARIOS.iter().zip(regions) {
            threads.spawn(move || one(scenario, region));
        }
    });
}

#[test]
fn a_tick_that_dies_at_an_update_is_tried_again_and_nothing_is_done_twice() {
    let good = &SCENARIOS[0];
    std::thread::scope(|threads| {
        for (region, when) in [("ap-southeast-1", "before"), ("ap-southeast-2", "after")] {
            threads.spawn(move || {
                account(good, region);
                let kill = |call: u64| {
                    json!({ "operation": "UpdateAlias", "call": call, "trouble": "killed", "function": "tick", "when": when })
                };
                moto().tell(region, "faults", &json!([kill(2), kill(4)]));
                let stands = run(region, &json!({ "plan": tree() }));
                assert_eq!(stands["status"], "SUCCEEDED", "{when}: {stands:#}");
                assert_eq!(events(&kept(&stands)), events(&expected(good)), "{when}");
                let moves = moto().look(region, "account")["moves"].as_array().unwrap().clone();
                let mut changes = moves.clone();
                changes.dedup();
                // Four were there at the beginning, and each gets a guard; orders and web move in two steps, the others in one.
                assert_eq!((moves.len(), changes.len()), (4 + 4 + 6, 4 + 4 + 6), "{when}: {moves:#?}");
                assert_eq!(made(region, "UpdateAlias"), 6 + 2, "{when}: each that died was made again, and refused");
            });
        }
    });
}

#[test]
fn a_hook_of_codedeploys_reports_by_itself() {
    let region = "ap-northeast-1";
    let mut with_groups = SCENARIOS[0].account();
    with_groups["groups"] = scenario::FUNCTIONS.iter().map(|function| json!(["shop", function])).collect();
    moto().tell(region, "account", &with_groups);
    moto().tell(region, "program", &json!({ "function": "tick", "program": env!("CARGO_BIN_EXE_tick") }));
    // It invokes the version that the deployment is about; what that gets is what it gives.
    let smoke = json!([{ "payload": { "ping": "pong" }, "expect": { "contains": "pong" } }]).to_string();
    let hook = json!({
        "function": "CodeDeployHook_smoke", "program": env!("CARGO_BIN_EXE_hook"), "env": { "SMOKE": smoke },
    });
    moto().tell(region, "program", &hook);
    let mut plan = tree();
    plan["release"]["via"] = json!("codedeploy");
    let shift = |shift: &mut Value| {
        shift["strategy"] = json!("AllAtOnce");
        shift["codedeploy"] = json!({ "application": "shop", "group": shift["function"] });
    };
    plan["backend"].as_array_mut().unwrap().iter_mut().for_each(shift);
    shift(&mut plan["one-box"]);
    shift(&mut plan["regular"]);
    plan["backend"][0]["before"] = json!("CodeDeployHook_smoke");
    plan["backend"][0]["after"] = json!("CodeDeployHook_smoke");
    let stands = run(region, &json!({ "plan": plan }));
    assert_eq!(stands["status"], "SUCCEEDED", "{stands:#}");
    assert_eq!(made(region, "CreateDeployment"), 4);
    assert_eq!(made(region, "PutLifecycleEventHookExecutionStatus"), 2);
    assert_eq!(made(region, "UpdateAlias"), 0);
}

fn pause(time: Duration) {
    let (_keep, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(time);
}
