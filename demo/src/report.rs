//! What a scripted run found, for a person and for a machine.

use std::{fmt, time::Duration};

use onebox_core::Share;
use serde::Serialize;

use super::{
    snapshot::Figures,
    tally::{Counts, ratio},
};

/// Both halves of a run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    /// Whether stickiness held: pages were loaded with it, none broke, and nobody saw both sides.
    pub(super) held: bool,
    /// Whether the run was stopped before its end.
    pub(super) interrupted: bool,
    runtime: &'static str,
    share: String,
    share_fraction: f64,
    crowd: usize,
    with_stickiness: Option<Half>,
    without_stickiness: Option<Half>,
}

/// One half of a run.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Half {
    #[serde(flatten)]
    figures: Figures,
    seconds: f64,
    requests_per_second: f64,
}

impl Half {
    /// What was counted in this time.
    pub(super) fn new(counts: Counts, time: Duration) -> Self {
        let seconds = time.as_secs_f64();
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
        let requests_per_second = ratio(counts.requests, milliseconds) * 1000.0;
        Self { figures: counts.into(), seconds, requests_per_second }
    }
}

impl Report {
    /// A report of a run that begins now.
    pub(super) fn new(share: Share, runtime: &'static str, crowd: usize) -> Self {
        Self {
            held: false,
            interrupted: false,
            runtime,
            share: share.to_string(),
            share_fraction: f64::from(share.thousandths()) / 100_000.0,
            crowd,
            with_stickiness: None,
            without_stickiness: None,
        }
    }

    /// One half has ended.
    pub(super) fn add(&mut self, sticky: bool, half: Half) {
        if sticky {
            self.held = half.figures.counts.held();
            self.with_stickiness = Some(half);
        } else {
            self.without_stickiness = Some(half);
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { crowd, share, runtime, .. } = self;
        writeln!(f, "{crowd} visitors, {share} on the one-box, {runtime} handlers")?;
        writeln!(f)?;
        writeln!(f, "  {:<28}{:>16}{:>16}", "", "sticky", "not sticky")?;
        let count = |pick: fn(&Counts) -> u64| move |half: &Half| thousands(pick(&half.figures.counts));
        let percent = |pick: fn(&Figures) -> f64| move |half: &Half| format!("{:.2} %", 100.0 * pick(&half.figures));
        self.row(f, "pages loaded", count(|counts| counts.pages))?;
        self.row(f, "pages broken", count(|counts| counts.broken))?;
        self.row(f, "visitors", count(|counts| counts.visitors))?;
        self.row(f, "visitors who saw both sides", count(|counts| counts.both_sides))?;
        self.row(f, "one-box share of visitors", percent(|figures| figures.visitor_share))?;
        self.row(f, "one-box share of requests", percent(|figures| figures.request_share))?;
        self.row(f, "answered from the cache", percent(|figures| figures.hit_ratio))?;
        self.row(f, "requests", count(|counts| counts.requests))?;
        self.row(f, "requests per second", |half| format!("{:.0}", half.requests_per_second))?;
        self.row(f, "seconds", |half| format!("{:.1}", half.seconds))?;
        writeln!(f)?;
        let verdict = match (self.interrupted, self.held) {
            (true, _) => "Interrupted: this is what there was until then.",
            (false, true) => "Stickiness held: no page broke and nobody saw both sides.",
            (false, false) => "Stickiness did not hold: see the first column.",
        };
        writeln!(f, "{verdict}")
    }
}

impl Report {
    fn row(&self, f: &mut fmt::Formatter<'_>, name: &str, cell: impl Fn(&Half) -> String) -> fmt::Result {
        let cell = |half: &Option<Half>| half.as_ref().map_or("-".to_owned(), &cell);
        writeln!(f, "  {name:<28}{:>16}{:>16}", cell(&self.with_stickiness), cell(&self.without_stickiness))
    }
}

/// `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(sticky: Counts) -> Report {
        let mut report = Report::new("20%".parse().unwrap(), "native", 200);
        report.add(true, Half::new(sticky, Duration::from_secs(2)));
        report
    }

    #[test]
    fn both_halves_stand_side_by_side() {
        let counts = Counts { pages: 4000, requests: 52_000, visitors: 200, one_box_visitors: 41, ..Counts::default() };
        let mut report = report(counts);
        report.add(false, Half::new(Counts { broken: 3780, ..counts }, Duration::from_secs(2)));
        let text = report.to_string();
        for line in [
            "  pages loaded                           4,000           4,000",
            "  pages broken                               0           3,780",
            "  one-box share of visitors            20.50 %         20.50 %",
            "  requests per second                    26000           26000",
            "Stickiness held: no page broke and nobody saw both sides.",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
        }
    }

    #[test]
    fn a_half_that_was_not_run_is_a_dash_and_null() {
        let report = report(Counts::default());
        assert!(report.to_string().contains("pages loaded                               0               -"));
        assert_eq!(serde_json::to_value(&report).unwrap()["without_stickiness"], serde_json::Value::Null);
        assert!(!report.held, "a run without a page proves nothing");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
