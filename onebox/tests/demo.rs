//! The demo as people see it: over HTTP, and as a report.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
};

use serde_json::{Value, json};

/// The Node.js to test with.
fn node() -> String {
    std::env::var("ONEBOX_NODE").unwrap_or_else(|_| "node".to_owned())
}

fn demo(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onebox"));
    command.arg("demo").args(args);
    command
}

fn run(args: &[&str]) -> Output {
    demo(args).output().unwrap()
}

/// Asks a process to stop, as Ctrl-C does.
fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

/// A running demo without a crowd.
struct Demo {
    child: Child,
    address: SocketAddr,
}

impl Demo {
    fn start(args: &[&str]) -> Self {
        let mut child = demo(&["--port", "0", "--no-crowd"]).args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (_, rest) = line.split_once("http://").unwrap_or_else(|| panic!("no address in {line:?}"));
        let address = rest.split_once('/').unwrap().0.parse().unwrap();
        Self { child, address }
    }

    fn ask(&self, method: &str, path: &str, lines: &[(&str, &str)], body: &str) -> Answer {
        let host = self.address.to_string();
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !lines.iter().any(|(name, _)| *name == "Host") {
            head += &format!("Host: {host}\r\n");
        }
        lines.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer { status: head[9..12].parse().unwrap(), head: head.to_owned(), body: body.to_owned() }
    }

    fn get(&self, path: &str, session: &str) -> Answer {
        self.ask("GET", path, &[("Cookie", &format!("session={session}")), ("Accept", "text/html")], "")
    }

    fn order(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[("X-Onebox-Demo", "1")], &body.to_string())
    }

    fn state(&self, session: &str) -> Value {
        self.get("/__onebox/state", session).json()
    }

    /// The state, again and again.
    fn events(&self, session: &str) -> impl Iterator<Item = Value> + use<> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let (host, cookie) = (self.address, format!("session={session}"));
        let head = format!("GET /__onebox/events HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let lines = BufReader::new(stream).lines().map(Result::unwrap);
        lines.filter_map(|line| line.strip_prefix("data: ").map(|data| serde_json::from_str(data).unwrap()))
    }

    fn stop(mut self) -> Option<i32> {
        interrupt(&self.child);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Only a test that has failed leaves it running.
        let _ = self.child.kill();
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn release(&self) -> &str {
        self.body.split_once("data-release=\"").unwrap_or_else(|| panic!("no release in {self:?}")).1.get(..1).unwrap()
    }
}

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

