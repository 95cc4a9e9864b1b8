//! A sign of life: a line after a minute in which nothing was printed, where nobody sees bars. Some build services end a
//! step that prints nothing for ten minutes: <https://circleci.com/docs/guides/orchestrate/jobs-steps/>

use std::time::Duration;

/// How long nothing is printed at most.
const LONGEST: Duration = Duration::from_secs(60);

/// Counts the time since the last line.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    silent: Duration,
}

impl Pulse {
    /// A line was printed.
    pub(super) fn printed(&mut self) {
        self.silent = Duration::ZERO;
    }

    /// So much time has passed without a line; whether a sign of life is due now.
    pub(super) fn passed(&mut self, time: Duration) -> bool {
        self.silent += time;
        let is_due = self.silent >= LONGEST;
        if is_due {
            self.silent = Duration::ZERO;
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_line_after_every_minute_of_silence_and_none_before() {
        let mut pulse = Pulse::default();
        let mut minute = |printed_at: Option<u32>| {
            (1..=600)
                .filter(|tick| {
                    if printed_at == Some(*tick) {
                        pulse.printed();
                    }
                    pulse.passed(Duration::from_millis(100))
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(minute(None), [600]);
        assert_eq!(minute(None), [600]);
        assert!(minute(Some(301)).is_empty());
        assert_eq!(minute(None), [300]);
    }
}
