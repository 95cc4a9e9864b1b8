//! A release that happens meanwhile: as a report, and on the page.

use super::*;

fn report(args: &[&str]) -> Value {
    let done = run(&[&["--release", "--seconds", "8", "--json"], args].concat());
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    serde_json::from_slice(&done.stdout).unwrap()
}

fn stands(report: &Value, at: &str) -> Vec<String> {
    let stands = |lane: &Value| format!("{}={}", lane["alias"].as_str().unwrap(), lane["stands"].as_str().unwrap());
    report[at].as_array().unwrap().iter().map(stands).collect()
}

fn events(report: &Value) -> Vec<&str> {
    report["events"].as_array().unwrap().iter().map(|event| event["text"].as_str().unwrap()).collect()
}

/// Where these events stand among all, in this order.
fn in_order(report: &Value, expected: &[&str]) {
    let events = events(report);
    let mut rest = events.iter();
    for text in expected {
        assert!(rest.any(|event| event == text), "{text}\nis not, or not in its place, in\n{events:#?}");
    }
}

fn whole(report: &Value) {
    let pages = &report["pages"];
    assert!(pages["in_one_piece"]["loaded"].as_u64().unwrap() > 0, "{pages}");
    assert_eq!((&pages["in_one_piece"]["broken"], &pages["both_sides"]), (&json!(0), &json!(0)), "{pages}");
}

#[test]
fn a_healthy_version_is_released_and_no_page_breaks_that_is_loaded_in_one_piece() {
    let report = report(&[]);
    assert_eq!((&report["shown"], &report["ending"]), (&json!(true), &json!("released")), "{report}");
    assert_eq!(stands(&report, "aliases"), ["orders:live=2", "web-one-box:live=2", "web-regular:live=2"]);
    in_order(
        &report,
        &[
            "orders:live: 1 % on version 2, the rest on 1",
            "orders:live: 10 % on version 2, the rest on 1",
            "orders:live: 50 % on version 2, the rest on 1",
            "orders:live: 100 % on version 2",
            "web-one-box:live: 100 % on version 2",
            "bake",
            "web-regular:live: 100 % on version 2",
            "final bake",
            "released: everything is on the new versions",
        ],
    );
    assert!(report["verdict"].as_str().unwrap().starts_with("proven healthy: "), "{report}");
    assert_eq!(report["alarm"], Value::Null);
    for part in ["before", "meanwhile", "after"] {
        let orders = &report["orders"][part];
        // One request in 400 of each version fails, in turn.
        let (requests, failed) = (orders["requests"].as_u64().unwrap(), orders["failed"].as_u64().unwrap());
        assert!(requests > 0 && failed <= requests / 400 + 2, "{part}: {orders}");
    }
    whole(&report);
}

#[test]
fn a_version_that_fails_goes_back_and_visitors_are_better_off_afterwards() {
    let report = report(&["--fail"]);
    assert_eq!((&report["shown"], &report["ending"]), (&json!(true), &json!("rolled-back")), "{report}");
    assert_eq!(stands(&report, "aliases"), ["orders:live=1", "web-one-box:live=1", "web-regular:live=1"]);
    assert!(!events(&report).iter().any(|event| event.starts_with("web-")), "nothing but the backend moved: {report}");
    let orders = |part: &str, what: &str| report["orders"][part][what].as_u64().unwrap();
    assert!(orders("meanwhile", "failed") > 0, "{report}");
    // Afterwards the old version serves alone, and fails one request in 400 in turn.
    assert!(orders("after", "failed") <= orders("after", "requests") / 400 + 1, "{report}");
    whole(&report);
}

#[test]
fn a_version_that_fails_later_takes_the_one_box_back_with_it() {
    let report = report(&["--fail=bake"]);
    assert_eq!((&report["shown"], &report["ending"]), (&json!(true), &json!("rolled-back")), "{report}");
    assert_eq!(stands(&report, "aliases"), ["orders:live=1", "web-one-box:live=1", "web-regular:live=1"]);
    in_order(
        &report,
        &[
            "web-one-box:live: 100 % on version 2",
            "bake",
            "the alarm onebox-demo/orders/live/2/errors fired",
            "web-one-box:live: wholly on version 1 again",
            "orders:live: wholly on version 1 again",
            "rolled back: the alarm onebox-demo/orders/live/2/errors fired",
        ],
    );
    let alarm = &report["alarm"];
    assert_eq!(alarm["name"], json!("onebox-demo/orders/live/2/errors"), "{report}");
    assert!(alarm["to_put_back_ms"].as_f64().is_some(), "{report}");
    let stages: Vec<_> = report["stages"].as_array().unwrap().iter().map(|stage| &stage["stage"]).collect();
    let expected = [
        "preflight",
        "arm alarms",
        "protect versions",
        "backends: shift",
        "one-box: shift",
        "bake",
        "roll back",
        "clean up",
    ];
    assert_eq!(stages, expected);
    whole(&report);
}

