//! A whole release on this machine: an API behind weights, a site in two versions, alarms, and the machine that decides.
//!
//! Nothing of it is played: the control plane is the strict one of the tests, visitors ask over HTTP, what fails is
//! counted as CloudWatch counts it, and `onebox_release::advance` draws its conclusions. Only the clock is fast.

mod account;
mod drive;
mod orders;
mod pace;
mod plan;
mod report;
mod story;
mod view;
mod visits;
mod walk;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{Request, Response};
use onebox_core::Partition;
use onebox_release::{Plan, Stage, State};
use onebox_sim::Body;
use tokio::sync::{
    Notify,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

use super::{board::Board, site::Edition};
use account::Account;
use onebox_terminal::{Failure, timestamp};
use orders::Orders;
use pace::Pace;
use plan::{NEW, Times, frontend};
use story::Story;
use visits::Visits;

pub(super) use drive::Ask;
pub(super) use orders::API;
pub(super) use report::Report;
pub(super) use view::View;
pub(super) use walk::{WALKERS, walk};

/// A release and everything that it needs.
pub(super) struct Rollout {
    account: Arc<Account>,
    orders: Orders,
    pace: Pace,
    times: Times,
    plan: Plan,
    fail: Option<Fail>,
    story: Mutex<Story>,
    visits: Mutex<Visits>,
    /// For each side, how often its version changed: counted before the change and after it.
    turns: [AtomicU64; 2],
    asks: UnboundedSender<Ask>,
    looked: Notify,
}

/// When the new version of the backend begins to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Fail {
    /// From the beginning.
    Start,
    /// When the bake begins.
    Bake,
}

/// What a person orders, as the driver hears it.
pub(super) type Asked = UnboundedReceiver<Ask>;

impl Rollout {
    /// A release that takes about so long, and whose backend fails or does not.
    pub(super) fn new(time: Duration, fail: Option<Fail>) -> Result<(Arc<Self>, Asked), Failure> {
        let (pace, times) = (Pace::from(timestamp()), Times::within(time));
        let account = Arc::new(Account::new(pace)?);
        let (asks, asked) = unbounded_channel();
        let rollout = Self {
            orders: Orders::new(account.clone(), fail == Some(Fail::Start)),
            account,
            pace,
            times,
            plan: plan::plan(times)?,
            fail,
            story: Mutex::new(Story::new()),
            visits: Mutex::default(),
            turns: Default::default(),
            asks,
            looked: Notify::new(),
        };
        Ok((Arc::new(rollout), asked))
    }

    /// Releases once, and leaves visitors a moment before it and after it.
    pub(super) async fn once(&self, board: &Board) {
        tokio::time::sleep(self.times.around).await;
        self.begin();
        drive::drive(self, board, None).await;
        tokio::time::sleep(self.times.around).await;
    }

    /// Releases as soon as somebody looks, and again when they ask for it.
    pub(super) async fn watched(&self, board: &Board, mut asked: Asked) -> Result<(), Failure> {
        self.looked.notified().await;
        loop {
            tokio::time::sleep(self.times.around).await;
            // What was ordered before it began is not meant for it.
            while asked.try_recv().is_ok() {}
            self.begin();
            if drive::drive(self, board, Some(&mut asked)).await.is_none() {
                return Ok(());
            }
            while asked.recv().await != Some(Ask::Again) {}
            self.again(board)?;
        }
    }

    /// Takes a step of the machine.
    fn note(&self, state: &State) {
        self.story().note(state);
        if self.fail == Some(Fail::Bake) && state.stage == Stage::Bake {
            self.set_failing(true);
        }
    }

    fn begin(&self) {
        *self.story() = Story::new();
    }

    /// Everything as before the release, visitors' figures too.
    fn again(&self, board: &Board) -> Result<(), Failure> {
        let reset = || self.turn(Partition::OneBox, || self.turn(Partition::Regular, || self.account.reset()));
        board.turn(reset)?;
        self.begin();
        *self.visits() = Visits::default();
        Ok(())
    }

    /// Somebody looks at the page.
    pub(super) fn look(&self) {
        self.looked.notify_one();
    }

    /// Somebody orders something.
    pub(super) fn ask(&self, ask: Ask) {
        // A driver that is gone has nothing left to do.
        let _ = self.asks.send(ask);
    }

    /// Tells the new version of the backend to fail, or to work.
    pub(super) fn set_failing(&self, failing: bool) {
        self.orders.set_failing(failing);
    }

    /// The API's answer.
    pub(super) fn order<B>(&self, request: &Request<B>) -> Response<Body> {
        self.orders.answer(request)
    }

    /// The edition that a side serves to the next request, by the version that its alias gives.
    pub(super) fn edition(&self, side: Partition) -> Edition {
        let version = self.account.pick(frontend(side));
        self.account.count(frontend(side), &version, false);
        if version == NEW { Edition::B } else { Edition::A }
    }

    /// Changes the version of a side: a page that sees another number afterwards was loading meanwhile.
    fn turn<T>(&self, side: Partition, change: impl FnOnce() -> T) -> T {
        let turns = self.turns_of(side);
        turns.fetch_add(1, Ordering::SeqCst);
        let changed = change();
        turns.fetch_add(1, Ordering::SeqCst);
        changed
    }

    fn turns_of(&self, side: Partition) -> &AtomicU64 {
        let [one_box, regular] = &self.turns;
        match side {
            Partition::OneBox => one_box,
            Partition::Regular => regular,
        }
    }

    fn story(&self) -> MutexGuard<'_, Story> {
        self.story.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn visits(&self) -> MutexGuard<'_, Visits> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
