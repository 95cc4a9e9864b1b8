//! The journal of a release as text: one line of JSON for the plan, then one for every state that matters.
//!
//! A state is written before its effect is performed, so a journal knows everything that may have been done. What is
//! written where, and how it gets to the disk, is the driver's business. A line begins with the time and a sentence: it
//! can be read without any tool.
//!
//! Where the last line is cut, its effect was never performed, for the line had to be whole first: it is dropped.
//! Anything else that is wrong is refused, with its line: nobody can know what was done.

use std::{fmt, str};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Call, Effect, Ending, Event, Plan, State};

/// The format of journals that this release of onebox writes.
pub const JOURNAL_VERSION: u32 = 1;

/// The first line: what shall happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Header {
    /// The format: [`JOURNAL_VERSION`].
    #[serde(rename = "onebox-journal")]
    pub version: u32,
    /// When the release was begun.
    pub at: Timestamp,
    /// The same for people.
    pub text: String,
    /// The AWS profile, where one was named: who resumes the release goes by the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The endpoint, where one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_url: Option<String>,
    /// The plan.
    pub plan: Plan,
}

impl Header {
    /// The first line of this plan's journal.
    #[must_use]
    pub fn new(plan: Plan, at: Timestamp) -> Self {
        let text = format!("journal of the release {}", plan.id);
        Self { version: JOURNAL_VERSION, at, text, profile: None, endpoint_url: None, plan }
    }

    /// The line, with its end.
    ///
    /// # Errors
    /// What stands in the way of writing it as JSON.
    pub fn line(&self) -> serde_json::Result<String> {
        line(self)
    }
}

/// A state that was reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// When.
    pub at: Timestamp,
    /// What happened, and what is wanted next, for people.
    pub text: String,
    /// Its number, from 1 and without gaps.
    pub seq: u64,
    /// How many of the orders that were left for the driver are carried out.
    #[serde(default)]
    pub orders: u64,
    /// The state, with what happened in it and what is wanted now.
    pub state: State,
}

impl Record {
    /// A state that was reached at this time.
    #[must_use]
    pub fn new(seq: u64, at: Timestamp, orders: u64, state: State) -> Self {
        Self { at, text: described(&state), seq, orders, state }
    }

    /// What happened.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.state.events
    }

    /// How the release ended, or why it stopped here.
    #[must_use]
    pub fn ending(&self) -> Option<&Ending> {
        ending(&self.state)
    }

    /// The line, with its end.
    ///
    /// # Errors
    /// What stands in the way of writing it as JSON.
    pub fn line(&self) -> serde_json::Result<String> {
        line(self)
    }
}

fn line(value: &impl Serialize) -> serde_json::Result<String> {
    let mut line = serde_json::to_string(value)?;
    line.push('\n');
    Ok(line)
}

/// How a release ended, or why it stopped, in this state.
#[must_use]
pub fn ending(state: &State) -> Option<&Ending> {
    match &state.effect {
        Effect::Stop { ending } => Some(ending),
        _ => None,
    }
}

/// Whether nothing can come after this ending; the others can be resumed, promoted or aborted.
#[must_use]
pub const fn is_final(ending: &Ending) -> bool {
    matches!(ending, Ending::Released | Ending::RolledBack(_) | Ending::Refused(_))
}

/// Whether a journal needs this state: something happened, or something is about to be changed, or it stops here.
///
/// What is left out are looks at AWS and the waits between them. Who resumes from an earlier state looks again.
#[must_use]
pub fn worth_keeping(state: &State) -> bool {
    !state.events.is_empty()
        || match &state.effect {
            Effect::Call { calls, .. } => calls.iter().any(Call::changes),
            Effect::Wait { .. } => false,
            Effect::Stop { .. } => true,
        }
}

