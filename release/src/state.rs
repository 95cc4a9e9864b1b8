//! Where a release stands. Everything that a resumed release needs; nothing is inferred from weights.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Effect, Event, Percent, Plan};

/// Where a release stands: written to the journal before [`State::effect`] is performed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct State {
    /// The format's version: [`State::VERSION`].
    pub version: u32,
    /// The latest time that was handed in; where the clock jumps back, every stored time moves with it.
    pub clock: Timestamp,
    /// The stage.
    pub stage: Stage,
    /// When it began.
    pub since: Timestamp,
    /// The aliases, in the plan's order: backends, one-box, regular.
    pub lanes: Vec<Lane>,
    /// What happened in the step that led here.
    pub events: Vec<Event>,
    /// What is wanted now.
    pub effect: Effect,
}

impl State {
    /// The format that this release of onebox writes.
    pub const VERSION: u32 = 1;

    /// Before the first step. The first input is [`Input::Resume`](crate::Input::Resume).
    #[must_use]
    pub fn new(plan: &Plan, now: Timestamp) -> Self {
        let lanes = plan.shifts().map(|(group, shift)| Lane::new(group, shift)).collect();
        Self {
            version: Self::VERSION,
            clock: now,
            stage: Stage::Preflight,
            since: now,
            lanes,
            events: Vec::new(),
            effect: Effect::Wait { until: now },
        }
    }
}

/// The stages of a release, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Aliases, versions and alarms are read; nothing is changed.
    Preflight,
    /// Code is uploaded and published.
    Publish,
    /// Alarms for the new versions are made.
    Arm,
    /// Hooks before traffic.
    Before(Group),
    /// Traffic moves.
    Shift(Group),
    /// Hooks after traffic.
    After(Group),
    /// Alarms are watched between the one-box and the regular side.
    Bake,
    /// Alarms are watched after the last shift.
    FinalBake,
    /// Everything goes back.
    RollBack,
    /// Alarms that were made are removed.
    Disarm,
    /// Over.
    Over,
}

/// Aliases that move together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// The backends.
    Backends,
    /// The frontend that a part of the visitors sees.
    OneBox,
    /// The frontend that everyone else sees.
    Regular,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backends => "backends",
            Self::OneBox => "one-box",
            Self::Regular => "regular",
        })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preflight => f.write_str("preflight"),
            Self::Publish => f.write_str("publish"),
            Self::Arm => f.write_str("arm alarms"),
            Self::Before(group) => write!(f, "{group}: hooks before traffic"),
            Self::Shift(group) => write!(f, "{group}: shift"),
            Self::After(group) => write!(f, "{group}: hooks after traffic"),
            Self::Bake => f.write_str("bake"),
            Self::FinalBake => f.write_str("final bake"),
            Self::RollBack => f.write_str("roll back"),
            Self::Disarm => f.write_str("remove alarms"),
            Self::Over => f.write_str("over"),
        }
    }
}

/// One alias on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Lane {
    /// Its group.
    pub group: Group,
    /// The function.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The version it stood on; known after the preflight.
    pub from: Option<String>,
    /// The version it goes to; known when it is published.
    pub to: Option<String>,
    /// The new version's part, as last confirmed by AWS.
    pub percent: Percent,
    /// The revision that the next update builds on.
    pub revision: Option<String>,
    /// How many of its steps are taken.
    pub step: usize,
    /// When the last was taken.
    pub since: Option<Timestamp>,
}

impl Lane {
    fn new(group: Group, shift: &crate::Shift) -> Self {
        Self {
            group,
            function: shift.function.clone(),
            alias: shift.alias.clone(),
            from: None,
            to: None,
            percent: Percent::NONE,
            revision: None,
            step: 0,
            since: None,
        }
    }
}
