//! The clock: read here and nowhere else, and handed in from here.

use std::time::SystemTime;

use jiff::Timestamp;
use onebox_core::Time;

/// This machine's time at this moment.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the rim of every command: here the clock is read and handed in")]
pub fn machine() -> Time {
    time(SystemTime::now())
}

/// This machine's time at this moment, as a release keeps it.
#[must_use]
pub fn timestamp() -> Timestamp {
    // A time that no release knows is as far off as one before 1970.
    Timestamp::from_millisecond(machine().unix_millis()).unwrap_or_default()
}

/// A machine's time as one of ours. One before 1970 counts as that year's beginning.
#[must_use]
pub fn time(system: SystemTime) -> Time {
    let since = system.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_unix_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
