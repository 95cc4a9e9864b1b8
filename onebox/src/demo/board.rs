//! The board: what the distribution and its front tell, kept for the page.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use onebox_core::Request;
use onebox_edge::Config;
use onebox_sim::{Observer, Record, Violation};

use super::{
    meter::Meter,
    snapshot::{Broken, Recent, Snapshot},
    tally::{Seen, Tally},
};

/// How many requests, and how many broken rules, the lists show.
const RECENT: usize = 14;
const BROKEN: usize = 5;

/// Everything that is counted and shown.
#[derive(Debug)]
pub(super) struct Board {
    runtime: &'static str,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    config: Config,
    sticky: bool,
    /// The number of the present period; even while nothing is counted.
    period: u64,
    with: Tally,
    without: Tally,
    recent: VecDeque<Recent>,
    failures: u64,
    broken: VecDeque<Broken>,
    meter: Meter,
}

/// A request that began in a period. It is counted only if it also ends there, so that an answer of one setting is never
/// counted under another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket(u64);

impl Board {
    /// An empty board, with stickiness on.
    pub(super) fn new(config: Config, runtime: &'static str) -> Self {
        let state = State {
            config,
            sticky: true,
            period: 1,
            with: Tally::default(),
            without: Tally::default(),
            recent: VecDeque::with_capacity(RECENT + 1),
            failures: 0,
            broken: VecDeque::with_capacity(BROKEN + 1),
            meter: Meter::default(),
        };
        Self { runtime, started: Instant::now(), state: Mutex::new(state) }
    }

    /// A request begins.
    pub(super) fn ticket(&self) -> Ticket {
        Ticket(self.state().period)
    }

    /// Its answer was sent.
    pub(super) fn seen(&self, ticket: Ticket, visitor: u64, seen: Seen) {
        let mut state = self.state();
        if state.period == ticket.0 && !state.period.is_multiple_of(2) {
            state.tally().add(visitor, seen);
        }
    }

    /// Counts nothing until [`resume`](Self::resume): a setting is about to change.
    pub(super) fn pause(&self) {
        let mut state = self.state();
        state.period += 1;
        state.with.close_pages();
        state.without.close_pages();
    }

    /// Counts again. Another share begins new figures: it moves visitors, as it should.
    pub(super) fn resume(&self, config: Config, sticky: bool) {
        let mut state = self.state();
        state.period += 1;
        state.sticky = sticky;
        if state.config != config {
            (state.with, state.without) = (Tally::default(), Tally::default());
            state.config = config;
        }
    }

    /// How functions run.
    pub(super) fn runtime(&self) -> &'static str {
        self.runtime
    }

    /// Whether visitors stay on their side.
    pub(super) fn sticky(&self) -> bool {
        self.state().sticky
    }

    /// Everything, for this visitor.
    pub(super) fn snapshot(&self, viewer: &impl Request) -> Snapshot {
        let second = self.started.elapsed().as_secs();
        let state = self.state();
        let share = state.config.release.share;
        Snapshot {
            runtime: self.runtime,
            share: share.to_string(),
            share_buckets: share.thousandths(),
            sticky: state.sticky,
            requests_per_second: state.meter.rate(second),
            failures: state.failures,
            broken: state.broken.iter().cloned().collect(),
            with_stickiness: state.with.counts().into(),
            without_stickiness: state.without.counts().into(),
            recent: state.recent.iter().cloned().collect(),
            visitor: state.config.policy().decide(viewer).into(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tally(&mut self) -> &mut Tally {
        if self.sticky { &mut self.with } else { &mut self.without }
    }

    fn fail(&mut self, violation: &Violation) {
        self.failures += 1;
        self.broken.push_front(violation.into());
        self.broken.truncate(BROKEN);
    }
}

impl Observer for Board {
    fn record(&self, record: Record) {
        let second = self.started.elapsed().as_secs();
        let mut state = self.state();
        state.meter.add(second);
        record.failures.iter().for_each(|violation| state.fail(violation));
        state.recent.push_front(record.into());
        state.recent.truncate(RECENT);
    }

    fn broken(&self, violation: &Violation) {
        self.state().fail(violation);
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use onebox_core::Partition;

    use super::*;
    use crate::demo::{stage::config, tally::Kind, viewer::Viewer};

    fn board() -> Board {
        Board::new(config("20%".parse().unwrap()).unwrap(), "native")
    }

    fn page(side: Partition) -> Seen {
        Seen { kind: Kind::Page, status: Some(StatusCode::OK), side: Some(side), hit: false }
    }

    fn pages(board: &Board) -> (u64, u64) {
        let headers = http::HeaderMap::new();
        let snapshot = board.snapshot(&Viewer::new(&headers, "127.0.0.1".parse().unwrap()));
        (snapshot.with_stickiness.counts.pages, snapshot.without_stickiness.counts.pages)
    }

    #[test]
    fn an_answer_is_counted_only_under_the_setting_it_began_with() {
        let board = board();
        let ticket = board.ticket();
        board.seen(ticket, 1, page(Partition::OneBox));
        assert_eq!(pages(&board), (1, 0));

        board.pause();
        board.seen(ticket, 1, page(Partition::OneBox));
        board.seen(board.ticket(), 1, page(Partition::OneBox));
        let between = board.ticket();
        board.resume(config("20%".parse().unwrap()).unwrap(), false);
        board.seen(ticket, 1, page(Partition::OneBox));
        board.seen(between, 1, page(Partition::OneBox));
        assert_eq!(pages(&board), (1, 0));

        board.seen(board.ticket(), 1, page(Partition::OneBox));
        assert_eq!(pages(&board), (1, 1));
    }

    #[test]
    fn another_share_begins_new_figures_and_the_same_share_does_not() {
        let board = board();
        board.seen(board.ticket(), 1, page(Partition::OneBox));
        board.pause();
        board.resume(config("20%".parse().unwrap()).unwrap(), true);
        assert_eq!(pages(&board), (1, 0));
        board.pause();
        board.resume(config("21%".parse().unwrap()).unwrap(), true);
        assert_eq!(pages(&board), (0, 0));
    }
}
