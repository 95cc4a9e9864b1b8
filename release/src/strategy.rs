//! How fast an alias moves.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Percent;

/// How fast an alias moves: a list of steps, the last of which is everything.
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
    /// Any ascending list.
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
