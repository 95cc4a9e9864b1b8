//! `onebox release start`: begins a release and drives it.

use anstyle::AnsiColor;
use jiff::Timestamp;
use onebox_release::{Header, Input, Plan, State, timeline};

use super::{
    document::PlanFile,
    engine::{self, Engine},
    reach::Reach,
    shelf::Shelf,
    stop::{OnStop, Stopping},
    store::Local,
    zip,
};
use crate::{Exit, Failure, cli::say, clock};

/// Start a release, and drive it until it is over
///
/// Every step is written to the journal, and to the disk, before it is made. So whatever ends this command (Ctrl-C, a closed
/// laptop, a crash) leaves everything as it is, and `onebox release resume` goes on. A second driver is kept out.
///
/// Ctrl-C stops after the call under way, a second one at once; SIGTERM and SIGHUP within two seconds. Credentials that
/// expire hold the release until you log in again. With --on-stop roll-back all of them put everything back instead: a job of
/// GitHub Actions that is cancelled gets SIGINT, 7.5 seconds later SIGTERM, and 2.5 seconds later it is killed; what has not gone
/// back by then, `onebox release resume` puts back.
///
/// On a terminal it draws a bar for each alias. Otherwise it prints one line for each event, and a sign of life after a
/// minute without any, as JSON with --json.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  onebox release start
  onebox release start --plan web.toml --profile shop --region eu-west-1
  onebox release start --ignore-alarm web-5xx --because \"this release fixes it\"
  onebox release start --json | jq -r .text
  onebox release start --on-stop roll-back                       in a CI job that may be cancelled

Exit codes: 0 released; 1 rolled back, or refused before anything was changed; 2 stuck, not
proven, or changed by somebody else: a person must look; 64 bad plan or command line; 130 interrupted.")]
pub(crate) struct Args {
    #[command(flatten)]
    plan: PlanFile,
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    shelf: Shelf,
    #[command(flatten)]
    stopping: Stopping,
    /// Print one JSON line for each event
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut plan = args.plan.read(args.reach.region.as_deref())?;
    zip::pin(&mut plan, args.plan.folder())?;
    begin(plan, &args.reach, &args.shelf, args.json, args.stopping.on_stop)
}

/// Begins this release, and drives it.
pub(crate) fn begin(plan: Plan, reach: &Reach, shelf: &Shelf, json: bool, on_stop: OnStop) -> Result<Exit, Failure> {
    let now = clock::timestamp();
    let (profile, endpoint_url) = (reach.profile.clone(), reach.endpoint_url.clone());
    let mut header = Header { profile, endpoint_url, ..Header::new(plan, now) };
    engine::run(async {
        let aws = engine::connect(reach.clone().or_as(&header)).await?;
        header.region = Some(aws.region().to_owned());
        alone(&header, shelf)?;
        warn_of_expiry(&header.plan, aws.expires(), now);
        let folder = shelf.folder(&header.plan.id);
        let pen = folder.begin(folder.lock_to_drive().await?, &header)?;
        let state = State::new(&header.plan, now);
        let store = Local { pen, orders: folder.orders().after(0), given: None };
        Engine { plan: &header.plan, aws, store, json, on_stop }.drive(state, Input::Resume).await
    })
}

/// Says so where the plan takes longer than the credentials are valid.
fn warn_of_expiry(plan: &Plan, expires: Option<Timestamp>, now: Timestamp) {
    let ends = timeline(plan, now, &[]).ends;
    if let Some(expires) = expires.filter(|expires| *expires < ends) {
        let message = format!(
            "the credentials are valid until {expires:.0}, and the plan takes until {ends:.0} at least: unless they are \
             renewed by themselves, the release is held there until you log in again"
        );
        say(AnsiColor::Yellow, "warning", &message);
    }
}

/// Refuses a release while another one, that is not over, moves one of its aliases.
fn alone(header: &Header, shelf: &Shelf) -> Result<(), Failure> {
    let plan = &header.plan;
    if let Some(failure) = shelf.unreadable().into_iter().next() {
        return Err(failure);
    }
    for other in shelf.all() {
        if other.id() == plan.id || other.journal.is_over() {
            continue;
        }
        let theirs = &other.journal.header;
        // Another region has functions of the same names.
        if theirs.region.is_some() && theirs.region != header.region {
            continue;
        }
        if let Some((_, shift)) = theirs.plan.shifts().find(|(_, shift)| plan.moves(&shift.function, &shift.alias)) {
            return Err(Failure::usage(format!(
                "the release {id} is not over, and it moves {}:{} too: finish it first, with `onebox release resume --id {id}` \
                 or `abort --id {id}`",
                shift.function,
                shift.alias,
                id = other.id(),
            )));
        }
    }
    Ok(())
}
