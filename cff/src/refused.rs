use std::{error, fmt};

use crate::{MAX_BYTES, store::MAX_VALUE};

/// Why a function is not written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// It is no JavaScript at all.
    Syntax {
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// It uses something that CloudFront's JavaScript does not have.
    Construct {
        /// The line, from 1.
        line: usize,
        /// Its name.
        name: String,
    },
    /// It has more than [`MAX_BYTES`] bytes.
    TooLarge {
        /// Which function.
        function: &'static str,
        /// How many bytes it has.
        bytes: usize,
    },
    /// The release has more bytes than a value in a KeyValueStore may have.
    ValueTooLarge {
        /// How many bytes it has.
        bytes: usize,
    },
    /// The configuration names no KeyValueStore.
    NoStore,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, message } => write!(f, "line {line} is no JavaScript: {message}"),
            Self::Construct { line, name } => write!(f, "CloudFront Functions do not have {name}, used in line {line}"),
            Self::TooLarge { function, bytes } => {
                let over = bytes.saturating_sub(MAX_BYTES);
                write!(
                    f,
                    "{function} has {bytes} bytes, {over} more than the {MAX_BYTES} of a CloudFront Function, \
                     without any crawler: shorten the key chain or the schedule"
                )
            }
            Self::ValueTooLarge { bytes } => {
                let over = bytes.saturating_sub(MAX_VALUE);
                write!(
                    f,
                    "the release has {bytes} bytes, {over} more than the {MAX_VALUE} of a value in a KeyValueStore: \
                     shorten the schedule"
                )
            }
            Self::NoStore => f.write_str("function.store is missing: name the id of the key value store"),
        }
    }
}

impl error::Error for Refused {}
