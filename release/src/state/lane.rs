//! One alias of a release: where it was, where it goes, and what is known about it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Gate, Group, Traffic, Tries, is_default};
use crate::{AliasView, Percent, Routing};

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
    /// The SHA-256 of `$LATEST` that is published, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
    /// The revision of `$LATEST` that was read: only that one is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) latest: Option<String>,
    /// The version it stood on, as the preflight saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fit: Option<Fit>,
    /// The part that was asked for and that AWS has not confirmed yet: the alias is in doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wanted: Option<Percent>,
    /// Where somebody else put it; `Some(None)`: it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) foreign: Option<Foreign>,
    /// Why it cannot be put back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stuck: Option<String>,
    /// Whether AWS has moved all the traffic that an update without weights moves.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) settling: Settling,
    /// Whether the alias has provisioned concurrency, which makes AWS move traffic slowly.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) provisioned: bool,
    /// Whether the version that it stood on was deleted: there is no way back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) lost: bool,
    /// Whether it was put back: it is read once more before the end.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) back: bool,
    /// CodeDeploy's deployment.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) deployment: Deploying,
    /// When the state of its own alarm changed last, by CloudWatch's clock, as far as that is accounted for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alarm_changed: Option<Timestamp>,
    /// When CodeDeploy was told about it last, or perhaps told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deployed: Option<Timestamp>,
    /// What holds the step.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) gate: Gate,
    /// How often its update failed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) tries: Tries,
    /// What was counted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) traffic: Traffic,
}

/// What both versions of an alias must have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Fit {
    pub(crate) role: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dead_letter: Option<String>,
}

/// What somebody else did to an alias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Foreign {
    /// It points elsewhere, or it was touched.
    Moved(Routing),
    /// There is no such alias any more.
    Gone,
}

/// Whether AWS has moved all the traffic that an update without weights moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Settling {
    /// It was seen, or the update had weights.
    #[default]
    Settled,
    /// The update was answered so, and the alias was not read since: AWS may show otherwise.
    Unread,
    /// AWS still moves it since then, or perhaps does.
    Moving(Timestamp),
}

/// What is known about CodeDeploy's deployment of a lane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Deploying {
    /// CodeDeploy was not told.
    #[default]
    Untold,
    /// It was perhaps told.
    Doubtful,
    /// It is under way.
    Running(String),
    /// It is over.
    Ended(String),
}

impl Lane {
    pub(super) fn new(group: Group, shift: &crate::Shift) -> Self {
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
            sha256: None,
            latest: None,
            fit: None,
            wanted: None,
            foreign: None,
            stuck: None,
            settling: Settling::default(),
            provisioned: false,
            lost: false,
            back: false,
            deployment: Deploying::default(),
            alarm_changed: None,
            deployed: None,
            gate: Gate::default(),
            tries: Tries::default(),
            traffic: Traffic::default(),
        }
    }

    /// `function:alias`.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.function, self.alias)
    }

    /// Where the alias points with this part on the new version.
    pub(crate) fn routing(&self, percent: Percent) -> Routing {
        let from = self.from.clone().unwrap_or_default();
        let to = self.to.clone().unwrap_or_default();
        match percent {
            Percent::NONE => Routing::wholly(from),
            Percent::ALL => Routing::wholly(to),
            part => Routing { version: from, additional: Some((to, part)) },
        }
    }

    /// Whether an alias that is seen like this is on its way to this part: it points wholly there, and AWS still gives
    /// traffic to the version that it leaves.
    pub(crate) fn is_way_to(&self, percent: Percent, seen: &Routing) -> bool {
        let (goes, leaves) = match percent {
            Percent::NONE => (&self.from, &self.to),
            Percent::ALL => (&self.to, &self.from),
            _ => return false,
        };
        let left = seen.additional.as_ref().map(|(version, _)| version);
        goes.as_ref() == Some(&seen.version) && left.is_some() && left == leaves.as_ref()
    }

    /// Whether an alias that is seen like this was put back, and AWS still moves its traffic: it was seen so after our update,
    /// or nothing but our update explains it. Weights of somebody else between the same two versions look the same; where
    /// the alias has no provisioned concurrency AWS does not keep any, so that they are somebody else's.
    pub(crate) fn is_moving_back(&self, seen: &Routing) -> bool {
        let after_update = matches!(self.settling, Settling::Moving(_))
            || (self.settling == Settling::Unread && self.percent == Percent::NONE);
        let explained = after_update || self.percent == Percent::ALL || self.provisioned;
        explained && self.wanted == Some(Percent::NONE) && self.is_way_to(Percent::NONE, seen)
    }

    /// Whether this release changed the alias, or perhaps did.
    pub(crate) fn is_touched(&self) -> bool {
        self.percent > Percent::NONE
            || self.wanted.is_some()
            || self.foreign.is_some()
            || self.stuck.is_some()
            || self.deployment != Deploying::Untold
    }

    /// Whether an alias that this release left with a part on the new version stands on its old one, and no update of this
    /// release can have put it there. One that was reported as changed is back where it is wanted, whoever did it.
    pub(crate) fn is_put_back_by_another(&self, seen: &AliasView) -> bool {
        let ours = self.wanted == Some(Percent::NONE) || self.deployment != Deploying::Untold || self.foreign.is_some();
        self.percent > Percent::NONE
            && !ours
            && seen.routing == self.routing(Percent::NONE)
            && self.revision.as_ref() != Some(&seen.revision)
    }

    /// Whether an alias that is seen like this stands as this release left it, or perhaps left it.
    pub(crate) fn is_ours(&self, seen: &AliasView) -> bool {
        let ours = [Some(self.percent), self.wanted, Some(Percent::NONE)];
        let known = ours.into_iter().flatten().any(|percent| seen.routing == self.routing(percent));
        // CodeDeploy moves weights when it wants: every mixture of the two versions is its own.
        let mine = |version: &String| self.from.as_ref() == Some(version) || self.to.as_ref() == Some(version);
        let mixed = mine(&seen.routing.version) && seen.routing.additional.iter().all(|(version, _)| mine(version));
        let settling = Some(self.percent).filter(|_| self.settling != Settling::Settled);
        let forwards = self.wanted.filter(|wanted| *wanted > Percent::NONE);
        let moving = self.is_moving_back(&seen.routing)
            || [forwards, settling].into_iter().flatten().any(|percent| self.is_way_to(percent, &seen.routing));
        known || moving || (self.deployment != Deploying::Untold && mixed)
    }
}
