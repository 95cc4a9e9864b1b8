//! How many histories there were, by shape, fault and ending, and what was wrong.

use std::{collections::BTreeMap, fmt};

use crate::{faults, shapes::Kind};

/// As many examples of each broken rule are printed.
const PRINTED: usize = 4;

/// A rule that did not hold.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    rule: String,
    detail: String,
}

impl Problem {
    pub(crate) fn new(rule: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { rule: rule.into(), detail: detail.into() }
    }
}

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    by_shape: BTreeMap<String, u64>,
    by_fault: BTreeMap<faults::Kind, BTreeMap<Option<Kind>, u64>>,
    /// Broken rules: how often, and some examples.
    problems: BTreeMap<String, (usize, Vec<String>)>,
}

impl Tally {
    pub(crate) fn count_one(&mut self, shape: &str, fault: faults::Kind, ended: Option<Kind>) {
        match self.by_shape.get_mut(shape) {
            Some(count) => *count += 1,
            None => {
                self.by_shape.insert(shape.to_owned(), 1);
            }
        }
        *self.by_fault.entry(fault).or_default().entry(ended).or_default() += 1;
    }

    pub(crate) fn problem(&mut self, history: &str, problem: Problem) {
        let (count, examples) = self.problems.entry(problem.rule).or_default();
        *count += 1;
        if examples.len() < PRINTED {
            examples.push(format!("{history}: {}", problem.detail));
        }
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (shape, count) in other.by_shape {
            *self.by_shape.entry(shape).or_default() += count;
        }
        for (fault, endings) in other.by_fault {
            let known = self.by_fault.entry(fault).or_default();
            for (ended, count) in endings {
                *known.entry(ended).or_default() += count;
            }
        }
        for (rule, (count, examples)) in other.problems {
            let known = self.problems.entry(rule).or_default();
            known.0 += count;
            known.1.extend(examples);
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.by_shape.values().sum()
    }

    /// # Panics
    ///
    /// When anything did not hold.
    pub(crate) fn assert_sound(&self) {
        let rule = |(rule, (count, examples)): (&String, &(usize, Vec<String>))| {
            let examples: Vec<_> = examples.iter().take(PRINTED).map(|example| format!("    {example}\n")).collect();
            format!("{count} times: {rule}\n{}", examples.concat())
        };
        let rules: Vec<_> = self.problems.iter().map(rule).collect();
        assert!(rules.is_empty(), "what did not hold\n{}", rules.concat());
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} histories\n\nby shape", self.count())?;
        for (shape, count) in &self.by_shape {
            writeln!(f, "{count:>9}  {shape}")?;
        }
        let kinds = [Kind::Released, Kind::RolledBack, Kind::Refused, Kind::NotProven, Kind::Stuck];
        writeln!(
            f,
            "\nby fault and ending\n{:>16}{}",
            "",
            kinds.map(|kind| format!("{:>12}", format!("{kind:?}"))).concat()
        )?;
        for (fault, endings) in &self.by_fault {
            let counts = kinds.map(|kind| format!("{:>12}", endings.get(&Some(kind)).copied().unwrap_or_default()));
            writeln!(f, "{:>16}{}", format!("{fault:?}"), counts.concat())?;
        }
        Ok(())
    }
}
