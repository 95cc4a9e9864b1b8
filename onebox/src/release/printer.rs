//! A thread of its own tells what happens: no release waits for a terminal, or for a pipe that nobody reads.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use anstyle::AnsiColor;
use jiff::Timestamp;
use onebox_release::{Record, State};

use super::{pulse::Pulse, tell::Teller};
use crate::clock;

/// How often bars are drawn anew.
const FRAME: Duration = Duration::from_millis(100);

/// How long the last lines may take to be read by whoever reads them.
const LAST: Duration = Duration::from_secs(1);

/// Hands what happens to the thread that tells it.
pub(super) struct Printer {
    notes: Option<Sender<Note>>,
    picture: Picture,
    ended: Receiver<()>,
}

/// Where the release stands, for bars and signs of life: only the latest counts.
type Picture = Arc<Mutex<Option<(State, Timestamp)>>>;

enum Note {
    Happened(Box<Record>),
    Remark(AnsiColor, &'static str, String),
}

impl Printer {
    /// Starts the thread.
    pub(super) fn start(mut teller: Teller) -> Self {
        let (notes, received) = channel();
        let (end, ended) = channel();
        let picture = Picture::default();
        let shown = Arc::clone(&picture);
        thread::spawn(move || {
            print_all(&mut teller, &received, &shown);
            // The bars go before the last words.
            drop(teller);
            let _ = end.send(());
        });
        Self { notes: Some(notes), picture, ended }
    }

    /// What happened.
    pub(super) fn tell(&self, record: &Record) {
        if !record.events().is_empty() {
            self.note(Note::Happened(Box::new(record.clone())));
        }
    }

    /// Where it stands.
    pub(super) fn show(&self, state: &State, now: Timestamp) {
        *self.picture.lock().unwrap_or_else(PoisonError::into_inner) = Some((state.clone(), now));
    }

    /// A remark on standard error.
    pub(super) fn remark(&self, color: AnsiColor, kind: &'static str, message: &str) {
        self.note(Note::Remark(color, kind, message.to_owned()));
    }

    fn note(&self, note: Note) {
        // Where the thread has ended nobody reads, and the release goes on all the same.
        let _ = self.notes.as_ref().map(|notes| notes.send(note));
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.notes = None;
        let _ = self.ended.recv_timeout(LAST);
    }
}

fn print_all(teller: &mut Teller, notes: &Receiver<Note>, picture: &Picture) {
    let (mut pulse, mut latest) = (Pulse::default(), None);
    loop {
        let note = notes.recv_timeout(FRAME);
        // Lines that nobody reads are lost; the bars may have a reader yet.
        match note {
            Ok(Note::Happened(record)) => {
                pulse.printed();
                drop(teller.tell(&record));
            }
            Ok(Note::Remark(color, kind, message)) => {
                pulse.printed();
                teller.remark(color, kind, &message);
            }
            Err(RecvTimeoutError::Timeout) => {
                if let (true, false, Some((state, _))) = (pulse.passed(FRAME), teller.draws(), &latest) {
                    drop(teller.pulse(state, clock::timestamp()));
                }
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
        draw(teller, picture, &mut latest);
    }
    draw(teller, picture, &mut latest);
}

fn draw(teller: &mut Teller, picture: &Picture, latest: &mut Option<(State, Timestamp)>) {
    let taken = picture.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((state, now)) = taken {
        teller.show(&state, now);
        *latest = Some((state, now));
    }
}
