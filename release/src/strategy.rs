//! How fast an alias moves.

use std::{error, fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::Percent;

/// How fast an alias moves: a list of steps, the last of which is everything.
///
/// CodeDeploy's names are understood, with or without their prefix:
///
/// ```
/// use onebox_release::{Percent, Strategy};
///
/// let strategy: Strategy = "CodeDeployDefault.LambdaCanary10Percent5Minutes".parse()?;
/// assert_eq!("Canary10Percent5Minutes".parse(), Ok(strategy.clone()));
/// let parts: Vec<_> = strategy.steps().iter().map(|step| step.percent.to_string()).collect();
/// assert_eq!(parts, ["10 %", "100 %"]);
/// # Ok::<(), onebox_release::StrategyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Strategy {
    /// Everything at once.
    AllAtOnce,
    /// A part, a wait, everything.
    Canary {
        /// The part.
        percent: Percent,
        /// The wait.
        wait: Duration,
    },
    /// Equal parts, one at once and one more after every wait.
    Linear {
        /// The part.
        percent: Percent,
        /// The wait.
        every: Duration,
    },
    /// A part that is multiplied after every wait.
    Exponential {
        /// The first part.
        first: Percent,
        /// What it is multiplied with, in hundredths: 200 doubles.
        factor: u32,
        /// The wait.
        every: Duration,
    },
    /// Any ascending list. Everything is the last step, listed or not.
    Steps(Vec<Step>),
}

/// A part of the traffic, and what must pass before the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// The new version's part.
    pub percent: Percent,
    /// What must pass.
    pub then: Pause,
}

/// What must pass before the next step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pause {
    /// Time.
    For(Duration),
    /// A person's approval: `onebox release promote`.
    Approval,
}

impl Step {
    /// The last step of every strategy; what passes after it is a bake.
    const LAST: Self = Self { percent: Percent::ALL, then: Pause::For(Duration::ZERO) };
}

/// The names that CodeDeploy gives its configurations for Lambda, without their prefix:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html>.
const NAMES: [(&str, Strategy); 9] = [
    ("AllAtOnce", Strategy::AllAtOnce),
    ("Canary10Percent5Minutes", canary(5)),
    ("Canary10Percent10Minutes", canary(10)),
    ("Canary10Percent15Minutes", canary(15)),
    ("Canary10Percent30Minutes", canary(30)),
    ("Linear10PercentEvery1Minute", linear(1)),
    ("Linear10PercentEvery2Minutes", linear(2)),
    ("Linear10PercentEvery3Minutes", linear(3)),
    ("Linear10PercentEvery10Minutes", linear(10)),
];

/// What CodeDeploy's names begin with.
const PREFIX: &str = "CodeDeployDefault.Lambda";

const fn canary(minutes: u64) -> Strategy {
    Strategy::Canary { percent: Percent::TENTH, wait: Duration::from_secs(minutes * 60) }
}

const fn linear(minutes: u64) -> Strategy {
    Strategy::Linear { percent: Percent::TENTH, every: Duration::from_secs(minutes * 60) }
}

