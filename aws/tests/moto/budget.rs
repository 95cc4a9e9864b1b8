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
    // A busy machine holds calls up and lets them arrive together: what counts is how many there are in the whole time.
    let account = json!({ "functions": functions, "alarms": { "errors": "OK" }, "rate": 100_000.0 });
    moto().tell(region, "account", &account);
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
        account: None,
        via: Via::Lambda,
        backends: names.iter().map(shift).collect(),
        one_box: None,
        regular: None,
        bake: Duration::from_secs(1),
        final_bake: Duration::from_secs(1),
        poll: Duration::from_secs(1),
        alarms: vec![onebox_release::Alarm::named("errors")],
        ignored: vec![],
        protect: true,
        health: Health::default(),
    };
    let began = tokio::time::Instant::now();
    let records = drive(&plan, &aws(region), &Clock::default()).await;
    let took = began.elapsed();
    assert_eq!(end(&records), "released", "{:#?}", events(&records));
    let calls = moto().look(region, "calls");
    let all = calls["calls"].as_array().unwrap();
    println!("{} calls, at most {} of Lambda's control plane within a second", all.len(), calls["peak"]);
    assert!(all.iter().all(|call| call["status"].as_u64().is_some_and(|status| status < 300)), "{all:#?}");
    let control = all.iter().filter(|call| call["service"] == "lambda").count();
    println!("{control} of Lambda's control plane in {:.1} s", took.as_secs_f64());
    // Each alias is read, moved and read again; each version is read twice, provisioned concurrency once; each guard alias
    // is created, read and deleted. Polls read more, as many as there is time for.
    assert!((9 * 40..12 * 40).contains(&control), "{control}");
    // Five at once, then ten a second: it cannot have been faster.
    assert!(took >= Duration::from_millis((9 * 40 - 5) * 100), "{took:?}");
    let account = moto().look(region, "account");
    assert_eq!(account["aliases"].as_object().unwrap().len(), 40, "no guard is left");
    for name in names {
        let routing = &account["aliases"][format!("{name}:live")];
        assert_eq!(*routing, json!({ "version": "2", "weights": {} }), "{name}");
    }
}