/// A state in a few words: what happened, else what is wanted.
fn described(state: &State) -> String {
    if !state.events.is_empty() {
        let events: Vec<_> = state.events.iter().map(ToString::to_string).collect();
        return events.join("; ");
    }
    match &state.effect {
        Effect::Call { calls, .. } => {
            let mut text = String::from("next:");
            for (at, call) in calls.iter().enumerate() {
                // The same operation on many aliases is one word.
                if calls[..at].iter().all(|earlier| earlier.operation() != call.operation()) {
                    let count = calls[at..].iter().filter(|later| later.operation() == call.operation()).count();
                    let times = if count > 1 { format!(" ×{count}") } else { String::new() };
                    text.extend([" ", call.operation(), &times]);
                }
            }
            text
        }
        Effect::Wait { until } => format!("waits until {until}"),
        Effect::Stop { ending } => ending.to_string(),
    }
}

/// A journal that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal {
    /// The first line.
    pub header: Header,
    /// The others.
    pub records: Vec<Record>,
    /// How many bytes are whole lines: whoever appends cuts off what is behind them.
    pub whole: usize,
    /// Whether the last line was cut, and dropped.
    pub cut: bool,
}

impl Journal {
    /// Reads a journal.
    ///
    /// # Errors
    /// Why nobody can go on from it.
    pub fn read(bytes: &[u8]) -> Result<Self, JournalError> {
        let mut lines = Lines { rest: bytes, whole: 0, number: 0 };
        let Some(Line::Whole(first)) = lines.next::<Header>(JournalError::header)? else {
            return Err(JournalError::Empty);
        };
        let mut journal = Self { header: first, records: Vec::new(), whole: lines.whole, cut: false };
        while let Some(line) = lines.next::<Record>(JournalError::record)? {
            let Line::Whole(record) = line else {
                journal.cut = true;
                break;
            };
            let expected = journal.records.len() as u64 + 1;
            if record.seq != expected {
                let message = format!("expected record {expected}, found record {}", record.seq);
                return Err(JournalError::Broken { line: lines.number, message });
            }
            journal.records.push(record);
            journal.whole = lines.whole;
        }
        Ok(journal)
    }

    /// Where the release stands: in its last state, or before its first step.
    #[must_use]
    pub fn state(&self) -> State {
        match self.records.last() {
            Some(record) => record.state.clone(),
            None => State::new(&self.header.plan, self.header.at),
        }
    }

    /// How the release ended, or why it stopped.
    #[must_use]
    pub fn ending(&self) -> Option<&Ending> {
        self.records.last().and_then(Record::ending)
    }

    /// Whether nothing can come any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ending().is_some_and(is_final)
    }

    /// How many of the orders that were left for the driver are carried out.
    #[must_use]
    pub fn orders(&self) -> u64 {
        self.records.last().map_or(0, |record| record.orders)
    }
}

/// The lines of a journal.
struct Lines<'b> {
    rest: &'b [u8],
    whole: usize,
    number: usize,
}

/// A line that can be trusted, or the last one, which was cut.
enum Line<T> {
    Whole(T),
    Cut,
}

impl Lines<'_> {
    /// The next line, unless it is of a newer format; `newer` says which format that is.
    fn next<T: for<'v> Deserialize<'v>>(
        &mut self,
        newer: fn(&Value) -> Option<JournalError>,
    ) -> Result<Option<Line<T>>, JournalError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') else { return Ok(Some(Line::Cut)) };
        let (line, rest) = (&self.rest[..end], &self.rest[end + 1..]);
        let value: Value = match serde_json::from_slice(line) {
            Ok(value) => value,
            // A power cut can leave a line's end on the disk without what stood before it.
            Err(_) if rest.is_empty() => return Ok(Some(Line::Cut)),
            Err(error) => return Err(self.broken(error.to_string())),
        };
        if let Some(error) = newer(&value) {
            return Err(error);
        }
        let read = T::deserialize(value).map_err(|error| self.broken(error.to_string()))?;
        self.rest = rest;
        self.whole += end + 1;
        Ok(Some(Line::Whole(read)))
    }

    const fn broken(&self, message: String) -> JournalError {
        JournalError::Broken { line: self.number, message }
    }
}

