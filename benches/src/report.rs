//! Running races under Criterion, and the table of what came of them.

use std::{env, fmt};

use criterion::Criterion;

use crate::race::{Bound, Outcome, Race};

/// Measures the races with Criterion and, where this is a full run, prints the table of ratios.
///
/// `--test`, `--list`, a filter and the like are Criterion's own: then there is no table.
pub fn report(races: &mut [Race<'_>]) {
    let mut criterion = Criterion::default()
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_millis(1200))
        .configure_from_args();
    for race in &mut *races {
        race.measure(&mut criterion);
    }
    criterion.final_summary();
    if is_full_run(env::args().skip(1)) {
        println!("In turns: median and quartiles of one run; ratios are of neighbouring turns.\n");
        for race in races {
            println!("{}", Table(&race.run()));
        }
    }
}

/// `cargo bench` hands over `--bench`; anything else narrows the run down.
fn is_full_run(arguments: impl Iterator<Item = String>) -> bool {
    arguments.collect::<Vec<_>>() == ["--bench"]
}

/// An outcome for people.
struct Table<'a>(&'a Outcome);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(outcome) = self;
        writeln!(f, "{}", outcome.name)?;
        for (name, rounds) in &outcome.timings {
            let Spread { low, median, high } = Spread::of(rounds.clone());
            writeln!(f, "  {name:<52} {median:>9.1} ns  {low:>9.1} .. {high:<9.1}")?;
        }
        for claim in &outcome.claims {
            let Spread { low, median, high } = Spread::of(outcome.ratios(*claim));
            let name = format!("{} / {}", claim.dividend, claim.divisor);
            write!(f, "  {name:<52} {median:>9.2} x   {low:>9.2} .. {high:<9.2}")?;
            let verdict = if claim.bound.holds(median) { "ok" } else { "MISSED" };
            match claim.bound {
                Bound::AtMost(most) => writeln!(f, " at most {most}: {verdict}")?,
                Bound::AtLeast(least) => writeln!(f, " at least {least}: {verdict}")?,
                Bound::Shown => writeln!(f)?,
            }
        }
        Ok(())
    }
}

/// The middle of some numbers and the middles of their halves.
#[derive(Debug, PartialEq)]
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

impl Spread {
    fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let at = |quarter: usize| numbers.get((numbers.len() * quarter) / 4).copied().unwrap_or(f64::NAN);
        Self { low: at(1), median: at(2), high: at(3) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::Claim;

    #[test]
    fn the_median_stands_in_the_middle() {
        let spread = Spread::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(spread, Spread { low: 2.0, median: 3.0, high: 4.0 });
    }

    #[test]
    fn a_claim_that_does_not_hold_is_marked() {
        let timings = vec![("onebox", vec![20.0; 3]), ("floor", vec![10.0; 3])];
        let claim = |bound| Claim { dividend: "onebox", divisor: "floor", bound };
        let claims = vec![claim(Bound::AtMost(1.4)), claim(Bound::AtMost(2.0)), claim(Bound::Shown)];
        let table = Table(&Outcome { name: "cookie", timings, claims }).to_string();
        let lines: Vec<_> = table.lines().skip(3).collect();
        assert!(lines[0].ends_with("at most 1.4: MISSED"), "{table}");
        assert!(lines[1].ends_with("at most 2: ok"), "{table}");
        assert!(lines[2].contains("2.00 x"), "{table}");
    }

    #[test]
    fn only_a_full_run_prints_the_table() {
        let run = |arguments: &[&str]| is_full_run(arguments.iter().map(|argument| argument.to_string()));
        assert!(run(&["--bench"]));
        assert!(!run(&["--bench", "--test"]));
        assert!(!run(&["--bench", "cookie"]));
        assert!(!run(&[]));
    }
}
