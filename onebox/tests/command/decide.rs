use std::{
    io::{BufRead, BufReader, Read, Write},
    process::Stdio,
};

use crate::{CONFIG, Desk};

/// Answers of `onebox decide` to these lines.
fn decide(lines: &[&str]) -> Vec<String> {
    let done = Desk::with(CONFIG).run_with(&["decide"], lines.join("\n").as_bytes());
    assert_eq!((done.code, &*done.err), (Some(0), ""));
    done.out.lines().map(str::to_owned).collect()
}

/// A viewer-request event with these headers in JSON.
fn event(headers: &str) -> String {
    let config = r#"{"distributionDomainName":"d1.cloudfront.net","eventType":"viewer-request","requestId":"1=="}"#;
    let request = format!(r#"{{"clientIp":"203.0.113.7","method":"GET","uri":"/","headers":{headers}}}"#);
    format!(r#"{{"Records":[{{"cf":{{"config":{config},"request":{request}}}}}]}}"#)
}

#[test]
fn a_request_and_its_event_get_one_answer() {
    let session = r#"{"partition":"regular","bucket":76282,"source":"cookie:session"}"#;
    for (plain, lambda) in [
        (r#"{"cookie":"session=7f3a"}"#, r#"{"cookie":[{"key":"Cookie","value":"session=7f3a"}]}"#),
        (r#"{"COOKIE":["a=b","session=7f3a"]}"#, r#"{"cookie":[{"value":"a=b"},{"value":"session=7f3a"}]}"#),
        (r#"{"cookie":"a=b","Cookie":"session=7f3a"}"#, r#"{"cookie":[{"value":"a=b; session=7f3a"}]}"#),
        (r#"{"cookie":"session=\u0037f3a"}"#, r#"{"cookie":[{"value":"session=7f3\u0061"}]}"#),
    ] {
        let plain = format!(r#"{{"headers":{plain},"clientIp":"203.0.113.7"}}"#);
        assert_eq!(decide(&[&plain, &event(lambda)]), [session, session], "{plain}");
    }
    for (plain, lambda) in [
        (r#"{"user-agent":"Firefox/145"}"#, r#"{"user-agent":[{"value":"Firefox/145"}]}"#),
        (r#"{"User-Agent":[" Firefox/145\t","x"]}"#, r#"{"user-agent":[{"value":"Firefox/145"},{"value":"x"}]}"#),
        (r#"{"user-agent":"Füchsin \ud83e\udd8a"}"#, r#"{"user-agent":[{"value":"F\u00fcchsin 🦊"}]}"#),
        // A text that UTF-8 cannot hold is the same for both.
        (r#"{"user-agent":"\ud83e"}"#, r#"{"user-agent":[{"value":"\ufffd"}]}"#),
    ] {
        let plain = format!(r#"{{"clientIp":"203.0.113.7","headers":{plain}}}"#);
        let answers = decide(&[&plain, &event(lambda)]);
        assert_eq!(answers[0], answers[1], "{plain}");
        assert!(answers[0].ends_with(r#","source":"client-ip+header:user-agent"}"#), "{plain}: {answers:?}");
    }
}

#[test]
fn without_a_key_there_is_no_bucket() {
    let none = r#"{"partition":"regular","bucket":null,"source":"none"}"#;
    assert_eq!(
        decide(&[
            r#"{"headers":{}}"#,
            r#"{"headers":{"cookie":[]},"clientIp":null}"#,
            r#"{"headers":{"cookie":"session="},"clientIp":"203.0.113.7","more":[1]}"#,
            &event("{}"),
            // A field of the wrong shape is absent for the handler, and so it is here.
            &event(r#"{"user-agent":"Firefox","cookie":[{"value":7}]}"#),
        ]),
        [none; 5]
    );
    let free = Desk::with(&CONFIG.replace("20%", "0%"));
    let done = free.run_with(&["decide"], br#"{"headers":{"cookie":"session=7f3a"}}"#);
    assert_eq!(done.out, "{\"partition\":\"regular\",\"bucket\":null,\"source\":\"share-zero\"}\n");
}

#[test]
fn a_bad_line_gets_an_error_and_the_run_goes_on() {
    const REQUEST: &str = r#"expected a Lambda@Edge viewer-request event or {"headers":{…},"clientIp":…}"#;
    for (line, expected) in [
        ("x", REQUEST),
        ("[]", REQUEST),
        ("null", REQUEST),
        ("[null,{},null]", REQUEST),
        ("{}", REQUEST),
        (r#"{"clientIp":"203.0.113.7"}"#, REQUEST),
        (r#"{"headers":{"#, "EOF while parsing"),
        (r#"{"headers":[]}"#, "expected an object of headers"),
        (r#"{"headers":{"Cookie":7}}"#, "headers.Cookie: expected a text or a list of texts"),
        (r#"{"headers":{"cookie":["a",["b"]]}}"#, "headers.cookie: expected a text or a list"),
        (r#"{"headers":{},"clientIp":7}"#, "clientIp: expected a text"),
        (r#"{"headers":{},"headers":{}}"#, "duplicate field `headers`"),
        (r#"{"headers":{}} {}"#, "trailing characters"),
        (r#"{"Records":[]}"#, "expected a JSON event with Records[0].cf"),
        (r#"{"Records":[{"cf":{"request":{"uri":"/"}}}]}"#, "expected a request with headers"),
        (r#"{"Records":[{"cf":{"response":{"headers":{}}}}]}"#, "expected an event of viewer-request"),
        (
            r#"{"Records":[{"cf":{"config":{"eventType":"origin-request"},"request":{"headers":{}}}}]}"#,
            "expected an event of viewer-request",
        ),
    ] {
        let answers = decide(&[line, "", " \t\r", r#"{"headers":{}}"#]);
        let error: serde_json::Value = serde_json::from_str(&answers[0]).unwrap();
        let message = error["error"].as_str().unwrap_or_else(|| panic!("{line}: {answers:?}"));
        assert!(message.contains(expected), "{line}: {message}");
        // What to do with a function is no advice to who pipes events.
        assert!(!message.contains("associate"), "{line}: {message}");
        assert_eq!(answers[1..], [r#"{"partition":"regular","bucket":null,"source":"none"}"#], "{line}");
    }
}

#[test]
fn lines_that_are_no_text_or_too_long_are_errors_too() {
    let mut input = b"{\"headers\":{\"user-agent\":\"\xff\"}}\n".to_vec();
    input.extend_from_slice(&b"[".repeat(1_000_000));
    input.push(b'\n');
    input.extend_from_slice(&b" ".repeat(10_000_001));
    input.extend_from_slice(b"\n{\"headers\":{\"cookie\":\"session=7f3a\"}}");
    let done = Desk::with(CONFIG).run_with(&["decide"], &input);
    let answers: Vec<_> = done.out.lines().collect();
    assert_eq!(answers[0], r#"{"error":"the line is not UTF-8 from byte 27 on"}"#);
    assert!(answers[1].starts_with(r#"{"error":"expected"#), "{}", answers[1]);
    assert_eq!(answers[2], r#"{"error":"the line is longer than 10000000 bytes"}"#);
    assert_eq!(answers[3], r#"{"partition":"regular","bucket":76282,"source":"cookie:session"}"#);
    assert_eq!((answers.len(), done.code), (4, Some(0)));
}

#[test]
fn a_megabyte_of_nesting_in_a_request_is_an_error() {
    for line in [r#"{"headers":"#, r#"{"Records":"#, r#"{"other":"#] {
        let line = line.to_owned() + &"[".repeat(1_000_000);
        let answers = decide(&[&line]);
        assert!(answers[0].starts_with(r#"{"error":"#), "{}", answers[0]);
    }
}

#[test]
fn an_answer_comes_before_the_next_question() {
    let desk = Desk::with(CONFIG);
    let mut child = desk.command().arg("decide").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for _ in 0..3 {
        // The beginning of the next line must not hold back the answer to this one.
        input.write_all(b"{\"headers\":{}}\n{\"hea").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert_eq!(answer, "{\"partition\":\"regular\",\"bucket\":null,\"source\":\"none\"}\n");
        input.write_all(b"ders\":{}}\n").unwrap();
        output.read_line(&mut answer).unwrap();
    }
    drop(input);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!((&*rest, child.wait().unwrap().code()), ("", Some(0)));
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let desk = Desk::with(CONFIG);
    let mut child = desk
        .command()
        .arg("decide")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    // More than any buffer on the way holds; the pipe closes in between.
    while input.write_all(&b"{\"headers\":{}}\n".repeat(1000)).is_ok() {}
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn the_clock_is_accepted_and_a_fixed_share_does_not_ask_it() {
    let desk = Desk::with(CONFIG);
    let line = br#"{"headers":{"cookie":"session=7f3a"}}"#;
    let now = desk.run_with(&["decide", "--now", "2026-11-20T12:00:00Z"], line);
    assert_eq!((now.code, now.out), (Some(0), desk.run_with(&["decide"], line).out));
    let done = desk.run(&["decide", "--now", "2026-11-20"]);
    assert_eq!(done.code, Some(64));
    assert!(done.err.contains("expected a time of RFC 3339, such as \"2026-11-20T12:00:00Z\""), "{}", done.err);
}
