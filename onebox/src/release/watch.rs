//! `onebox release watch`: follows a release that somebody else drives.

use std::time::Duration;

use onebox_release::State;

use super::{
    advice, engine,
    pulse::Pulse,
    shelf::{Begun, Shelf, Which},
    tell::Teller,
};
use crate::{Exit, Failure, clock};

/// How often the journal is looked at.
const GLANCE: Duration = Duration::from_millis(200);

/// So many glances without news and without a driver, and nobody will write any more.
const SILENCE: u32 = 3;

/// Follow a release that is driven elsewhere on this machine, until it stops
///
/// What has happened so far comes first. Ctrl-C ends the watching, not the release.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox release watch
  onebox release watch --json | jq -r .text

Exit codes: as those of `onebox release start`; 2 also where nobody drives the release.")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    shelf: Shelf,
    /// Print one JSON line for each event
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let begun = args.shelf.find(&args.which)?;
    engine::run(follow(begun, args.json))
}

async fn follow(begun: Begun, json: bool) -> Result<Exit, Failure> {
    let Begun { folder, journal } = begun;
    let id = &journal.header.plan.id;
    let which = folder.which(id);
    let mut teller = Teller::live(id, json);
    let mut tail = folder.tail(&journal);
    let mut ending = journal.ending().cloned();
    let mut state: State = journal.state();
    let mut news = journal.records.clone();
    let (mut silence, mut pulse) = (0, Pulse::default());
    loop {
        for record in news {
            pulse.printed();
            if teller.tell(&record).is_err() {
                return Ok(Exit::Done);
            }
            ending = record.ending().cloned();
            state = record.state;
            silence = 0;
        }
        teller.show(&state, clock::timestamp());
        if let Some(ending) = ending.as_ref().filter(|ending| onebox_release::is_final(ending)) {
            drop(teller);
            return Ok(engine::ended(&which, ending));
        }
        if silence >= SILENCE {
            drop(teller);
            return match &ending {
                Some(ending) => Ok(engine::ended(&which, ending)),
                None => Err(Failure::stuck(format!("nobody drives the release {id}: {}", advice(&which, None)))),
            };
        }
        tokio::time::sleep(GLANCE).await;
        if pulse.passed(GLANCE) && !teller.draws() && teller.pulse(&state, clock::timestamp()).is_err() {
            return Ok(Exit::Done);
        }
        news = tail.read()?;
        silence = if news.is_empty() && folder.driver().is_none() { silence + 1 } else { 0 };
    }
}
