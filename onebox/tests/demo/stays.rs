//! Who is on which side, and stays there: pins, overrides, schedules, crawlers.

use super::*;

/// <https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes>
fn a_first_page_pins(runtime: &str) {
    let demo = Demo::start(&["--share", "50%", "--runtime", runtime, "--node", &node()]);
    let bucket = demo.state("7f3a")["visitor"]["bucket"].as_u64().unwrap();
    assert_eq!(demo.state("7f3a")["pin"], Value::Null);
    let first = demo.get("/", "7f3a");
    let [(pin, attributes)] = &cookies(&first)[..] else { panic!("{first:?}") };
    assert!(pin.starts_with(&format!("__Host-onebox=demo.{bucket}.")), "{pin}");
    let mut attributes: Vec<_> = attributes.iter().map(|attribute| attribute.to_lowercase()).collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["httponly", "max-age=604800", "path=/", "samesite=lax", "secure"]);

    // Another session, and the same browser: the pin holds.
    for session in ["other", "another"] {
        let line = format!("session={session}; {pin}");
        let lines = [("Cookie", &*line), ("Accept", "text/html")];
        let page = demo.ask("GET", "/", &lines, "");
        assert_eq!((page.release(), cookies(&page).len()), (first.release(), 0), "{page:?}");
        let state = demo.ask("GET", "/__onebox/state", &lines, "").json();
        assert_eq!((&state["visitor"]["source"], &state["visitor"]["bucket"]), (&json!("pin"), &json!(bucket)));
        assert_eq!((&state["pin"]["cookie"], &state["pin"]["bucket"]), (&json!("__Host-onebox"), &json!(bucket)));
    }
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_first_page_pins_and_the_pin_holds() {
    a_first_page_pins("native");
}

#[test]
fn a_first_page_pins_and_the_pin_holds_in_node() {
    a_first_page_pins("node");
}

#[test]
fn a_first_page_pins_and_the_pin_holds_in_cloudfront_functions_in_node() {
    a_first_page_pins("cff");
}

fn a_side_is_forced(runtime: &str) {
    let demo = Demo::start(&["--share", "0%", "--runtime", runtime, "--node", &node()]);
    for (partition, release) in [("one-box", "B"), ("regular", "A")] {
        let answer = demo.order("/__onebox/override", &json!({"partition": partition}));
        let [(token, attributes)] = &cookies(&answer)[..] else { panic!("{answer:?}") };
        assert_eq!(attributes, &["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=3600"]);
        // With a session, or the shop sets one with the page.
        let cookie = format!("session=7f3a; {token}");
        let lines = [("Cookie", &*cookie), ("Accept", "text/html")];
        let page = demo.ask("GET", "/", &lines, "");
        assert_eq!((page.release(), cookies(&page).len()), (release, 0), "{page:?}");
        let state = demo.ask("GET", "/__onebox/state", &lines, "").json();
        assert_eq!(state["visitor"], json!({"partition": partition, "bucket": null, "source": "override"}));
        // One digit more is another token.
        let forged = demo.ask("GET", "/", &[("Cookie", &format!("{token}0")), ("Accept", "text/html")], "");
        assert_eq!(forged.release(), "A");
    }
    let answer = demo.order("/__onebox/override", &json!({"partition": null}));
    let expected = ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=0"].map(str::to_owned);
    assert_eq!(cookies(&answer), [("onebox-force=".to_owned(), expected.to_vec())]);
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_side_is_forced_from_the_page_even_at_a_share_of_zero() {
    a_side_is_forced("native");
}

#[test]
fn a_side_is_forced_from_the_page_even_at_a_share_of_zero_in_node() {
    a_side_is_forced("node");
}

#[test]
fn a_side_is_forced_from_the_page_even_at_a_share_of_zero_in_cloudfront_functions_in_node() {
    a_side_is_forced("cff");
}

fn a_ramp_runs(runtime: &str) {
    let demo = Demo::start(&["--share", "0%", "--runtime", runtime, "--node", &node()]);
    let state = demo.order("/__onebox/ramp", &json!({"seconds": 5})).json();
    let steps = state["ramp"]["steps"].as_array().unwrap();
    assert_eq!(
        (steps.len(), &steps[0]["share_buckets"], &steps[5]["share_buckets"]),
        (6, &json!(1000), &json!(100_000))
    );
    assert_eq!(steps[5]["at"].as_i64().unwrap() - steps[0]["at"].as_i64().unwrap(), 5000);
    let mut releases = String::new();
    let mut shares = Vec::new();
    for state in demo.events("7f3a") {
        let (now, share) = (state["ramp"]["now"].as_i64().unwrap(), state["share_buckets"].as_u64().unwrap());
        let come = steps.iter().rev().find(|step| step["at"].as_i64().unwrap() <= now).unwrap();
        assert_eq!(come["share_buckets"].as_u64(), Some(share), "{state}");
        shares.push(share);
        releases += demo.get("/", "7f3a").release();
        if share == 100_000 {
            break;
        }
    }
    releases += demo.get("/", "7f3a").release();
    assert!(shares.is_sorted() && releases.ends_with('B') && !releases.contains("BA"), "{shares:?} {releases}");
    let answer = demo.order("/__onebox/share", &json!({"share": "20%"}));
    assert_eq!((&answer.json()["share"], &answer.json()["ramp"]), (&json!("20%"), &Value::Null), "{answer:?}");
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_ramp_runs_without_another_deployment() {
    a_ramp_runs("native");
}

#[test]
fn a_ramp_runs_without_another_deployment_in_node() {
    a_ramp_runs("node");
}

#[test]
fn a_ramp_runs_without_another_deployment_in_cloudfront_functions_in_node() {
    a_ramp_runs("cff");
}

#[test]
fn a_crawler_is_regular_whatever_the_share_is() {
    let demo = Demo::start(&["--share", "100%"]);
    let lines = [("User-Agent", "Mozilla/5.0 (compatible; Examplebot/2.1)"), ("Accept", "text/html")];
    assert_eq!(demo.ask("GET", "/", &lines, "").release(), "A");
    assert_eq!(demo.get("/", "7f3a").release(), "B");
    assert_eq!(demo.stop(), Some(0));
}
