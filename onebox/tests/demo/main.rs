//! The demo as people see it: over HTTP, and as a report.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails where it stands")]

mod page;
mod release;
mod script;
mod stays;

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
        Self::with(&[&["--no-crowd"], args].concat())
    }

    fn with(args: &[&str]) -> Self {
        let mut child = demo(&["--port", "0"]).args(args).stdout(Stdio::piped()).spawn().unwrap();
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
