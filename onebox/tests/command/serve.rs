use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use serde_json::{Value, json};

use crate::{ALL, CONFIG, Desk, njs, node};

/// A running `onebox serve --json`.
pub(crate) struct Server {
    child: Child,
    /// What it prints, if it is to be read.
    lines: Option<BufReader<ChildStdout>>,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(desk: &Desk, args: &[&str]) -> Self {
        let mut child = desk
            .command()
            .args(["serve", "--port", "0", "--json", "--origin-protocol", "http"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        let address = first["listening"].as_str().unwrap().strip_prefix("http://").unwrap().parse().unwrap();
        Self { child, lines: Some(lines), address }
    }

    /// Reads away what it prints from now on.
    pub(crate) fn silence(&mut self) {
        let mut lines = self.lines.take().unwrap();
        thread::spawn(move || io::copy(&mut lines, &mut io::sink()));
    }

    /// The body that a visitor with this session gets, and what is printed of it.
    fn get(&mut self, session: &str) -> (String, Value) {
        let (_, body, printed) = self.visit(&format!("session={session}"));
        (body, printed)
    }

    /// The pin that a visitor with these cookies gets, the body, and what is printed of it.
    fn visit(&mut self, cookies: &str) -> (Option<String>, String, Value) {
        let head = format!("GET /page HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n");
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let mut line = String::new();
        self.lines.as_mut().unwrap().read_line(&mut line).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let pin =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("set-cookie: ").map(str::to_owned));
        (pin, body.to_owned(), serde_json::from_str(&line).unwrap())
    }

    /// Asks it to stop, as a person does with Ctrl-C, and returns the exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        let kill = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only a test that has failed leaves it running.
        let _ = self.child.kill();
    }
}

/// An origin that answers everything with one text.
fn origin(text: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len());
            stream.get_mut().write_all((head + text).as_bytes()).unwrap();
        }
    });
    address
}

/// The server in front of an origin for each side, which answers with the side.
fn in_front(desk: &Desk, args: &[&str]) -> Server {
    let regular = format!("reg.example.org={}", origin("regular"));
    let one_box = format!("box.example.org={}", origin("one-box"));
    Server::start(desk, &[&["--origin-address", &regular, "--origin-address", &one_box], args].concat())
}

