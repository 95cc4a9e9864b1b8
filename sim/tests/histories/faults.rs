//! What goes wrong, at every call of a run.

use jiff::SignedDuration;
use onebox_release::{AlarmState, Percent, Routing};
use onebox_sim::control::{Around, At, Fault, FaultPlan, Trouble};

use crate::{
    guards,
    shapes::{ALARM, NEW, OLD},
};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    None,
    Throttled,
    ThrottledLong,
    Broken,
    LostRequest,
    LostRequests,
    LostAnswer,
    LostAnswers,
    DeniedOnce,
    Denied,
    /// The session expires, and somebody logs in again.
    Expired,
    AlarmFires,
    AlarmFlaps,
    AlarmSilent,
    AlarmSilentLong,
    AlarmGone,
    NoData,
    EditedBefore,
    EditedAfter,
    Tampered,
    EditedTwice,
    OldVersionGone,
    NewVersionGone,
    ClockBack,
    /// Somebody makes an alarm of the name that the release would give its own.
    AlarmTaken,
    /// Somebody makes an alias of the name of a guard, or moves the guard.
    GuardTaken,
    /// The driver, or the whole machine, is away, and an alarm does something meanwhile.
    Gap(Gap),
    /// Not a fault: a person says so at any time.
    Aborted,
    /// Not a fault: a person says so at any time.
    Promoted,
    /// A driver with credentials of another account, or of another region, which has everything under the same names.
    Elsewhere,
}

/// Those that strike a call.
pub(crate) const KINDS: [Kind; 25] = [
    Kind::Throttled,
    Kind::ThrottledLong,
    Kind::Broken,
    Kind::LostRequest,
    Kind::LostRequests,
    Kind::LostAnswer,
    Kind::LostAnswers,
    Kind::DeniedOnce,
    Kind::Denied,
    Kind::Expired,
    Kind::AlarmFires,
    Kind::AlarmFlaps,
    Kind::AlarmSilent,
    Kind::AlarmSilentLong,
    Kind::AlarmGone,
    Kind::NoData,
    Kind::EditedBefore,
    Kind::EditedAfter,
    Kind::Tampered,
    Kind::EditedTwice,
    Kind::OldVersionGone,
    Kind::NewVersionGone,
    Kind::ClockBack,
    Kind::AlarmTaken,
    Kind::GuardTaken,
];

/// What an alarm does while nobody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Gap {
    /// Nothing.
    Quiet,
    /// It fires, and is well again.
    Fired,
    /// It has no data for a while.
    Silent,
    /// It fires, and has no data afterwards.
    FiredThenSilent,
    /// It has no data, and fires: it still does when somebody looks.
    Fires,
}

/// Every one.
pub(crate) const GAPS: [Gap; 5] = [Gap::Quiet, Gap::Fired, Gap::Silent, Gap::FiredThenSilent, Gap::Fires];

impl Gap {
    /// The state that the alarm gets, and the one that it is left in.
    pub(crate) fn states(self) -> Option<(AlarmState, AlarmState)> {
        match self {
            Self::Quiet => None,
            Self::Fired => Some((AlarmState::Alarm, AlarmState::Ok)),
            Self::Silent => Some((AlarmState::InsufficientData, AlarmState::Ok)),
            Self::FiredThenSilent => Some((AlarmState::Alarm, AlarmState::InsufficientData)),
            Self::Fires => Some((AlarmState::InsufficientData, AlarmState::Alarm)),
        }
    }
}

/// The name of the release's own alarm.
pub(crate) fn own_alarm(function: &str) -> String {
    format!("onebox-r1/{function}/live/{NEW}/errors")
}

/// What somebody's own alarm is for.
pub(crate) const TAKEN: &str = "pages the shop";

/// Longer than any run.
const EVER: u64 = 1_000_000;

impl Kind {
    /// Whether it is over as soon as it struck: what comes after is up to the release alone.
    pub(crate) fn is_brief(self) -> bool {
        !matches!(
            self,
            Self::ThrottledLong
                | Self::LostRequests
                | Self::LostAnswers
                | Self::Denied
                | Self::Expired
                | Self::AlarmFlaps
                | Self::AlarmSilent
                | Self::NoData
                | Self::EditedTwice
                | Self::AlarmTaken
                | Self::Gap(_)
        )
    }

