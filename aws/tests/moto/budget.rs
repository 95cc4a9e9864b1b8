//! The budget: what AWS takes is never asked for, however many aliases move at once.

use std::time::Duration;

use onebox_release::{Health, Plan, Shift, Strategy, Target, Via};
use serde_json::{Value, json};

use crate::{
    aws,
    scenario::{Clock, drive, end, events},
    server::moto,
};

#[tokio::test]
async fn forty_backends_at_once_stay_within_what_aws_takes() {
    let region = "us-west-2";
    let names: Vec<_> = (0..40).map(|number| format!("backend-{number}")).collect();
    let function = || json!({ "versions": 2, "aliases": { "live": "1" } });
    let functions: serde_json::Map<String, Value> = names.iter().map(|name| (name.clone(), function())).collect();
    moto().tell(region, "account", &json!({ "functions": functions, "alarms": { "errors": "OK" } }));
    let shift = |name: &String| Shift {
        function: name.clone(),
        alias: "live".into(),
        target: Target::Version("2".into()),
        strategy: Strategy::AllAtOnce,
        before: None,
        after: None,
        codedeploy: None,
    };
    let plan = Plan {
        id: "wide".into(),
        region: None,
        via: Via::Lambda,
        backends: names.iter().map(shift).collect(),
        one_box: None,
        regular: None,
        bake: Duration::from_secs(1),
        final_bake: Duration::from_secs(1),
        poll: Duration::from_secs(1),
        alarms: vec!["errors".into()],
        ignored: vec![],
        health: Health::default(),
    };
    let records = drive(&plan, &aws(region), &Clock::default()).await;
    assert_eq!(end(&records), "released", "{:#?}", events(&records));
    let calls = moto().look(region, "calls");
    let all = calls["calls"].as_array().unwrap();
    println!("{} calls, at most {} of Lambda's control plane within a second", all.len(), calls["peak"]);
    // Moto refuses more than 15 a second: none was refused.
    assert!(all.iter().all(|call| call["status"] == 200), "{all:#?}");
    let account = moto().look(region, "account");
    for name in names {
        let routing = &account["aliases"][format!("{name}:live")];
        assert_eq!(*routing, json!({ "version": "2", "weights": {} }), "{name}");
    }
}
