//! Serving an event natively: text in, text out.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::SystemTime,
};

use onebox_core::Time;

use crate::{
    edit::Edit,
    event::{Event, Field},
    handler::Handler,
    message::{EventError, NativeEvent},
};

/// Handles one event natively, at a moment: the message to return, as JSON.
///
/// # Errors
/// An [`EventError`] if the event is none of this trigger.
pub fn handle<'a, H: Handler>(handler: &'a H, event: &'a str, now: Time) -> Result<String, EventError<'a>> {
    handle_and(handler, event, now, |_, _| {})
}

/// Handles one event, and passes on what is to be logged: the text, and the origin's domain name.
fn handle_and<'a, H: Handler>(
    handler: &'a H,
    event: &'a str,
    now: Time,
    log: impl Fn(&str, &str),
) -> Result<String, EventError<'a>> {
    let event = NativeEvent::read(event, H::TRIGGER, handler.fields())?;
    let edits = handler.edits(handler.answer(&event, now));
    for edit in edits.iter() {
        if let Edit::LogOrigin { text } = edit {
            log(text, &String::from_utf8_lossy(event.get(Field::Origin("domainName")).unwrap_or_default()));
        }
    }
    Ok(event.edited(&edits))
}

/// Whether an origin was logged since this process started.
static ORIGIN_LOGGED: AtomicBool = AtomicBool::new(false);

/// Handles one event natively, now, and never fails: a message that cannot be read comes back as it was.
///
/// A failure at the edge must not become a 502 or 503 of ours; it is one line on standard error.
pub fn serve<H: Handler>(handler: &H, event: &str) -> String {
    serve_at(handler, event, if handler.reads_clock() { clock() } else { Time::MIN })
}

/// Handles one event as [`serve`] does, at a moment that is handed in.
pub fn serve_at<H: Handler>(handler: &H, event: &str, now: Time) -> String {
    let log = |text: &str, domain: &str| {
        if !ORIGIN_LOGGED.swap(true, Ordering::Relaxed) {
            // The text is whole: where JavaScript logs it, nothing else is known of it.
            eprintln!("{text}: {domain:?}");
        }
    };
    handle_and(handler, event, now, log).unwrap_or_else(|error| {
        eprintln!("onebox: {}: {error:#}; the message is left as it was", H::TRIGGER);
        error.message().unwrap_or(event).to_owned()
    })
}

/// The time, as the machine has it. A clock before 1970 counts as that year's beginning.
#[expect(clippy::disallowed_methods, reason = "the rim of a native handler: here the clock is read and handed in")]
fn clock() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
