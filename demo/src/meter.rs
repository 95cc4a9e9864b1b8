//! Requests per second, over the last few seconds.

/// How many seconds are averaged.
const WINDOW: u64 = 5;

/// Counts by the second. Seconds are handed in, from any start.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// The counts of the last seconds, each in the place of its number modulo the length; with the second it is of.
    places: [(u64, u64); WINDOW as usize + 1],
}

impl Meter {
    /// Counts one request in this second.
    pub(super) fn add(&mut self, second: u64) {
        let place = &mut self.places[Self::place(second)];
        if place.0 != second {
            *place = (second, 0);
        }
        place.1 += 1;
    }

    /// The average of the full seconds before this one.
    pub(super) fn rate(&self, second: u64) -> f64 {
        let from = second.saturating_sub(WINDOW);
        let within = self.places.iter().filter(|(of, _)| (from..second).contains(of));
        super::tally::ratio(within.map(|(_, count)| count).sum(), (second - from).max(1))
    }

    fn place(second: u64) -> usize {
        (second % (WINDOW + 1)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_seconds_are_averaged_and_old_ones_forgotten() {
        let mut meter = Meter::default();
        for second in 0..20 {
            (0..10).for_each(|_| meter.add(second));
        }
        assert!((meter.rate(20) - 10.0).abs() < 1e-9);
        assert!((meter.rate(22) - 6.0).abs() < 1e-9);
        assert!(meter.rate(40).abs() < 1e-9);
    }

    #[test]
    fn the_first_second_is_not_full_yet() {
        let mut meter = Meter::default();
        meter.add(0);
        assert!(meter.rate(0).abs() < 1e-9);
        assert!((meter.rate(1) - 1.0).abs() < 1e-9);
    }
}
