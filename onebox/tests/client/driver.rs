//! What the local CloudFront's Node.js driver takes, beside what the published client of the same Node.js takes.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    thread,
};

use tempfile::TempDir;

use crate::{
    api::Posted,
    client::{Client, Run},
};

const DRIVER: &str = include_str!("../../../sim/src/driver.mjs");

/// Functions in every shape in which people write them. Each gets two events; a process that ends answers no more.
const FUNCTIONS: &[&str] = &[
    "(event) => event",
    "async (event) => event",
    "async () => {}",
    "async () => null",
    "async () => 'text'",
    "() => {}",
    "(event) => ({ then: (done) => done(event) })",
    "(event) => ({ then: (done) => setTimeout(done, 5, event) })",
    "async (...values) => values.length",
    "(event, context, callback) => callback(null, event)",
    "(event, context, callback) => { setTimeout(() => callback(null, event), 5) }",
    "(event, context, callback) => { callback(null, 'first'); callback(null, 'second'); return 'third' }",
    "(event, context, callback) => callback(new Error('no luck'))",
    "(event, context, callback) => callback('no luck', event)",
    "(event, context, callback) => { setTimeout(() => {}, 30); callback(null, event) }",
    "(event, context, callback) => {
        context.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 30); callback(null, event)
    }",
    "async (event, context, callback) => { callback(null, 'callback'); return 'promise' }",
    "(event, context, callback = undefined) => typeof callback",
    "async (event, context, callback = undefined) => typeof callback",
    "(event, context) => context.succeed(event)",
    "(event, context) => context.done(null, event)",
    "(event, context) => new Promise(() => setTimeout(() => context.done(null, event), 5))",
    "async (event, context) => { context.fail(new Error('no luck')); return event }",
    "async (event, context) => [typeof context.done, typeof context.awsRequestId, context.getRemainingTimeInMillis() > 0]",
    "() => { throw new Error('no luck') }",
    "async () => { throw new Error('no luck') }",
    "() => Promise.reject()",
    "() => new Promise(() => {})",
    "async () => ({ big: 1n })",
    "async () => { const a = {}; a.a = a; return a }",
    "async () => () => {}",
    "(event, context, callback) => callback(null, 1n)",
    "() => process.exit(3)",
    "() => new Promise(() => setTimeout(() => { throw new Error('late') }))",
    "5",
    "undefined",
    "(() => { throw new Error('at load') })()",
];

/// What came of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Result(String),
    Error,
    /// The process ended, or the function cannot be loaded: the next event needs another process.
    Ended,
}

fn events() -> [String; 2] {
    [1, 2].map(|number| format!(r#"{{"number":{number},"text":"a\u2028é"}}"#))
}

/// The published client's outcomes.
fn by_client(client: Client, function: &TempDir) -> Vec<Outcome> {
    let Run { posted, is_alive, .. } = client.run(function.path(), &events());
    let mut outcomes: Vec<_> = posted
        .into_iter()
        .filter_map(|posted| match posted {
            Posted::Response(_, result) => Some(Outcome::Result(result)),
            Posted::Error(..) => Some(Outcome::Error),
            Posted::InitError(_) | Posted::Idle => None,
        })
        .collect();
    if !is_alive {
        // The client reports what ends its process; whether that arrives before the end is open.
        if outcomes.last() == Some(&Outcome::Error) {
            outcomes.pop();
        }
        outcomes.push(Outcome::Ended);
    }
    outcomes
}

/// The driver's outcomes, as the simulator starts it.
fn by_driver(client: Client, function: &TempDir) -> Vec<Outcome> {
    let mut child = Command::new(client.node())
        .args(["--input-type=module", "--eval", DRIVER, "--"])
        .arg(function.path().join("index.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut outcomes = Vec::new();
    let is_loaded = lines.next().as_deref() == Some("L");
    for event in events() {
        if !is_loaded || writeln!(stdin, "{event}").is_err() {
            outcomes.push(Outcome::Ended);
            break;
        }
        match lines.next() {
            Some(line) if line.starts_with('R') => outcomes.push(Outcome::Result(line[1..].to_owned())),
            Some(line) if line.starts_with('E') => outcomes.push(Outcome::Error),
            Some(line) => panic!("{line}"),
            None => {
                outcomes.push(Outcome::Ended);
                break;
            }
        }
    }
    drop(stdin);
    child.wait().unwrap();
    outcomes
}

#[test]
fn the_simulators_driver_takes_exactly_what_the_published_client_of_the_same_node_takes() {
    let compare = |client: Client| {
        let mut differences = Vec::new();
        for text in FUNCTIONS {
            let function = TempDir::new().unwrap();
            std::fs::write(function.path().join("index.mjs"), format!("export const handler = {text};\n")).unwrap();
            let (expected, found) = (by_client(client, &function), by_driver(client, &function));
            // The test would be worth nothing if the client did not tell these two versions apart.
            let is_null = expected == vec![Outcome::Result("null".to_owned()); 2];
            assert!(*text != "(event) => event" || is_null == (client == Client::Three), "{client:?}: {expected:?}");
            if found != expected {
                differences.push(format!("{text}: the client {expected:?}, the driver {found:?}"));
            }
        }
        assert!(differences.is_empty(), "{client:?}:\n{}", differences.join("\n"));
    };
    thread::scope(|scope| {
        for client in Client::ALL {
            scope.spawn(move || compare(client));
        }
    });
    println!("{} functions under {:?}: the driver takes what the client takes", FUNCTIONS.len(), Client::ALL);
}