#[test]
fn the_report_for_people_ends_with_what_became_of_it() {
    let done = run(&["--release", "--fail", "--seconds", "8"]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{text}");
    for line in ["what visitors got", "pages loaded in one piece", "orders:live"] {
        assert!(text.contains(line), "{line}\nis not in\n{text}");
    }
    assert!(text.lines().last().unwrap().starts_with("As it should be, rolled back: "), "{text}");
    assert_eq!(String::from_utf8_lossy(&done.stderr), "", "no bar where nobody looks");
}

#[test]
fn an_interrupted_release_says_how_far_it_was_and_is_130() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let port = address.port().to_string();
    let mut child = demo(&["--release", "--seconds", "600", "--port", &port]).stdout(Stdio::piped()).spawn().unwrap();
    // It heeds signals before it listens.
    while TcpStream::connect(address).is_err() {
        assert_eq!(child.try_wait().unwrap(), None, "it ended before it listened");
    }
    interrupt(&child);
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{text}");
    assert!(text.ends_with("Interrupted: this is what there was until then.\n"), "{text}");
}

#[test]
fn what_does_not_go_together_is_said() {
    for (args, said) in [
        (&["--release", "--seconds", "5"][..], "at least 8 seconds"),
        (&["--fail"], "--release"),
        (&["--release", "--no-crowd"], "--no-crowd"),
        (&["--release", "--visitors", "5"], "--visitors"),
        (&["--release", "--seconds", "8", "--visits", "5"], "--visits"),
    ] {
        let done = run(args);
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(64), "{text}");
        assert!(text.contains(said), "{text}");
    }
}

/// The first state that is as wanted.
fn until(demo: &Demo, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    demo.events("7f3a").map(|mut state| state["rollout"].take()).find(|rollout| holds(rollout)).unwrap_or_else(|| {
        panic!("the events ended before {what}");
    })
}

#[test]
fn a_release_begins_when_somebody_looks_and_obeys_the_page() {
    let demo = Demo::with(&["--release"]);
    assert_eq!(demo.state("7f3a")["rollout"]["began"], json!(false), "nobody looks yet");
    let moving = until(&demo, "traffic moved", |rollout| rollout["lanes"][0]["part"].as_f64() > Some(0.0));
    assert_eq!((&moving["ending"], &moving["failing"]), (&Value::Null, &json!(false)), "{moving}");
    let armed = moving["alarms"].as_array().unwrap().iter().map(|alarm| alarm["name"].as_str().unwrap());
    assert!(
        armed.eq([
            "onebox-demo/orders/live/2/errors",
            "onebox-demo/web-one-box/live/2/errors",
            "onebox-demo/web-regular/live/2/errors"
        ]),
        "{moving}"
    );

    assert_eq!(demo.order("/__onebox/release", &json!({"order": "abort"})).status, 200);
    let over = until(&demo, "it was over", |rollout| rollout["over"] == json!(true));
    assert_eq!(stands(&over, "lanes"), ["orders:live=1", "web-one-box:live=1", "web-regular:live=1"]);
    assert_eq!((&over["ending"], &over["alarms"], &over["ahead"]), (&json!("rolled-back"), &json!([]), &json!([])));

    let told = demo.order("/__onebox/failure", &json!({"failing": true})).json();
    assert_eq!(told["rollout"]["failing"], json!(true));
    assert_eq!(demo.order("/__onebox/release", &json!({"order": "again"})).status, 200);
    let fired = until(&demo, "an alarm fired again", |rollout| !rollout["alarm"].is_null());
    assert_eq!(fired["alarm"]["name"], json!("onebox-demo/orders/live/2/errors"));
    let over = until(&demo, "it was over again", |rollout| rollout["over"] == json!(true));
    assert_eq!(
        (&over["ending"], &over["pages"]["in_one_piece"]["broken"]),
        (&json!("rolled-back"), &json!(0)),
        "{over}"
    );
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn both_sides_serve_the_old_release_first_and_their_pages_ask_the_api() {
    let demo = Demo::with(&["--release", "--share", "50%"]);
    for session in ["1", "2", "3", "4", "5", "6", "7", "8"] {
        let page = demo.get("/", session);
        assert_eq!(page.release(), "A");
        assert!(page.body.contains(r#"data-api="/api/orders""#), "{page:?}");
    }
    let orders = demo.get("/api/orders?tea=sencha", "1");
    assert_eq!((orders.status, orders.header("x-amz-executed-version")), (200, Some("1")), "{orders:?}");
    assert_eq!(orders.json()["version"], json!("1"));
    assert_eq!(demo.ask("POST", "/api/orders", &[], "").status, 405);
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn without_a_release_there_is_none() {
    let demo = Demo::start(&[]);
    let page = demo.get("/", "1");
    assert!(!page.body.contains("data-api"), "{page:?}");
    assert_eq!(demo.state("1")["rollout"], Value::Null);
    assert_eq!(demo.get("/api/orders", "1").status, 404);
    let refused = demo.order("/__onebox/release", &json!({"order": "abort"}));
    assert_eq!(refused.status, 404, "{refused:?}");
    assert!(refused.json()["error"].as_str().unwrap().contains("--release"), "{refused:?}");
    assert_eq!(demo.stop(), Some(0));
}
