//! The runtimes, and what they answer to the same questions.

use std::{
    collections::HashMap,
    env, fs,
    io::Write,
    path::PathBuf,
    process::{self, Command, Stdio},
    thread,
};

use onebox_edge::{Config, Field, NativeEvent, Trigger, Visit, handle};
use onebox_viewer_request::ViewerRequest;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Question, Trouble};

/// The script that answers for a bundle.
const ANSWER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/parity/answer.mjs");

/// All runtimes, and how often each was asked.
pub(crate) struct Runtimes {
    onebox: PathBuf,
    folder: PathBuf,
    native: usize,
    node: usize,
    decide: usize,
    one_box: usize,
    keyless: usize,
}

/// A returned request, as far as it matters.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    headers: HashMap<String, &'a RawValue>,
}

impl Runtimes {
    pub(crate) fn new(onebox: PathBuf) -> Result<Self, Trouble> {
        let folder = env::temp_dir().join(format!("onebox-parity-{}", process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self { onebox, folder, native: 0, node: 0, decide: 0, one_box: 0, keyless: 0 })
    }

    /// How often each was asked and what came, in words.
    pub(crate) fn counted(&self) -> String {
        let Self { native, node, decide, one_box, keyless, .. } = self;
        let regular = native - one_box - keyless;
        format!(
            "asked: native {native}, Node.js bundle {node}, onebox decide {decide}; \
             one-box {one_box}, regular {regular}, without a key or a share {keyless}"
        )
    }

    /// Asks all of them under one configuration, and describes every question to which the answers are not the same.
    pub(crate) fn differences(&mut self, toml: &str, questions: &[Question]) -> Result<Vec<String>, Trouble> {
        let (config_toml, dist) = (self.folder.join("onebox.toml"), self.folder.join("dist"));
        fs::write(&config_toml, toml)?;
        let package =
            [&["package".into(), "--config".into(), config_toml.clone(), "--out".into(), dist.clone()][..]].concat();
        answers(Command::new(&self.onebox).args(package), Vec::new())?;
        let bundle = dist.join("viewer-request");
        let config = Config::from_json(&fs::read_to_string(bundle.join("config.json"))?)
            .map_err(|problems| format!("the packaged configuration is refused: {problems:?}"))?;
        let header = config.partition.header.to_ascii_lowercase();

        let events = || questions.iter().map(|question| question.event.as_str());
        let plain = || questions.iter().filter_map(|question| question.plain.as_deref());
        let mut node = Command::new(env::var_os("ONEBOX_NODE").unwrap_or_else(|| "node".into()));
        node.arg(ANSWER).arg(bundle).arg(&header);
        let mut decide = Command::new(&self.onebox);
        decide.arg("decide").arg("--config").arg(config_toml);
        let (native, node, decide) = thread::scope(|scope| {
            let node = scope.spawn(|| answers(&mut node, lines(events())));
            let decide = scope.spawn(|| answers(&mut decide, lines(events().chain(plain()))));
            (natively(&config, &header, questions), node.join(), decide.join())
        });
        let native = native?;
        let [node, decide] =
            [node, decide].map(|joined| joined.unwrap_or_else(|_| Err("a runtime's thread has ended".into())));
        let (node, decide) = (node?, decide?);
        if (node.len(), decide.len()) != (questions.len(), questions.len() + plain().count()) {
            return Err(format!("of {} answers {} and {} came", questions.len(), node.len(), decide.len()).into());
        }
        self.native += native.len();
        self.node += node.len();
        self.decide += decide.len();
        self.one_box += native.iter().filter(|(decision, _)| decision.contains("\"one-box\"")).count();
        self.keyless += native.iter().filter(|(decision, _)| decision.contains("\"bucket\":null")).count();

        let mut plainly = decide[questions.len()..].iter();
        let mut different = Vec::new();
        for (((question, native), node), decide) in questions.iter().zip(&native).zip(&node).zip(&decide) {
            let plainly = question.plain.as_ref().and_then(|_| plainly.next()).unwrap_or(decide);
            let expected = question.expected.as_ref().unwrap_or(decide);
            let (decision, tag) = native;
            if [decision, plainly, expected].iter().any(|other| *other != decide) || tag != node {
                different.push(format!(
                    "{toml}{}\n  native   {decision} {tag}\n  Node.js  {node}\n  decide   {decide}\n  plain    {plainly}\n  expected {expected}",
                    question.event
                ));
            }
        }
        Ok(different)
    }
}

impl Drop for Runtimes {
    fn drop(&mut self) {
        // A folder that is left over in the temporary folder harms nobody.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The native decisions, as `decide` writes them, and the native handler's partition header.
fn natively(config: &Config, header: &str, questions: &[Question]) -> Result<Vec<(String, String)>, Trouble> {
    let (policy, handler) = (config.policy(), ViewerRequest::new(config));
    let fields = Field::of(&policy);
    let one = |question: &Question| -> Result<(String, String), Trouble> {
        let message = handle(&handler, &question.event).map_err(|error| error.to_string())?;
        let message: Message<'_> = serde_json::from_str(&message)?;
        let tag = message.headers.get(header).ok_or("the native handler has not tagged a request")?.get().to_owned();
        let event = NativeEvent::read(&question.event, Trigger::ViewerRequest, fields.clone());
        let event = event.map_err(|error| error.to_string())?;
        let decision = policy.decide(&Visit(&event));
        let bucket = decision.bucket.map_or("null".to_owned(), |bucket| bucket.to_string());
        let (partition, source) = (decision.partition, decision.source);
        Ok((format!(r#"{{"partition":"{partition}","bucket":{bucket},"source":"{source}"}}"#), tag))
    };
    questions.iter().map(one).collect()
}

fn lines<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<u8> {
    texts.flat_map(|text| [text.as_bytes(), b"\n"]).collect::<Vec<_>>().concat()
}

/// The lines that a command answers to these.
fn answers(command: &mut Command, questions: Vec<u8>) -> Result<Vec<String>, Trouble> {
    let shown = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{shown} cannot be started: {error}; ONEBOX_NODE may name a Node.js"))?;
    let stdin = child.stdin.take();
    // Written beside the reading: both pipes are smaller than what goes through them.
    let writer = thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&questions)));
    let output = child.wait_with_output()?;
    // A command that has enough closes its end; whether it answered everything is counted.
    drop(writer.join());
    if !output.status.success() {
        return Err(format!("{shown} ended with {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
}
