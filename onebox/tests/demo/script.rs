//! A scripted crowd, its report, and what keeps it from starting.

use super::*;

#[test]
fn with_stickiness_no_page_breaks_and_without_it_most_do_in_cloudfront_functions_in_node() {
    stickiness_is_worth_it("cff");
}

fn stickiness_is_worth_it(runtime: &str) {
    let done = run(&[
        "--seconds",
        "60",
        "--visitors",
        "60",
        "--visits",
        "4",
        "--json",
        "--runtime",
        runtime,
        "--node",
        &node(),
    ]);
    assert!(done.status.success(), "{done:?}");
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    let (with, without) = (&report["with_stickiness"], &report["without_stickiness"]);
    assert_eq!((&report["held"], &report["runtime"], &report["share"]), (&json!(true), &json!(runtime), &json!("20%")));
    for half in [with, without] {
        assert_eq!((&half["pages"], &half["visitors"]), (&json!(240), &json!(60)), "{half}");
        assert_eq!(half["requests"], json!(240 * 13), "{half}");
    }
    assert_eq!((&with["broken"], &with["both_sides"]), (&json!(0), &json!(0)), "{with}");
    // A page stays whole when all of its 13 requests fall on one side: 0.8^13 + 0.2^13, one in 18. That half of 240 pages
    // do, and that one of 60 visitors meets one side only in 52 requests, does not happen.
    assert!(without["broken"].as_u64().unwrap() > 120, "{without}");
    assert_eq!(without["both_sides"], json!(60), "{without}");
    // The seed is fixed, so the visitors of the sticky half are the same in every run.
    let share = with["visitor_share"].as_f64().unwrap();
    assert!((0.1..0.3).contains(&share) && with["hit_ratio"].as_f64().unwrap() > 0.8, "{with}");
}

#[test]
fn with_stickiness_no_page_breaks_and_without_it_most_do() {
    stickiness_is_worth_it("native");
}

#[test]
fn with_stickiness_no_page_breaks_and_without_it_most_do_in_node() {
    stickiness_is_worth_it("node");
}

#[test]
fn the_report_for_people_has_both_columns() {
    let done = run(&["--visitors", "10", "--visits", "1"]);
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(done.status.success(), "{text}");
    assert!(text.starts_with("10 visitors, 20% on the one-box, native handlers\n"), "{text}");
    assert!(text.contains("sticky      not sticky\n") && text.contains("pages broken"), "{text}");
    assert!(text.ends_with("Stickiness held: no page broke and nobody saw both sides.\n"), "{text}");
    assert_eq!(String::from_utf8_lossy(&done.stderr), "", "no progress bar where nobody looks");
}

#[test]
fn an_interrupted_run_prints_what_there_is_and_is_130() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let port = address.port().to_string();
    let args = ["--seconds", "600", "--visitors", "500", "--visits", "10000", "--port", &port];
    let mut child = demo(&args).stdout(Stdio::piped()).spawn().unwrap();
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
fn what_keeps_it_from_starting_is_said() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let done = run(&["--port", &port]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains(&format!("port {port} is taken")) && said.contains("--port"), "{said}");

    let done = run(&["--port", "0", "--runtime", "node", "--node", "/nowhere/node"]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("/nowhere/node") && said.contains("install Node.js"), "{said}");
}
