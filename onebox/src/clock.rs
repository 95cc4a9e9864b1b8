//! The clock: read here and nowhere else, and handed in from here.

use std::time::SystemTime;

use jiff::Timestamp;
use onebox_core::Time;

/// Which time a verb goes by.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Clock {
    /// The time to go by, such as 2026-11-20T12:00:00Z; by default this machine's
    #[arg(long, value_name = "RFC 3339")]
    now: Option<Time>,
}

impl Clock {
    /// The time that was asked for, or else this machine's at this moment.
    pub(crate) fn now(&self) -> Time {
        self.now.unwrap_or_else(machine)
    }
}

/// This machine's time at this moment, as a release keeps it.
pub(crate) fn timestamp() -> Timestamp {
    // A time that no release knows is as far off as one before 1970.
    Timestamp::from_millisecond(machine().unix_millis()).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "the rim of the command: here the clock is read and handed in")]
fn machine() -> Time {
    time(SystemTime::now())
}

/// A machine's time as one of ours. One before 1970 counts as that year's beginning.
pub(crate) fn time(system: SystemTime) -> Time {
    let since = system.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
