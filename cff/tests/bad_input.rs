//! Events that are odd: the specified answer, and never an exception.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod harness;

use harness::{Case, ENGINES, config, logged, run, visit::Visit};
use onebox_core::{Bucket, Partition};
use onebox_edge::Config;
use serde_json::{Value, json};

const NOON: i64 = 1_795_176_000_000;
const SECRET: &str = "hex:73776f7264666973682073776f726466697368";

fn packaged() -> Config {
    let more =
        json!({ "pin": { "secret": SECRET }, "override": { "secret": SECRET }, "crawlers": { "contains": ["bot"] } });
    config(&json!({ "id": "web-1", "share": "50%" }), &json!(["cookie:session", "header:user-agent"]), &more)
}

fn functions() -> [String; 2] {
    let built = onebox_cff::functions(&packaged()).unwrap();
    [built.viewer_request, built.viewer_response.unwrap()]
}

/// The messages that come back, in both engines the same.
fn messages(cases: &[Case]) -> Vec<Value> {
    let [njs, node] = ENGINES.map(|engine| run(engine, &functions(), cases));
    assert_eq!(njs, node);
    for (answer, case) in njs.iter().zip(cases) {
        assert_eq!(answer.get("thrown"), None, "{}", case.event);
    }
    njs.into_iter().map(|mut answer| answer["message"].take()).collect()
}

fn case(function: usize, event: Value) -> Case {
    Case { function, now: NOON, store: None, event }
}

fn sides(events: impl IntoIterator<Item = Value>) -> Vec<String> {
    let cases: Vec<Case> = events.into_iter().map(|event| case(0, event)).collect();
    let side = |message: Value| message["headers"]["x-req-partition"]["value"].as_str().unwrap().to_owned();
    messages(&cases).into_iter().map(side).collect()
}

fn with_cookies(cookies: Value) -> Value {
    json!({ "viewer": { "ip": "198.51.100.7" }, "request": { "headers": {}, "cookies": cookies } })
}

/// A pin of the first bucket is on the one-box, one of the last is regular.
fn pin(bucket: u32) -> String {
    packaged().policy().pins().unwrap().value(Bucket::new(bucket).unwrap()).to_string()
}

#[test]
fn the_whole_header_of_a_viewer_is_replaced_and_the_rest_stays() {
    let mut event = with_cookies(json!({ "__Host-onebox": { "value": pin(99_999) } }));
    event["request"]["headers"] = json!({
        "x-req-partition": { "value": "one-box", "multiValue": [{ "value": "one-box" }, { "value": "one-box" }] },
        "accept": { "value": "*/*" },
    });
    event["request"]["unknown"] = json!([1, { "two": null }]);
    let mut expected = event["request"].clone();
    expected["headers"]["x-req-partition"] = json!({ "value": "regular" });
    assert_eq!(messages(&[case(0, event)]), [expected]);
}

#[test]
fn a_name_sent_twice_counts_by_its_first_value() {
    let twice =
        |values: [&str; 2]| json!({ "value": values[1], "multiValue": values.map(|value| json!({ "value": value })) });
    let (one_box, regular) = (pin(0), pin(99_999));
    let events = [[&*one_box, &*regular], [&*regular, &*one_box], ["web-1.1.0", &*one_box]]
        .map(|pins| with_cookies(json!({ "__Host-onebox": twice(pins), "session": { "value": "9" } })));
    // The bucket of the key, where the first pin is forged.
    assert_eq!(
        sides(events),
        ["one-box", "regular", &*sides([with_cookies(json!({ "session": { "value": "9" } }))])[0]]
    );
}

#[test]
fn what_is_missing_or_of_another_shape_is_not_there() {
    let request = |request: Value| json!({ "viewer": {}, "request": request });
    let odd = [
        json!(null),
        json!(5),
        json!("text"),
        json!([]),
        json!({ "session": null }),
        json!({ "session": {} }),
        json!({ "session": { "value": 5 } }),
        json!({ "session": { "value": ["x"] } }),
        json!({ "session": { "multiValue": [] } }),
        json!({ "session": { "multiValue": [null] } }),
        json!({ "session": { "multiValue": "x" } }),
    ];
    let events = odd.into_iter().map(|cookies| request(json!({ "headers": {}, "cookies": cookies })));
    let without = [request(json!({ "headers": {} })), json!({ "request": { "headers": {} } })];
    let sides = sides(events.chain(without));
    assert!(sides.iter().all(|side| side == "regular"), "{sides:?}");
}

