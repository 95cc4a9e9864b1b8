//! What happens, told: JSON lines for machines, lines for logs, lines and bars for a person at a terminal.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use onebox_release::{Effect, Ending, Event, Lane, Percent, Record, State};
use serde_json::{Value, json};

use super::bars::Bars;

/// So many aliases are named in a sign of life.
const LANES: usize = 3;

/// Tells what happens.
pub(super) struct Teller {
    release: String,
    json: bool,
    bars: Option<Bars>,
}

impl Teller {
    /// Tells of a release that runs; bars are drawn where somebody looks.
    pub(super) fn live(release: &str, json: bool) -> Self {
        let bars = (!json && io::stderr().is_terminal()).then(Bars::new);
        Self { release: release.to_owned(), json, bars }
    }

    /// Tells of one that ran.
    pub(super) fn past(release: &str, json: bool) -> Self {
        Self { release: release.to_owned(), json, bars: None }
    }

    /// Whether there are bars.
    pub(super) const fn draws(&self) -> bool {
        self.bars.is_some()
    }

    /// What happened, line by line. A reader that went away does not stop a release.
    pub(super) fn tell(&mut self, record: &Record) -> io::Result<()> {
        let lines: Vec<_> = record.events().iter().map(|event| self.line(record, event)).collect();
        let print = || lines.iter().try_for_each(|line| writeln!(anstream::stdout().lock(), "{line}"));
        match &self.bars {
            None => print(),
            Some(bars) => bars.beside(print),
        }
    }

    fn line(&self, record: &Record, event: &Event) -> String {
        if self.json { self.object(record, event).to_string() } else { sentence(record.at, event) }
    }

    fn object(&self, record: &Record, event: &Event) -> Value {
        let mut object = json!({ "at": record.at, "release": self.release, "seq": record.seq });
        if let (Value::Object(object), Ok(Value::Object(event))) = (&mut object, serde_json::to_value(event)) {
            object.extend(event);
        }
        object["text"] = event.to_string().into();
        object
    }

    /// A sign of life, where nothing has happened for a while and nobody sees bars.
    pub(super) fn pulse(&self, state: &State, at: Timestamp) -> io::Result<()> {
        let text = still(state);
        let line = match self.json {
            true => {
                let object = json!({
                    "at": at, "release": self.release, "event": "heartbeat", "stage": state.stage.to_string(), "text": text,
                });
                object.to_string()
            }
            false => format!("{at:.0}  {text}"),
        };
        writeln!(anstream::stdout().lock(), "{line}")
    }

    /// Where it stands, for the bars.
    pub(super) fn show(&mut self, state: &State, now: Timestamp) {
        if let Some(bars) = &mut self.bars {
            bars.show(state, now);
        }
    }

    /// A remark on standard error, beside what is told.
    pub(super) fn remark(&self, color: AnsiColor, kind: &str, message: &str) {
        match &self.bars {
            None => crate::cli::say(color, kind, message),
            Some(bars) => bars.beside(|| crate::cli::say(color, kind, message)),
        }
    }
}

/// An event for people: the time, then what happened.
fn sentence(at: Timestamp, event: &Event) -> String {
    let style = match event {
        Event::AlarmFired { .. } | Event::HookFailed { .. } | Event::RollingBack { .. } => AnsiColor::Red.on_default(),
        Event::Held { .. } | Event::Noted { .. } | Event::Ordered { .. } => AnsiColor::Yellow.on_default(),
        Event::Shifted { .. } | Event::PutBack { .. } => Style::new().bold(),
        Event::Ended { ending: Ending::Released } => AnsiColor::Green.on_default().bold(),
        Event::Ended { .. } => AnsiColor::Red.on_default().bold(),
        _ => Style::new(),
    };
    format!("{at:.0}  {style}{event}{style:#}")
}

/// Where a release stands while nothing happens, for people.
fn still(state: &State) -> String {
    let moving = state.lanes.iter().filter(|lane| lane.percent > Percent::NONE);
    let stands = |lane: &Lane| {
        let version = lane.to.as_deref().unwrap_or("?");
        format!("{}:{}: {} on version {version}", lane.function, lane.alias, lane.percent)
    };
    let stands: Vec<String> = moving.map(stands).collect();
    let more = stands.len().saturating_sub(LANES);
    let mut parts = vec![format!("still {}", wanted(state))];
    parts.extend(stands.into_iter().take(LANES));
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    parts.join("; ")
}

/// What a state waits for, for people.
pub(super) fn wanted(state: &State) -> String {
    match &state.effect {
        Effect::Stop { ending } => ending.to_string(),
        Effect::Call { calls, .. } => {
            let first = calls.first().map_or("nothing", |call| call.operation());
            format!("{}: {first}", state.stage)
        }
        _ => state.stage.to_string(),
    }
}
