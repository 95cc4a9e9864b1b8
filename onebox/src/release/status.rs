//! `onebox release status`: where a release stands.

use std::io::{self, Write};

use onebox_release::{Effect, Lane, Percent, State};
use serde_json::{Value, json};

use super::{
    advice,
    shelf::{Begun, Shelf, Which},
};
use onebox_terminal::written;

use crate::{Exit, Failure};

/// Show where a release stands
///
/// It is read from the journal; AWS is not asked.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox release status
  onebox release status --id web-2026-11-20 --json | jq .stage

Exit codes: 0 it is shown, 2 the journal cannot be read, 64 there is no such release.")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    shelf: Shelf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let begun = args.shelf.find(&args.which)?;
    let driver = begun.folder.driver();
    let mut out = anstream::stdout().lock();
    written(match args.json {
        true => writeln!(out, "{}", object(&begun, driver.as_deref())),
        false => show(&mut out, &begun, driver.as_deref()),
    })
}

fn object(begun: &Begun, driver: Option<&str>) -> Value {
    let (journal, state) = (&begun.journal, begun.journal.state());
    let alias = |lane: &Lane| {
        json!({
            "group": lane.group, "function": lane.function, "alias": lane.alias,
            "from": lane.from, "to": lane.to, "percent": lane.percent.weight() * 100.0,
        })
    };
    let last = journal.records.last();
    json!({
        "release": begun.id(),
        "stage": state.stage.to_string(),
        "over": journal.is_over(),
        "ending": journal.ending(),
        "driven": driver.is_some(),
        "pid": driver.and_then(|pid| pid.parse::<u32>().ok()),
        "aliases": state.lanes.iter().map(alias).collect::<Vec<_>>(),
        "began": journal.header.at,
        "at": last.map(|record| record.at),
        "last": last.map(|record| &record.text),
        "journal": begun.folder.journal(),
    })
}

fn show(out: &mut impl Write, begun: &Begun, driver: Option<&str>) -> io::Result<()> {
    let state = begun.journal.state();
    writeln!(out, "{}: {}", begun.id(), standing(&state))?;
    let name = |lane: &Lane| format!("{}:{}", lane.function, lane.alias);
    let width = state.lanes.iter().map(|lane| name(lane).chars().count()).max().unwrap_or_default();
    for lane in &state.lanes {
        let place = match (&lane.from, &lane.to) {
            (Some(_), Some(to)) if lane.percent == Percent::ALL => format!("wholly on version {to}"),
            (Some(from), Some(_)) if lane.percent == Percent::NONE => format!("wholly on version {from}"),
            (Some(from), Some(to)) => format!("{} on version {to}, the rest on {from}", lane.percent),
            (Some(from), None) => format!("wholly on version {from}"),
            (None, _) => "not looked at yet".to_owned(),
        };
        writeln!(out, "  {:width$}  {place}", name(lane))?;
    }
    if begun.journal.is_over() {
        return Ok(());
    }
    let events = begun.journal.records.iter().flat_map(|record| record.events().iter().map(|event| (record.at, event)));
    if let Some((at, event)) = events.last() {
        writeln!(out, "  last: {at:.0}  {event}")?;
    }
    match driver {
        Some("") => writeln!(out, "It is driven now: `onebox release watch` follows it."),
        Some(pid) => writeln!(out, "It is driven now, by process {pid}: `onebox release watch` follows it."),
        None => writeln!(out, "Nobody drives it: {}.", advice(&begun.folder.which(begun.id()), begun.journal.ending())),
    }
}

fn standing(state: &State) -> String {
    match &state.effect {
        Effect::Stop { ending } => ending.to_string(),
        _ => state.stage.to_string(),
    }
}
