//! The state machine of `deploy/`, interpreted by moto, with the real *tick* behind a Runtime API: its history holds the
//! journal that the release has in process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of it is tests")]

#[path = "../../../aws/tests/moto/scenario.rs"]
mod scenario;
#[path = "../../../aws/tests/moto/server.rs"]
mod server;

use std::{sync::mpsc, time::Duration};

use onebox_release::{Header, Journal, Record};
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

fn one(scenario: &Scenario, region: &str) {
    moto().tell(region, "account", &scenario.account());
    moto().tell(region, "faults", &scenario.faults());
    moto().tell(region, "program", &json!({ "function": "tick", "program": env!("CARGO_BIN_EXE_tick") }));
    let stands = run(region, &json!({ "plan": tree() }));
    let records = kept(&stands);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let expected = runtime.block_on(scenario.journal());
    assert_eq!(events(&records), events(&expected), "{}: {stands:#}", scenario.name);
    assert_eq!(end(&records), scenario.ends);
    let status = if scenario.ends == "released" { "SUCCEEDED" } else { "FAILED" };
    assert_eq!(stands["status"], status, "{}: {stands:#}", scenario.name);
    // The history is a journal, as the command would have written it.
    let mut text = Header::new(plan(), expected[0].at).line().unwrap();
    for record in &records {
        text.push_str(&record.line().unwrap());
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

fn pause(time: Duration) {
    let (_keep, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(time);
}
