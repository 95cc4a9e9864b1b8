//! Whole releases with the real SDK against the strict local control plane, over HTTP.

use std::time::Duration;

use onebox_aws::{Aws, Performed, perform};
use onebox_release::{
    AlarmState, CodeDeployGroup, Effect, Ending, Event, Health, Input, Pause, Percent, Plan, ProvisionedStatus,
    Routing, Shift, State, Step, Strategy, Target, Via, advance,
};
use onebox_sim::{
    Clock,
    control::{Around, At, CONTROL_PLANE_RATE, ControlPlane, ControlServer, FaultPlan, Script, SlowMoves, Trouble},
};

use crate::stage::{local, seen};

const FUNCTIONS: [&str; 4] = ["orders", "stock", "web-one-box", "web"];

fn now() -> jiff::Timestamp {
    Clock::system().now().try_into().unwrap()
}

async fn served() -> ControlServer {
    let now = now();
    let mut plane = ControlPlane::default();
    for function in FUNCTIONS {
        plane.function(function, 2, now);
        plane.alias(function, "live", &Routing::wholly("1")).unwrap();
    }
    plane.set_alarm("errors", AlarmState::Ok, now);
    plane.script("smoke", Script::passes());
    ControlServer::start(plane, Clock::system()).await.unwrap()
}

fn plan() -> Plan {
    let step = |hundredths, wait| Step {
        percent: Percent::from_hundredths(hundredths).unwrap(),
        then: Pause::For(Duration::from_millis(wait)),
    };
    let shift = |function: &str, strategy: Strategy| Shift {
        function: function.into(),
        alias: "live".into(),
        target: Target::Version("2".into()),
        strategy,
        before: Some("smoke".into()),
        after: Some("smoke".into()),
        codedeploy: None,
    };
    let steps = || Strategy::Steps(vec![step(1_000, 30), step(5_000, 30), step(10_000, 0)]);
    Plan {
        id: "web-1".into(),
        region: None,
        account: None,
        via: Via::Lambda,
        backends: vec![shift("orders", steps()), shift("stock", Strategy::AllAtOnce)],
        one_box: Some(shift("web-one-box", Strategy::AllAtOnce)),
        regular: Some(shift("web", steps())),
        bake: Duration::from_millis(60),
        final_bake: Duration::from_millis(60),
        poll: Duration::from_millis(20),
        alarms: vec![onebox_release::Alarm::named("errors")],
        ignored: vec![],
        protect: true,
        health: Health::default(),
    }
}

/// Drives a release to its end.
async fn drive(plan: &Plan, aws: &Aws) -> (Ending, Vec<Event>) {
    let mut state = State::new(plan, now());
    let (mut input, mut events) = (Input::Resume, Vec::new());
    loop {
        (state, _) = advance(plan, state, now(), input);
        events.extend(state.events.iter().cloned());
        input = loop {
            match perform(plan, state, aws, now, |_| {}).await {
                Performed::Heard(next, heard) => {
                    state = next;
                    break heard;
                }
                Performed::Wants(next) => {
                    events.extend(next.events.iter().cloned());
                    state = next;
                }
                Performed::Stopped(last) => match last.effect {
                    Effect::Stop { ending } => return (ending, events),
                    effect => panic!("{effect:?}"),
                },
            }
        };
    }
}

fn routings(server: &ControlServer) -> [Routing; 4] {
    FUNCTIONS.map(|function| server.with(|plane| seen(plane, function, "live").routing))
}

fn all(version: &str) -> [Routing; 4] {
    [(); 4].map(|()| Routing::wholly(version))
}

/// Who moved, and to how much.
fn shifts(events: &[Event]) -> Vec<(String, u16)> {
    let shifted = |event: &Event| match event {
        Event::Shifted { function, percent, .. } => Some((function.clone(), percent.hundredths())),
        _ => None,
    };
    events.iter().filter_map(shifted).collect()
}

#[tokio::test]
async fn a_release_goes_all_the_way() {
    let server = served().await;
    server.with(|plane| plane.limit_rate(Some(CONTROL_PLANE_RATE)));
    let aws =
        Aws::with(&crate::stage::config().to_builder().endpoint_url(server.url()).build(), onebox_aws::Budget::LAMBDA);
    let (ending, events) = drive(&plan(), &aws).await;
    assert_eq!(ending, Ending::Released, "{events:#?}");
    assert_eq!(routings(&server), all("2"));
    let moved = shifts(&events);
    for function in ["orders", "web"] {
        let of: Vec<_> = moved.iter().filter(|(name, _)| name == function).map(|(_, percent)| *percent).collect();
        assert_eq!(of, [1_000, 5_000, 10_000], "{function}");
    }
    let place = |name: &str| moved.iter().position(|(function, _)| function == name).unwrap();
    assert!(place("orders") < place("web-one-box") && place("web-one-box") < place("web"), "{moved:?}");
    let throttled = server.served().iter().filter(|served| served.status == Some(429)).count();
    assert_eq!(throttled, 0, "the budget stays below AWS's limit");
}

