//! The golden events in `edge/fixtures/TRIGGER/CONFIG/CASE/`: what a function gets, and the message that it returns.
//!
//! The events have the shapes of
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>. One list of cases
//! runs natively, in the native binary and in the Node.js bundle.

#[path = "../bundle/mod.rs"]
mod bundle;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

use bundle::Module;
use onebox_core::Time;
use onebox_edge::{Config, Handler, Trigger, handle, serve};
use serde_json::Value;

/// A golden event.
struct Case {
    name: String,
    event: String,
    expected: String,
}

impl Case {
    fn read(folder: &Path) -> Self {
        let text = |name| fs::read_to_string(folder.join(name)).unwrap();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        Self { name, event: text("event.json"), expected: text("expected.json") }
    }

    /// Whether there is no message with headers in it. Then it comes back as it was, with a line in the log.
    fn is_unreadable(&self) -> bool {
        self.name.starts_with("unreadable-")
    }

    fn assert_returned(&self, output: &str) {
        assert_eq!(json(output), json(&self.expected), "{}", self.name);
    }
}

/// Surrogates that stand alone are no Rust text: what is compared is how they are written.
fn json(text: &str) -> Value {
    let text = text.replace("\\ud", "\\\\ud");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn fixtures() -> PathBuf {
    bundle::workspace().join("edge/fixtures")
}

/// The folders in a folder, sorted.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

/// Every configuration of a trigger, its text and its cases.
fn configurations(trigger: &str) -> BTreeMap<String, (String, Vec<Case>)> {
    let of = |folder: PathBuf| {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let config = fs::read_to_string(fixtures().join("config").join(format!("{name}.json"))).unwrap();
        (name, (config, folders(&folder).iter().map(|folder| Case::read(folder)).collect()))
    };
    let all: BTreeMap<String, (String, Vec<Case>)> = folders(&fixtures().join(trigger)).into_iter().map(of).collect();
    assert!(all.values().map(|(_, cases)| cases.len()).sum::<usize>() >= 30, "{trigger} has lost its cases");
    all
}

/// Every case through [`serve`]; nothing differs from the message that came but what `edited` allows, and a message
/// that comes again is edited no further. Only the line that viewer-response adds to what the origin sends is added
/// again: the request says that there is no pin.
pub(crate) fn natively<H: Handler>(new: fn(&Config) -> H, edited: &[&str]) {
    for (config, cases) in configurations(H::TRIGGER.as_str()).into_values() {
        let handler = new(&Config::from_json(&config).unwrap());
        for case in cases {
            let output = serve(&handler, &case.event);
            case.assert_returned(&output);
            assert_eq!(handle(&handler, &case.event, Time::MIN).is_err(), case.is_unreadable(), "{}", case.name);
            if !case.is_unreadable() {
                let mut event = json(&case.event);
                let mut changed = BTreeSet::new();
                differences(&event["Records"][0]["cf"][H::TRIGGER.message()], &json(&output), "", &mut changed);
                changed.retain(|path| !edited.contains(&&**path));
                assert!(changed.is_empty(), "{}: {changed:?} may not change", case.name);
                if H::TRIGGER == Trigger::ViewerResponse {
                    continue;
                }
                event["Records"][0]["cf"][H::TRIGGER.message()] = json(&output);
                let again = event.to_string().replace("\\\\ud", "\\ud");
                case.assert_returned(&serve(&handler, &again));
            }
        }
    }
}

/// The paths at which two values differ; headers and fields as a whole.
fn differences(before: &Value, after: &Value, path: &str, found: &mut BTreeSet<String>) {
    match (before, after) {
        (Value::Object(old), Value::Object(new)) => {
            for name in old.keys().chain(new.keys()) {
                match (old.get(name), new.get(name)) {
                    (Some(old), Some(new)) => differences(old, new, &format!("{path}/{name}"), found),
                    _ => drop(found.insert(format!("{path}/{name}"))),
                }
            }
        }
        _ if before == after => {}
        _ => drop(found.insert(path.to_owned())),
    }
}

/// Every case through the native binary, one event a line.
pub(crate) fn in_the_binary(trigger: &str, binary: &str) {
    for (name, (_, cases)) in configurations(trigger) {
        let mut child = Command::new(binary)
            .arg(fixtures().join("config").join(format!("{name}.json")))
            .env_remove("AWS_LAMBDA_RUNTIME_API")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A line feed in JSON text is white space: within a string it is written as an escape.
        let lines: String = cases.iter().map(|case| case.event.replace('\n', " ") + "\n").collect();
        let mut stdin = child.stdin.take().unwrap();
        let writer = thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        assert!(output.status.success());
        let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!(stdout.lines().count(), cases.len());
        cases.iter().zip(stdout.lines()).for_each(|(case, line)| case.assert_returned(line));
        let unreadable = cases.iter().filter(|case| case.is_unreadable()).count();
        // Beside them at most one line, whatever the number of unknown origins.
        let (unknown, failures): (Vec<_>, Vec<_>) =
            stderr.lines().partition(|line| line.contains("neither origins.regular nor origins.one-box"));
        assert!(unknown.len() <= 1, "{stderr}");
        let once =
            |line: &&str| line.starts_with("onebox: origin-request: a ") && line.matches("onebox: ").count() == 1;
        assert!(unknown.iter().all(once), "the prefix is there once: {stderr}");
        assert_eq!(failures.len(), unreadable, "a line for every failure: {stderr}");
        assert!(failures.iter().all(|line| line.starts_with(&format!("onebox: {trigger}: expected "))), "{stderr}");
    }
}

/// Every case through the Node.js bundle: `edge/node/golden.test.mjs`.
pub(crate) fn in_node(trigger: &'static str) {
    let module = Module::Handler(trigger).compile();
    let bundles = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden");
    for (name, (config, _)) in configurations(trigger) {
        bundle::write(&bundles.join(trigger).join(name), &module, &config);
    }
    bundle::test_in_node("golden.test.mjs", &bundles.join(trigger));
}
