//! What a plan will do, as it is told before it begins.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use onebox_release::{Ending, Executed, Moment, Plan, Timeline, Watched, timeline};
use serde_json::{Value, json};

// Marked as tests, so that clippy lets them unwrap.
#[cfg(test)]
fn begins() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

#[cfg(test)]
fn of(tree: &Value) -> Timeline {
    timeline(&Plan::read(tree).unwrap(), begins(), &[])
}

fn after(minutes: i64) -> Timestamp {
    begins() + SignedDuration::from_mins(minutes)
}

/// Every moment: minutes and seconds after the beginning, and what happens.
fn lines(timeline: &Timeline) -> Vec<String> {
    let line = |moment: &Moment| {
        let passed = moment.at.duration_since(begins()).as_secs();
        format!("{:02}:{:02} {moment}", passed / 60, passed % 60)
    };
    timeline.moments.iter().map(line).collect()
}

fn calls(timeline: &Timeline) -> BTreeMap<&str, u64> {
    timeline.calls.clone()
}

#[test]
fn a_release_is_told_from_its_beginning_to_its_end() {
    let timeline = of(&json!({
        "release": { "id": "web-1", "alarms": ["web-5xx"], "poll": "30s" },
        "backend": [{
            "function": "orders", "alias": "live", "target": "7", "strategy": "Canary10Percent5Minutes",
            "before": "orders-smoke", "after": "orders-verify",
        }],
        "one-box": { "function": "box", "alias": "live", "target": "latest" },
        "regular": { "function": "web", "alias": "live", "target": { "zip": "web.zip" } },
    }));
    assert_eq!(
        lines(&timeline),
        [
            "00:00 the release begins",
            "00:00 preflight",
            "00:00 publish",
            "00:00 box: published version new",
            "00:00 web: published version new",
            "00:00 protect versions",
            "00:00 backends: hooks before traffic",
            "00:00 orders: the hook orders-smoke passed",
            "00:00 backends: shift",
            "00:00 orders:live: 10 % on version 7, the rest on current",
            "05:00 orders:live: 100 % on version 7",
            "05:00 backends: hooks after traffic",
            "05:00 orders: the hook orders-verify passed",
            "05:00 one-box: shift",
            "05:00 box:live: 100 % on version new",
            "05:00 bake",
            "15:00 regular: shift",
            "15:00 web:live: 100 % on version new",
            "15:00 final bake",
            "25:00 clean up",
            "25:00 released: everything is on the new versions",
        ]
    );
    assert_eq!((timeline.ends, &timeline.ending), (after(25), &Ending::Released));
    assert_eq!(timeline.polls, 25 * 2);
    let watched = Watched { alarm: "web-5xx".to_owned(), from: begins(), to: after(25) };
    assert_eq!(timeline.alarms, [watched]);
    let calls = calls(&timeline);
    let changes = ["UpdateAlias", "PublishVersion", "UpdateFunctionCode", "Invoke"].map(|operation| calls[operation]);
    assert_eq!(changes, [4, 2, 1, 2]);
    assert_eq!([calls["CreateAlias"], calls["DeleteAlias"]], [3, 3], "one guard for each function");
    assert!(calls["DescribeAlarms"] >= timeline.polls, "{calls:?}");
}

#[test]
fn the_versions_that_were_found_are_named() {
    let plan = Plan::read(&json!({
        "release": { "id": "web-1" },
        "regular": { "function": "web", "alias": "live", "target": "7" },
    }))
    .unwrap();
    let found = Executed { function: "web".to_owned(), alias: "live".to_owned(), version: "6".to_owned() };
    let told = lines(&timeline(&plan, begins(), &[found]));
    assert!(told.contains(&"00:00 web:live: 100 % on version 7".to_owned()), "{told:#?}");
    // What would be refused is told, too.
    let found = Executed { function: "web".to_owned(), alias: "live".to_owned(), version: "7".to_owned() };
    let told = timeline(&plan, begins(), &[found]);
    assert!(matches!(told.ending, Ending::Refused(_)), "{:?}", told.ending);
    assert!(!told.calls.contains_key("UpdateAlias"), "{:?}", told.calls);
}

