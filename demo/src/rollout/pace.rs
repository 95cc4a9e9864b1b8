//! A clock that is fast: a release takes an hour in an account, and a minute here.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// So much time passes in the account while one second passes on this machine.
pub(super) const FASTER: u32 = 60;

/// The account's time. Nothing else differs from a release elsewhere: minutes of metrics are minutes of this clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    began: Instant,
    at: Timestamp,
}

impl Pace {
    /// A clock that shows this time now.
    pub(super) fn from(at: Timestamp) -> Self {
        Self { began: Instant::now(), at }
    }

    /// The time in the account.
    pub(super) fn now(&self) -> Timestamp {
        let passed =
            SignedDuration::try_from(self.began.elapsed().saturating_mul(FASTER)).unwrap_or(SignedDuration::MAX);
        self.at.saturating_add(passed).unwrap_or(Timestamp::MAX)
    }

    /// How long this machine waits until that time in the account.
    pub(super) fn left(&self, until: Timestamp) -> Duration {
        Duration::try_from(until.duration_since(self.now())).unwrap_or_default() / FASTER
    }
}

/// How long something of this length on this machine is in the account, as a plan writes it.
pub(super) fn span(real: Duration) -> String {
    format!("{}ms", real.saturating_mul(FASTER).as_millis().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_of_the_account_is_waited_for_in_a_second() {
        let pace = Pace::from(Timestamp::UNIX_EPOCH);
        let left = pace.left(Timestamp::from_second(60).unwrap());
        assert!(left <= Duration::from_secs(1), "{left:?}");
        assert_eq!(pace.left(Timestamp::UNIX_EPOCH), Duration::ZERO, "what has passed is not waited for");
        assert_eq!(span(Duration::from_millis(1500)), "90000ms");
    }
}
