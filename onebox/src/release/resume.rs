//! `onebox release resume`: goes on with a release whose driver ended.

use super::{
    engine,
    reach::Reach,
    shelf::{Shelf, Which},
    stop::Stopping,
};
use crate::{Exit, Failure};

/// Go on with a release whose driver ended
///
/// What the last driver was about to do is looked at again before it is repeated: nothing is done twice, and what somebody
/// else has changed meanwhile is not overwritten. Orders that were left are carried out.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox release resume
  onebox release resume --id web-2026-11-20 --json

Exit codes: as those of `onebox release start`.")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    shelf: Shelf,
    #[command(flatten)]
    stopping: Stopping,
    /// Print one JSON line for each event
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let begun = args.shelf.find(&args.which)?;
    if begun.journal.is_over() {
        return Err(Failure::usage(format!(
            "the release {} is over: `onebox release history` shows how it went, `start` begins another one",
            begun.id()
        )));
    }
    engine::run(async {
        let lock = begun.folder.lock_to_drive().await?;
        engine::go_on(&begun.folder, lock, &args.reach, args.json, args.stopping.on_stop).await
    })
}