#[test]
fn an_event_that_is_none_comes_back_without_an_exception() {
    let events =
        [json!({}), json!({ "request": null }), json!({ "request": {} }), json!({ "request": { "headers": null } })];
    let expected = [Value::Null, json!(null), json!({}), json!({ "headers": null })];
    assert_eq!(messages(&events.map(|event| case(0, event))), expected);
    let responses =
        [json!({}), json!({ "response": { "statusCode": 200 } }), json!({ "request": null, "response": {} })];
    let expected = [Value::Null, json!({ "statusCode": 200 }), json!({})];
    assert_eq!(messages(&responses.map(|event| case(1, event))), expected);
}

#[test]
fn a_function_that_is_associated_with_the_other_event_says_so_and_lets_no_tag_of_a_viewer_pass() {
    let mut request = Visit { cookies: vec![format!("__Host-onebox={}", pin(0))], ..Visit::default() }.request();
    request["request"]["headers"]["x-req-partition"] = json!({ "value": "one-box" });
    let response = Visit { cookies: vec!["session=7f3a".into()], ..Visit::default() }.response();
    let cases = [case(0, response.clone()), case(1, request.clone())];
    let mut tagged = request["request"].clone();
    tagged["headers"]["x-req-partition"] = json!({ "value": "regular" });
    assert_eq!(messages(&cases), [response["response"].clone(), tagged]);
    for engine in ENGINES {
        let (_, log) = logged(engine, &functions(), &cases);
        let lines: Vec<&str> = log.lines().collect();
        assert_eq!(lines.len(), 2, "{engine:?}: {log}");
        assert!(lines[0].ends_with("onebox: expected an event of viewer-request"), "{engine:?}: {log}");
        assert!(lines[1].ends_with("onebox: expected an event of viewer-response"), "{engine:?}: {log}");
    }
}

#[test]
fn no_event_at_all_is_no_exception() {
    let events = [json!(null), json!(5), json!("text"), json!([])];
    for function in [0, 1] {
        let cases: Vec<Case> = events.iter().map(|event| case(function, event.clone())).collect();
        assert_eq!(messages(&cases), [const { Value::Null }; 4]);
    }
}

#[test]
fn a_message_that_cannot_be_changed_comes_back_as_it_was_and_is_not_moved() {
    let secret = json!({ "pin": { "secret": SECRET }, "function": { "origin": "function" } });
    let moving = config(&json!({ "id": "web-1", "share": "50%" }), &json!(["cookie:session"]), &secret);
    let built = onebox_cff::functions(&moving).unwrap();
    let functions = [built.viewer_request, built.viewer_response.unwrap()];
    let with = |cookie: String| Visit { cookies: vec![cookie], ..Visit::default() };
    let mut request = with(format!("__Host-onebox={}", pin(0))).request();
    let mut response = with("session=7f3a".into()).response();
    let moved = case(0, request.clone());
    request["frozen"] = json!(["request"]);
    response["frozen"] = json!(["response"]);
    let cases = [case(0, request.clone()), case(1, response.clone()), moved];
    for engine in ENGINES {
        let (answers, log) = logged(engine, &functions, &cases);
        assert_eq!(answers[0], json!({ "message": request["request"], "moves": [] }), "{engine:?}");
        assert_eq!(answers[1], json!({ "message": response["response"], "moves": [] }), "{engine:?}");
        assert_eq!(answers[2]["moves"].as_array().map(Vec::len), Some(1), "{engine:?}");
        assert_eq!(log.matches("onebox: ").count(), 2, "{engine:?}: {log}");
    }
}

#[test]
fn cookies_by_the_thousand_and_long_ones_are_read() {
    let mut cookies: serde_json::Map<String, Value> =
        (0..5000).map(|at| (format!("name{at}"), json!({ "value": "x" }))).collect();
    cookies.insert("__Host-onebox".into(), json!({ "value": pin(0) }));
    let long = |name: &str, part: &str| with_cookies(json!({ (name): { "value": part.repeat(20_000) } }));
    let sides = sides([
        with_cookies(cookies.into()),
        long("__Host-onebox", "web-1."),
        long("onebox-force", "one-box."),
        long("x", " "),
    ]);
    assert_eq!(sides, ["one-box", "regular", "regular", "regular"]);
}

