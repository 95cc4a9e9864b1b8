//! Proof of health over CloudWatch's own protocol: alarms for the new versions, counts of requests, the comparison.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use onebox_aws::{Aws, Calls};
use onebox_release::{AlarmState, Answer, Call, Comparison, Executed, NotProven, Plan, Record, Routing, VersionAlarms};
use onebox_sim::control::{ControlPlane, Script};
use serde_json::json;
use std::time::Duration;

use crate::{
    aws, same,
    scenario::{Clock, FUNCTIONS, Local, SCENARIOS, drive, end, events, plan},
    server::moto,
};

/// Moto, where somebody measures new alarms.
struct Measured<'a> {
    aws: Aws,
    region: &'a str,
}

impl Calls for Measured<'_> {
    async fn call(&self, call: &Call) -> Answer {
        let answer = self.aws.call(call).await;
        if let Call::PutMetricAlarm(alarm) = call {
            moto().tell(self.region, "alarm", &json!({ "name": alarm.name, "state": "OK" }));
        }
        answer
    }
}

/// The control plane in this process, where somebody does the same.
struct MeasuredLocal<'a>(Local<'a>);

impl Calls for MeasuredLocal<'_> {
    async fn call(&self, call: &Call) -> Answer {
        let answer = self.0.call(call).await;
        if let Call::PutMetricAlarm(alarm) = call {
            let mut plane = self.0.plane.lock().unwrap_or_else(PoisonError::into_inner);
            plane.set_alarm(&alarm.name, AlarmState::Ok, self.0.clock.now());
        }
        answer
    }
}

/// A release that wants its health proven.
fn careful() -> Plan {
    let mut plan = plan();
    plan.poll = Duration::from_secs(30);
    plan.bake = Duration::from_secs(5 * 60);
    plan.final_bake = Duration::from_secs(5 * 60);
    plan.health.min_requests = 50;
    plan.health.hold = Duration::from_secs(60 * 60);
    plan.health.not_proven = NotProven::RollBack;
    plan.health.comparison = Some(Comparison { false_alarm: 0.01, tolerance: 0.05 });
    plan.health.version_alarms = Some(VersionAlarms { errors: 1_000_000, minutes: 1 });
    plan
}

/// Two hours in which every version has requests; of those to version 2 of `orders` so many fail in a minute.
fn traffic(errors: u64, mut record: impl FnMut(Executed, Timestamp, u64, u64)) {
    let begin: Timestamp = "2026-11-20T11:55:00Z".parse().unwrap();
    for minute in 0..120 {
        let at = begin + SignedDuration::from_mins(minute);
        for function in FUNCTIONS {
            for version in ["1", "2"] {
                let of = Executed { function: function.into(), alias: "live".into(), version: version.into() };
                let errors = if (function, version) == ("orders", "2") { errors } else { 10 };
                record(of, at, 1_000, errors);
            }
        }
    }
}

async fn both(region: &'static str, errors: u64) -> (Vec<Record>, Vec<Record>) {
    moto().tell(region, "account", &SCENARIOS[0].account());
    let clock = Clock::default();
    let mut plane = ControlPlane::default();
    for function in FUNCTIONS {
        plane.function(function, 3, clock.now());
        plane.alias(function, "live", &Routing::wholly("1")).unwrap();
    }
    plane.set_alarm("web-5xx", AlarmState::Ok, clock.now());
    plane.script("smoke", Script::passes());
    let mut minutes = Vec::new();
    traffic(errors, |of, at, invocations, errors| {
        minutes.push(json!({
            "function": of.function, "alias": of.alias, "version": of.version,
            "minute": at, "invocations": invocations, "errors": errors,
        }));
        plane.record_traffic(of, at, invocations, errors);
    });
    moto().tell(region, "traffic", &json!(minutes));
    let local = MeasuredLocal(Local { plane: Mutex::new(plane), clock: &clock });
    let expected = drive(&careful(), &local, &clock).await;
    let records = drive(&careful(), &Measured { aws: aws(region), region }, &Clock::default()).await;
    (records, expected)
}

#[tokio::test]
async fn health_is_proven_by_the_same_requests() {
    let (records, expected) = both("ap-northeast-1", 10).await;
    assert_eq!(end(&records), "released", "{:#?}", events(&records));
    same("healthy", &records, &expected);
    let account = moto().look("ap-northeast-1", "account");
    assert_eq!(account["alarms"], json!({ "web-5xx": "OK" }), "the release's own alarms are removed");
}

#[tokio::test]
async fn a_worse_version_goes_back_after_the_same_requests() {
    let (records, expected) = both("ap-northeast-2", 100).await;
    assert_eq!(end(&records), "rolled-back", "{:#?}", events(&records));
    same("worse", &records, &expected);
}
