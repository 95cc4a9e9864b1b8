//! Why an event is left as it came.

use std::{error, fmt};

use crate::handler::Trigger;

/// Why a text is no event of a trigger.
#[derive(Debug)]
pub struct EventError<'a> {
    pub(super) expected: Expected,
    pub(super) message: Option<&'a str>,
}

/// What the text should have been.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expected {
    /// An event at all.
    Event,
    /// An event of this trigger, and of no other.
    Trigger(Trigger),
    /// A message of this trigger's, with headers.
    Headers(Trigger),
}

impl<'a> EventError<'a> {
    /// The message as it came, where there is one: of another trigger's event, the one that this event is about.
    #[must_use]
    pub fn message(&self) -> Option<&'a str> {
        self.message
    }
}

impl fmt::Display for EventError<'_> {
    /// What was expected; with `{:#}` also what to do about it where a function is run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.expected {
            Expected::Event => f.write_str("expected a JSON event with Records[0].cf"),
            Expected::Trigger(trigger) => {
                let advice = if f.alternate() { ": associate this function with it alone" } else { "" };
                write!(f, "expected an event of {trigger}{advice}")
            }
            Expected::Headers(trigger) => write!(f, "expected a {} with headers", trigger.message()),
        }
    }
}

impl error::Error for EventError<'_> {}
