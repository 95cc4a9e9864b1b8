//! The board: what the distribution and its front tell, kept for the page.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use onebox_core::{Partition, Request, Share, Time};
use onebox_edge::Config;
use onebox_sim::{Clock, Observer, Record, Violation};

use super::{
    meter::Meter,
    snapshot::{Broken, Held, Recent, Schedule, Snapshot},
    tally::{Seen, Tally},
};
use onebox_terminal::time;

/// How many requests, and how many broken rules, the lists show.
const RECENT: usize = 14;
const BROKEN: usize = 5;

/// Everything that is counted and shown.
#[derive(Debug)]
pub(super) struct Board {
    runtime: &'static str,
    started: Instant,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    config: Config,
    /// The share that the figures are of.
    share: Share,
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
    pub(super) fn new(config: Config, runtime: &'static str, clock: Clock) -> Self {
        let state = State {
            share: config.release.share.share_at(time(clock.now())),
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
        Self { runtime, started: Instant::now(), clock, state: Mutex::new(state) }
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
        state.close_pages();
    }

    /// Counts again. Another share begins new figures: it moves visitors, as it should.
    pub(super) fn resume(&self, config: Config, sticky: bool) {
        let mut state = self.state();
        state.period += 1;
        state.sticky = sticky;
        if state.config != config {
            (state.with, state.without) = (Tally::default(), Tally::default());
            state.share = config.release.share.share_at(self.now());
            state.config = config;
        }
    }

    /// Does something that changes what an origin serves: what is under way then is not counted, as with another share.
    pub(super) fn turn<T>(&self, change: impl FnOnce() -> T) -> T {
        self.state().part();
        let changed = change();
        self.state().part();
        changed
    }

    /// How functions run.
    pub(super) fn runtime(&self) -> &'static str {
        self.runtime
    }

    /// Whether visitors stay on their side.
    pub(super) fn sticky(&self) -> bool {
        self.state().sticky
    }

    /// The share at this moment.
    pub(super) fn share(&self) -> Share {
        self.state().share
    }

    /// A token that puts a visitor on a side for so many seconds, and the cookie that carries it.
    pub(super) fn token(&self, partition: Partition, seconds: u32) -> Option<(String, String)> {
        let policy = self.state().config.policy();
        let overrides = policy.overrides()?;
        let now = u64::try_from(self.now().unix_millis() / 1000).ok()?;
        Some((overrides.cookie().as_str().to_owned(), overrides.token(partition, now + u64::from(seconds))))
    }

    /// The cookie that carries an override.
    pub(super) fn forced(&self) -> Option<String> {
        self.state().config.forced.as_ref().map(|forced| forced.name.clone())
    }

    /// The cookies that onebox reads: of a pin, and of an override.
    pub(super) fn cookies(&self) -> impl Iterator<Item = String> {
        let pin = self.state().config.pin.as_ref().map(|pin| pin.cookie.clone());
        pin.into_iter().chain(self.forced())
    }

