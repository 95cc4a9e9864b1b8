//! The release in a KeyValueStore: what counts, and when the packaged one does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

use harness::{Case, ENGINES, Engine, config, logged, run, visit::Visit};
use onebox_core::{Policy, Ramp, Share, Step, Time};
use serde_json::{Value, json};

const NOON: i64 = 1_795_176_000_000;

/// The store of the configurations here.
fn holding(value: &Value) -> Option<Value> {
    Some(json!({ "id": "a1b2", "key": "onebox", "value": value }))
}

/// viewer-request of a packaged release of 0 %: whoever is on the one-box is there by the store.
fn function() -> String {
    let more = json!({ "function": { "store": "a1b2" } });
    onebox_cff::functions(&config(&json!({ "id": "web-1", "share": "0%" }), &json!(["client-ip"]), &more))
        .unwrap()
        .viewer_request
}

fn visitor() -> Value {
    Visit { client_ip: Some("198.51.100.7".into()), ..Visit::default() }.request()
}

fn case(now: i64, store: Option<Value>) -> Case {
    Case { function: 0, now, store, event: visitor() }
}

fn sides(engine: Engine, cases: &[Case]) -> Vec<String> {
    let answers = run(engine, &[function()], cases);
    let side = |answer: &Value| answer["message"]["headers"]["x-req-partition"]["value"].as_str().unwrap().to_owned();
    answers.iter().map(side).collect()
}

#[test]
fn a_release_in_the_store_counts() {
    let schedule = json!([{ "at": "2026-11-20T12:00:00Z", "share": "100%" }, { "at": "2026-11-20T13:00:00.5+01:00", "share": "0.0%" }]);
    let value = |share: Value| holding(&json!(json!({ "release": { "id": "web-2", "share": share } }).to_string()));
    let cases = [
        case(0, value(json!("100%"))),
        case(0, value(json!("00100.000%"))),
        case(0, value(json!("0.0%"))),
        case(NOON - 1, value(schedule.clone())),
        case(NOON, value(schedule.clone())),
        case(NOON + 499, value(schedule.clone())),
        case(NOON + 500, value(schedule)),
    ];
    for engine in ENGINES {
        let expected = ["one-box", "one-box", "regular", "regular", "one-box", "one-box", "regular"];
        assert_eq!(sides(engine, &cases), expected, "{engine:?}");
    }
}

/// Values that are no release, by the rules of the configuration file.
const MALFORMED: &[&str] = &[
    "",
    "null",
    "5",
    "[]",
    "\"web-2\"",
    "{",
    "{}",
    "{\"release\":null}",
    "{\"release\":[]}",
    "{\"release\":\"100%\"}",
    "{\"release\":{}}",
    "{\"release\":{\"share\":\"100%\"}}",
    "{\"release\":{\"id\":\"web-2\"}}",
    "{\"release\":{\"id\":\"web-2\",\"share\":\"100%\"},\"more\":1}",
    "{\"release\":{\"id\":\"web-2\",\"share\":\"100%\",\"more\":1}}",
    "{\"release\":{\"id\":\"web-2\",\"share\":\"100%\"}} x",
    "{\"release\":{\"id\":\"\",\"share\":\"100%\"}}",
    "{\"release\":{\"id\":\"web.2\",\"share\":\"100%\"}}",
    "{\"release\":{\"id\":\"web-2\\n\",\"share\":\"100%\"}}",
    "{\"release\":{\"id\":2,\"share\":\"100%\"}}",
    "{\"release\":{\"id\":[\"web-2\"],\"share\":\"100%\"}}",
    "{\"release\":{\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"share\":\"100%\"}}",
];

