//! The packaged functions, as unzipped, under AWS's own published runtime clients; and whether the local CloudFront's
//! Node.js driver takes what they take.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod api;
mod client;
mod driver;

mod events;

use std::{fs, io::Cursor, path::Path, process::Command, thread};

use api::Posted;
use client::{Client, Run};
use events::Events;
use fastrand::Rng;
use onebox_edge::{Config, Handler, Trigger, handle, serve};
use onebox_origin_request::OriginRequest;
use onebox_origin_response::OriginResponse;
use onebox_viewer_request::ViewerRequest;
use onebox_viewer_response::ViewerResponse;
use serde_json::Value;
use tempfile::TempDir;

const SEED: u64 = 10;
const EVENTS: usize = 1000;

/// Everything that a handler reads or writes.
const CONFIG: &str = r#"
[release]
id = "web-2026-11-20"
share = "40%"
[partition]
keys = ["cookie:session", ["client-ip", "header:user-agent"], "header:user-agent"]
[origins.regular]
domain = "reg.example.org"
[origins.one-box]
domain = "box.example.org"
path = "/v2"
port = 8443
[pin]
secret = "env:ONEBOX_SECRET"
[override]
secret = "env:ONEBOX_SECRET"
[crawlers]
contains = ["bot"]
[debug]
response_header = true
"#;

/// The packaged functions, each unzipped into a folder of its name.
fn unzipped() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("onebox.toml"), CONFIG).unwrap();
    let mut package = Command::new(env!("CARGO_BIN_EXE_onebox"));
    package.arg("package").current_dir(folder.path()).env("ONEBOX_SECRET", "correct horse battery staple");
    let done = package.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    for trigger in Trigger::ALL {
        let bytes = fs::read(folder.path().join(format!("dist/{trigger}.zip"))).unwrap();
        zip::ZipArchive::new(Cursor::new(bytes)).unwrap().extract(folder.path().join(trigger.as_str())).unwrap();
    }
    folder
}

/// What the native handler makes of an event, and whether it could do nothing with it.
fn natively(trigger: Trigger, config: &Config, event: &str) -> (String, bool) {
    fn by<H: Handler>(handler: &H, event: &str) -> (String, bool) {
        let is_refused = handle(handler, event, onebox_core::Time::MIN).is_err();
        (if is_refused { quietly(handler, event) } else { serve(handler, event) }, is_refused)
    }
    /// As `serve`, without its line on standard error.
    fn quietly<H: Handler>(handler: &H, event: &str) -> String {
        let error = handle(handler, event, onebox_core::Time::MIN).unwrap_err();
        error.message().unwrap_or(event).to_owned()
    }
    match trigger {
        Trigger::ViewerRequest => by(&ViewerRequest::new(config), event),
        Trigger::OriginRequest => by(&OriginRequest::new(config), event),
        Trigger::OriginResponse => by(&OriginResponse::new(config), event),
        Trigger::ViewerResponse => by(&ViewerResponse::new(config), event),
    }
}

/// A value from JSON. Surrogates that stand alone are no Rust text: what is compared is how they are written.
fn json(text: &str) -> Value {
    let mut written = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        written.push(letter);
        if letter == '\\' {
            if letters.as_str().starts_with("ud") {
                written.push('\\');
            }
            written.extend(letters.next());
        }
    }
    serde_json::from_str(&written).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Hands the events to a bundle under a client, and compares everything that comes.
fn compare(client: Client, trigger: Trigger, bundle: &Path, events: &[String], expected: &[(String, bool)]) {
    let Run { posted, printed, is_alive } = client.run(bundle, events);
    let what = format!("{trigger} under {client:?}");
    assert!(is_alive, "{what}: its process ended or hung after {} answers:\n{printed}", posted.len());
    assert_eq!(posted.len(), events.len(), "{what}: one answer to each event");
    for (at, (answer, (message, _))) in posted.iter().zip(expected).enumerate() {
        let Posted::Response(id, response) = answer else { panic!("{what}: {answer:?} to {}", events[at]) };
        assert_eq!(*id, at, "{what}");
        assert_eq!(json(response), json(message), "{what}, event {at}: {}", events[at]);
    }
    // A line for every event that is none, and nothing else; but for one in a start that names an origin of neither partition.
    let expects = format!("onebox: {trigger}: expected ");
    let lines = printed.lines().filter(|line| !line.starts_with("Executing 'index.handler' "));
    let (failures, others): (Vec<_>, Vec<_>) = lines.partition(|line| line.contains(&expects));
    let refused = expected.iter().filter(|(_, is_refused)| *is_refused).count();
    assert_eq!(failures.len(), refused, "{what} printed:\n{printed}");
    let is_origin = |line: &&str| trigger == Trigger::OriginRequest && line.contains(".example.org");
    assert!(others.len() <= 1 && others.iter().all(is_origin), "{what} printed:\n{}", others.join("\n"));
    println!("{what} (Node.js {}): {} events, {refused} of them malformed", client.node_version(), posted.len());
}

#[test]
fn every_bundle_as_unzipped_answers_a_thousand_random_events_under_both_published_runtime_clients() {
    let folder = unzipped();
    thread::scope(|scope| {
        for client in Client::ALL {
            let folder = folder.path();
            scope.spawn(move || {
                for (at, trigger) in Trigger::ALL.into_iter().enumerate() {
                    let bundle = folder.join(trigger.as_str());
                    let config = fs::read_to_string(bundle.join("config.json")).unwrap();
                    let config = Config::from_json(&config).unwrap();
                    let mut source = Events { rng: Rng::with_seed(SEED + at as u64), config: &config };
                    let events: Vec<_> = (0..EVENTS).map(|_| source.event(trigger)).collect();
                    let expected: Vec<_> = events.iter().map(|event| natively(trigger, &config, event)).collect();
                    let changed = events.iter().zip(&expected).filter(|(event, (message, is_refused))| {
                        let before = &json(event)["Records"][0]["cf"][trigger.message()];
                        !is_refused && *before != json(message)
                    });
                    assert!(changed.count() > EVENTS / 8, "{trigger}: events that change nothing prove nothing");
                    compare(client, trigger, &bundle, &events, &expected);
                }
            });
        }
    });
}
