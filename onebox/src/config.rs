//! `onebox.toml`.

use std::path::{Path, PathBuf};

use onebox_config::{Mistake, Places, read_with};
use onebox_edge::Config;

use crate::{Failure, file};

/// The largest configuration, in bytes: most are a page of text, and a list of all crawlers that are known has 20 KiB.
const LIMIT: u64 = 1 << 20;

/// Which configuration a verb reads.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration
    #[arg(long = "config", value_name = "FILE", default_value = "onebox.toml")]
    pub(crate) path: PathBuf,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
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
    pub(crate) fn load(&self) -> Result<Config, Refused> {
        self.load_with_places().map(|(config, _)| config)
    }

    /// The same, with the places of its settings.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(crate) fn load_with_places(&self) -> Result<(Config, Places), Refused> {
        let path = || self.path.clone();
        let text = file::text_within(LIMIT, &self.path, "`onebox init` writes one, `--config FILE` names another")
            .map_err(|reason| Refused::Unreadable { path: path(), reason })?;
        // The rim: here a secret comes out of the environment, and nowhere else.
        let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        read_with(&text, &variable).map_err(|mistakes| Refused::Mistaken { path: path(), mistakes })
    }
}