#[test]
fn numbers_that_are_too_long_and_control_bytes_are_no_pin_and_no_token() {
    let genuine = pin(0);
    let tag = genuine.rsplit('.').next().unwrap();
    let numbers = [
        "00",
        "100000",
        "99999999999999999999",
        "1e1",
        "-0",
        "+0",
        " 0",
        "0x0",
        "0\0",
        "\u{660}",
        "Infinity",
        "NaN",
        "",
    ];
    let pins =
        numbers.map(|number| with_cookies(json!({ "__Host-onebox": { "value": format!("web-1.{number}.{tag}") } })));
    let ends = ["\0", "\n", "\r\n", "\u{1}", "\u{7f}", ".", "0"];
    let ended = ends.map(|end| with_cookies(json!({ "__Host-onebox": { "value": format!("{genuine}{end}") } })));
    let token = packaged().policy().overrides().unwrap().token(Partition::OneBox, 999_999_999_999);
    let tokens = ends.map(|end| with_cookies(json!({ "onebox-force": { "value": format!("{token}{end}") } })));
    let longer = token.replacen("999999999999", "9999999999999", 1);
    let huge = [with_cookies(json!({ "onebox-force": { "value": longer } }))];
    let sides = sides(pins.into_iter().chain(ended).chain(tokens).chain(huge));
    assert!(sides.iter().all(|side| side == "regular"), "{sides:?}");
    assert_eq!(self::sides([with_cookies(json!({ "onebox-force": { "value": token } }))]), ["one-box"]);
}

#[test]
fn a_clock_before_1970_or_after_2100_is_a_clock() {
    let token = |expiry| {
        let token = packaged().policy().overrides().unwrap().token(Partition::OneBox, expiry);
        with_cookies(json!({ "onebox-force": { "value": token } }))
    };
    let at = |now, event| Case { now, ..case(0, event) };
    let (before, after) = (-1, 4_102_444_800_000);
    let cases =
        [at(before, token(0)), at(0, token(0)), at(after, token(4_102_444_801)), at(after, token(4_102_444_800))];
    let sides: Vec<Value> =
        messages(&cases).iter().map(|message| message["headers"]["x-req-partition"]["value"].clone()).collect();
    assert_eq!(sides, ["one-box", "regular", "one-box", "regular"]);
}

#[test]
fn a_pin_is_added_to_what_the_origin_sets() {
    let mut event = Visit { cookies: vec!["session=7f3a".into()], ..Visit::default() }.response();
    event["response"]["cookies"] =
        json!({ "a": { "value": "1", "attributes": "Path=/", "multiValue": [{ "value": "1" }, { "value": "2" }] } });
    let mut expected = event["response"].clone();
    let policy = packaged().policy();
    let visit = Visit { cookies: vec!["session=7f3a".into()], ..Visit::default() };
    let bucket = policy.decide(&visit, onebox_core::Time::from_unix_millis(NOON)).bucket.unwrap();
    expected["cookies"]["__Host-onebox"] = json!({
        "value": policy.pins().unwrap().value(bucket).to_string(),
        "attributes": "HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=604800",
    });
    let mut bare = event.clone();
    bare["response"]["cookies"].take();
    assert_eq!(
        messages(&[case(1, event), case(1, bare)])
            .iter()
            .map(|message| &message["cookies"]["__Host-onebox"])
            .collect::<Vec<_>>(),
        [&expected["cookies"]["__Host-onebox"]; 2]
    );
}

#[test]
fn ordinary_and_odd_requests_leave_nothing_in_the_log() {
    let cookies = [
        json!(null),
        json!({ "__Host-onebox": { "value": "web-1.\0.x" } }),
        json!({ "onebox-force": { "value": "one-box.1.\n" } }),
    ];
    let cases: Vec<Case> = cookies.into_iter().map(|cookies| case(0, with_cookies(cookies))).collect();
    for engine in ENGINES {
        assert_eq!(logged(engine, &functions(), &cases).1, "", "{engine:?}");
    }
}
