//! What is shown of each request. A thread of its own prints: no request waits for a terminal.

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use onebox_edge::Trigger;
use onebox_sim::{Observer, Record, Violation};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::clock::time;

/// How many lines may wait for the printer.
const WAITING: usize = 4096;

/// Hands what happens to the printer.
pub(super) struct Log {
    notes: SyncSender<Note>,
    /// How many notes found no place since the last that did.
    lost: AtomicU64,
}

enum Note {
    Listening(SocketAddr),
    Request(Box<Record>),
    Broken(Violation),
    Function(Trigger, String),
    Lost(u64),
    End,
}

/// Starts a printer. The receiver is ready when it has ended.
pub(super) fn start(json: bool) -> (Log, oneshot::Receiver<()>) {
    let (notes, received) = sync_channel(WAITING);
    let (ended, end) = oneshot::channel();
    thread::spawn(move || {
        // Without a reader there is nothing to do; the distribution serves on.
        let _ = print_all(&received, json);
        drop(ended);
    });
    (Log { notes, lost: AtomicU64::new(0) }, end)
}

impl Log {
    /// Tells where the distribution is reached.
    pub(super) fn listening(&self, address: SocketAddr) {
        self.note(Note::Listening(address));
    }

    /// Lets the printer end when it has printed what is waiting.
    pub(super) fn end(&self) {
        let notes = self.notes.clone();
        // Where nobody reads what is printed, there may never be a place for it.
        thread::spawn(move || notes.send(Note::End));
    }

    /// Leaves a note; where there is no place it is counted, and the count is the next note that finds one.
    fn note(&self, note: Note) {
        let has_place = |note| !matches!(self.notes.try_send(note), Err(TrySendError::Full(_)));
        let lost = self.lost.swap(0, Ordering::Relaxed);
        let told = lost == 0 || has_place(Note::Lost(lost));
        let missing = if told { 0 } else { lost } + u64::from(!has_place(note));
        self.lost.fetch_add(missing, Ordering::Relaxed);
    }
}

impl Observer for Log {
    fn record(&self, record: Record) {
        self.note(Note::Request(Box::new(record)));
    }

    fn broken(&self, violation: &Violation) {
        self.note(Note::Broken(violation.clone()));
    }

    fn log(&self, trigger: Trigger, line: &str) {
        self.note(Note::Function(trigger, line.to_owned()));
    }
}

fn print_all(notes: &Receiver<Note>, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for note in notes {
        match note {
            Note::End => break,
            note if json => writeln!(out, "{}", as_json(&note))?,
            Note::Listening(address) => writeln!(out, "http://{address}/ is your CloudFront; Ctrl-C stops it")?,
            Note::Request(record) => {
                writeln!(out, "{}", line(&record))?;
                record.failures.iter().try_for_each(|violation| writeln!(out, "    {violation}"))?;
            }
            Note::Broken(violation) => writeln!(out, "    {violation}")?,
            Note::Function(trigger, line) => eprintln!("{trigger}: {line}"),
            Note::Lost(count) => eprintln!("{count} lines are not shown: there were too many at once"),
        }
    }
    Ok(())
}

fn line(record: &Record) -> String {
    let Record { status, cache, partition, method, uri, took, origin, .. } = record;
    let partition = partition.as_deref().unwrap_or("-");
    let origin = origin.as_deref().map(|origin| format!(" from {origin}")).unwrap_or_default();
    let milliseconds = took.as_secs_f64() * 1e3;
    format!("{} {partition:<7} {:<10} {method} {uri} in {milliseconds:.1} ms{origin}", status.as_u16(), cache.as_str())
}

fn as_json(note: &Note) -> Value {
    let violation = |Violation { rule, detail }: &Violation| json!({ "rule": rule.name(), "detail": detail, "source": rule.source() });
    match note {
        Note::Listening(address) => json!({ "listening": format!("http://{address}") }),
        Note::Request(record) => json!({
            "requestId": record.request_id,
            "time": time(record.time).to_string(),
            "milliseconds": record.took.as_secs_f64() * 1e3,
            "clientIp": record.client_ip,
            "method": record.method.as_str(),
            "uri": record.uri,
            "status": record.status.as_u16(),
            "partition": record.partition,
            "cache": record.cache.as_str(),
            "origin": record.origin,
            "failures": record.failures.iter().map(violation).collect::<Vec<_>>(),
        }),
        Note::Broken(broken) => json!({ "failures": [violation(broken)] }),
        Note::Function(trigger, line) => json!({ "function": trigger.as_str(), "log": line }),
        Note::Lost(count) => json!({ "lost": count }),
        Note::End => Value::Null,
    }
}
