//! Reads onebox's TOML files: settings, the line and column of each, and every problem in one run.
//!
//! A package of its own, so that whoever reads a configuration (the command, a fuzz target) does not also build the
//! AWS SDK. The types of a configuration are [`onebox_edge`]'s, which knows nothing of TOML.

#![forbid(unsafe_code)]

mod document;

use std::fmt;

use serde::Serialize;

pub use document::{Places, read, read_with, tree};

/// Something wrong in a configuration, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The setting's path, such as `partition.keys.0`; empty where the text is no TOML.
    pub field: String,
    /// What was expected, and what to do.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mistake {}
