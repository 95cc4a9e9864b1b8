//! Serving an event natively: text in, text out.

use crate::{
    handler::Handler,
    message::{EventError, NativeEvent},
};

/// Handles one event natively: the message to return, as JSON.
///
/// # Errors
/// An [`EventError`] if the event is none of this trigger.
pub fn handle<'a, H: Handler>(handler: &'a H, event: &'a str) -> Result<String, EventError<'a>> {
    let event = NativeEvent::read(event, H::TRIGGER, handler.fields())?;
    let answer = handler.answer(&event);
    Ok(event.edited(&handler.edits(answer)))
}

/// Handles one event natively and never fails: a message that cannot be read comes back as it was.
///
/// A failure at the edge must not become a 502 or 503 of ours; it is one line on standard error.
pub fn serve<H: Handler>(handler: &H, event: &str) -> String {
    handle(handler, event).unwrap_or_else(|error| {
        eprintln!("onebox: {}: {error}; the message is left as it was", H::TRIGGER);
        error.message().unwrap_or(event).to_owned()
    })
}
