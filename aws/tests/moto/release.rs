//! Whole releases: good ones, and those in which something goes wrong.

use std::sync::Mutex;

use futures_util::future::join_all;
use onebox_release::{CodeDeployGroup, Via};
use onebox_sim::control::{ControlPlane, Script};
use serde_json::json;

use crate::{
    aws, same,
    scenario::{Clock, FUNCTIONS, Local, SCENARIOS, Scenario, drive, end, events, plan},
    server::moto,
};

/// A scenario in moto; its account and what goes wrong in it.
async fn against_moto(scenario: &Scenario, region: &'static str) {
    moto().tell(region, "account", &scenario.account());
    moto().tell(region, "faults", &scenario.faults());
    let records = drive(&plan(), &aws(region), &Clock::default()).await;
    let expected = scenario.journal().await;
    assert_eq!(end(&expected), scenario.ends, "{}: {:#?}", scenario.name, events(&expected));
    // Where an answer is lost the SDK tries again before the machine hears of it: what it says meanwhile differs.
    if scenario.name.starts_with("lost") {
        assert_eq!(events(&records), events(&expected), "{}", scenario.name);
    } else {
        same(scenario.name, &records, &expected);
    }
    let account = moto().look(region, "account");
    // Where it stopped for a person it is not over, and the guards stay.
    let guards = if scenario.ends == "stuck" { FUNCTIONS.len() } else { 0 };
    assert_eq!(account["aliases"].as_object().unwrap().len(), FUNCTIONS.len() + guards, "{}: {account}", scenario.name);
    if let Some(version) = scenario.stands {
        for function in FUNCTIONS {
            let alias = &account["aliases"][format!("{function}:live")];
            assert_eq!(*alias, json!({ "version": version, "weights": {} }), "{}: {function}", scenario.name);
        }
    }
}

#[tokio::test]
async fn the_same_release_has_the_same_journal_whatever_goes_wrong() {
    let regions =
        ["af-south-1", "ap-east-1", "ap-south-1", "ap-northeast-3", "ca-central-1", "eu-central-1", "eu-north-1"];
    assert_eq!(regions.len(), SCENARIOS.len(), "each has a region");
    join_all(SCENARIOS.iter().zip(regions).map(|(scenario, region)| against_moto(scenario, region))).await;
}

#[tokio::test]
async fn somebody_elses_change_is_never_overwritten() {
    let scenario = SCENARIOS.iter().find(|scenario| scenario.name == "foreign edit").unwrap();
    let region = "eu-west-2";
    moto().tell(region, "account", &scenario.account());
    moto().tell(region, "faults", &scenario.faults());
    drive(&plan(), &aws(region), &Clock::default()).await;
    let account = moto().look(region, "account");
    assert_eq!(account["aliases"]["orders:live"], json!({ "version": "3", "weights": {} }));
    assert!(account["aliases"]["web:live"]["version"] == "1", "the regular side was never touched: {account}");
}

#[tokio::test]
async fn traffic_that_aws_still_moves_is_waited_for() {
    for (region, renewed) in [("me-south-1", true), ("sa-east-1", false)] {
        let mut account = SCENARIOS[0].account();
        account["slow"] = json!({ "seconds": 0.1, "renewed": renewed });
        let provisioned = json!({ "live": { "Status": "READY" } });
        for function in FUNCTIONS {
            account["functions"][function]["provisioned"] = provisioned.clone();
        }
        moto().tell(region, "account", &account);
        let records = drive(&plan(), &aws(region), &Clock::default()).await;
        let events = events(&records);
        assert_eq!(end(&records), "released", "{events:#?}");
        assert!(
            events.iter().any(|event| event.starts_with("held: AWS is still moving the traffic of")),
            "{events:#?}"
        );
        let account = moto().look(region, "account");
        for function in FUNCTIONS {
            assert_eq!(account["aliases"][format!("{function}:live")], json!({ "version": "2", "weights": {} }));
        }
    }
}

#[tokio::test]
async fn codedeploy_is_told_followed_and_comes_to_the_same() {
    let region = "eu-west-3";
    let scenario = &SCENARIOS[0];
    let mut account = scenario.account();
    account["groups"] = FUNCTIONS.iter().map(|function| json!(["shop", function])).collect();
    moto().tell(region, "account", &account);
    let mut plan = plan();
    plan.via = Via::CodeDeploy;
    for shift in plan.backends.iter_mut().chain(&mut plan.one_box).chain(&mut plan.regular) {
        shift.strategy = onebox_release::Strategy::AllAtOnce;
        shift.codedeploy = Some(CodeDeployGroup {
            application: "shop".into(),
            group: shift.function.clone(),
            config: "CodeDeployDefault.LambdaAllAtOnce".into(),
        });
    }
    let clock = Clock::default();
    let mut plane = ControlPlane::default();
    for function in FUNCTIONS {
        plane.function(function, 3, clock.now());
        plane.alias(function, "live", &onebox_release::Routing::wholly("1")).unwrap();
        plane.deployment_group("shop", function);
    }
    plane.set_alarm("web-5xx", onebox_release::AlarmState::Ok, clock.now());
    plane.script("smoke", Script::passes());
    let local = Local { plane: Mutex::new(plane), clock: &clock };
    let expected = drive(&plan, &local, &clock).await;
    let records = drive(&plan, &aws(region), &Clock::default()).await;
    assert_eq!((end(&records), end(&expected)), ("released".into(), "released".into()), "{:#?}", events(&records));
    // Two deployments at once end in either order; the stages do not.
    let (mut ours, mut theirs) = (events(&records), events(&expected));
    let stages =
        |events: &[String]| events.iter().filter(|event| !event.contains(":live")).cloned().collect::<Vec<_>>();
    assert_eq!(stages(&ours), stages(&theirs));
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    let calls = moto().look(region, "calls");
    let of = |operation: &str| {
        calls["calls"].as_array().unwrap().iter().filter(|call| call["operation"] == operation).count()
    };
    assert_eq!((of("CreateDeployment"), of("UpdateAlias")), (4, 0));
}
