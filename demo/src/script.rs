//! A scripted run: the same crowd twice, with stickiness and without.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::{
    crowd::{CONNECTIONS, Crowd},
    listen::Stop,
    report::{Half, Report},
    stage::Stage,
    tally::Tally,
};

/// How long the crowd walks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    /// The longest time of each half.
    pub(super) time: Duration,
    /// How many pages each visitor opens in each half, if there is time.
    pub(super) visits: usize,
}

/// Sends the crowd through the stage twice. A stop in the middle leaves what there is until then.
pub(super) async fn run(script: Script, stage: &Stage, crowd: &Crowd, stop: &Stop) -> Report {
    let mut report = Report::new(stage.board.share(), stage.board.runtime(), crowd.len());
    for sticky in [true, false] {
        stage.set_sticky(sticky).await;
        // Each half begins with an empty cache.
        stage.distribution.invalidate_all();
        let (half, interrupted) = half(script, sticky, crowd, stop.clone()).await;
        report.add(sticky, half);
        if interrupted {
            report.interrupted = true;
            break;
        }
    }
    report
}

async fn half(script: Script, sticky: bool, crowd: &Crowd, mut stop: Stop) -> (Half, bool) {
    let tally = Arc::new(Mutex::new(Tally::default()));
    let bar = bar(sticky, crowd.len() * script.visits);
    let began = Instant::now();
    let workers = crowd.len().min(CONNECTIONS);
    let mut walking = JoinSet::new();
    for worker in 0..workers {
        let (crowd, tally, bar) = (crowd.clone(), tally.clone(), bar.clone());
        walking.spawn(async move {
            for visit in 0..script.visits {
                for visitor in (worker..crowd.len()).step_by(workers) {
                    if began.elapsed() >= script.time {
                        return;
                    }
                    crowd.open(visitor, visit, |number, seen| lock(&tally).add(number, seen)).await;
                    bar.inc(1);
                }
            }
        });
    }
    let interrupted = tokio::select! {
        () = stop.asked() => true,
        () = async { while walking.join_next().await.is_some() {} } => false,
    };
    walking.shutdown().await;
    bar.finish_and_clear();
    let counts = lock(&tally).counts();
    (Half::new(counts, began.elapsed()), interrupted)
}

fn lock(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

/// On a terminal only; on standard error, so that the report can be piped on.
fn bar(sticky: bool, pages: usize) -> ProgressBar {
    if !io::IsTerminal::is_terminal(&io::stderr()) {
        return ProgressBar::hidden();
    }
    let name = if sticky { "with stickiness" } else { "without stickiness" };
    let style = ProgressStyle::with_template("{msg:18} {wide_bar} {pos}/{len} pages {elapsed}");
    let bar = ProgressBar::new(pages as u64).with_message(name);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
