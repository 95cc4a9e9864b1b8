//! Somebody who wants the driver to stop: Ctrl-C, or a signal from the system.

use std::io;

use tokio::sync::watch;

use crate::serve;

/// Knows how often it was asked.
#[derive(Clone, Debug)]
pub(super) struct Stop(watch::Receiver<u32>);

impl Stop {
    /// Listens from now on.
    pub(super) fn listen() -> io::Result<Self> {
        let (asked, stop) = watch::channel(0);
        let mut next = Box::pin(serve::stop()?);
        tokio::spawn(async move {
            loop {
                (&mut next).await;
                asked.send_modify(|times| *times += 1);
                match serve::stop() {
                    Ok(again) => next = Box::pin(again),
                    Err(_) => return,
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

    /// Ready when somebody asked a second time.
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
