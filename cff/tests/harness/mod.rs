//! Runs finished functions in njs and in Node.js, with a stand-in for CloudFront.

// Every test program and example that includes this uses a part of it.
#![allow(dead_code, unreachable_pub, missing_docs)]

pub mod parity;
pub mod random;
pub mod visit;
pub mod visitors;

use std::{fs, path::Path, process::Command};

use onebox_edge::{Config, Settings};
use serde_json::{Value, json};

/// What runs the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The relative of CloudFront's own engine.
    Njs,
    /// Another one.
    Node,
}

pub const ENGINES: [Engine; 2] = [Engine::Njs, Engine::Node];

/// One call of a function.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its index.
    pub function: usize,
    /// The clock, in milliseconds since 1970.
    pub now: i64,
    /// `{"id", "key", "value"}`, or nothing where the store fails.
    pub store: Option<Value>,
    pub event: Value,
}

/// What came of a call: `{"message", "moves"}` or `{"thrown", "moves"}`.
pub fn run(engine: Engine, functions: &[String], cases: &[Case]) -> Vec<Value> {
    logged(engine, functions, cases).0
}

/// The same, and what the functions have logged.
pub fn logged(engine: Engine, functions: &[String], cases: &[Case]) -> (Vec<Value>, String) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let mut main = String::from("import run from 'run.js';\n");
    for (at, function) in functions.iter().enumerate() {
        write(&format!("function{at}.js"), &format!("{function}\nexport default handler;\n"));
        main.push_str(&format!("import function{at} from 'function{at}.js';\n"));
    }
    let names: Vec<String> = (0..functions.len()).map(|at| format!("function{at}")).collect();
    main.push_str(&format!("const handlers = [{}];\n", names.join(", ")));
    main.push_str("function main(lines) {\n    return run(handlers, lines);\n}\nexport default main;\n");
    write("main.js", &main);
    write("run.js", include_str!("run.js"));
    write("cloudfront.js", include_str!("cloudfront.js"));
    // njs looks for a module by its bare name.
    write("cloudfront", include_str!("cloudfront.js"));
    let lines: Vec<String> = cases.iter().map(|case| line(case).to_string()).collect();
    write("cases", &lines.join("\n"));
    let log = start(engine, folder.path());
    let answers = fs::read_to_string(folder.path().join("answers")).unwrap_or_else(|_| panic!("{engine:?}: {log}"));
    let answers: Vec<Value> = answers.lines().map(|answer| serde_json::from_str(answer).unwrap()).collect();
    assert_eq!(answers.len(), cases.len(), "{engine:?}: {log}");
    (answers, log)
}

fn line(case: &Case) -> Value {
    json!({ "function": case.function, "now": case.now, "store": case.store, "event": case.event })
}

fn start(engine: Engine, folder: &Path) -> String {
    let harness = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/harness");
    let mut command = match engine {
        Engine::Njs => {
            let mut njs = Command::new("njs");
            njs.arg("-p").arg(folder).arg(harness.join("njs.js")).current_dir(folder);
            njs
        }
        Engine::Node => {
            let mut node = Command::new("node");
            node.args(["--experimental-vm-modules", "--no-warnings"]).arg(harness.join("node.mjs")).arg(folder);
            node
        }
    };
    let output = command.output().unwrap_or_else(|error| {
        panic!("{engine:?} does not start ({error}): install it, on Debian with `apt-get install njs nodejs`")
    });
    let log = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{engine:?} failed: {log}");
    log
}

/// A configuration of these tables, as JSON.
pub fn config(release: &Value, keys: &Value, more: &Value) -> Config {
    let mut members = json!({
        "release": release,
        "partition": { "keys": keys },
        "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } },
    });
    for (name, table) in more.as_object().unwrap() {
        match members.get_mut(name) {
            Some(Value::Object(before)) => before.extend(table.as_object().unwrap().clone()),
            _ => members[name] = table.clone(),
        }
    }
    Config::read(&Settings::from_json(&members.to_string()).unwrap()).unwrap()
}
