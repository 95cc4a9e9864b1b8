//! How a verb ends.

use std::{io, process::ExitCode};

/// What the exit code says. The same for every verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: what was to be shown did not hold.
    DidNotHold,
    /// 2: stuck; a person has to look.
    Stuck,
    /// 64: the command line or a file is wrong (`EX_USAGE` of sysexits.h).
    Usage,
    /// 130: interrupted before its end, as shells say it.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::DidNotHold => 1,
            Exit::Stuck => 2,
            Exit::Usage => 64,
            Exit::Interrupted => 130,
        })
    }
}

/// Why a verb could not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong, and what to do next.
    pub message: String,
}

impl Failure {
    /// The command line or a file is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    /// The machine does not let us go on.
    pub fn stuck(message: impl Into<String>) -> Self {
        Self { exit: Exit::Stuck, message: message.into() }
    }
}

/// The end of a verb that only had to write: a reader that went away has seen enough.
///
/// # Errors
///
/// When standard input or output broke in another way.
pub fn written(result: io::Result<()>) -> Result<Exit, Failure> {
    match result {
        Ok(()) => Ok(Exit::Done),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Exit::Done),
        Err(error) => Err(Failure::stuck(format!("standard input or output broke: {error}"))),
    }
}
