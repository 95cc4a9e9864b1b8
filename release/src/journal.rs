//! The journal of a release as text: one line of JSON for the plan, then one for every state that matters.
//!
//! A state is written before its effect is performed, so a journal knows everything that may have been done. What is
//! written where, and how it gets to the disk, is the driver's business. A line begins with the time and a sentence: it
//! can be read without any tool.
//!
//! Where the last line is cut, its effect was never performed, for the line had to be whole first: it is dropped.
//! Anything else that is wrong is refused, with its line: nobody can know what was done.

#[cfg(test)]
mod tests;

use std::fmt;

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
