//! What a show found, for a person and for a machine.

use std::{fmt, io, time::Duration};

use indicatif::ProgressBar;
use onebox_release::Ending;
use serde::Serialize;

use super::{
    Rollout,
    pace::FASTER,
    story::{Alarmed, Line, Passed},
    view::{Lane, word},
    visits::{Asked, Orders, Pages},
};

/// How often a terminal hears something.
const GLANCE: Duration = Duration::from_millis(100);

/// A release that was shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Whether it did what was to be shown: released, or rolled back where the backend was told to fail; and meanwhile no
    /// page broke that was loaded in one piece, and nobody saw both sides.
    pub(crate) shown: bool,
    /// Whether the run was stopped before its end.
    pub(crate) interrupted: bool,
    failing: bool,
    /// `released`, `rolled-back`, `refused`, `not-proven`, `stuck`; none where it was interrupted.
    ending: Option<&'static str>,
    said: Option<String>,
    seconds: f64,
    minutes_per_second: f64,
    stages: Vec<Passed>,
    aliases: Vec<Lane>,
    alarm: Option<Alarmed>,
    verdict: Option<String>,
    orders: Orders,
    pages: Pages,
    events: Vec<Line>,
}

impl Rollout {
    /// Says on a terminal how far it is, on standard error, so that the report can be piped on. It never ends.
    pub(crate) async fn tell(&self) {
        if io::IsTerminal::is_terminal(&io::stderr()) {
            let bar = ProgressBar::new_spinner();
            loop {
                bar.set_message(self.headline());
                bar.tick();
                tokio::time::sleep(GLANCE).await;
            }
        }
        std::future::pending().await
    }

    /// Where it stands, in a line.
    fn headline(&self) -> String {
        let story = self.story();
        let stage = story.stages().last().map_or("visitors only", |last| &last.stage);
        let lanes = story.lanes().iter().map(|lane| format!(" · {} {:.0} %", lane.alias, 100.0 * lane.part));
        format!("{:5.1} s · {stage}{}", story.seconds(), lanes.collect::<String>())
    }

    /// What there is to tell, at the end.
    pub(crate) fn report(&self, interrupted: bool) -> Report {
        let aliases = self.lanes();
        let (pages, orders) = {
            let visits = self.visits();
            (visits.pages(), visits.orders())
        };
        let story = self.story();
        let ending = story.ending();
        let failing = self.orders.failing();
        let expected = match ending {
            Some(Ending::Released) => !failing,
            Some(Ending::RolledBack(_)) => failing,
            _ => false,
        };
        let held = pages.in_one_piece.loaded > 0 && pages.in_one_piece.broken == 0 && pages.both_sides == 0;
        Report {
            shown: expected && held && !interrupted,
            interrupted,
            failing,
            ending: ending.map(word),
            said: ending.map(ToString::to_string),
            seconds: story.stages().iter().filter_map(|stage| stage.seconds).sum(),
            minutes_per_second: f64::from(FASTER) / 60.0,
            stages: story.stages().to_vec(),
            aliases,
            alarm: story.alarm().cloned(),
            verdict: story.verdict().map(str::to_owned),
            orders,
            pages,
            events: story.lines().to_vec(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "A release on this machine, {FASTER} times as fast as elsewhere: a minute is a second")?;
        writeln!(f)?;
        for Line { at, text, .. } in &self.events {
            writeln!(f, "  {at:7.1} s  {text}")?;
        }
        writeln!(f)?;
        writeln!(f, "  {:<34}{:>10}", "stage", "seconds")?;
        for Passed { stage, seconds, .. } in &self.stages {
            let seconds = seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1}"));
            writeln!(f, "  {stage:<34}{seconds:>10}")?;
        }
        writeln!(f)?;
        for lane in &self.aliases {
            writeln!(f, "  {:<34}{:>10}", lane.alias(), lane.stands)?;
        }
        writeln!(f)?;
        let Orders { before, meanwhile, after } = &self.orders;
        writeln!(f, "  {:<22}{:>12}{:>12}{:>12}", "what visitors got", "before", "meanwhile", "after")?;
        let row = |f: &mut fmt::Formatter<'_>, name: &str, cell: fn(&Asked) -> String| {
            writeln!(f, "  {name:<22}{:>12}{:>12}{:>12}", cell(before), cell(meanwhile), cell(after))
        };
        row(f, "orders asked for", |asked| asked.requests.to_string())?;
        row(f, "of these failed", |asked| asked.failed.to_string())?;
        row(f, "error rate", |asked| format!("{:.2} %", 100.0 * asked.error_rate))?;
        writeln!(f)?;
        let Pages { in_one_piece, across_a_change, both_sides, visitors } = &self.pages;
        let pages = |f: &mut fmt::Formatter<'_>, name: &str, loaded: u64, broken: u64| {
            writeln!(f, "  {name:<46}{loaded:>8}, broken {broken}")
        };
        pages(f, "pages loaded in one piece", in_one_piece.loaded, in_one_piece.broken)?;
        pages(f, "pages whose side changed while they loaded", across_a_change.loaded, across_a_change.broken)?;
        writeln!(f, "  {:<46}{visitors:>8}, saw both sides {both_sides}", "visitors")?;
        writeln!(f)?;
        if let Some(verdict) = &self.verdict {
            writeln!(f, "The comparison: {verdict}.")?;
        }
        if let Some(Alarmed { name, to_put_back_ms: Some(took), .. }) = &self.alarm {
            writeln!(f, "From the poll that saw {name} to the last alias put back: {took:.1} ms.")?;
        }
        let said = self.said.as_deref().unwrap_or("not over");
        match (self.interrupted, self.shown) {
            (true, _) => writeln!(f, "Interrupted: this is what there was until then."),
            (false, true) => writeln!(f, "As it should be, {said}."),
            (false, false) => writeln!(f, "Not as it should be: {said}."),
        }
    }
}