fn in_front_of_two_origins(runtime: &[&str]) {
    let desk = Desk::with(CONFIG);
    let mut server = in_front(&desk, &[&["--node", &node()], runtime].concat());
    let mut seen = Vec::new();
    for visitor in 0..30 {
        let line = format!(r#"{{"headers":{{"cookie":"session={visitor}"}}}}"#);
        let decided: Value = serde_json::from_str(&desk.run_with(&["decide"], line.as_bytes()).out).unwrap();
        let side = decided["partition"].as_str().unwrap();
        let (body, printed) = server.get(&visitor.to_string());
        assert_eq!((&*body, &printed["partition"]), (side, &json!(side)), "{printed}");
        assert_eq!((&printed["status"], &printed["uri"]), (&json!(200), &json!("/page")), "{printed}");
        let cache = if seen.contains(&body) { "Hit" } else { "Miss" };
        assert_eq!((&printed["cache"], &printed["failures"]), (&json!(cache), &json!([])), "{printed}");
        seen.push(body);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen, ["one-box", "regular"]);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn visitors_go_where_decide_says() {
    in_front_of_two_origins(&[]);
}

#[test]
fn visitors_go_where_decide_says_with_the_packaged_functions_in_node() {
    in_front_of_two_origins(&["--runtime", "node"]);
}

#[test]
fn visitors_go_where_decide_says_with_cloudfront_functions_in_node() {
    in_front_of_two_origins(&["--runtime", "cff"]);
}

#[test]
fn visitors_go_where_decide_says_with_cloudfront_functions_in_njs() {
    in_front_of_two_origins(&["--runtime", "cff", "--njs", &njs()]);
}

/// Whoever is pinned stays where they are with another key, and gets the pin once.
fn a_pin_holds(runtime: &[&str]) {
    let desk = Desk::with(&ALL.replace("20%", "50%"));
    let mut server = in_front(&desk, &[&["--node", &node()], runtime].concat());
    for visitor in 0..6 {
        let (pin, side, printed) = server.visit(&format!("session={visitor}"));
        let pin = pin.unwrap_or_else(|| panic!("no pin: {printed}"));
        let (cookie, attributes) = pin.split_once("; ").unwrap();
        assert!(cookie.starts_with("__host-onebox=web-2026-11-20."), "{pin}");
        let mut attributes: Vec<_> = attributes.split("; ").collect();
        attributes.sort_unstable();
        assert_eq!(attributes, ["httponly", "max-age=604800", "path=/", "samesite=lax", "secure"]);
        let cookie = cookie.replace("__host", "__Host");
        for session in 10..14 {
            let (again, body, printed) = server.visit(&format!("session={session}; {cookie}"));
            assert_eq!((again, &body), (None, &side), "{printed}");
        }
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_pin_holds_natively() {
    a_pin_holds(&[]);
}

#[test]
fn a_pin_holds_with_the_packaged_functions_in_node() {
    a_pin_holds(&["--runtime", "node"]);
}

#[test]
fn a_pin_holds_with_cloudfront_functions_in_njs() {
    a_pin_holds(&["--runtime", "cff", "--njs", &njs()]);
}

#[test]
fn without_pins_no_cookie_is_set() {
    let mut server = in_front(&Desk::with(CONFIG), &[]);
    assert_eq!(server.visit("session=7f3a").0, None);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_cloudfront_function_takes_the_share_out_of_the_store() {
    let desk = Desk::with(ALL);
    let value = r#"onebox={"release":{"id":"web-2026-11-20","share":"0%"}}"#;
    let mut server = in_front(&desk, &["--node", &node(), "--runtime", "cff", "--key-value", value]);
    for visitor in 0..20 {
        assert_eq!(server.get(&visitor.to_string()).0, "regular");
    }
    assert_eq!(server.stop(), Some(0));
    for args in [["--njs", "njs"], ["--key-value", "a=b"]] {
        let done = desk.run(&["serve", args[0], args[1]]);
        assert_eq!(done.code, Some(64));
        assert!(done.err.contains("add `--runtime cff`"), "{}", done.err);
    }
}

#[test]
fn without_stickiness_a_visitor_sees_both_sides() {
    let desk = Desk::with(&CONFIG.replace("20%", "50%"));
    let mut server = in_front(&desk, &["--stickiness", "off"]);
    // That 200 tosses of a coin fall on one side happens once in 10^60 runs.
    let seen: Vec<_> = (0..200).map(|_| server.get("7f3a").0).collect();
    assert!(seen.contains(&"regular".to_owned()) && seen.contains(&"one-box".to_owned()));
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_failure_is_shown_with_its_rule_and_source() {
    let desk = Desk::with(CONFIG);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let regular = format!("reg.example.org={closed}");
    let mut server = Server::start(&desk, &["--origin-address", &regular]);
    // This visitor is regular, as `a_request_and_its_event_get_one_answer` says.
    let (_, printed) = server.get("7f3a");
    assert_eq!((&printed["status"], &printed["failures"][0]["rule"]), (&json!(502), &json!("origin-unreachable")));
    let source = printed["failures"][0]["source"].as_str().unwrap();
    assert!(source.starts_with("https://docs.aws.amazon.com/"), "{source}");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn what_cannot_start_says_what_to_do() {
    let desk = Desk::with(CONFIG);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let done = desk.run(&["serve", "--port", &port]);
    assert_eq!(done.code, Some(2));
    assert_eq!(
        done.err,
        format!(
            "error: port {port} is taken; stop what listens there, or choose another with `--port` (0 takes any)\n"
        )
    );
    let done = desk.run(&["serve", "--port", "0", "--runtime", "node", "--node", "/nowhere/node"]);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("install Node.js"), "{}", done.err);
}

#[test]
fn a_cache_policy_without_the_partition_is_used_with_a_warning() {
    let desk = Desk::with(CONFIG);
    let none = r#"{"HeaderBehavior":"none"}"#;
    let keyed = format!(
        r#"{{"EnableAcceptEncodingGzip":true,"HeadersConfig":{none},"CookiesConfig":{{"CookieBehavior":"none"}},
            "QueryStringsConfig":{{"QueryStringBehavior":"none"}}}}"#
    );
    let policy = format!(r#"{{"Name":"mixed","MinTTL":0,"ParametersInCacheKeyAndForwardedToOrigin":{keyed}}}"#);
    desk.write("mixed.json", policy.as_bytes());
    // A port that is taken lets it end at once.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let done = desk.run(&["serve", "--port", &port, "--cache-policy", "mixed.json"]);
    assert_eq!(done.code, Some(2));
    let warning = "warning: the cache policy does not have X-Req-Partition in its key: the cache mixes the two sides\n";
    assert!(done.err.starts_with(warning), "{}", done.err);
}

#[test]
fn policies_and_addresses_that_cannot_be_used_are_refused() {
    let desk = Desk::with(CONFIG);
    desk.write("policy.json", br#"{"CachePolicy":{"CachePolicyConfig":{"Name":"x"}}}"#);
    for (args, expected) in [
        (["--cache-policy", "policy.json"], "--cache-policy policy.json: the cache-policy is not in the form"),
        (["--cache-policy", "none.json"], "`aws cloudfront get-cache-policy --id ID` prints one"),
        (["--origin-request-policy", "policy.json"], "--origin-request-policy policy.json: the origin-request-policy"),
        (["--origin-address", "www.example.org=127.0.0.1:1"], "expected reg.example.org or box.example.org"),
    ] {
        let done = desk.run(&["serve", args[0], args[1]]);
        assert_eq!(done.code, Some(64), "{done:?}");
        assert!(done.err.contains(expected), "{}", done.err);
    }
}
