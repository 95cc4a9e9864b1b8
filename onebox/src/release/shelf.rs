//! The releases of a directory, and which of them is meant.

use std::path::PathBuf;

use anstyle::AnsiColor;
use onebox_release::Journal;

use super::folder::Folder;
use crate::{Failure, cli::say};

/// Where the journals of releases are kept, unless another folder is named.
pub(super) const DEFAULT: &str = ".onebox";

/// Where the journals of releases are kept.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Shelf {
    /// Where the journals of releases are kept
    #[arg(long = "journal", value_name = "DIR", default_value = DEFAULT)]
    dir: PathBuf,
}

/// Which release is meant.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Which {
    /// The release; by default the newest that is not over, else the newest
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

/// A release that was begun.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) folder: Folder,
    pub(super) journal: Journal,
}

impl Begun {
    pub(super) fn id(&self) -> &str {
        &self.journal.header.plan.id
    }
}

impl Shelf {
    /// The folder of a release of this name.
    pub(super) fn folder(&self, id: &str) -> Folder {
        Folder::new(self.dir.join(id))
    }

    /// The release that is meant.
    pub(super) fn find(&self, which: &Which) -> Result<Begun, Failure> {
        let dir = self.dir.display();
        if let Some(id) = &which.id {
            let folder = self.folder(id);
            // An id is a name of a folder in ours, and not a way out of it.
            let named = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            let journal = if named { folder.read()? } else { None };
            return journal.map(|journal| Begun { folder, journal }).ok_or_else(|| {
                let known: Vec<_> = self.all().iter().map(|begun| begun.id().to_owned()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                Failure::usage(format!("{dir} has no release {id}; it has: {known}"))
            });
        }
        let mut all = self.readable()?;
        let at = all.iter().rposition(|begun| !begun.journal.is_over()).or(all.len().checked_sub(1));
        at.map(|at| all.swap_remove(at)).ok_or_else(|| {
            Failure::usage(format!(
                "{dir} has no release: `onebox release start` begins one, `--journal DIR` names another directory"
            ))
        })
    }

    /// Every release, the newest last.
    ///
    /// # Errors
    /// Where a journal cannot be read: it may be the one that is meant, or one that moves the same alias.
    pub(super) fn readable(&self) -> Result<Vec<Begun>, Failure> {
        match self.unreadable().into_iter().next() {
            None => Ok(self.all()),
            Some(failure) => {
                let message = format!("{}. Another release is named with `--id ID`", failure.message);
                Err(Failure { message, ..failure })
            }
        }
    }

    /// Why journals cannot be read.
    pub(super) fn unreadable(&self) -> Vec<Failure> {
        self.folders().filter_map(|folder| folder.read().err()).collect()
    }

    /// Releases that are driven now, and whose journal is gone: who, and where.
    pub(super) fn without_journal(&self) -> Vec<String> {
        let driven = self.folders().filter(|folder| matches!(folder.read(), Ok(None)));
        let named = driven.filter_map(|folder| {
            let pid = folder.driver()?;
            Some(format!("process {pid} drives a release whose journal, {}, is gone", folder.journal().display()))
        });
        named.collect()
    }

    fn folders(&self) -> impl Iterator<Item = Folder> {
        let entries = std::fs::read_dir(&self.dir).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.filter(|path| path.is_dir()).map(Folder::new)
    }

    /// Every release whose journal can be read, the newest last. The others are named on standard error.
    pub(super) fn all(&self) -> Vec<Begun> {
        let mut all: Vec<_> = self
            .folders()
            .filter_map(|folder| match folder.read() {
                Ok(journal) => Some(Begun { journal: journal?, folder }),
                Err(failure) => {
                    say(AnsiColor::Yellow, "warning", &failure.message);
                    None
                }
            })
            .collect();
        all.sort_by_cached_key(|begun| (begun.journal.header.at, begun.id().to_owned()));
        all
    }
}