#[test]
fn an_approval_is_asked_for_once_and_cuts_no_wait_short() {
    let timeline = of(&json!({
        "release": { "id": "web-1" },
        "backend": [
            { "function": "orders", "alias": "live", "target": "7", "strategy": "Canary10Percent5Minutes" },
            {
                "function": "users", "alias": "live", "target": "7",
                "strategy": { "steps": [{ "percent": 1, "wait": "2m" }, { "percent": 50, "approval": true }] },
            },
        ],
    }));
    let told = lines(&timeline);
    let told: Vec<_> = told.iter().filter(|line| line.contains(":live")).collect();
    assert_eq!(
        told,
        [
            "00:00 orders:live: 10 % on version 7, the rest on current",
            "00:00 users:live: 1 % on version 7, the rest on current",
            "02:00 users:live: 50 % on version 7, the rest on current",
            "02:00 users:live: waits for approval at 50 %",
            "05:00 orders:live: 100 % on version 7",
            "05:00 users:live: 100 % on version 7",
        ]
    );
    assert!(!lines(&timeline).iter().any(|line| line.contains("held")), "{:#?}", lines(&timeline));
    assert_eq!((timeline.ends, timeline.ending), (after(15), Ending::Released));
    let written = serde_json::to_value(&timeline.moments).unwrap();
    let approval = written.as_array().unwrap().iter().find(|moment| moment["event"] == "approval").unwrap();
    assert_eq!(
        *approval,
        json!({ "at": after(2), "event": "approval", "function": "users", "alias": "live", "percent": 5_000 })
    );
}

#[test]
fn alarms_for_the_new_versions_are_made_watched_and_removed() {
    let timeline = of(&json!({
        "release": { "id": "web-1" },
        "health": {
            "min_requests": 1_000,
            "comparison": { "false_alarm": "1%", "tolerance": "1%" },
            "version_alarms": { "errors": 1, "minutes": 1 },
        },
        "regular": { "function": "web", "alias": "live", "target": "7", "strategy": "Canary10Percent10Minutes" },
    }));
    assert_eq!((timeline.ends, &timeline.ending), (after(20), &Ending::Released));
    let calls = calls(&timeline);
    assert_eq!([calls["PutMetricAlarm"], calls["DeleteAlarms"]], [1, 1]);
    assert!(calls["GetMetricData"] > 0);
    let [watched] = &*timeline.alarms else { panic!("{:?}", timeline.alarms) };
    assert_eq!((watched.alarm.as_str(), watched.to), ("onebox-web-1/web/live/7/errors", after(20)));
}

#[test]
fn codedeploy_is_told_once_and_followed() {
    let timeline = of(&json!({
        "release": { "id": "web-1", "via": "codedeploy" },
        "backend": [
            {
                "function": "orders", "alias": "live", "target": "7", "strategy": "Linear10PercentEvery1Minute",
                "codedeploy": { "application": "shop", "group": "orders" },
            },
            {
                "function": "users", "alias": "live", "target": "7", "strategy": { "canary": { "percent": 25, "wait": "3m" } },
                "codedeploy": { "application": "shop", "group": "users", "config": "Quarter" },
            },
        ],
    }));
    let calls = calls(&timeline);
    assert_eq!((calls["CreateDeployment"], calls.get("UpdateAlias")), (2, None));
    assert!(calls["GetDeployment"] >= 54, "{calls:?}");
    assert_eq!((timeline.ends, &timeline.ending), (after(19), &Ending::Released));
    let told = lines(&timeline);
    let shifts = |function: &str| told.iter().filter(|line| line.contains(&format!(" {function}:live: "))).count();
    assert_eq!((shifts("orders"), shifts("users")), (10, 2), "{told:#?}");
}

#[test]
fn a_long_release_is_told_as_fast_as_a_short_one() {
    let timeline = of(&json!({
        "release": { "id": "web-1", "alarms": ["web-5xx"], "poll": "100ms", "bake": "30d", "final_bake": "30d" },
        "one-box": { "function": "box", "alias": "live", "target": "7" },
        "regular": { "function": "web", "alias": "live", "target": "7" },
    }));
    assert_eq!((timeline.ends, &timeline.ending), (after(60 * 24 * 60), &Ending::Released));
    let polls: u64 = 60 * 24 * 60 * 60 * 10;
    assert!(timeline.polls.abs_diff(polls) < polls / 1_000, "{}", timeline.polls);
    assert!(timeline.calls["DescribeAlarms"] >= timeline.polls);
    assert_eq!(timeline.calls["UpdateAlias"], 2);
}