    /// Whether it is over so soon that the end is the same as without it.
    pub(crate) fn is_passing(self) -> bool {
        matches!(
            self,
            Self::None
                | Self::Throttled
                | Self::Broken
                | Self::LostRequest
                | Self::LostAnswer
                | Self::ClockBack
                | Self::GuardTaken
        )
    }

    /// Whether an alias may be impossible to put back.
    pub(crate) fn is_sticky(self) -> bool {
        matches!(self, Self::Denied | Self::DeniedOnce | Self::ThrottledLong | Self::OldVersionGone)
    }

    /// Whether it is somebody else's change of an alias.
    pub(crate) fn is_edit(self) -> bool {
        matches!(self, Self::EditedBefore | Self::EditedAfter | Self::Tampered | Self::EditedTwice)
    }

    /// Whether it is an alarm that fires, or one that cannot be measured.
    pub(crate) fn is_alarm(self) -> bool {
        matches!(
            self,
            Self::AlarmFires | Self::AlarmFlaps | Self::AlarmSilent | Self::AlarmSilentLong | Self::AlarmGone
        )
    }

    /// The faults that strike one call, and perhaps those after it.
    pub(crate) fn at(self, call: u64, function: &str) -> FaultPlan {
        let one = |at: u64, times: u64, trouble: Trouble| Fault { at: At::Call(at), times, trouble };
        let edit =
            |at, to, when| one(at, 1, Trouble::Edited { function: function.into(), alias: "live".into(), to, when });
        let alarm = |at, state| one(at, 1, Trouble::Alarm { name: ALARM.into(), state });
        let gone =
            |version: &str| one(call, 1, Trouble::VersionGone { function: function.into(), version: version.into() });
        let foreign = || Routing::wholly("5");
        let third = Percent::from_hundredths(3_333).unwrap();
        FaultPlan(match self {
            Self::None | Self::Aborted | Self::Promoted | Self::Gap(_) | Self::Elsewhere => Vec::new(),
            Self::AlarmTaken => {
                vec![one(call, 1, Trouble::AlarmTaken { name: own_alarm(function), description: TAKEN.into() })]
            }
            Self::GuardTaken => {
                let (function, alias, when) = (function.into(), guards::name(OLD), Around::Before);
                vec![one(call, 1, Trouble::Edited { function, alias, to: foreign(), when })]
            }
            Self::Throttled => vec![one(call, 1, Trouble::Throttled)],
            Self::ThrottledLong => vec![one(call, 6, Trouble::Throttled)],
            Self::Broken => vec![one(call, 1, Trouble::Broken)],
            Self::LostRequest => vec![one(call, 1, Trouble::LostRequest)],
            Self::LostRequests => vec![one(call, 3, Trouble::LostRequest)],
            Self::LostAnswer => vec![one(call, 1, Trouble::LostAnswer)],
            Self::LostAnswers => vec![one(call, 3, Trouble::LostAnswer)],
            Self::DeniedOnce => vec![one(call, 1, Trouble::Denied)],
            Self::Denied => vec![one(call, EVER, Trouble::Denied)],
            Self::Expired => vec![one(call, 2, Trouble::Expired)],
            Self::AlarmFires => vec![alarm(call, AlarmState::Alarm)],
            Self::AlarmFlaps => vec![alarm(call, AlarmState::Alarm), alarm(call + 2, AlarmState::Ok)],
            Self::AlarmSilent => vec![alarm(call, AlarmState::InsufficientData), alarm(call + 3, AlarmState::Ok)],
            Self::AlarmSilentLong => vec![alarm(call, AlarmState::InsufficientData)],
            Self::AlarmGone => vec![one(call, 1, Trouble::AlarmGone { name: ALARM.into() })],
            Self::NoData => vec![one(call, EVER, Trouble::NoData)],
            Self::EditedBefore => vec![edit(call, foreign(), Around::Before)],
            Self::EditedAfter => vec![edit(call, foreign(), Around::After)],
            // To the release's own versions, but not as the release left them.
            Self::Tampered => {
                let to = Routing { version: OLD.into(), additional: Some((NEW.into(), third)) };
                vec![edit(call, to, Around::Before)]
            }
            Self::EditedTwice => {
                vec![edit(call, foreign(), Around::Before), edit(call + 2, Routing::wholly(OLD), Around::Before)]
            }
            Self::OldVersionGone => vec![gone(OLD)],
            Self::NewVersionGone => vec![gone(NEW)],
            Self::ClockBack => vec![one(call, 1, Trouble::ClockBack(SignedDuration::from_hours(1)))],
        })
    }
}
