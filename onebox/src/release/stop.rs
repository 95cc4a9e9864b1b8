//! Somebody who wants the driver to stop: Ctrl-C, or a signal from the system.
//!
//! | signal | |
//! |---|---|
//! | SIGINT (Ctrl-C) | stops after the call under way; the second one stops at once |
//! | SIGTERM, SIGHUP | stop after the call under way, or after two seconds, whichever comes first |
//!
//! A SIGHUP that is ignored, as below `nohup`, stays ignored.

use std::{io, time::Duration};

use tokio::sync::watch;

/// How long the call under way may go on after SIGTERM or SIGHUP. A cancelled job of GitHub Actions is killed 2.5 seconds
/// after its SIGTERM: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation>
const GRACE: Duration = Duration::from_millis(1_500);

/// Knows how often it was asked: once is after the call under way, twice is at once.
#[derive(Clone, Debug)]
pub(super) struct Stop(watch::Receiver<u32>);

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
    pub(super) fn listen() -> io::Result<Self> {
        let mut signals = Signals::listen()?;
        let (asked, stop) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let urgency = signals.next().await;
                asked.send_modify(|times| *times += 1);
                if urgency == Urgency::Soon {
                    let asked = asked.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(GRACE).await;
                        asked.send_modify(|times| *times += 1);
                    });
                }
            }
        });
        Ok(Self(stop))
    }

    /// Hears what a test says.
    #[cfg(test)]
    pub(super) const fn of(asked: watch::Receiver<u32>) -> Self {
        Self(asked)
    }

    /// Whether anybody asked.
    pub(super) fn asked(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Ready when somebody asked.
    pub(super) async fn when_asked(&self) {
        self.times(1).await;
    }

    /// Ready when somebody asked a second time, or the system does not wait any longer.
    pub(super) async fn when_urged(&self) {
        self.times(2).await;
    }

    async fn times(&self, times: u32) {
        // Where nobody listens any more, nobody can ask.
        if self.0.clone().wait_for(|asked| *asked >= times).await.is_err() {
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
