//! What `start`, `resume`, `abort` and `promote` have in common: they become the driver.

use std::time::Duration;

use anstyle::AnsiColor;
use onebox_aws::{Aws, ConnectError, Options};

use onebox_release::{Ending, Input, Plan, State};

use super::{
    Named, advice,
    driver::{Diary, Driven, Driver},
    folder::{Folder, Lock},
    orders::Order,
    printer::Printer,
    reach::Reach,
    stop::{OnStop, Stop},
    store::Local,
    tell::Teller,
};
use crate::{Exit, Failure, cli::say, clock};

/// Runs a driver on this thread: it waits most of the time.
pub(crate) fn run(driving: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::stuck(format!("no thread to work with: {error}")))?;
    let ended = runtime.block_on(driving);
    // Whatever else is under way, a name that is looked up for example, keeps nobody waiting.
    runtime.shutdown_background();
    ended
}

/// After this long without an answer a person is told what is waited for.
pub(super) const WAITING: Duration = Duration::from_secs(10);

/// Does something that AWS has a part in; after a while a person is told that it is waited for.
pub(crate) async fn waiting<T>(what: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    match tokio::time::timeout(WAITING, &mut work).await {
        Ok(done) => done,
        Err(_) => {
            let message = format!("waiting for AWS: no answer to {what} for {} s", WAITING.as_secs());
            say(AnsiColor::Yellow, "waiting", &message);
            work.await
        }
    }
}

/// A connection to AWS.
pub(crate) async fn connect(reach: Reach) -> Result<Aws, Failure> {
    let Reach { profile, region, endpoint_url } = reach;
    let options = Options { profile, region, endpoint_url, ..Options::default() };
    if options.endpoint_url.as_ref().is_some_and(|url| url.contains('@')) {
        return Err(Failure::usage("--endpoint-url: expected no user and no password in it: the journal keeps it"));
    }
    waiting("the request for credentials", Aws::connect(&options)).await.map_err(|error| {
        let with = options.profile.as_ref().map_or_else(String::new, |profile| format!("with the profile {profile}: "));
        match error {
            error @ ConnectError::Expired(_) => Failure::stuck(format!("{with}{error}. Then try again")),
            error => Failure::usage(format!("{with}{error}")),
        }
    })
}

/// What a driver is made of.
pub(super) struct Engine<'a> {
    pub(super) plan: &'a Plan,
    pub(super) aws: Aws,
    pub(super) store: Local,
    pub(super) json: bool,
    pub(super) on_stop: OnStop,
}

impl Engine<'_> {
    /// Drives until the release stops.
    pub(super) async fn drive(self, state: State, input: Input) -> Result<Exit, Failure> {
        let Engine { plan, aws, store, json, on_stop } = self;
        let which = store.pen.which(&plan.id);
        let stop = Stop::listen(on_stop).map_err(|error| Failure::stuck(format!("no signal can be heard: {error}")))?;
        let diary = Diary { store, printer: Printer::start(Teller::live(&plan.id, json)) };
        let mut driver = Driver { plan, calls: &aws, clock: &clock::timestamp, diary, stop };
        let driven = driver.drive(state, input).await;
        // What happened is told before the last words.
        drop(driver);
        let which = &which;
        Ok(match driven? {
            Driven::To(ending) => ended(which, &ending),
            Driven::Interrupted => {
                say(AnsiColor::Yellow, "stopped", &format!("everything stays as it is. {}", advice(which, None)));
                Exit::Interrupted
            }
        })
    }
}

/// Goes on with a release, as its driver.
pub(super) async fn go_on(
    folder: &Folder,
    lock: Lock,
    reach: &Reach,
    json: bool,
    on_stop: OnStop,
) -> Result<Exit, Failure> {
    drive_on(folder, lock, None, reach, json, on_stop).await
}

/// The same, with an order that is carried out once the place is proven.
pub(super) async fn go_on_with(
    folder: &Folder,
    lock: Lock,
    order: Input,
    reach: &Reach,
    json: bool,
) -> Result<Exit, Failure> {
    drive_on(folder, lock, Some(order), reach, json, OnStop::Leave).await
}

async fn drive_on(
    folder: &Folder,
    lock: Lock,
    order: Option<Input>,
    reach: &Reach,
    json: bool,
    on_stop: OnStop,
) -> Result<Exit, Failure> {
    let (journal, pen) = folder.go_on(lock)?;
    if journal.cut {
        let message = "the journal's last line was cut: what it wanted was never done, and is decided anew";
        say(AnsiColor::Yellow, "warning", message);
    }
    if let Some(ending) = journal.ending().filter(|_| journal.is_over()) {
        return Ok(ended(&folder.which(&journal.header.plan.id), ending));
    }
    let mut orders = folder.orders().after(journal.orders());
    // An order to put everything back is not kept waiting. Any other is heard by a release that has looked where it stands.
    let (now, then): (Option<Input>, Option<Input>) = match order {
        Some(abort @ Input::Abort(_)) if !journal.records.is_empty() => (Some(abort), None),
        order if journal.records.is_empty() => (None, order),
        order => (orders.abort().map(Order::input), order),
    };
    let input = now.unwrap_or(Input::Resume);
    let aws = reach.clone().connect_to(&journal.header).await?;
    Engine { plan: &journal.header.plan, aws, store: Local { pen, orders, given: then }, json, on_stop }
        .drive(journal.state(), input)
        .await
}

/// The exit code of an ending; what a person should do next is said.
pub(super) fn ended(which: &Named, ending: &Ending) -> Exit {
    let id = &which.id;
    match ending {
        Ending::Released => Exit::Done,
        Ending::RolledBack(_) | Ending::Refused(_) => {
            say(AnsiColor::Red, "error", &format!("{id}: {ending}"));
            Exit::DidNotHold
        }
        _ => {
            say(AnsiColor::Red, "error", &format!("{id}: {ending}. {}", advice(which, Some(ending))));
            Exit::Stuck
        }
    }
}