    /// Everything, for this visitor.
    pub(super) fn snapshot(&self, viewer: &impl Request) -> Snapshot {
        let second = self.started.elapsed().as_secs();
        let state = self.state();
        let (now, share, policy) = (self.now(), state.share, state.config.policy());
        Snapshot {
            runtime: self.runtime,
            release: state.config.release.id.clone(),
            ramp: Schedule::of(&state.config.release.share, now),
            pin: policy.pins().and_then(|pins| Held::of(pins, viewer)),
            share: share.to_string(),
            share_buckets: share.thousandths(),
            sticky: state.sticky,
            requests_per_second: state.meter.rate(second),
            failures: state.failures,
            broken: state.broken.iter().cloned().collect(),
            with_stickiness: state.with.counts().into(),
            without_stickiness: state.without.counts().into(),
            recent: state.recent.iter().cloned().collect(),
            visitor: policy.decide(viewer, now).into(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.keep_up(self.now());
        state
    }

    /// The time that the distribution goes by.
    pub(super) fn now(&self) -> Time {
        time(self.clock.now())
    }
}

impl State {
    /// A step of a schedule is another share, as if it had been deployed: what is under way is not counted.
    fn keep_up(&mut self, now: Time) {
        let share = self.config.release.share.share_at(now);
        if self.share != share {
            self.share = share;
            self.period += 2;
            (self.with, self.without) = (Tally::default(), Tally::default());
        }
    }

    /// Parts what was from what comes: counts go on, but what is under way is in none of them.
    fn part(&mut self) {
        self.period += 2;
        self.close_pages();
    }

    fn close_pages(&mut self) {
        self.with.close_pages();
        self.without.close_pages();
    }

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
    use std::{
        sync::{
            Arc,
            atomic::{AtomicU64, Ordering},
        },
        time::{Duration, UNIX_EPOCH},
    };

    use http::StatusCode;
    use serde_json::json;

    use super::*;
    use crate::{stage::config, tally::Kind, viewer::Viewer};

    fn at(share: &str) -> Config {
        config(share.parse().unwrap(), *b"0123456789abcdef0123456789abcdef").unwrap()
    }

    fn board() -> Board {
        Board::new(at("20%"), "native", Clock::system())
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
        board.resume(at("20%"), false);
        board.seen(ticket, 1, page(Partition::OneBox));
        board.seen(between, 1, page(Partition::OneBox));
        assert_eq!(pages(&board), (1, 0));

        board.seen(board.ticket(), 1, page(Partition::OneBox));
        assert_eq!(pages(&board), (1, 1));
    }

    #[test]
    fn what_is_under_way_when_an_origin_changes_is_not_counted_and_the_figures_go_on() {
        let board = board();
        let ticket = board.ticket();
        board.seen(ticket, 1, page(Partition::OneBox));
        let during = board.turn(|| board.ticket());
        board.seen(ticket, 1, page(Partition::OneBox));
        board.seen(during, 1, page(Partition::OneBox));
        assert_eq!(pages(&board), (1, 0));
        board.seen(board.ticket(), 1, page(Partition::OneBox));
        assert_eq!(pages(&board), (2, 0));
    }

    #[test]
    fn another_share_begins_new_figures_and_the_same_share_does_not() {
        let board = board();
        board.seen(board.ticket(), 1, page(Partition::OneBox));
        board.pause();
        board.resume(at("20%"), true);
        assert_eq!(pages(&board), (1, 0));
        board.pause();
        board.resume(at("21%"), true);
        assert_eq!(pages(&board), (0, 0));
    }

    #[test]
    fn a_step_of_a_schedule_begins_new_figures() {
        let now = Arc::new(AtomicU64::new(0));
        let hands = now.clone();
        let clock = Clock::new(move || UNIX_EPOCH + Duration::from_millis(hands.load(Ordering::Relaxed)));
        let steps = [("1%", 0), ("50%", 1000)]
            .map(|(share, at)| onebox_core::Step { at: Time::from_unix_millis(at), share: share.parse().unwrap() });
        let mut config = at("20%");
        config.release.share = onebox_core::Ramp::schedule(steps.into()).unwrap();
        let board = Board::new(config, "native", clock);
        let ticket = board.ticket();
        board.seen(ticket, 1, page(Partition::OneBox));
        now.store(999, Ordering::Relaxed);
        assert_eq!((pages(&board), board.share().to_string()), ((1, 0), "1%".into()));

        now.store(1000, Ordering::Relaxed);
        board.seen(ticket, 1, page(Partition::OneBox));
        assert_eq!((pages(&board), board.share().to_string()), ((0, 0), "50%".into()));
        board.seen(board.ticket(), 1, page(Partition::OneBox));
        assert_eq!(pages(&board), (1, 0));
    }

    #[test]
    fn a_pin_is_shown_with_the_bucket_that_it_holds() {
        let board = board();
        let shown = |cookie: String| {
            let headers = [(http::header::COOKIE, cookie.parse().unwrap())].into_iter().collect();
            let viewer = Viewer::new(&headers, "127.0.0.1".parse().unwrap());
            serde_json::to_value(board.snapshot(&viewer).pin).unwrap()
        };
        let policy = at("20%").policy();
        let pin = policy.pins().unwrap().value(onebox_core::Bucket::new(4711).unwrap()).to_string();
        let expected =
            |bucket: Option<u32>, value: &str| json!({"cookie": "__Host-onebox", "value": value, "bucket": bucket});
        assert_eq!(shown(format!("a=b; __Host-onebox={pin}")), expected(Some(4711), &pin));
        assert_eq!(shown("__Host-onebox=demo.4711".into()), expected(None, "demo.4711"));
        assert_eq!(shown("a=b".into()), serde_json::Value::Null);
    }
}
