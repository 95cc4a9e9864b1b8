//! Everything on one machine, to see what stickiness is good for: two releases of a site, a local CloudFront with onebox's
//! functions, visitors, a release that goes by the engine of `onebox release`, and a page to watch.

#![forbid(unsafe_code)]

mod board;
mod crowd;
mod deployed;
mod front;
mod listen;
mod meter;
mod origins;
mod page;
mod ramp;
mod report;
mod rollout;
mod script;
mod site;
mod snapshot;
mod stage;
mod tally;
mod viewer;

use std::{
    fmt,
    future::Future,
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use clap::ArgGroup;
use onebox_core::Share;
use serde::Serialize;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use crowd::Crowd;
pub use deployed::{Deployed, Functions, Native};
use front::Front;
use listen::Stop;
use onebox_terminal::{Exit, Failure, listener, stop, written};
use page::Page;
use report::Report;
use rollout::{Fail, Rollout};
use script::Script;
use stage::Stage;

/// The port where a person looks.
const PORT: u16 = 8080;
/// How many seconds a release takes while a person looks, and at least.
const RELEASE: u64 = 60;
const SHORTEST: u64 = 8;
/// How many visitors walk about while a person looks, and how long each stops between two pages.
const STROLLERS: usize = 400;
const STROLLING: usize = 4;
const PAUSE: Duration = Duration::from_millis(450);

/// What is shown.
#[derive(Clone, Debug, clap::Args)]
#[command(group(ArgGroup::new("script").args(["seconds", "visitors"]).multiple(true)))]
pub struct Show {
    /// The port to listen on; 0 takes any that is free [default: 8080; any with a scripted crowd]
    #[arg(long)]
    port: Option<u16>,
    /// How many of the visitors are on the one-box
    #[arg(long, default_value = "20%")]
    share: Share,
    /// Leave the site to you alone, without visitors in the background
    #[arg(long, conflicts_with = "script")]
    no_crowd: bool,
    /// Release both sides and the API behind them meanwhile
    #[arg(long, conflicts_with_all = ["no_crowd", "visitors", "visits"])]
    release: bool,
    /// Let the API's new version fail 30 % of its requests: all the time, or, with --fail=bake, only once it has all
    /// traffic and the one-box has moved
    #[arg(long, value_enum, value_name = "WHEN", requires = "release", num_args = 0..=1, require_equals = true,
          default_missing_value = "start")]
    fail: Option<Fail>,
    /// Run a scripted crowd, at most so long with stickiness and as long without [default: 10]; with --release, about how
    /// long the release takes, at least 8 [default: 60]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: Option<u64>,
    /// Run a scripted crowd of so many visitors [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    visitors: Option<u32>,
    /// How many pages each visitor of a scripted crowd opens, if there is time
    #[arg(long, value_name = "N", default_value_t = 20, requires = "script",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    visits: u32,
    /// Draws the visitors: the same number gives the same ones
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print the report of a scripted crowd, or of a release, as JSON
    #[arg(long, requires = "script")]
    json: bool,
}

impl Show {
    /// The release, and what the page orders.
    fn rollout(&self) -> Result<Option<(Arc<Rollout>, rollout::Asked)>, Failure> {
        if !self.release {
            return Ok(None);
        }
        let seconds = self.seconds.unwrap_or(RELEASE);
        if seconds < SHORTEST {
            return Err(Failure::usage(format!(
                "a release takes at least {SHORTEST} seconds: add `--seconds {SHORTEST}`"
            )));
        }
        Rollout::new(Duration::from_secs(seconds), self.fail).map(Some)
    }

    /// Whether somebody looks, or a report is wanted.
    fn is_watched(&self) -> bool {
        self.seconds.is_none() && self.visitors.is_none()
    }

    fn script(&self) -> Script {
        Script { time: Duration::from_secs(self.seconds.unwrap_or(10)), visits: self.visits as usize }
    }
}

/// Shows it, until it is over or somebody stops it.
///
/// # Errors
///
/// When the command line does not make sense, or something cannot be started or goes on no longer.
pub fn run(args: &Show, functions: Box<dyn Functions>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::stuck(format!("no threads to work with: {error}")))?;
    runtime.block_on(async {
        let demo = Demo::start(args, functions).await?;
        match (args.is_watched(), demo.stage.rollout.clone()) {
            (true, _) => demo.watched(args).await,
            (false, None) => demo.scripted(args).await,
            (false, Some(rollout)) => demo.released(&rollout, args).await,
        }
    })
}

/// Everything that runs.
struct Demo {
    address: SocketAddr,
    stage: Arc<Stage>,
    stopper: Arc<watch::Sender<bool>>,
    stop: Stop,
    /// What the page orders of the release.
    asked: Option<rollout::Asked>,
    ends: Vec<JoinHandle<()>>,
}

