//! What was found, as a sentence with its figures.

use super::{Counts, Evidence, Judge, Verdict};

impl Evidence {
    /// The verdict and what it stands on, in a sentence.
    ///
    /// ```
    /// use onebox_release::{Comparison, Counts, Evidence, Judge};
    ///
    /// let judge = Judge::new(&Comparison { false_alarm: 0.01, tolerance: 0.01 }, 1);
    /// let mut evidence = Evidence::default();
    /// for _minute in 0..10 {
    ///     evidence.add(&judge, Counts::new(980, 10), Counts::new(120, 6));
    /// }
    /// assert_eq!(
    ///     evidence.figures(&judge),
    ///     "proven worse: 5 % of 1,200 requests failed on the new version, 1 % of 9,800 on the old \
    ///      (false alarm at most 1 %)"
    /// );
    /// ```
    #[must_use]
    pub fn figures(&self, judge: &Judge) -> String {
        let (old, new) = self.counts();
        let verdict = self.verdict(judge);
        if new.requests == 0 {
            return format!("{verdict}: there was no minute in which both versions had requests");
        }
        let rate = percent(judge.false_alarm());
        let sure = match verdict {
            Verdict::ProvenWorse => format!(" (false alarm at most {rate})"),
            Verdict::ProvenHealthy => {
                format!(" (less than {} points above, wrong at most {rate})", number(judge.tolerance()))
            }
            Verdict::NotProven => String::new(),
        };
        format!("{verdict}: {} requests failed on the new version, {} on the old{sure}", part(new), part(old))
    }
}

fn part(counts: Counts) -> String {
    format!("{} of {}", percent(counts.errors as f64 / counts.requests as f64), grouped(counts.requests))
}

fn percent(part: f64) -> String {
    format!("{} %", number(part))
}

/// Percent. Two digits are enough, and a tenth from one percent on.
fn number(part: f64) -> String {
    let percent = part * 100.0;
    let decimals = if percent >= 1.0 || percent <= 0.0 { 1 } else { (1.0 - percent.log10()).ceil().min(12.0) as usize };
    let text = format!("{percent:.decimals$}");
    if decimals == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_owned() }
}

/// Thousands, apart.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
