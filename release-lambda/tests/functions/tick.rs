//! *tick* as a binary, from a plan to the end of a release, against the local control plane at an address.

use std::time::Duration;

use jiff::Timestamp;
use onebox_release::{AlarmState, Chain, Event, Header, Journal, Plan, Record, Routing};
use onebox_sim::{
    Clock,
    control::{ControlPlane, ControlServer},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{clock::unix_seconds, lambda::Function};

const QUARTER: Duration = Duration::from_secs(900);

fn now() -> Timestamp {
    Timestamp::from_second(unix_seconds()).unwrap()
}

async fn account() -> ControlServer {
    let mut plane = ControlPlane::default();
    for function in ["orders", "stock", "box", "web"] {
        plane.function(function, 7, now());
        plane.alias(function, "live", &Routing::wholly("6")).unwrap();
    }
    plane.set_alarm("web-5xx", AlarmState::Ok, now());
    ControlServer::start(plane, Clock::system()).await.unwrap()
}

fn plan() -> Value {
    let shift = |function: &str| json!({ "function": function, "alias": "live", "target": "7" });
    let mut orders = shift("orders");
    orders["strategy"] = json!({ "canary": { "percent": 10, "wait": "2s" } });
    json!({
        "release": { "id": "web-1", "alarms": ["web-5xx"], "bake": "1s", "final_bake": "1s", "poll": "1s" },
        "backend": [orders, shift("stock")],
        "one-box": shift("box"),
        "regular": shift("web"),
    })
}

async fn tick(account: &ControlServer) -> Function {
    let url = account.url();
    Function::start(env!("CARGO_BIN_EXE_tick"), &[("AWS_ENDPOINT_URL", &url)]).await
}

/// Ticks as the state machine does; what every tick told.
async fn run(tick: &mut Function, mut told: Value, mut between: impl FnMut(&Value)) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        assert!(all.len() < 500, "it goes on for ever");
        let tells = tick.invoke(told, QUARTER).await.unwrap();
        between(&tells);
        all.push(tells.clone());
        match tells["next"].as_str().unwrap() {
            "over" => return all,
            "wait" => {
                let until: Timestamp = tells["until"].as_str().unwrap().parse().unwrap();
                sleep(Duration::try_from(until.duration_since(now())).unwrap_or_default()).await;
            }
            next => assert_eq!(next, "tick"),
        }
        told = tells;
    }
}

/// The journal that the execution's history holds, as the command would have written it.
fn journal(all: &[Value]) -> Journal {
    let plan = Plan::read(&plan()).unwrap();
    let (mut text, mut chain) = Chain::default().seal(&Header::new(plan, now())).unwrap();
    for tells in all.iter().filter(|tells| tells["kept"] == true) {
        let record: Record = serde_json::from_value(tells["record"].clone()).unwrap();
        let (line, next) = chain.seal(&record).unwrap();
        text.push_str(&line);
        chain = next;
    }
    Journal::read(text.as_bytes()).unwrap()
}

fn stands_on(account: &ControlServer, version: &str) {
    account.with(|plane| {
        for function in ["orders", "stock", "box", "web"] {
            let alias = plane.alias_of(function, "live").unwrap();
            assert_eq!((alias.version.as_str(), &alias.additional), (version, &None), "{function}");
        }
    });
}

#[tokio::test]
async fn a_release_is_ticked_to_its_end() {
    let account = account().await;
    let all = run(&mut tick(&account).await, json!({ "plan": plan() }), |_| ()).await;
    assert_eq!(all.last().unwrap()["ending"], json!({ "ending": "released" }));
    stands_on(&account, "7");
    let journal = journal(&all);
    assert!(journal.is_over());
    let shifts = journal.records.iter().flat_map(Record::events);
    let shifts = shifts.filter(|event| matches!(event, Event::Shifted { .. })).count();
    assert_eq!(shifts, 5, "orders in two steps, the others at once");
    assert!(all.iter().all(|tells| tells["plan"] == plan()));
}

#[tokio::test]
async fn an_alarm_puts_everything_back() {
    let account = account().await;
    let all = run(&mut tick(&account).await, json!({ "plan": plan() }), |tells| {
        // As soon as a part of the traffic has moved.
        if account.with(|plane| plane.alias_of("orders", "live").unwrap().additional.is_some())
            && tells["next"] == "wait"
        {
            account.with(|plane| plane.set_alarm("web-5xx", AlarmState::Alarm, now()));
        }
    })
    .await;
    let last = all.last().unwrap();
    assert_eq!(last["ending"]["ending"], "rolled-back");
    assert!(last["cause"].as_str().unwrap().contains("web-5xx"), "{last}");
    stands_on(&account, "6");
    assert!(journal(&all).is_over());
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_kind() {
    let account = account().await;
    let mut tick = tick(&account).await;
    let mut broken = plan();
    broken["release"]["id"] = json!("no spaces");
    broken["backend"][0]["strategy"] = json!("Canary20Percent5Minutes");
    for (told, kind, said) in [
        (json!({}), "Onebox.BadInput", vec!["plan"]),
        (json!({ "plan": broken }), "Onebox.BadPlan", vec!["release.id", "backend.0.strategy"]),
    ] {
        let error = tick.invoke(told, QUARTER).await.unwrap_err();
        assert_eq!(error["errorType"], kind);
        for said in said {
            assert!(error["errorMessage"].as_str().unwrap().contains(said), "{error}");
        }
    }
}