fn a_new_share_is_live(runtime: &str) {
    let demo = Demo::start(&["--share", "0%", "--runtime", runtime, "--node", &node()]);
    let sessions: Vec<_> = (0..20).map(|session| session.to_string()).collect();
    let side = |session: &String| {
        let page = demo.get("/", session);
        assert_eq!(page.status, 200, "{page:?}");
        page.release().to_owned()
    };
    assert!(sessions.iter().all(|session| side(session) == "A"));
    assert_eq!(demo.state("1")["visitor"], json!({"partition": "regular", "bucket": null, "source": "share-zero"}));

    let answer = demo.order("/__onebox/share", &json!({"share": "50%"}));
    assert_eq!((answer.status, &answer.json()["share"]), (200, &json!("50%")), "{answer:?}");
    let mut releases = Vec::new();
    for session in &sessions {
        let visitor = &demo.state(session)["visitor"];
        let expected = if visitor["partition"] == json!("one-box") { "B" } else { "A" };
        assert_eq!((&visitor["source"], &*side(session)), (&json!("cookie:session"), expected), "{visitor}");
        assert_eq!(visitor["bucket"].as_u64().unwrap() < 50_000, expected == "B", "{visitor}");
        releases.push(expected);
    }
    assert!(releases.contains(&"A") && releases.contains(&"B"), "20 visitors at 50 %: {releases:?}");

    let answer = demo.order("/__onebox/share", &json!({"share": "100%"}));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(sessions.iter().all(|session| side(session) == "B"));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_new_share_is_live_at_once() {
    a_new_share_is_live("native");
}

#[test]
fn a_new_share_is_live_at_once_in_node() {
    a_new_share_is_live("node");
}

#[test]
fn a_new_share_is_live_at_once_in_cloudfront_functions_in_node() {
    a_new_share_is_live("cff");
}

/// The cookies that an answer sets, each as a browser would send it back, and its attributes.
fn cookies(answer: &Answer) -> Vec<(String, Vec<String>)> {
    let lines = answer.head.lines().filter_map(|line| line.split_once(": "));
    let lines = lines.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")).map(|(_, value)| value);
    let cookie = |line: &str| {
        let mut parts = line.split("; ").map(str::to_owned);
        (parts.next().unwrap(), parts.collect())
    };
    lines.map(cookie).collect()
}

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
        let lines = [("Cookie", &**token), ("Accept", "text/html")];
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

#[test]
fn a_switch_shows_what_stickiness_does() {
    let demo = Demo::start(&["--share", "50%"]);
    let answer = demo.order("/__onebox/stickiness", &json!({"sticky": false}));
    assert_eq!((answer.status, &answer.json()["sticky"]), (200, &json!(false)), "{answer:?}");
    // That 200 tosses of a coin fall on one side happens once in 10^60 runs.
    let releases: Vec<_> = (0..200).map(|_| demo.get("/", "7f3a").release().to_owned()).collect();
    assert!(releases.contains(&"A".to_owned()) && releases.contains(&"B".to_owned()));
    let state = demo.order("/__onebox/stickiness", &json!({"sticky": true})).json();
    assert_eq!(state["without_stickiness"]["both_sides"], json!(1), "{state}");
    assert_eq!(state["without_stickiness"]["pages"], json!(200), "{state}");

    let first = demo.get("/", "7f3a").release().to_owned();
    assert!((0..20).all(|_| demo.get("/tea/assam", "7f3a").release() == first));
    let state = demo.state("7f3a");
    assert_eq!((&state["with_stickiness"]["pages"], &state["with_stickiness"]["both_sides"]), (&json!(21), &json!(0)));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_page_that_gets_the_other_release_s_assets_is_broken() {
    let demo = Demo::start(&["--share", "50%"]);
    let sides = ["A", "B"].map(|release| {
        let mut sessions = (0..100).map(|session| session.to_string());
        sessions.find(|session| demo.get("/", session).release() == release).unwrap()
    });
    let page = demo.get("/", &sides[0]).body;
    let asset = page.split('"').find(|text| text.starts_with("/assets/app.")).unwrap();
    assert_eq!(demo.get(asset, &sides[0]).status, 200);
    assert_eq!(demo.get(asset, &sides[1]).status, 404);
    assert_eq!(demo.state("1")["with_stickiness"]["broken"], json!(1));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn another_site_may_change_nothing() {
    let demo = Demo::start(&[]);
    let here = format!("http://{}", demo.address);
    let share = json!({"share": "100%"}).to_string();
    for lines in [
        &[("Origin", "http://evil.example"), ("X-Onebox-Demo", "1")][..],
        &[("Origin", "null"), ("X-Onebox-Demo", "1")],
        &[("Origin", here.as_str())],
        &[("Host", "evil.example"), ("X-Onebox-Demo", "1")],
        &[],
    ] {
        for path in ["share", "ramp", "override", "stickiness", "visitor"].map(|path| format!("/__onebox/{path}")) {
            let path = path.as_str();
            let answer = demo.ask("POST", path, lines, &share);
            assert_eq!(answer.status, 403, "{path} {lines:?}: {answer:?}");
        }
    }
    assert_eq!(demo.ask("GET", "/__onebox/state", &[("Host", "evil.example")], "").status, 403);
    assert_eq!(demo.state("1")["share"], json!("20%"));
    let answer = demo.ask("POST", "/__onebox/share", &[("Origin", &here), ("X-Onebox-Demo", "1")], &share);
    assert_eq!((answer.status, &demo.state("1")["share"]), (200, &json!("100%")));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn a_share_that_is_none_is_refused_with_a_sentence() {
    let demo = Demo::start(&[]);
    for (body, sentence) in [
        (json!({"share": "120%"}), "a share is at most"),
        (json!({"share": 20}), "expected JSON such as"),
        (json!({"share": "x".repeat(5000)}), "at most 1024 bytes"),
    ] {
        let answer = demo.order("/__onebox/share", &body);
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.json()["error"].as_str().unwrap().contains(sentence), "{answer:?}");
    }
    assert_eq!(demo.state("1")["share"], json!("20%"));
    assert_eq!(demo.ask("DELETE", "/__onebox/share", &[("X-Onebox-Demo", "1")], "").status, 405);
    assert_eq!(demo.get("/__onebox/nothing", "1").status, 404);
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn the_page_gives_a_browser_a_session_and_the_cache_never_does() {
    let demo = Demo::start(&[]);
    let page = demo.ask("GET", "/__onebox/", &[], "");
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.starts_with("session=") && cookie.contains("SameSite=Lax"), "{cookie}");
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert!(page.header("content-security-policy").unwrap().starts_with("default-src 'none'; script-src 'self';"));
    assert_eq!(demo.get("/__onebox/", "7f3a").header("set-cookie"), None, "a visitor stays who they are");
    assert_ne!(demo.ask("GET", "/__onebox/", &[], "").header("set-cookie"), Some(cookie));
    assert_eq!(demo.ask("GET", "/", &[("Accept", "text/html")], "").header("set-cookie"), None);
    let another = demo.order("/__onebox/visitor", &json!({}));
    assert_eq!((another.status, another.header("clear-site-data")), (204, Some("\"cache\"")), "{another:?}");
    let set: Vec<_> = cookies(&another).into_iter().map(|(cookie, _)| cookie).collect();
    assert!(set[0].starts_with("session=") && set[1..] == ["__Host-onebox=", "onebox-force="], "{another:?}");
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn the_page_needs_nothing_from_elsewhere_and_its_policy_allows_what_it_loads() {
    let demo = Demo::start(&[]);
    let page = demo.get("/__onebox/", "1").body;
    for forbidden in ["style=\"", "onclick", "<script>", "<style", "https://", "//cdn"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for path in ["/__onebox/app.js", "/__onebox/style.css"] {
        assert!(page.contains(path) && demo.get(path, "1").status == 200, "{path}");
    }
    assert_eq!(demo.get("/__onebox", "1").header("location"), Some("/__onebox/"));
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn the_events_are_the_state_and_end_when_the_demo_stops() {
    let demo = Demo::start(&[]);
    demo.get("/", "7f3a");
    let mut events = demo.events("7f3a");
    let mut next = || events.next().unwrap();
    let event = next();
    assert_eq!(event["with_stickiness"]["pages"], json!(1), "{event}");
    assert_eq!(event["visitor"], demo.state("7f3a")["visitor"]);
    let recent = &event["recent"][0];
    assert_eq!((&recent["uri"], &recent["cache"], &recent["status"]), (&json!("/"), &json!("Miss"), &json!(200)));
    assert_eq!(recent["partition"], event["visitor"]["partition"]);
    assert_eq!(next()["share"], json!("20%"), "there is another one");
    assert_eq!(demo.stop(), Some(0));
    assert!(events.all(|event| event.get("error").is_none()), "the stream ends");
}

#[test]
fn a_viewer_cannot_choose_a_side() {
    let demo = Demo::start(&["--share", "0%"]);
    let lines = [("X-Req-Partition", "one-box"), ("Accept", "text/html")];
    let page = demo.ask("GET", "/", &lines, "");
    assert_eq!((page.release(), page.header("x-req-partition")), ("A", Some("regular")), "{page:?}");
    assert_eq!(demo.stop(), Some(0));
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
