//! The ramp to watch: a schedule from 1 % to 100 %, in even steps.

use onebox_core::{Ramp, RampError, Share, Step, Time};

/// The most steps behind the first one.
const STEPS: u32 = 20;

/// A schedule that begins now with 1 % and ends with 100 % in so many seconds. Steps are at least a second apart.
///
/// # Errors
/// Without a second there is no order of steps.
pub(super) fn within(seconds: u32, now: Time) -> Result<Ramp, RampError> {
    let last = seconds.min(STEPS);
    let step = |number: u32| Step {
        at: Time::from_unix_millis(
            now.unix_millis() + i64::from(seconds) * 1000 * i64::from(number) / i64::from(last.max(1)),
        ),
        share: Share::from_thousandths(1_000 + 99_000 * number / last.max(1)).unwrap_or(Share::ALL),
    };
    Ramp::schedule((0..=last).map(step).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_goes_from_one_percent_to_everybody_and_never_falls() {
        for seconds in [1, 7, 30, 3600] {
            let now = Time::from_unix_seconds(1_795_176_000);
            let ramp = within(seconds, now).unwrap();
            let (first, last) = (ramp.steps().first().unwrap(), ramp.steps().last().unwrap());
            assert_eq!((first.at, first.share), (now, "1%".parse().unwrap()));
            assert_eq!(
                (last.at, last.share),
                (Time::from_unix_seconds(1_795_176_000 + i64::from(seconds)), Share::ALL)
            );
            for pair in ramp.steps().windows(2) {
                assert!(pair[0].share < pair[1].share, "{pair:?}");
                assert!(pair[1].at.unix_millis() - pair[0].at.unix_millis() >= 1000, "{pair:?}");
            }
        }
    }
}
