//! What the machine wants done, and what it hears.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Answer, Call};

/// What the machine wants done: one thing at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Effect {
    /// Make these calls, all at once, and answer with [`Input::Answers`], one for each, in their order.
    Call {
        /// The calls.
        calls: Vec<Call>,
        /// Long calls (hooks) are accompanied: while they are under way, these are made at every [`Plan::poll`](crate::Plan),
        /// and [`Input::Meanwhile`] hands in what they gave. As long as the machine wants the same calls, the long ones go
        /// on, accompanied by what it wants meanwhile; where it wants others, they are left to themselves and the new
        /// effect is performed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        meanwhile: Vec<Call>,
    },
    /// Do nothing before this time, then say [`Input::Woke`]. An order may come before.
    Wait {
        /// The time.
        until: Timestamp,
    },
    /// It is over, or it cannot go on alone.
    Stop {
        /// How.
        ending: Ending,
    },
}

/// What the machine hears.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", content = "with", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Input {
    /// Begin, or go on after a crash or a stop: whatever was under way is looked at again before it is repeated.
    Resume,
    /// What the calls gave.
    Answers(Vec<Answer>),
    /// What the accompanying calls gave while the others are still under way.
    Meanwhile(Vec<Answer>),
    /// The time has come.
    Woke,
    /// Put everything back; the reason is kept.
    Abort(String),
    /// Skip the wait, or go on although health is not proven; the reason is kept.
    Promote(String),
}

/// How a release ends, or why it stops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", content = "reason", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Ending {
    /// Everything is on the new versions.
    Released,
    /// Every alias that was changed is on its old version again, for this reason.
    RolledBack(String),
    /// It never began: nothing was changed, for these reasons.
    Refused(Vec<String>),
    /// Health was not proven in time. Everything stays as it is; promote or abort.
    NotProven(String),
    /// A person must look; what was found, and what to do next. Resume or abort.
    Stuck(String),
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Released => f.write_str("released: everything is on the new versions"),
            Self::RolledBack(reason) => write!(f, "rolled back: {reason}"),
            Self::Refused(reasons) => write!(f, "refused, nothing was changed: {}", reasons.join("; ")),
            Self::NotProven(reason) => write!(f, "not proven: {reason}"),
            Self::Stuck(reason) => write!(f, "stuck: {reason}"),
        }
    }
}
