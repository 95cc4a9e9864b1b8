//! The runtimes, and what they answer to the same questions.

use std::{
    collections::{BTreeSet, HashMap},
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
    thread,
};

use onebox_core::{Source, Time};
use onebox_edge::{Config, Field, NativeEvent, Trigger, Visit, handle};
use onebox_viewer_request::ViewerRequest;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Question, Trouble, settings::Site};

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
    pub(crate) fn differences(&mut self, site: &Site, questions: &[Question]) -> Result<Vec<String>, Trouble> {
        let (config_toml, dist) = (self.folder.join("onebox.toml"), self.folder.join("dist"));
        fs::write(&config_toml, &site.toml)?;
        let package =
            [&["package".into(), "--config".into(), config_toml.clone(), "--out".into(), dist.clone()][..]].concat();
        answers(Command::new(&self.onebox).args(package).envs(site.secrets.clone()), Vec::new())?;
        let (bundle, pinning) = (dist.join("viewer-request"), dist.join("viewer-response"));
        let config = Config::from_json(&fs::read_to_string(bundle.join("config.json"))?)
            .map_err(|problems| format!("the packaged configuration is refused: {problems:?}"))?;
        let header = config.partition.header.to_ascii_lowercase();

        let events: Vec<_> =
            questions.iter().map(|question| format!("[{},{}]", question.now.unix_millis(), question.event)).collect();
        let mut node = Command::new(env::var_os("ONEBOX_NODE").unwrap_or_else(|| "node".into()));
        node.arg(ANSWER).arg(bundle).arg(&header).arg(pinning);
        let (native, node, decide) = thread::scope(|scope| {
            let node = scope.spawn(|| answers(&mut node, lines(events.iter().map(String::as_str))));
            let decide = scope.spawn(|| decided(&self.onebox, site, &config_toml, questions));
            (natively(&config, &header, questions), node.join(), decide.join())
        });
        let ended = "a runtime's thread has ended";
        let (native, node, decide) = (native?, node.map_err(|_| ended)??, decide.map_err(|_| ended)??);
        if node.len() != questions.len() {
            return Err(format!("of {} answers {} came from Node.js", questions.len(), node.len()).into());
        }
        self.native += native.len();
        self.node += node.len();
        self.decide += decide.iter().map(Vec::len).sum::<usize>();
        self.one_box += native.iter().filter(|(decision, _)| decision.contains("\"one-box\"")).count();
        self.keyless += native.iter().filter(|(decision, _)| decision.contains("\"bucket\":null")).count();

        let mut different = Vec::new();
        for (((question, native), node), decide) in questions.iter().zip(&native).zip(&node).zip(&decide) {
            let (decision, edited) = native;
            let expected = question.expected.as_ref().unwrap_or(decision);
            if expected != decision || decide.iter().any(|other| other != decision) || edited != node {
                let (now, event) = (question.now, &question.event);
                different.push(format!(
                    "{}{now} {event}\n  native   {decision} {edited}\n  Node.js  {node}\n  decide   {decide:?}\n  expected {expected}",
                    site.toml,
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

/// What `onebox decide` answers to every question, in each of its forms. It is asked once for every moment; about one
/// that RFC 3339 cannot say it is not asked.
fn decided(onebox: &Path, site: &Site, config: &Path, questions: &[Question]) -> Result<Vec<Vec<String>>, Trouble> {
    let mut all = vec![Vec::new(); questions.len()];
    let moments: BTreeSet<Time> = questions.iter().map(|question| question.now).collect();
    for now in moments.into_iter().filter(|now| now.to_string().parse() == Ok(*now)) {
        let forms = |question: &'_ Question| [Some(question.event.clone()), question.plain.clone()];
        let then = questions.iter().enumerate().filter(|(_, question)| question.now == now);
        let asked: Vec<(usize, String)> =
            then.flat_map(|(at, question)| forms(question).into_iter().flatten().map(move |form| (at, form))).collect();
        let mut decide = Command::new(onebox);
        decide.envs(site.secrets.clone()).arg("decide").arg("--config").arg(config).arg("--now").arg(now.to_string());
        let answers = answers(&mut decide, lines(asked.iter().map(|(_, form)| form.as_str())))?;
        if answers.len() != asked.len() {
            return Err(format!("of {} answers {} came from decide", asked.len(), answers.len()).into());
        }
        asked.iter().zip(answers).for_each(|((at, _), answer)| all[*at].push(answer));
    }
    Ok(all)
}

/// The native decisions, as `decide` writes them, and what the handlers add: the partition header, and the pin.
fn natively(config: &Config, header: &str, questions: &[Question]) -> Result<Vec<(String, String)>, Trouble> {
    let pin = config.pin.as_ref().map_or("", |pin| &pin.cookie);
    let (policy, handler) = (config.policy(), ViewerRequest::new(config));
    let fields = Field::of(&policy);
    let one = |question: &Question| -> Result<(String, String), Trouble> {
        let message = handle(&handler, &question.event, question.now).map_err(|error| error.to_string())?;
        let message: Message<'_> = serde_json::from_str(&message)?;
        let tag = message.headers.get(header).ok_or("the native handler has not tagged a request")?.get().to_owned();
        let event = NativeEvent::read(&question.event, Trigger::ViewerRequest, fields.clone());
        let event = event.map_err(|error| error.to_string())?;
        let decision = policy.decide(&Visit(&event), question.now);
        let bucket = decision.bucket.map_or("null".to_owned(), |bucket| bucket.to_string());
        let (partition, source) = (decision.partition, decision.source);
        let pins = policy.pins().zip(decision.bucket).filter(|_| matches!(source, Source::Key(_)));
        let pins = pins.map(|(pins, bucket)| format!("{pin}={}", pins.value(bucket)));
        let edited = format!("[{tag},{}]", serde_json::to_string(&pins.as_slice())?);
        Ok((format!(r#"{{"partition":"{partition}","bucket":{bucket},"source":"{source}"}}"#), edited))
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
