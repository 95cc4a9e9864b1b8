//! How fast an alarm puts an alias back, and how 200 backends share the budget: releases with the real SDK over HTTP,
//! against the local control plane.
//!
//! `cargo run --release -p onebox-aws --example put_back -- [--latency MILLISECONDS] [--runs N] [--backends N]`

use std::{
    error::Error,
    fs::File,
    io::Write,
    time::{Duration, Instant},
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use jiff::{SignedDuration, Timestamp};
use onebox_aws::{Aws, Budget, Performed, perform};
use onebox_release::{
    AlarmState, Effect, Ending, Event, Health, Input, Percent, Plan, Routing, Shift, State, Strategy, Target, Via,
    advance,
};
use onebox_sim::{
    Clock,
    control::{CONTROL_PLANE_RATE, ControlPlane, ControlServer, Served},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// How often alarms are read. Short, so that runs are short: it is not a part of what is measured.
const POLL: Duration = Duration::from_millis(50);

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| match arguments.iter().position(|argument| argument == name) {
        None => Ok(default),
        Some(place) => arguments.get(place + 1).and_then(|text| text.parse().ok()).ok_or(format!("{name} NUMBER")),
    };
    let latency = Duration::from_millis(number("--latency", 20)?);
    put_back(number("--runs", 100)?, latency).await?;
    share(number("--backends", 200)?, latency).await
}

/// From the answer of the poll that sees the alarm to the request that puts the alias back.
async fn put_back(runs: u64, latency: Duration) -> Result<()> {
    let (mut sent, mut done, mut trips) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let server = serve(1, latency).await?;
        let aws = connect(&server);
        let plan = plan(
            1,
            Strategy::Canary {
                percent: Percent::from_hundredths(1_000).ok_or("ten percent")?,
                wait: Duration::from_secs(60),
            },
        );
        let mut fired = None;
        let ending = drive(&plan, &aws, |event| {
            if matches!(event, Event::Shifted { .. }) && fired.is_none() {
                fired = Some(now());
                server.with(|plane| plane.set_alarm("errors", AlarmState::Alarm, now()));
            }
        })
        .await?;
        if !matches!(ending, Ending::RolledBack(_)) {
            return Err(format!("expected everything to be put back: {ending}").into());
        }
        let fired = fired.ok_or("the alarm did not fire")?;
        let served = server.served();
        let first = |operation: &str, after: Timestamp| {
            served.iter().find(|served| served.operation == operation && served.arrived >= after)
        };
        // A poll that was under way when the alarm fired may have seen it, or not: the one before the update has.
        let update = first("UpdateAlias", fired).ok_or("the alias was not put back")?;
        let poll = served
            .iter()
            .rfind(|served| served.operation == "DescribeAlarms" && served.answered <= update.arrived)
            .ok_or("no poll saw the alarm")?;
        sent.push(update.arrived.duration_since(poll.answered));
        done.push(update.answered.duration_since(poll.answered));
        trips.push(poll.answered.duration_since(poll.arrived));
    }
    println!("put back: {runs} runs, {latency:?} for each call, the journal synced before each effect");
    print("  from the poll's answer to the UpdateAlias", &mut sent);
    print("  from the poll's answer to its answer", &mut done);
    print("  one round trip, for comparison", &mut trips);
    Ok(())
}

/// Many backends at once, against a control plane that takes AWS's 15 calls a second.
async fn share(backends: u64, latency: Duration) -> Result<()> {
    let server = serve(backends, latency).await?;
    server.with(|plane| plane.limit_rate(Some(CONTROL_PLANE_RATE)));
    let start = Instant::now();
    let ending = drive(&plan(backends, Strategy::AllAtOnce), &connect(&server), |_| {}).await?;
    let took = start.elapsed();
    let served = server.served();
    let lambda: Vec<_> = served.iter().filter(|served| !served.operation.contains("Alarm")).collect();
    let throttled = served.iter().filter(|served| served.status == Some(429)).count();
    println!("{backends} backends at once: {ending}");
    println!("  {} calls of Lambda's control plane in {:.1} s", lambda.len(), took.as_secs_f64());
    println!("  at most {} in any second, {throttled} throttled", peak(&lambda));
    Ok(())
}

