//! `onebox release history`: how a release went.

use std::io::{self, Write};

use super::{
    shelf::{Shelf, Which},
    tell::Teller,
};
use onebox_terminal::written;

use crate::{Exit, Failure};

/// Show how a release went, event by event
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox release history
  onebox release history --all                      every release of the journal, one line for each
  onebox release history --id web-2026-11-20 --json | jq -r .text

Exit codes: 0 it is shown, 2 the journal cannot be read, 64 there is no such release.")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    shelf: Shelf,
    /// List all releases instead, the newest last
    #[arg(long, conflicts_with = "id")]
    all: bool,
    /// Print one JSON line for each event
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    if args.all {
        let shown = written(list(&mut anstream::stdout().lock(), args))?;
        return Ok(if args.shelf.unreadable().is_empty() { shown } else { Exit::Stuck });
    }
    let begun = args.shelf.find(&args.which)?;
    let mut teller = Teller::past(begun.id(), args.json);
    written(begun.journal.records.iter().try_for_each(|record| teller.tell(record)))
}

fn list(out: &mut impl Write, args: &Args) -> io::Result<()> {
    for begun in args.shelf.all() {
        let (id, at, ending) = (begun.id(), begun.journal.header.at, begun.journal.ending());
        if args.json {
            let line =
                serde_json::json!({ "release": id, "began": at, "over": begun.journal.is_over(), "ending": ending });
            writeln!(out, "{line}")?;
        } else {
            let ending =
                ending.map_or_else(|| format!("under way: {}", begun.journal.state().stage), ToString::to_string);
            writeln!(out, "{at:.0}  {id}  {ending}")?;
        }
    }
    Ok(())
}