#[tokio::test]
async fn an_alarm_puts_everything_back() {
    let server = served().await;
    // The regular side has its first step when the alarm fires.
    let trouble = Trouble::Alarm { name: "errors".into(), state: AlarmState::Alarm };
    server.with(|plane| plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 6), trouble)));
    let (ending, events) = drive(&plan(), &local(&server.url())).await;
    assert!(matches!(ending, Ending::RolledBack(_)), "{ending:?}");
    assert_eq!(routings(&server), all("1"));
    assert!(events.iter().any(|event| matches!(event, Event::AlarmFired { alarm, .. } if alarm == "errors")));
    let back: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::PutBack { function, .. } => Some(function.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(back.len(), 4, "{back:?}");
    let place = |name| back.iter().position(|function| *function == name).unwrap();
    assert!(place("web") < place("web-one-box") && place("web-one-box") < place("orders"), "{back:?}");
}

#[tokio::test]
async fn a_lost_answer_is_recognised_as_our_own_change() {
    for trouble in [Trouble::LostAnswer, Trouble::LostRequest, Trouble::Throttled, Trouble::Broken] {
        let server = served().await;
        server.with(|plane| plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 2), trouble.clone())));
        let (ending, events) = drive(&plan(), &local(&server.url())).await;
        assert_eq!(ending, Ending::Released, "{trouble:?}: {events:#?}");
        assert_eq!(routings(&server), all("2"));
    }
}

#[tokio::test]
async fn somebody_elses_change_is_never_overwritten() {
    let server = served().await;
    server.with(|plane| plane.function("orders", 3, now()));
    server.with(|plane| plane.alias("orders", "live", &Routing::wholly("1"))).unwrap();
    let edited = Trouble::Edited {
        function: "orders".into(),
        alias: "live".into(),
        to: Routing::wholly("3"),
        when: Around::Before,
    };
    server.with(|plane| plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 2), edited)));
    let (ending, _) = drive(&plan(), &local(&server.url())).await;
    assert!(matches!(ending, Ending::Stuck(_)), "{ending:?}");
    assert_eq!(routings(&server)[0], Routing::wholly("3"));
}

#[tokio::test]
async fn a_release_waits_for_aws_to_move_the_traffic_of_provisioned_concurrency() {
    for (answered, renewed) in [(true, true), (false, false)] {
        let server = served().await;
        let time = Duration::from_millis(150);
        server.with(|plane| {
            plane.move_slowly(Some(SlowMoves { time, answered, renewed }));
            plane.provision("orders", "live", Some((ProvisionedStatus::Ready, None))).unwrap();
        });
        let (ending, events) = drive(&plan(), &local(&server.url())).await;
        assert_eq!(ending, Ending::Released, "{events:#?}");
        assert_eq!(routings(&server), all("2"));
        let waits =
            |event: &Event| matches!(event, Event::Held { reason } if reason.contains("still moving the traffic"));
        assert!(events.iter().any(waits), "{events:#?}");
    }
}

#[tokio::test]
async fn codedeploy_moves_the_aliases_where_it_is_told_to() {
    let server = served().await;
    server.with(|plane| FUNCTIONS.iter().for_each(|function| plane.deployment_group("shop", function)));
    let mut plan = plan();
    plan.via = Via::CodeDeploy;
    let shifts = plan.backends.iter_mut().chain(&mut plan.one_box).chain(&mut plan.regular);
    for shift in shifts {
        shift.strategy = Strategy::AllAtOnce;
        shift.codedeploy = Some(CodeDeployGroup {
            application: "shop".into(),
            group: shift.function.clone(),
            config: "CodeDeployDefault.LambdaAllAtOnce".into(),
        });
    }
    // The answer to the second deployment is lost: it is found again, not made twice.
    server.with(|plane| plane.fail(FaultPlan::once(At::Operation("CreateDeployment", 1), Trouble::LostAnswer)));
    let (ending, events) = drive(&plan, &local(&server.url())).await;
    assert_eq!(ending, Ending::Released, "{events:#?}");
    assert_eq!(routings(&server), all("2"));
    let served = server.served();
    let of = |operation: &str| served.iter().filter(|served| served.operation == operation).count();
    assert_eq!((of("CreateDeployment"), of("UpdateAlias")), (4, 0));
}
