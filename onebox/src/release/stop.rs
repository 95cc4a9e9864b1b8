//! Somebody who wants the driver to stop: Ctrl-C, or a signal from the system.
//!
//! | signal | |
//! |---|---|
//! | SIGINT (Ctrl-C) | stops after the call under way; the second one stops at once |
//! | SIGTERM, SIGHUP | stop after the call under way, or after two seconds, whichever comes first |
//!
//! With `--on-stop roll-back` they put everything back instead, and only a second Ctrl-C stops that.
//!
//! A SIGHUP that is ignored, as below `nohup`, stays ignored.

use std::{io, time::Duration};

use onebox_release::Input;
use tokio::sync::watch;

/// How long the call under way may go on after SIGTERM or SIGHUP. A cancelled job of GitHub Actions is killed 2.5 seconds
/// after its SIGTERM: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation>
const GRACE: Duration = Duration::from_millis(1_500);

/// What a driver does that is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnStop {
    /// Everything stays as it is; `onebox release resume` goes on
    #[default]
    Leave,
    /// Everything goes back, as by `onebox release abort`
    RollBack,
}

/// The option of whoever becomes the driver.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct Stopping {
    /// What happens when this command is stopped by Ctrl-C, SIGTERM or SIGHUP, such as by a cancelled CI job
    #[arg(long, value_name = "WHAT", value_enum, default_value_t)]
    pub(crate) on_stop: OnStop,
}

/// How often a driver was asked to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// In all: once is after the call under way, twice is at once.
    pub(super) times: u32,
    /// By a person at a keyboard.
    pub(super) interrupts: u32,
}

/// Knows how often it was asked, and what that means.
///
/// | | asked once | and once more |
/// |---|---|---|
/// | leave | stops after the call under way | stops at once |
/// | roll back | rolls back after the call under way | rolls back at once |
/// | rolls back already | a second Ctrl-C stops; no other signal does | |
#[derive(Clone, Debug)]
pub(super) struct Stop {
    asked: watch::Receiver<Asked>,
    on_stop: OnStop,
    /// Whether the order to put everything back was given.
    rolls_back: bool,
}

/// How urgent a signal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Urgency {
    /// A person at a keyboard, who may ask again.
    Patient,
    /// A system that kills next.
    Soon,
}

impl Stop {
    /// Listens from now on.
    pub(super) fn listen(on_stop: OnStop) -> io::Result<Self> {
        let mut signals = Signals::listen()?;
        let (asked, stop) = watch::channel(Asked::default());
        tokio::spawn(async move {
            loop {
                let urgency = signals.next().await;
                asked.send_modify(|asked| {
                    asked.times += 1;
                    asked.interrupts += u32::from(urgency == Urgency::Patient);
                });
                if urgency == Urgency::Soon {
                    let asked = asked.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(GRACE).await;
                        asked.send_modify(|asked| asked.times += 1);
                    });
                }
            }
        });
        Ok(Self::of(stop, on_stop))
    }

    /// Hears what this channel says.
    pub(super) const fn of(asked: watch::Receiver<Asked>, on_stop: OnStop) -> Self {
        Self { asked, on_stop, rolls_back: false }
    }

    /// Whether the driver stops now.
    pub(super) fn asked(&self) -> bool {
        let asked = *self.asked.borrow();
        match self.on_stop {
            OnStop::Leave => asked.times > 0,
            OnStop::RollBack => self.rolls_back && asked.interrupts > 1,
        }
    }

    /// The order that a driver gets, once, which was stopped and rolls back.
    pub(super) fn order(&mut self) -> Option<Input> {
        let rolls_back = self.on_stop == OnStop::RollBack && !self.rolls_back && self.asked.borrow().times > 0;
        self.rolls_back |= rolls_back;
        rolls_back.then(|| Input::Abort("the command was stopped (--on-stop roll-back)".to_owned()))
    }

    /// What a person is told who asked once.
    pub(super) const fn told(&self) -> &'static str {
        match (self.on_stop, self.rolls_back) {
            (OnStop::Leave, _) => "when the call under way has its answer; a second Ctrl-C stops at once",
            (OnStop::RollBack, false) => {
                "everything goes back, when the call under way has its answer; a second Ctrl-C leaves it as it is then"
            }
            (OnStop::RollBack, true) => "everything that has not gone back yet stays as it is",
        }
    }

    /// Ready when somebody asked.
    pub(super) async fn when_asked(&self) {
        self.when(1).await;
    }

    /// Ready when somebody asked a second time, or the system does not wait any longer.
    pub(super) async fn when_urged(&self) {
        self.when(2).await;
    }

    async fn when(&self, times: u32) {
        let is_it = |asked: &Asked| if self.rolls_back { asked.interrupts > 1 } else { asked.times >= times };
        // Where nobody listens any more, nobody can ask.
        if self.asked.clone().wait_for(is_it).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The signals that stop a driver. From now on none of them ends the process at once.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hang_up = (!is_hang_up_ignored()).then(|| signal(SignalKind::hangup())).transpose()?;
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, hang_up })
    }

    async fn next(&mut self) -> Urgency {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Urgency::Patient,
            _ = self.terminate.recv() => Urgency::Soon,
            _ = hang_up => Urgency::Soon,
        }
    }
}

/// Whether whoever started this process wants it to outlive the terminal: Linux tells which signals are ignored.
/// <https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    // SIGHUP is the first signal.
    mask & 1 == 1
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Urgency {
        let _ = tokio::signal::ctrl_c().await;
        Urgency::Patient
    }
}
