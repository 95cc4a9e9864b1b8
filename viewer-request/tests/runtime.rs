//! The native binary on Lambda, with a Runtime API of a few lines in its place:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../edge/fixtures/config/plain.json");

/// Lambda, as far as a function sees it.
struct Lambda {
    listener: TcpListener,
    function: Child,
}

impl Lambda {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let function = Command::new(env!("CARGO_BIN_EXE_onebox-viewer-request"))
            .arg(CONFIG)
            .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr().unwrap().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "viewer-request")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "group")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "stream")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { listener, function }
    }

    /// Hands an event to the function, and returns where it answers and what.
    fn invoke(&self, id: &str, event: &str) -> (String, String) {
        let (mut next, line, _) = self.accept();
        assert_eq!(line, "GET /2018-06-01/runtime/invocation/next HTTP/1.1");
        let length = event.len();
        write!(
            next,
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Lambda-Runtime-Aws-Request-Id: {id}\r\nLambda-Runtime-Deadline-Ms: 4102444800000\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:f:1\r\n\
             Lambda-Runtime-Trace-Id: Root=1-0-0\r\n\r\n{event}"
        )
        .unwrap();
        drop(next);
        let (mut answer, line, body) = self.accept();
        write!(answer, "HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").unwrap();
        (line, body)
    }

    /// The next request: its connection, its first line and its body.
    fn accept(&self) -> (TcpStream, String, String) {
        let (stream, _) = self.listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            assert!(reader.read_line(&mut line).unwrap() > 0, "the connection was closed within {head:?}");
            if line == "\r\n" {
                break;
            }
            head.push(line.trim_end().to_ascii_lowercase());
            if head.len() == 1 {
                head[0] = line.trim_end().to_owned();
            }
        }
        let length = head.iter().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body).unwrap();
        (reader.into_inner(), head.swap_remove(0), String::from_utf8(body).unwrap())
    }

    /// Ends the function; returns what it wrote to its log. It is still alive until then.
    fn stop(mut self) -> String {
        let _waiting = self.accept();
        assert!(self.function.try_wait().unwrap().is_none(), "the function has ended");
        self.function.kill().unwrap();
        String::from_utf8(self.function.wait_with_output().unwrap().stderr).unwrap()
    }
}

fn event(cookie: &str) -> Value {
    json!({ "Records": [{ "cf": {
        "config": { "eventType": "viewer-request", "requestId": "rq-1==" },
        "request": { "clientIp": "198.51.100.7", "uri": "/", "headers": { "cookie": [{ "key": "Cookie", "value": cookie }] } },
    } }] })
}

#[test]
fn an_event_goes_in_and_a_tagged_request_comes_out() {
    let lambda = Lambda::start();
    for (id, cookie, side) in [("a", "session=0005", "one-box"), ("b", "session=0006", "regular")] {
        let (line, body) = lambda.invoke(id, &event(cookie).to_string());
        assert_eq!(line, format!("POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1"));
        let mut expected = event(cookie)["Records"][0]["cf"]["request"].take();
        expected["headers"]["x-req-partition"] = json!([{ "key": "X-Req-Partition", "value": side }]);
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
    }
    assert_eq!(lambda.stop(), "");
}

#[test]
fn what_is_no_event_comes_back_with_a_line_in_the_log_and_the_next_event_is_served() {
    let lambda = Lambda::start();
    for (at, odd) in
        [r#"{"version":"0"}"#, "null", "7", r#"{"Records":[{"cf":{"request":{"headers":null}}}]}"#].iter().enumerate()
    {
        let (line, body) = lambda.invoke(&format!("odd{at}"), odd);
        assert_eq!(line, format!("POST /2018-06-01/runtime/invocation/odd{at}/response HTTP/1.1"));
        let expected = if at == 3 { r#"{"headers":null}"# } else { odd };
        assert_eq!(body, expected);
    }
    let (_, body) = lambda.invoke("good", &event("session=0005").to_string());
    assert!(body.contains(r#""value":"one-box""#), "{body}");
    let log = lambda.stop();
    assert_eq!(log.lines().count(), 4, "{log}");
    assert!(log.lines().all(|line| line.starts_with("onebox: viewer-request: expected ")), "{log}");
}

#[test]
fn what_is_no_json_is_reported_and_the_next_event_is_served() {
    let lambda = Lambda::start();
    let (line, body) = lambda.invoke("broken", r#"{"Records":[{"#);
    assert_eq!(line, "POST /2018-06-01/runtime/invocation/broken/error HTTP/1.1");
    assert!(body.contains("errorMessage"), "{body}");
    let (line, _) = lambda.invoke("good", &event("session=0005").to_string());
    assert_eq!(line, "POST /2018-06-01/runtime/invocation/good/response HTTP/1.1");
    lambda.stop();
}

#[test]
fn a_bad_configuration_or_usage_ends_with_64_and_says_why() {
    for (args, reason) in [
        (&["/nowhere/config.json"][..], "onebox package"),
        (&["--help"], "expected at most one argument"),
        (&[CONFIG, CONFIG], "expected at most one argument"),
        (&[concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")], "Cargo.toml"),
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_onebox-viewer-request")).args(args).output().unwrap();
        let log = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(64), "{args:?}: {log}");
        assert!(log.starts_with("onebox: viewer-request: ") && log.contains(reason), "{args:?}: {log}");
        assert_eq!(log.lines().count(), 1, "{log}");
    }
}