/// Why a journal cannot be gone on from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalError {
    /// There is no whole first line: nothing was ever done.
    Empty,
    /// A newer onebox wrote it.
    Newer {
        /// Its format.
        version: u64,
    },
    /// A line that is not the last one is not what it should be.
    Broken {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

impl JournalError {
    fn header(line: &Value) -> Option<Self> {
        Self::newer(line.get("onebox-journal"), JOURNAL_VERSION)
    }

    fn record(line: &Value) -> Option<Self> {
        Self::newer(line.get("state").and_then(|state| state.get("version")), State::VERSION)
    }

    fn newer(version: Option<&Value>, ours: u32) -> Option<Self> {
        let version = version.and_then(Value::as_u64)?;
        (version > u64::from(ours)).then_some(Self::Newer { version })
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the journal is empty: nothing was done; remove it and start anew"),
            Self::Newer { version } => write!(
                f,
                "the journal was written by a newer onebox (format {version}, this one knows {JOURNAL_VERSION}): update \
                 onebox and try again"
            ),
            Self::Broken { line, message } => write!(
                f,
                "line {line} of the journal is broken ({message}), so nobody can know what was done after it: look at \
                 the aliases, put them right by hand, and move the journal away"
            ),
        }
    }
}

impl std::error::Error for JournalError {}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::{Executed, HookPayload, Shift, Stage, Strategy, Target, Via, When};

    fn plan() -> Plan {
        Plan {
            id: "web-1".into(),
            region: None,
            via: Via::Lambda,
            backends: vec![Shift {
                function: "orders".into(),
                alias: "live".into(),
                target: Target::Version("7".into()),
                strategy: Strategy::AllAtOnce,
                before: None,
                after: None,
                codedeploy: None,
            }],
            one_box: None,
            regular: None,
            bake: Duration::ZERO,
            final_bake: Duration::ZERO,
            poll: Duration::from_secs(10),
            alarms: vec!["web-5xx".into()],
            ignored: Vec::new(),
            health: serde_json::from_str(HEALTH).unwrap(),
        }
    }

    /// Nothing is asked.
    const HEALTH: &str = r#"{"min-requests":0,"hold":{"secs":60,"nanos":0},"settled":{"secs":0,"nanos":0},"not-proven":"stop",
        "comparison":null,"version-alarms":null}"#;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn state(effect: Effect, events: Vec<Event>) -> State {
        State { effect, events, ..State::new(&plan(), at(0)) }
    }

    fn hook() -> Call {
        let (release, function, alias, version) = ("web-1".into(), "orders".into(), "live".into(), "7".into());
        let payload = HookPayload { release, function, alias, version, when: When::Before };
        Call::Invoke { function: "smoke".into(), payload }
    }

    fn look() -> Call {
        Call::GetAlias { function: "orders".into(), alias: "live".into() }
    }

    /// A journal of three records.
    fn text() -> String {
        let stop = Effect::Stop { ending: Ending::RolledBack("the alarm web-5xx fired".into()) };
        let states = [
            state(Effect::Wait { until: at(0) }, vec![Event::Began]),
            state(Effect::Call { calls: vec![look(), hook(), hook()], meanwhile: vec![] }, vec![]),
            State { stage: Stage::Over, ..state(stop, vec![]) },
        ];
        let header = Header { profile: Some("shop".into()), ..Header::new(plan(), at(0)) };
        let records = (1..).zip(states).map(|(seq, state)| Record::new(seq, at(0), seq / 3, state).line().unwrap());
        [header.line().unwrap()].into_iter().chain(records).collect()
    }

    #[test]
    fn what_was_written_is_read_and_begins_with_words() {
        let journal = Journal::read(text().as_bytes()).unwrap();
        assert_eq!((journal.header.plan.clone(), journal.header.profile.as_deref()), (plan(), Some("shop")));
        assert_eq!((journal.whole, journal.cut, journal.orders()), (text().len(), false, 1));
        assert_eq!(journal.state().stage, Stage::Over);
        assert!(journal.is_over());
        let lines: Vec<_> = text().lines().map(str::to_owned).collect();
        assert!(
            lines[0].starts_with(
                r#"{"onebox-journal":1,"at":"1970-01-01T00:00:00Z","text":"journal of the release web-1""#
            )
        );
        assert!(
            lines[1].starts_with(r#"{"at":"1970-01-01T00:00:00Z","text":"the release begins","seq":1"#),
            "{}",
            lines[1]
        );
        assert!(lines[2].contains(r#""text":"next: GetAlias Invoke ×2""#), "{}", lines[2]);
        assert!(lines[3].contains(r#""text":"rolled back: the alarm web-5xx fired""#), "{}", lines[3]);
    }

    #[test]
    fn a_journal_without_records_stands_before_its_first_step() {
        let header = Header::new(plan(), at(7)).line().unwrap();
        let journal = Journal::read(header.as_bytes()).unwrap();
        assert_eq!(journal.state(), State::new(&plan(), at(7)));
        assert!(!journal.is_over());
    }

    proptest! {
        #[test]
        fn wherever_it_is_cut_the_whole_lines_stay(cut in 0..text().len()) {
            let text = text();
            let whole = text[..text.floor_char_boundary(cut)].matches('\n').count();
            match Journal::read(&text.as_bytes()[..cut]) {
                Err(error) => prop_assert_eq!((whole, error), (0, JournalError::Empty)),
                Ok(journal) => {
                    prop_assert_eq!(journal.records.len(), whole - 1);
                    prop_assert_eq!(journal.cut, journal.whole < cut);
                    prop_assert_eq!(text[..journal.whole].matches('\n').count(), whole);
                }
            }
        }

        #[test]
        fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), keep in 0..text().len()) {
            let _ = Journal::read(&bytes);
            let _ = Journal::read(&[&text().as_bytes()[..keep], &*bytes].concat());
        }
    }

    #[test]
    fn a_last_line_of_which_only_the_end_was_kept_is_cut() {
        let whole = text();
        let journal = Journal::read(format!("{whole}\0\0\0\n").as_bytes()).unwrap();
        assert_eq!((journal.records.len(), journal.whole, journal.cut), (3, whole.len(), true));
    }

    #[test]
    fn a_break_in_the_middle_is_refused_with_its_line() {
        let text = text();
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        for (lines, line, said) in [
            (vec![lines[0], lines[1], "{\"at\":\n", lines[2]], 3, "EOF"),
            (vec![lines[0], lines[2]], 2, "expected record 1, found record 2"),
            (vec![lines[0], lines[1], lines[1]], 3, "expected record 2, found record 1"),
            // The last line is cut only if it is no JSON.
            (vec![lines[0], lines[1], "{}\n"], 3, "missing field"),
            (vec![lines[1]], 1, "missing field"),
        ] {
            let error = Journal::read(lines.concat().as_bytes()).unwrap_err();
            let JournalError::Broken { line: found, message } = &error else { panic!("{error}") };
            assert!(*found == line && message.contains(said), "{error}");
            assert!(error.to_string().starts_with(&format!("line {line} of the journal is broken")));
        }
    }

    #[test]
    fn a_newer_format_is_named_before_anything_else_is_read() {
        let first = "{\"onebox-journal\":2,\"plan\":\"who knows\"}\n";
        assert_eq!(Journal::read(first.as_bytes()), Err(JournalError::Newer { version: 2 }));
        let later = format!("{}{{\"seq\":4,\"state\":{{\"version\":9}}}}\n", text());
        let error = Journal::read(later.as_bytes()).unwrap_err();
        assert_eq!(error, JournalError::Newer { version: 9 });
        assert!(error.to_string().contains("written by a newer onebox"));
    }

    #[test]
    fn what_only_looks_is_not_kept() {
        let of = vec![Executed { function: "orders".into(), alias: "live".into(), version: "7".into() }];
        let looks = vec![
            look(),
            Call::DescribeAlarms { names: vec![] },
            Call::GetMetricData { of, from: at(0), to: at(60) },
            Call::GetDeployment { id: "d".into() },
        ];
        let call = |calls| Effect::Call { calls, meanwhile: vec![] };
        assert!(!worth_keeping(&state(call(looks.clone()), vec![])));
        assert!(!worth_keeping(&state(Effect::Wait { until: at(9) }, vec![])));
        assert!(worth_keeping(&state(call(looks.clone()), vec![Event::Resumed])));
        assert!(worth_keeping(&state(call([looks, vec![hook()]].concat()), vec![])));
        assert!(worth_keeping(&state(Effect::Stop { ending: Ending::Released }, vec![])));
    }
}
