//! The journal of a release as text: one line of JSON for the plan, then one for every state that matters.
//!
//! A state is written before its effect is performed, so a journal knows everything that may have been done. What is
//! written where, and how it gets to the disk, is the driver's business. A line begins with the time and a sentence: it
//! can be read without any tool.
//!
//! Where the last line has no end, it was cut, and its effect was never performed, for the line had to be whole first: it
//! is dropped. Anything else that is wrong is refused, with its line: nobody can know what was done. Each line carries a
//! hash of itself and of the one before, so a changed byte is wrong too.

mod chain;
#[cfg(test)]
mod tests;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::chain::Chain;
use crate::{Call, Effect, Ending, Event, Plan, State};

/// The format of journals that this release of onebox writes.
pub const JOURNAL_VERSION: u32 = 2;

/// What every journal begins with.
const BEGINNING: &[u8] = b"{\"onebox-journal\":";

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
    /// The region that the release began in: the one that was named, or the one that was found in the environment or the
    /// profile. Who goes on stays in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
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
        Self { version: JOURNAL_VERSION, at, text, profile: None, region: None, endpoint_url: None, plan }
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
/// What is left out are looks at AWS and the waits between them, but for one now and then: only the time until the last
/// look that was kept counts as observed. Who resumes from an earlier state looks again.
#[must_use]
pub fn worth_keeping(state: &State) -> bool {
    if state.awaits_proof() {
        return false;
    }
    !state.events.is_empty()
        || state.watch.keep
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
        _ if state.watch.keep => format!("{}: observed until {:.0}", state.stage, state.clock),
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
    /// What the next line is chained to.
    pub chain: Chain,
}

impl Journal {
    /// Reads a journal.
    ///
    /// # Errors
    /// Why nobody can go on from it.
    pub fn read(bytes: &[u8]) -> Result<Self, JournalError> {
        let mut lines = Lines { rest: bytes, whole: 0, number: 0, chain: Chain::default() };
        let Some(Line::Whole(first)) = lines.next::<Header>(JournalError::header)? else {
            // What does not begin as a journal does is not ours to begin anew.
            let ours = bytes.starts_with(BEGINNING) || BEGINNING.starts_with(bytes);
            let message = "it is no journal of onebox".to_owned();
            return Err(if ours { JournalError::Empty } else { JournalError::Broken { line: 1, message } });
        };
        let mut journal =
            Self { header: first, records: Vec::new(), whole: lines.whole, cut: false, chain: Chain::default() };
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
            if let Some(message) = journal.contradiction(&record) {
                return Err(lines.broken(message));
            }
            journal.records.push(record);
            journal.whole = lines.whole;
        }
        journal.chain = lines.chain;
        Ok(journal)
    }

    /// What a record says otherwise than the plan and the records before it, of what never changes.
    fn contradiction(&self, record: &Record) -> Option<String> {
        let planned = self.header.plan.shifts().map(|(_, shift)| (&shift.function, &shift.alias));
        let lanes = &record.state.lanes;
        if !planned.eq(lanes.iter().map(|lane| (&lane.function, &lane.alias))) {
            return Some("its aliases are other ones than the plan's".to_owned());
        }
        let before = &self.records.last()?.state;
        if before.place.is_some() && before.place != record.state.place {
            return Some("its account and region are others than before".to_owned());
        }
        let moved = before.lanes.iter().zip(lanes).find(|(old, new)| old.from.is_some() && old.from != new.from);
        moved.map(|(lane, _)| format!("the version that {} began on is another than before", lane.name()))
    }

    /// Where the release stands: in its last state, or before its first step.
    #[must_use]
    pub fn state(&self) -> State {
        match self.records.last() {
            Some(record) => record.state.clone().for_another_driver(),
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
    chain: Chain,
}

/// A line that can be trusted, or the last one, which was cut.
enum Line<T> {
    Whole(T),
    Cut,
}

impl Lines<'_> {
    /// The next line, unless it is of another format; `other` says which format that is.
    fn next<T: for<'v> Deserialize<'v>>(
        &mut self,
        other: fn(&Value) -> Option<JournalError>,
    ) -> Result<Option<Line<T>>, JournalError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') else {
            // A whole line whose end became another byte was not cut: its effect was perhaps performed.
            let changed = self.rest.split_last().is_some_and(|(_, line)| self.chain.open(line).is_some());
            return if changed { Err(self.broken("its end is no line feed".to_owned())) } else { Ok(Some(Line::Cut)) };
        };
        let (line, rest) = (&self.rest[..end], &self.rest[end + 1..]);
        // Whoever wrote another format may have written its lines in another way.
        let value: Value = serde_json::from_slice(line).map_err(|error| self.broken(error.to_string()))?;
        if let Some(error) = other(&value) {
            return Err(error);
        }
        let Some((value, chain)) = self.chain.open(line) else {
            return Err(
                self.broken("its hash is wrong: it was changed, or a line before it was lost or moved".to_owned())
            );
        };
        let read = T::deserialize(value).map_err(|error| self.broken(error.to_string()))?;
        self.rest = rest;
        self.chain = chain;
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
    /// An older onebox wrote it.
    Older {
        /// Its format.
        version: u64,
    },
    /// A line is not what it should be.
    Broken {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

impl JournalError {
    fn header(line: &Value) -> Option<Self> {
        let version = line.get("onebox-journal");
        let older = version.and_then(Value::as_u64).filter(|version| *version < u64::from(JOURNAL_VERSION));
        older.map(|version| Self::Older { version }).or_else(|| Self::newer(version, JOURNAL_VERSION))
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
            Self::Older { version } => write!(
                f,
                "the journal was written by an older onebox (format {version}, this one knows {JOURNAL_VERSION}): finish that \
                 release with the onebox that began it"
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
