//! `onebox.toml`.

mod document;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use onebox_edge::Config;
use serde::Serialize;

pub(crate) use document::tree;
pub use document::{Places, read, read_with};

use crate::{Failure, file};

/// Which configuration a verb reads.
#[derive(Clone, Debug, clap::Args)]
pub struct ConfigFile {
    /// The configuration
    #[arg(long = "config", value_name = "FILE", default_value = "onebox.toml")]
    pub path: PathBuf,
}

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

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The file cannot be read.
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// Its content is wrong.
    #[error("{}", list(path, mistakes))]
    Mistaken {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong, by place.
        mistakes: Vec<Mistake>,
    },
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::usage(refused.to_string())
    }
}

fn list(path: &Path, mistakes: &[Mistake]) -> String {
    let path = path.display();
    let count = match mistakes.len() {
        1 => "1 problem".to_owned(),
        count => format!("{count} problems"),
    };
    let lines = mistakes.iter().map(|mistake| format!("\n{path}:{mistake}"));
    format!("{path} has {count}:{}", lines.collect::<String>())
}

impl ConfigFile {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(&self) -> Result<Config, Refused> {
        self.load_with_places().map(|(config, _)| config)
    }

    /// The same, with the places of its settings.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load_with_places(&self) -> Result<(Config, Places), Refused> {
        let path = || self.path.clone();
        let text = file::text(&self.path, "`onebox init` writes one, `--config FILE` names another")
            .map_err(|reason| Refused::Unreadable { path: path(), reason })?;
        // The rim: here a secret comes out of the environment, and nowhere else.
        let variable = |name: &str| std::env::var(name).ok();
        read_with(&text, &variable).map_err(|mistakes| Refused::Mistaken { path: path(), mistakes })
    }
}