impl Strategy {
    /// The steps: each part is larger than the one before, and the last is everything.
    ///
    /// ```
    /// use onebox_release::Strategy;
    ///
    /// let linear: Strategy = "Linear10PercentEvery1Minute".parse()?;
    /// let parts: Vec<_> = linear.steps().iter().map(|step| step.percent.hundredths() / 100).collect();
    /// assert_eq!(parts, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
    /// # Ok::<(), onebox_release::StrategyError>(())
    /// ```
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        match self {
            Self::AllAtOnce => vec![Step::LAST],
            Self::Canary { percent, wait } => rising([Step { percent: *percent, then: Pause::For(*wait) }]),
            Self::Linear { percent, every } => repeated(*percent, *every, |sum| sum + part(*percent)),
            Self::Exponential { first, factor, every } => {
                repeated(*first, *every, |part| (part * u64::from(*factor) + 50) / 100)
            }
            Self::Steps(steps) => rising(steps.iter().cloned()),
        }
    }

    /// How long the steps take where nothing holds them, approvals not counted.
    #[must_use]
    pub fn duration(&self) -> Duration {
        let waits = self.steps().into_iter().map(|step| match step.then {
            Pause::For(wait) => wait,
            Pause::Approval => Duration::ZERO,
        });
        waits.fold(Duration::ZERO, Duration::saturating_add)
    }

    /// What CodeDeploy calls it, if it is one of CodeDeploy's own.
    ///
    /// ```
    /// use onebox_release::Strategy;
    ///
    /// assert_eq!(Strategy::AllAtOnce.codedeploy_name().as_deref(), Some("CodeDeployDefault.LambdaAllAtOnce"));
    /// assert_eq!(Strategy::Steps(Vec::new()).codedeploy_name(), None);
    /// ```
    #[must_use]
    pub fn codedeploy_name(&self) -> Option<String> {
        self.name().map(|name| [PREFIX, name].concat())
    }

    fn name(&self) -> Option<&'static str> {
        NAMES.iter().find(|(_, strategy)| strategy == self).map(|(name, _)| *name)
    }
}

fn part(percent: Percent) -> u64 {
    u64::from(percent.hundredths())
}

/// Those steps that are larger than the one before, and then everything.
fn rising(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let mut reached = Percent::NONE;
    let mut rising: Vec<_> = steps
        .into_iter()
        .filter(|step| {
            let rises = reached < step.percent && step.percent < Percent::ALL;
            reached = reached.max(step.percent);
            rises
        })
        .collect();
    rising.push(Step::LAST);
    rising
}

/// Steps that grow by a rule, by a hundredth of a percent at least: they end, whatever the rule is.
fn repeated(first: Percent, every: Duration, next: impl Fn(u64) -> u64) -> Vec<Step> {
    let grown = |step: &Step| {
        let now = part(step.percent);
        let percent = u16::try_from(next(now).max(now + 1)).ok().and_then(Percent::from_hundredths)?;
        Some(Step { percent, then: Pause::For(every) })
    };
    let first = first.max(Percent::SMALLEST);
    rising(std::iter::successors(Some(Step { percent: first, then: Pause::For(every) }), grown))
}

/// Why a text is not a strategy's name.
///
/// ```
/// let error = "Canary20Percent5Minutes".parse::<onebox_release::Strategy>().unwrap_err();
/// assert!(error.to_string().starts_with("\"Canary20Percent5Minutes\" is no strategy: expected one of AllAtOnce, "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategyError {
    found: String,
}

impl fmt::Display for StrategyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = NAMES.map(|(name, _)| name).join(", ");
        write!(f, "{:?} is no strategy: expected one of {names}, or a table such as ", self.found)?;
        f.write_str("{ canary = { percent = 10, wait = \"5m\" } }")
    }
}

impl error::Error for StrategyError {}

impl FromStr for Strategy {
    type Err = StrategyError;