/// Shares that are none.
const SHARES: &[&str] = &[
    "100",
    "100000",
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "\"%\"",
    "\"100\"",
    "\"100 %\"",
    "\" 100%\"",
    "\"100% \"",
    "\"100%\\n\"",
    "\"+100%\"",
    "\"-100%\"",
    "\"1e2%\"",
    "\"100.%\"",
    "\".5%\"",
    "\"0.0001%\"",
    "\"1.2.3%\"",
    "\"100.001%\"",
    "\"101%\"",
    "\"99999999999999999999999%\"",
    "\"\u{661}%\"",
    "[\"100%\"]",
    "[[0,100000]]",
    "[null]",
    "[{\"share\":\"100%\"}]",
    "[{\"at\":\"1970-01-01T00:00:00Z\"}]",
    "[{\"at\":0,\"share\":\"100%\"}]",
    "[{\"at\":\"1970-01-01T00:00:00Z\",\"share\":100000}]",
    "[{\"at\":\"1970-01-01T00:00:00Z\",\"share\":\"100%\",\"more\":1}]",
    "[{\"at\":\"1970-01-01T00:00:00Z\",\"share\":\"100%\"},{\"at\":\"1970-01-01T01:00:00+01:00\",\"share\":\"100%\"}]",
    "[{\"at\":\"1970-01-02T00:00:00Z\",\"share\":\"100%\"},{\"at\":\"1970-01-01T00:00:00Z\",\"share\":\"100%\"}]",
];

/// Times that are none, of which core's own tests hold the list.
const TIMES: &[&str] = &[
    "",
    "2020-11-20",
    "2020-11-20T12:00:00",
    "2020-11-20 12:00:00Z",
    "2020-13-20T12:00:00Z",
    "2021-02-29T12:00:00Z",
    "1900-02-29T12:00:00Z",
    "2020-11-31T12:00:00Z",
    "2020-11-20T24:00:00Z",
    "2020-11-20T12:60:00Z",
    "2020-11-20T12:00:61Z",
    "2020-11-20T12:00:00.Z",
    "20-11-20T12:00:00Z",
    "2020-11-20T12:00:00+1:00",
    "2020-11-20T12:00:00+24:00",
    "2020-11-20T12:00:00+01:60",
    "2020-11-20T12:00:00Z ",
    "2020-11-20T12:00:00Z\\n",
    "2020-11-20T12:00:00\u{e9}",
    "+020-11-20T12:00:00Z",
    "2020-00-20T12:00:00Z",
    "2020-11-00T12:00:00Z",
    "\u{ff12}020-11-20T12:00:00Z",
];

#[test]
fn a_value_that_is_no_release_does_not_count() {
    let release = |share: &str| format!("{{\"release\":{{\"id\":\"web-2\",\"share\":{share}}}}}");
    let step = |at: &&str| release(&format!("[{{\"at\":\"{at}\",\"share\":\"100%\"}}]"));
    let values: Vec<String> = MALFORMED
        .iter()
        .map(|value| (*value).to_owned())
        .chain(SHARES.iter().map(|share| release(share)))
        .chain(TIMES.iter().map(step))
        .collect();
    let mut cases: Vec<Case> = values.iter().map(|value| case(NOON, holding(&json!(value)))).collect();
    // The last of them shows that the others could have counted.
    cases.push(case(NOON, holding(&json!(step(&"2020-11-20T12:00:00Z")))));
    for engine in ENGINES {
        let sides = sides(engine, &cases);
        let (last, others) = sides.split_last().unwrap();
        assert_eq!(last, "one-box", "{engine:?}");
        for (side, value) in others.iter().zip(&values) {
            assert_eq!(side, "regular", "{engine:?}: {value}");
        }
    }
}

#[test]
fn a_store_that_fails_leaves_the_packaged_release_and_one_line_in_the_log() {
    let failures = [
        None,
        Some(json!({ "id": "other", "key": "onebox", "value": "" })),
        Some(json!({ "id": "a1b2", "key": "other", "value": "" })),
        holding(&json!(null)),
        holding(&json!({ "release": { "id": "web-2", "share": "100%" } })),
    ];
    let more = json!({ "function": { "store": "a1b2" } });
    let packaged = config(&json!({ "id": "web-1", "share": "100%" }), &json!(["client-ip"]), &more);
    let functions = [onebox_cff::functions(&packaged).unwrap().viewer_request];
    for engine in ENGINES {
        for failure in &failures {
            let (answers, log) = logged(engine, &functions, &[case(NOON, failure.clone())]);
            assert_eq!(
                answers[0]["message"]["headers"]["x-req-partition"],
                json!({ "value": "one-box" }),
                "{failure:?}"
            );
            assert!(log.starts_with("onebox: the packaged release counts: "), "{engine:?}: {log}");
            assert_eq!(log.lines().count(), 1, "{engine:?}: {log}");
        }
    }
}

