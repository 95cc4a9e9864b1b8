//! `onebox release`: a gradual release of a plan, driven from here.
//!
//! What a release does is decided in `onebox_release`, by one function; what AWS is asked is performed by `onebox_aws`.
//! Between the two stands the [driver], which writes every state to the disk before it performs what the state wants.

mod adopt;
mod bars;
mod document;
mod driver;
pub(crate) mod engine;
mod folder;
mod history;
mod init;
mod order;
mod orders;
pub(crate) mod plan;
mod printer;
mod pulse;
pub(crate) mod reach;
mod resume;
pub(crate) mod shelf;
pub(crate) mod start;
mod status;
pub(crate) mod stop;
mod store;
mod tell;
mod watch;
mod zip;

use clap::Subcommand;
use onebox_release::Ending;

pub(crate) use document::Excuses;
pub(crate) use zip::pin;

use crate::{Exit, Failure};

/// Release new versions gradually, with alarms, hooks, bakes and rollback
///
/// A plan, release.toml, says which aliases move to which versions, and how fast. All backends move first; then the one-box;
/// it bakes, with alarms armed; then the regular side; it bakes again. Any trouble puts every alias back.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox release init                      write a commented release.toml
  onebox release plan                      what will happen, when, and with which calls of AWS
  onebox release start                     do it
  onebox release watch                     see how it goes, from another terminal
  onebox release promote --because \"ok\"    give an approval, or skip a wait
  onebox release abort                     put everything back
  onebox release resume                    go on after a crash or Ctrl-C
  onebox release adopt orders:live         put an alias right whose journal is lost

The journal is kept in .onebox/<id>/journal.jsonl.

Exit codes: 0 released; 1 rolled back, or refused before anything was changed; 2 stuck, not
proven, or changed by somebody else: a person must look; 64 bad plan or command line; 130 interrupted.")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    Init(init::Args),
    Plan(plan::Args),
    Start(start::Args),
    Status(status::Args),
    Watch(watch::Args),
    Resume(resume::Args),
    Abort(order::Abort),
    Promote(order::Promote),
    History(history::Args),
    Adopt(adopt::Args),
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Init(args) => init::run(args),
        Verb::Plan(args) => plan::run(args),
        Verb::Start(args) => start::run(args),
        Verb::Status(args) => status::run(args),
        Verb::Watch(args) => watch::run(args),
        Verb::Resume(args) => resume::run(args),
        Verb::Abort(args) => order::abort(args),
        Verb::Promote(args) => order::promote(args),
        Verb::History(args) => history::run(args),
        Verb::Adopt(args) => adopt::run(args),
    }
}

/// A release as a command has to name it.
#[derive(Clone, Debug)]
struct Named {
    id: String,
    /// The folder of its journals, where it is not the usual one.
    journal: Option<String>,
}

impl std::fmt::Display for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "--id {}", self.id)?;
        self.journal.as_ref().map_or(Ok(()), |journal| write!(f, " --journal {journal}"))
    }
}

/// What to do about a release that nobody drives.
fn advice(which: &Named, ending: Option<&Ending>) -> String {
    let promote = match ending {
        Some(Ending::NotProven(_)) => format!("`onebox release promote {which} --because …` goes on all the same, "),
        _ => String::new(),
    };
    format!("{promote}`onebox release resume {which}` goes on, `onebox release abort {which}` puts everything back")
}