    fn from_str(text: &str) -> Result<Self, StrategyError> {
        let name = text.strip_prefix(PREFIX).or_else(|| text.strip_prefix("Lambda")).unwrap_or(text);
        let found = NAMES.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, strategy)| strategy).ok_or_else(|| StrategyError { found: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{
        prelude::{Just, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest},
        strategy::Strategy as Generator,
    };

    use super::*;

    fn parts(strategy: &Strategy) -> Vec<u16> {
        strategy.steps().iter().map(|step| step.percent.hundredths()).collect()
    }

    fn percent(hundredths: u16) -> Percent {
        Percent::from_hundredths(hundredths).unwrap()
    }

    #[test]
    fn every_name_of_codedeploy_is_read_with_and_without_its_prefixes() {
        for (name, strategy) in NAMES {
            for prefix in ["", "Lambda", "CodeDeployDefault.Lambda"] {
                assert_eq!([prefix, name].concat().parse(), Ok(strategy.clone()));
            }
            let full = ["CodeDeployDefault.Lambda", name].concat();
            assert_eq!(strategy.codedeploy_name(), Some(full));
        }
        for name in ["", "Lambda", "allatonce", "CodeDeployDefault.AllAtOnce", "LambdaLambdaAllAtOnce", "AllAtOnce "] {
            let error = name.parse::<Strategy>().unwrap_err().to_string();
            assert!(NAMES.iter().all(|(known, _)| error.contains(known)), "{error}");
        }
    }

    #[test]
    fn a_canary_waits_once() {
        let strategy: Strategy = "Canary10Percent15Minutes".parse().unwrap();
        let wait = Duration::from_secs(900);
        assert_eq!(strategy.steps(), [Step { percent: percent(1_000), then: Pause::For(wait) }, Step::LAST]);
        assert_eq!(strategy.duration(), wait);
    }

    #[test]
    fn a_linear_strategy_begins_at_once_and_ends_with_what_is_left() {
        let strategy: Strategy = "Linear10PercentEvery10Minutes".parse().unwrap();
        assert_eq!(strategy.duration(), Duration::from_secs(90 * 60));
        let third = Strategy::Linear { percent: percent(3_000), every: Duration::from_secs(1) };
        assert_eq!(parts(&third), [3_000, 6_000, 9_000, 10_000]);
    }

    #[test]
    fn an_exponential_strategy_multiplies() {
        let every = Duration::from_secs(1);
        for (first, factor, expected) in [
            (100, 200, vec![100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000]),
            (1_000, 150, vec![1_000, 1_500, 2_250, 3_375, 5_063, 7_595, 10_000]),
            (5_000, 1_000_000, vec![5_000, 10_000]),
        ] {
            let strategy = Strategy::Exponential { first: percent(first), factor, every };
            assert_eq!(parts(&strategy), expected);
        }
    }

    #[test]
    fn everything_is_the_last_step_listed_or_not() {
        let step = |hundredths| Step { percent: percent(hundredths), then: Pause::Approval };
        assert_eq!(parts(&Strategy::Steps(vec![step(100), step(5_000)])), [100, 5_000, 10_000]);
        assert_eq!(Strategy::Steps(vec![step(100), step(10_000)]).steps(), [step(100), Step::LAST]);
        assert_eq!(parts(&Strategy::Steps(Vec::new())), [10_000]);
    }

    /// Any strategy, sensible or not: a journal may hold what no plan would be accepted with.
    fn any_strategy() -> impl Generator<Value = Strategy> {
        let any_percent = || (0..=10_000_u16).prop_map(percent);
        let any_wait = || (0..100_000_u64).prop_map(Duration::from_millis);
        let step = (any_percent(), prop_oneof![any_wait().prop_map(Pause::For), Just(Pause::Approval)]);
        prop_oneof![
            Just(Strategy::AllAtOnce),
            (any_percent(), any_wait()).prop_map(|(percent, wait)| Strategy::Canary { percent, wait }),
            (any_percent(), any_wait()).prop_map(|(percent, every)| Strategy::Linear { percent, every }),
            (any_percent(), any::<u32>(), any_wait()).prop_map(|(first, factor, every)| Strategy::Exponential {
                first,
                factor,
                every
            }),
            prop::collection::vec(step.prop_map(|(percent, then)| Step { percent, then }), 0..8)
                .prop_map(Strategy::Steps),
        ]
    }

    proptest! {
        #[test]
        fn steps_rise_to_everything(strategy in any_strategy()) {
            let steps = strategy.steps();
            prop_assert!(steps[0].percent > Percent::NONE);
            prop_assert!(steps.windows(2).all(|pair| pair[0].percent < pair[1].percent));
            prop_assert_eq!(steps.last(), Some(&Step::LAST));
        }
    }
}
