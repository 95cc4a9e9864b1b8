//! What happened, for people, journals and pages.

use std::fmt;

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};

use crate::{Ending, Percent};

/// One thing that happened in a release.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// The release began.
    Began,
    /// The account and the region are known.
    Located {
        /// The account.
        account: String,
        /// The region.
        region: String,
    },
    /// It goes on after a crash or a stop.
    Resumed,
    /// A stage began.
    Entered {
        /// The stage, in the words of [`Stage`](crate::Stage).
        stage: String,
    },
    /// Code was published as this version.
    Published {
        /// The function.
        function: String,
        /// The version.
        version: String,
    },
    /// The new version's part of an alias's traffic changed.
    Shifted {
        /// The function.
        function: String,
        /// The alias.
        alias: String,
        /// The version it leaves.
        from: String,
        /// The version it goes to.
        to: String,
        /// That version's part now.
        percent: Percent,
    },
    /// An alias is wholly on its old version again.
    PutBack {
        /// The function.
        function: String,
        /// The alias.
        alias: String,
        /// The version.
        version: String,
    },
    /// A hook passed.
    HookPassed {
        /// The hook.
        hook: String,
        /// The function it is for.
        function: String,
    },
    /// A hook failed.
    HookFailed {
        /// The hook.
        hook: String,
        /// The function it is for.
        function: String,
        /// What it said.
        reason: String,
    },
    /// An alarm fired.
    AlarmFired {
        /// The alarm.
        alarm: String,
        /// When, by CloudWatch's clock, where it fired between two looks and its history tells.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// Nobody watched the alarms for a while: what waits is extended by that.
    NotObserved {
        /// When they were last read.
        from: Timestamp,
        /// When they were read again.
        to: Timestamp,
        /// What waits.
        waiting: String,
    },
    /// A new version's health was judged.
    Judged {
        /// The function.
        function: String,
        /// The alias.
        alias: String,
        /// The judgement and its figures.
        verdict: String,
    },
    /// The release is held: this is missing.
    Held {
        /// What is missing.
        reason: String,
    },
    /// A person gave an order.
    Ordered {
        /// `abort` or `promote`.
        order: String,
        /// Why.
        because: String,
    },
    /// Something that a person should know; the release goes on.
    Noted {
        /// What.
        note: String,
    },
    /// Everything is being put back.
    RollingBack {
        /// Why.
        reason: String,
    },
    /// The release ended, or stopped.
    Ended {
        /// How.
        ending: Ending,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Began => write!(f, "the release begins"),
            Self::Located { account, region } => write!(f, "account {account}, region {region}"),
            Self::Resumed => write!(f, "the release goes on"),
            Self::Entered { stage } => write!(f, "{stage}"),
            Self::Published { function, version } => write!(f, "{function}: published version {version}"),
            Self::Shifted { function, alias, to, percent: Percent::ALL, .. } => {
                write!(f, "{function}:{alias}: {} on version {to}", Percent::ALL)
            }
            Self::Shifted { function, alias, from, to, percent } => {
                write!(f, "{function}:{alias}: {percent} on version {to}, the rest on {from}")
            }
            Self::PutBack { function, alias, version } => {
                write!(f, "{function}:{alias}: wholly on version {version} again")
            }
            Self::HookPassed { hook, function } => write!(f, "{function}: the hook {hook} passed"),
            Self::HookFailed { hook, function, reason } => write!(f, "{function}: the hook {hook} failed: {reason}"),
            Self::AlarmFired { alarm, at: None } => write!(f, "the alarm {alarm} fired"),
            Self::AlarmFired { alarm, at: Some(at) } => {
                write!(f, "the alarm {alarm} fired at {at:.0}, between two looks")
            }
            Self::NotObserved { from, to, waiting } => {
                let span = to.duration_since(*from).round(Unit::Second).unwrap_or_default();
                write!(f, "not observed for {span:#}: {waiting} is extended by that")
            }
            Self::Judged { function, alias, verdict } => write!(f, "{function}:{alias}: {verdict}"),
            Self::Held { reason } => write!(f, "held: {reason}"),
            Self::Ordered { order, because } => write!(f, "{order}: {because}"),
            Self::Noted { note } => write!(f, "{note}"),
            Self::RollingBack { reason } => write!(f, "everything goes back: {reason}"),
            Self::Ended { ending } => write!(f, "{ending}"),
        }
    }
}
