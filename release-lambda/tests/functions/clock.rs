//! The clock that the functions look at too.

use std::time::{Duration, SystemTime};

/// The time since 1970.
#[expect(clippy::disallowed_methods, reason = "Lambda has a clock, and the function beside it looks at the same")]
pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

/// The time in seconds since 1970.
pub(crate) fn unix_seconds() -> i64 {
    i64::try_from(since_1970().as_secs()).unwrap()
}