/// The most calls that arrived in any second.
fn peak(served: &[&Served]) -> usize {
    let mut arrived: Vec<_> = served.iter().map(|served| served.arrived).collect();
    arrived.sort_unstable();
    let second = SignedDuration::from_secs(1);
    let within = |(place, from): (usize, &Timestamp)| {
        arrived.iter().skip(place).take_while(|at| at.duration_since(*from) < second).count()
    };
    arrived.iter().enumerate().map(within).max().unwrap_or(0)
}

fn print(what: &str, times: &mut [SignedDuration]) {
    times.sort_unstable();
    let at = |hundredths: usize| {
        let place = (times.len() * hundredths / 100).min(times.len().saturating_sub(1));
        times.get(place).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
    };
    println!("{what}: min {:.2}, median {:.2}, p95 {:.2}, max {:.2} ms", at(0), at(50), at(95), at(100));
}

async fn serve(backends: u64, latency: Duration) -> Result<ControlServer> {
    let mut plane = ControlPlane::default();
    for number in 0..backends {
        plane.function(&name(number), 2, now());
        plane.alias(&name(number), "live", &Routing::wholly("1"))?;
    }
    plane.set_alarm("errors", AlarmState::Ok, now());
    let server = ControlServer::start(plane, Clock::system()).await?;
    server.set_latency(latency);
    Ok(server)
}

fn connect(server: &ControlServer) -> Aws {
    let credentials = Credentials::new("local", "local", None, None, "local");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(server.url());
    Aws::with(&config.build(), Budget::LAMBDA)
}

fn plan(backends: u64, strategy: Strategy) -> Plan {
    let shift = |number| Shift {
        function: name(number),
        alias: "live".into(),
        target: Target::Version("2".into()),
        strategy: strategy.clone(),
        before: None,
        after: None,
        codedeploy: None,
    };
    Plan {
        id: "put-back".into(),
        region: None,
        account: None,
        via: Via::Lambda,
        backends: (0..backends).map(shift).collect(),
        one_box: None,
        regular: None,
        bake: Duration::from_millis(100),
        final_bake: Duration::from_millis(100),
        poll: POLL,
        alarms: vec![onebox_release::Alarm::named("errors")],
        ignored: Vec::new(),
        protect: false,
        health: Health::default(),
    }
}

/// Drives a release to its end, as the command does: a state is on the disk before its effect is performed.
async fn drive(plan: &Plan, aws: &Aws, mut happened: impl FnMut(&Event)) -> Result<Ending> {
    let mut journal = tempfile::tempfile()?;
    let mut state = State::new(plan, now());
    let mut input = Input::Resume;
    loop {
        (state, _) = advance(plan, state, now(), input);
        input = loop {
            write(&mut journal, &state)?;
            state.events.iter().for_each(&mut happened);
            match perform(plan, state, aws, now, |_| {}).await {
                Performed::Heard(next, heard) => {
                    state = next;
                    break heard;
                }
                Performed::Wants(next) => state = next,
                Performed::Stopped(last) => match last.effect {
                    Effect::Stop { ending } => return Ok(ending),
                    effect => return Err(format!("nobody can perform {effect:?}").into()),
                },
            }
        };
    }
}

fn write(journal: &mut File, state: &State) -> Result<()> {
    journal.write_all(&serde_json::to_vec(state)?)?;
    Ok(journal.sync_data()?)
}

fn name(number: u64) -> String {
    format!("backend-{number}")
}

fn now() -> Timestamp {
    Timestamp::try_from(Clock::system().now()).unwrap_or_default()
}