impl Demo {
    async fn start(args: &Show, functions: Box<dyn Functions>) -> Result<Self, Failure> {
        let (rollout, asked) = args.rollout()?.unzip();
        let port = args.port.unwrap_or(if args.is_watched() { PORT } else { 0 });
        let signalled = stop().map_err(|error| Failure::stuck(error.to_string()))?;
        let listener = listener(port).await?;
        let address = listener.local_addr().map_err(|error| Failure::stuck(error.to_string()))?;
        let (stopper, stop) = Stop::new();
        let stopper = Arc::new(stopper);
        let (stage, origins) = Stage::start(args.share, functions, rollout, &stop).await?;
        let stage = Arc::new(stage);
        let front = Arc::new(Front::new(stage.clone(), Page::new(stage.clone(), stop.clone())));
        let mut ends = Vec::from(origins);
        ends.push(listen::serve(listener, stop.clone(), move |client, request| front.clone().answer(client, request)));
        let signal = stopper.clone();
        tokio::spawn(async move {
            signalled.await;
            signal.send_replace(true);
        });
        Ok(Self { address, stage, stopper, stop, asked, ends })
    }

    /// Runs the crowd, prints what it found, and ends.
    async fn scripted(self, args: &Show) -> Result<Exit, Failure> {
        let crowd = Crowd::new(self.address, args.visitors.unwrap_or(200) as usize, args.seed);
        let report = script::run(args.script(), &self.stage, &crowd, &self.stop).await;
        drop(crowd);
        self.end().await;
        print(&report, args.json)?;
        Ok(match report {
            Report { interrupted: true, .. } => Exit::Interrupted,
            Report { held: true, .. } => Exit::Done,
            _ => Exit::DidNotHold,
        })
    }

    /// Releases once, prints what it found, and ends.
    async fn released(self, rollout: &Arc<Rollout>, args: &Show) -> Result<Exit, Failure> {
        let mut walking = self.walk(rollout, args.seed);
        let mut stop = self.stop.clone();
        let interrupted = tokio::select! {
            () = stop.asked() => true,
            () = rollout.once(&self.stage.board) => false,
            () = rollout.tell() => false,
        };
        walking.shutdown().await;
        let report = rollout.report(interrupted);
        self.end().await;
        print(&report, args.json)?;
        Ok(match report {
            rollout::Report { interrupted: true, .. } => Exit::Interrupted,
            rollout::Report { shown: true, .. } => Exit::Done,
            _ => Exit::DidNotHold,
        })
    }

    /// Visitors who ask the API as well.
    fn walk(&self, rollout: &Arc<Rollout>, seed: u64) -> JoinSet<()> {
        let crowd = Crowd::new(self.address, STROLLERS, seed);
        (0..rollout::WALKERS)
            .map(|walker| {
                let random = fastrand::Rng::with_seed(seed.wrapping_add(walker as u64));
                rollout::walk(crowd.clone(), rollout.clone(), random)
            })
            .collect()
    }

    /// Runs until a person has seen enough.
    async fn watched(mut self, args: &Show) -> Result<Exit, Failure> {
        let address = self.address;
        let begins = if args.release { "the release begins when you watch; " } else { "" };
        let said = writeln!(
            io::stdout().lock(),
            "onebox demo: watch http://{address}/__onebox/ and visit http://{address}/ ({begins}Ctrl-C stops it)"
        );
        written(said)?;
        let mut walking = match self.stage.rollout.clone() {
            None => self.stroll(args),
            Some(rollout) => self.walk(&rollout, args.seed),
        };
        let shown = self.show();
        let mut stop = self.stop.clone();
        let ended = tokio::select! {
            () = stop.asked() => Ok(()),
            Err(failure) = shown => Err(failure),
        };
        walking.shutdown().await;
        self.end().await;
        ended.map(|()| Exit::Done)
    }

    /// Visitors at a walking pace.
    fn stroll(&self, args: &Show) -> JoinSet<()> {
        let strolling = if args.no_crowd { 0 } else { STROLLING };
        let crowd = Crowd::new(self.address, STROLLERS, args.seed);
        (0..strolling)
            .map(|stroller| stroll(crowd.clone(), fastrand::Rng::with_seed(args.seed.wrapping_add(stroller as u64))))
            .collect()
    }

    /// Releases as often as a person wants.
    fn show(&mut self) -> impl Future<Output = Result<(), Failure>> + use<> {
        let (stage, asked) = (self.stage.clone(), self.asked.take());
        async move {
            match (&stage.rollout, asked) {
                (Some(rollout), Some(asked)) => rollout.watched(&stage.board, asked).await,
                _ => Ok(()),
            }
        }
    }

    async fn end(self) {
        self.stopper.send_replace(true);
        for end in self.ends {
            // A listener that broke has ended as well.
            let _ = end.await;
        }
    }
}

/// Opens one page after the other, at a walking pace. The distribution's front does the counting.
async fn stroll(crowd: Crowd, mut random: fastrand::Rng) {
    loop {
        tokio::time::sleep(PAUSE.mul_f32(0.5 + random.f32())).await;
        crowd.open(random.usize(..crowd.len()), random.usize(..), |_, _| {}).await;
    }
}

fn print<R: fmt::Display + Serialize>(report: &R, json: bool) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    written(match json {
        true => serde_json::to_string_pretty(report).map_err(io::Error::from).and_then(|text| writeln!(out, "{text}")),
        false => write!(out, "{report}"),
    })
}
