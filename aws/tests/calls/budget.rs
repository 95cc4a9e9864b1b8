//! Calls a second, as they leave, by a clock that runs ahead.

use std::{sync::Arc, sync::Mutex, time::Duration};

use futures_util::future::join_all;
use onebox_aws::Budget;
use onebox_release::{Call, Executed, VersionAlarm};
use tokio::time::Instant;

use crate::stage::{Told, config, get_alias, scripted_with};

const ALIAS: &str = r#"{"AliasArn":"arn:aws:lambda:eu-west-1:123456789012:function:orders:live","FunctionVersion":"1","RevisionId":"r1"}"#;

/// When the requests left that calls led to, and what the calls gave.
async fn times(calls: Vec<Call>, answer: impl Fn(usize) -> Told + Send + Sync + 'static) -> (Vec<Duration>, usize) {
    let (start, left) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
    let leaving = Arc::clone(&left);
    let (aws, _) = scripted_with(&config(), Budget::LAMBDA, move |_, before| {
        leaving.lock().unwrap().push(start.elapsed());
        answer(before)
    });
    let answers = join_all(calls.iter().map(|call| aws.call(call))).await;
    let times = left.lock().unwrap().clone();
    (times, answers.iter().filter(|answer| answer.is_err()).count())
}

/// The most requests of any second.
fn peak(times: &[Duration]) -> usize {
    let second = Duration::from_secs(1);
    let within = |from: &Duration| times.iter().filter(|at| (*from..*from + second).contains(*at)).count();
    times.iter().map(within).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn two_hundred_calls_and_their_retries_stay_below_aws_s_limit() {
    // Every seventh request is throttled, as when somebody else uses up the account's rate.
    let throttled = |before: usize| match before % 7 {
        3 => (429, vec![("x-amzn-errortype", "TooManyRequestsException")], "{}".to_owned()),
        _ => (200, vec![], ALIAS.to_owned()),
    };
    let (times, failed) = times(vec![get_alias(); 200], throttled).await;
    assert_eq!(failed, 0);
    assert!(times.len() > 225, "{} requests", times.len());
    assert!(peak(&times) <= 15, "{} in a second", peak(&times));
}

#[tokio::test(start_paused = true)]
async fn alarms_are_made_within_cloudwatch_s_three_a_second() {
    let alarm = |number: u32| {
        let of = Executed { function: "orders".into(), alias: "live".into(), version: "2".into() };
        Call::PutMetricAlarm(VersionAlarm {
            name: format!("orders-{number}-errors"),
            description: String::new(),
            of,
            errors: 1,
            minutes: 1,
        })
    };
    let done = |_| (200, vec![("smithy-protocol", "rpc-v2-cbor")], String::new());
    let (times, failed) = times((0..20).map(alarm).collect(), done).await;
    assert_eq!((times.len(), failed), (20, 0));
    assert!(peak(&times) <= 3, "{} in a second", peak(&times));
}
