//! The release at one moment, for the page.

use onebox_release::{Ending, is_final};
use serde::Serialize;

use super::{
    Rollout,
    account::Alarm,
    orders::Rate,
    pace::FASTER,
    story::{Alarmed, Line, Moving, Passed},
    visits::{Orders, Pages},
};

/// What comes when nothing goes wrong, in the machine's words.
const COURSE: [&str; 9] = [
    "preflight",
    "arm alarms",
    "protect versions",
    "backends: shift",
    "one-box: shift",
    "bake",
    "regular: shift",
    "final bake",
    "clean up",
];

/// How many events are shown.
const LINES: usize = 12;

/// A release, as the page shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct View {
    /// So much faster than elsewhere time passes.
    faster: u32,
    /// Whether it has begun.
    began: bool,
    /// Whether nothing comes any more.
    over: bool,
    /// Whether the new version of the backend was told to fail.
    failing: bool,
    seconds: f64,
    ending: Option<&'static str>,
    said: Option<String>,
    stages: Vec<Passed>,
    ahead: Vec<&'static str>,
    lanes: Vec<Lane>,
    alarms: Vec<Alarm>,
    alarm: Option<Alarmed>,
    verdict: Option<String>,
    rates: [Rate; 2],
    orders: Orders,
    pages: Pages,
    /// Newest first.
    lines: Vec<Line>,
}

/// An alias, and where the account has it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Lane {
    #[serde(flatten)]
    moving: Moving,
    /// The alias as it stands, such as `1, 10 % on 2`.
    pub(super) stands: String,
}

impl Lane {
    /// `function:alias`.
    pub(super) fn alias(&self) -> &str {
        &self.moving.alias
    }
}

/// An ending in one word.
pub(super) const fn word(ending: &Ending) -> &'static str {
    match ending {
        Ending::Released => "released",
        Ending::RolledBack(_) => "rolled-back",
        Ending::Refused(_) => "refused",
        Ending::NotProven(_) => "not-proven",
        _ => "stuck",
    }
}

impl Rollout {
    /// Where it stands now.
    pub(crate) fn view(&self) -> View {
        let lanes = self.lanes();
        let (pages, orders) = {
            let visits = self.visits();
            (visits.pages(), visits.orders())
        };
        let story = self.story();
        let ending = story.ending();
        let last = story.stages().last().and_then(|last| COURSE.iter().position(|stage| *stage == last.stage));
        let ahead = match last {
            // Everything goes back: that is no part of the course.
            None if !story.stages().is_empty() => &[],
            last => COURSE.get(last.map_or(0, |last| last + 1)..).unwrap_or_default(),
        };
        let over = ending.is_some_and(is_final);
        View {
            faster: FASTER,
            began: !story.stages().is_empty(),
            over,
            failing: self.orders.failing(),
            seconds: story.seconds(),
            ending: ending.map(word),
            said: ending.map(ToString::to_string),
            stages: story.stages().to_vec(),
            ahead: if over { Vec::new() } else { ahead.to_vec() },
            lanes,
            alarms: self.account.alarms(),
            alarm: story.alarm().cloned(),
            verdict: story.verdict().map(str::to_owned),
            rates: self.orders.rates(),
            orders,
            pages,
            lines: story.lines().iter().rev().take(LINES).cloned().collect(),
        }
    }

    /// The aliases, and where they stand.
    pub(super) fn lanes(&self) -> Vec<Lane> {
        let moving = self.story().lanes().to_vec();
        let lane = |moving: Moving| Lane { stands: self.account.stands(&moving.function), moving };
        moving.into_iter().map(lane).collect()
    }
}
