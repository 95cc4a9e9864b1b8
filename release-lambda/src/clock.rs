//! The clock: read here and nowhere else, and handed in from here.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

/// This machine's time. One that no calendar holds counts as the beginning of 1970.
#[expect(clippy::disallowed_methods, reason = "the rim of a function: here the clock is read and handed in")]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    from_unix_millis(u64::try_from(since.as_millis()).unwrap_or_default())
}

/// A time as Lambda gives it.
pub(crate) fn from_unix_millis(millis: u64) -> Timestamp {
    i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok()).unwrap_or_default()
}

/// How long it is from one time to a later one; nothing if that is not later.
pub(crate) fn until(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// So much later; the end of time where no calendar holds it.
pub(crate) fn after(from: Timestamp, span: Duration) -> Timestamp {
    from.checked_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_no_calendar_holds_are_no_reason_to_stop() {
        assert_eq!(from_unix_millis(1_500), "1970-01-01T00:00:01.5Z".parse().unwrap());
        assert_eq!(from_unix_millis(u64::MAX), Timestamp::default());
        assert_eq!(until(from_unix_millis(2_000), from_unix_millis(1_000)), Duration::ZERO);
        assert_eq!(until(from_unix_millis(1_000), from_unix_millis(2_500)), Duration::from_millis(1_500));
        assert_eq!(after(Timestamp::MAX, Duration::from_secs(1)), Timestamp::MAX);
    }
}
