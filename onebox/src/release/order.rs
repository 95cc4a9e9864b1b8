//! `onebox release abort` and `promote`: orders, left for the driver; where there is none, this process becomes it.

use std::{io::Write, time::Duration};

use onebox_release::{Journal, plain_text};
use serde_json::json;

use super::{
    engine,
    folder::Locked,
    orders::{Order, What},
    reach::Reach,
    shelf::{Begun, Shelf, Which},
    stop::OnStop,
};
use onebox_terminal::written;

use crate::{Exit, Failure, clock};

/// How often it is looked whether the driver took the order.
const GLANCE: Duration = Duration::from_millis(100);

/// The longest reason that is kept, in characters.
const LONGEST_REASON: usize = 1_000;

/// So many glances, and the driver is in the middle of something long.
const GLANCES: u32 = 50;

/// Put every alias back that a release has changed
///
/// Whoever drives the release now carries it out at once; where nobody does, this command does, and shows how it goes.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox release abort
  onebox release abort --id web-2026-11-20 --because \"checkout is slow\"

Exit codes: 0 the driver has the order; where this command drives: 1 rolled back, 2 stuck;
64 there is no such release.")]
pub(crate) struct Abort {
    /// Why; the journal keeps it
    #[arg(long, value_name = "TEXT", default_value = "a person asked for it")]
    because: String,
    #[command(flatten)]
    rest: Rest,
}

/// Skip the wait or give the approval that a release waits for
///
/// Also where health was not proven: it goes on all the same. An alarm that fires is stronger.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox release promote --because \"looked at the dashboards\"
  onebox release promote --id web-2026-11-20 --because \"the synthetic checks pass\"

Exit codes: 0 the driver has the order; where this command drives: those of `onebox release start`.")]
pub(crate) struct Promote {
    /// Why; the journal keeps it
    #[arg(long, value_name = "TEXT")]
    because: String,
    #[command(flatten)]
    rest: Rest,
}

/// What both have.
#[derive(Clone, Debug, clap::Args)]
struct Rest {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    shelf: Shelf,
    /// Print the result, or one line for each event, as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn abort(args: &Abort) -> Result<Exit, Failure> {
    give(What::Abort, &args.because, &args.rest)
}

pub(crate) fn promote(args: &Promote) -> Result<Exit, Failure> {
    give(What::Promote, &args.because, &args.rest)
}

fn give(what: What, because: &str, args: &Rest) -> Result<Exit, Failure> {
    let begun = args.shelf.find(&args.which)?;
    if begun.journal.is_over() {
        return Err(Failure::usage(format!(
            "the release {} is over, and takes no more orders: `onebox release history` shows how it went",
            begun.id()
        )));
    }
    args.reach.check_region(&begun.journal.header)?;
    let order = Order { at: clock::timestamp(), order: what, because: plain_text(because, LONGEST_REASON) };
    engine::run(carry_out(begun, order, args))
}

async fn carry_out(begun: Begun, order: Order, args: &Rest) -> Result<Exit, Failure> {
    // Where nobody drives, the order is no one's but this command's: a refusal leaves nothing behind.
    match begun.folder.lock() {
        Ok(lock) => return engine::go_on_with(&begun.folder, lock, order.input(), &args.reach, args.json).await,
        Err(Locked::Failed(failure)) => return Err(failure),
        Err(Locked::Held(_)) => {}
    }
    let what = order.order;
    let number = begun
        .folder
        .orders()
        .leave(&order)
        .map_err(|error| Failure::stuck(format!("the order cannot be left for the driver: {error}")))?;
    let mut holder = String::new();
    for _ in 0..GLANCES {
        match begun.folder.lock() {
            Err(Locked::Failed(failure)) => return Err(failure),
            Ok(lock) => {
                // The driver that was there a moment ago may have taken it, and come to an end.
                let taken = |journal: Journal| journal.orders() >= number && journal.ending().is_some();
                if begun.folder.read()?.is_some_and(taken) {
                    return said(&begun, what, true, &holder, args.json);
                }
                return engine::go_on(&begun.folder, lock, &args.reach, args.json, OnStop::Leave).await;
            }
            Err(Locked::Held(pid)) => holder = pid,
        }
        if begun.folder.read()?.is_some_and(|journal| journal.orders() >= number) {
            return said(&begun, what, true, &holder, args.json);
        }
        tokio::time::sleep(GLANCE).await;
    }
    said(&begun, what, false, &holder, args.json)
}

fn said(begun: &Begun, what: What, taken: bool, pid: &str, json: bool) -> Result<Exit, Failure> {
    let id = begun.id();
    let mut out = anstream::stdout().lock();
    written(match (json, taken) {
        (true, _) => writeln!(out, "{}", json!({ "release": id, "order": what, "taken": taken })),
        (false, true) => {
            writeln!(out, "{id}: the driver has taken the order; `onebox release watch` shows what comes of it.")
        }
        (false, false) => writeln!(
            out,
            "{id}: the order is left for the driver (process {pid}), which is in the middle of a long call and takes it \
             next; `onebox release watch` shows when."
        ),
    })
}
