//! What earlier windows say about an error rate: where bets come from, and nothing else.

use serde::{Deserialize, Serialize};

use super::Counts;

/// Requests and errors of earlier windows, the older ones fading.
///
/// A guess may be bad: then bets lose, and a proof takes longer. It is never wrong because of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Memory {
    requests: u64,
    /// Thousandths, so that little is lost when they fade.
    errors: u64,
}

/// So many requests are remembered: a rate that changes is followed within as many, and twenty errors at 0.02 % are
/// enough for a guess.
const REQUESTS: u128 = 100_000;
const THOUSANDTHS: u128 = 1_000;
/// Before anything is seen: one error in a hundred, with the weight of fifty requests.
const PRIOR: (f64, f64) = (0.5, 50.0);
/// No bet is on never or always.
const LEAST: f64 = 1e-6;

impl Memory {
    /// Remembers a window.
    pub(crate) fn add(&mut self, seen: Counts) {
        let requests = u128::from(self.requests) + u128::from(seen.requests);
        let errors = u128::from(self.errors) + u128::from(seen.errors) * THOUSANDTHS;
        let fade = |count: u128| if requests > REQUESTS { count * REQUESTS / requests } else { count };
        // What has faded fits: at most `REQUESTS`, and as many thousandths of errors.
        self.requests = u64::try_from(fade(requests)).unwrap_or(u64::MAX);
        self.errors = u64::try_from(fade(errors)).unwrap_or(u64::MAX);
    }

    /// The error rate, with a prior that nothing is known.
    pub(crate) fn rate(self) -> f64 {
        let (errors, requests) = PRIOR;
        rate(self.errors() + errors, self.requests as f64 + requests)
    }

    /// The error rate, with a prior that it is `like` another.
    pub(crate) fn rate_like(self, like: f64) -> f64 {
        let (_, requests) = PRIOR;
        rate(self.errors() + like * requests, self.requests as f64 + requests)
    }

    /// The error rate of both together.
    pub(crate) fn rate_with(self, other: Self) -> f64 {
        let (errors, requests) = PRIOR;
        rate(self.errors() + other.errors() + errors, self.requests as f64 + other.requests as f64 + requests)
    }

    fn errors(self) -> f64 {
        self.errors as f64 / THOUSANDTHS as f64
    }
}

fn rate(errors: f64, requests: f64) -> f64 {
    (errors / requests).clamp(LEAST, 1.0 - LEAST)
}

#[cfg(test)]
mod tests {
    use super::{Counts, Memory};

    fn after(windows: u64, seen: Counts) -> Memory {
        let mut memory = Memory::default();
        (0..windows).for_each(|_| memory.add(seen));
        memory
    }

    #[test]
    fn a_rate_is_found_and_followed() {
        assert_eq!(Memory::default().rate(), 0.01);
        assert_eq!(Memory::default().rate_like(0.3), 0.3);
        let mut memory = after(60, Counts::new(10_000, 10));
        assert!((memory.rate() - 0.001).abs() < 2e-5, "{}", memory.rate());
        (0..30).for_each(|_| memory.add(Counts::new(10_000, 500)));
        assert!((memory.rate() - 0.05).abs() < 0.005, "{}", memory.rate());
    }

    #[test]
    fn rare_requests_are_not_forgotten() {
        let memory = after(90, Counts::new(1_000, 1));
        assert_eq!(memory, Memory { requests: 90_000, errors: 90_000 });
    }

    #[test]
    fn no_count_gives_a_rate_of_never_or_always() {
        for seen in [Counts::new(u64::MAX, 0), Counts::new(u64::MAX, u64::MAX), Counts::new(0, 0)] {
            let memory = after(5, seen);
            for rate in [memory.rate(), memory.rate_like(1e-6), memory.rate_with(memory)] {
                assert!(rate > 0.0 && rate < 1.0, "{seen:?}: {rate}");
            }
        }
    }
}