/// What a store is told is what a function takes for the same release.
#[test]
fn times_and_shares_of_the_store_are_read_as_in_core() {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut cases = Vec::new();
    let mut expected = Vec::new();
    for _ in 0..1500 {
        let (year, month) = (rng.u16(..10_000), rng.u8(1..=12));
        let at = format!(
            "{year:04}-{month:02}-{:02}T{:02}:{:02}:{:02}{}{}",
            rng.u8(1..=31),
            rng.u8(..24),
            rng.u8(..60),
            rng.u8(..=60),
            ["", ".5", ".123456789", ".07"][rng.usize(..4)],
            ["Z", "z", "+01:30", "-23:59"][rng.usize(..4)],
        );
        let share = format!("{}.{:03}%", rng.u8(..101), rng.u16(..1000));
        let read = at.parse::<Time>().ok().zip(share.parse::<Share>().ok());
        let now = read.map_or(NOON, |(at, _)| at.unix_millis() + rng.i64(-1..=1));
        let ramp = read.map_or(Share::NONE.into(), |(at, share)| Ramp::schedule(vec![Step { at, share }]).unwrap());
        let policy = Policy::new("web-2", ramp, vec!["client-ip".parse().unwrap()]);
        let visit = Visit { client_ip: Some("198.51.100.7".into()), ..Visit::default() };
        expected.push(policy.decide(&visit, Time::from_unix_millis(now)).partition.to_string());
        let value = json!({ "release": { "id": "web-2", "share": [{ "at": at, "share": share }] } });
        cases.push(case(now, holding(&json!(value.to_string()))));
    }
    assert!(expected.iter().any(|side| side == "one-box"));
    for engine in ENGINES {
        assert_eq!(sides(engine, &cases), expected, "{engine:?}");
    }
}

#[test]
fn the_commands_put_what_the_function_reads() {
    let share = json!([{ "at": "2026-11-20T12:00:00Z", "share": "100%" }]);
    let more = json!({ "function": { "store": "a1b2", "key": "onebox" } });
    let newer = config(&json!({ "id": "web-2", "share": share }), &json!(["client-ip"]), &more);
    let commands = onebox_cff::store_update(&newer).unwrap();
    assert_eq!(
        commands.lines().map(|line| line.split(" --").next().unwrap()).collect::<Vec<_>>(),
        [
            "ARN=$(aws cloudfront list-key-value-stores",
            "ETAG=$(aws cloudfront-keyvaluestore describe-key-value-store",
            "aws cloudfront-keyvaluestore put-key",
        ]
    );
    let value = commands.split('\'').rev().nth(1).unwrap();
    for engine in ENGINES {
        assert_eq!(sides(engine, &[case(NOON, holding(&json!(value)))]), ["one-box"], "{engine:?}: {value}");
    }
}

#[test]
fn a_release_that_a_store_cannot_hold_is_refused() {
    let steps: Vec<Value> =
        (10..60).map(|second| json!({ "at": format!("2026-11-20T12:00:{second}Z"), "share": "1%" })).collect();
    let release = json!({ "id": "web-1", "share": steps });
    let stored = config(&release, &json!(["client-ip"]), &json!({ "function": { "store": "a1b2" } }));
    let refused = onebox_cff::store_update(&stored).unwrap_err().to_string();
    assert!(refused.contains("more than the 1024 of a value in a KeyValueStore"), "{refused}");
    let without = config(&release, &json!(["client-ip"]), &json!({}));
    assert_eq!(onebox_cff::store_update(&without), Err(onebox_cff::Refused::NoStore));
}
