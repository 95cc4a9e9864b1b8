//! How many control-plane calls Lambda takes.

use jiff::{SignedDuration, Timestamp};

/// "The rate of requests across all control plane APIs: 15 requests per second."
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests>
pub const CONTROL_PLANE_RATE: f64 = 15.0;

/// A bucket of tokens that fills with time.
#[derive(Clone, Debug)]
pub(crate) struct Rate {
    per_second: f64,
    tokens: f64,
    filled: Option<Timestamp>,
}

impl Rate {
    /// So many calls a second, and as many at once.
    pub(crate) fn new(per_second: f64) -> Self {
        Self { per_second, tokens: per_second, filled: None }
    }

    /// Whether there is a token for one more call.
    pub(crate) fn take(&mut self, now: Timestamp) -> bool {
        if let Some(filled) = self.filled {
            let passed = now.duration_since(filled).max(SignedDuration::ZERO).as_secs_f64();
            self.tokens = (self.tokens + passed * self.per_second).min(self.per_second);
        }
        self.filled = Some(self.filled.map_or(now, |filled| filled.max(now)));
        let taken = self.tokens >= 1.0;
        if taken {
            self.tokens -= 1.0;
        }
        taken
    }
}
