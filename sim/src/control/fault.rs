//! What goes wrong, as data: which call it strikes, and how.

use jiff::SignedDuration;
use onebox_release::{AlarmState, Routing};

/// What goes wrong in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan(pub Vec<Fault>);

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The first call that it strikes.
    pub at: At,
    /// How many calls of that kind it strikes in a row: at least one.
    pub times: u64,
    /// What goes wrong.
    pub trouble: Trouble,
}

/// A call, by its place in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// This one of all calls, counted from 0.
    Call(u64),
    /// This one of an operation's calls, counted from 0; the name is AWS's: `UpdateAlias`.
    Operation(&'static str, u64),
}

/// What goes wrong with a call, or happens beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// 429; nothing is applied.
    Throttled,
    /// 403; nothing is applied.
    Denied,
    /// 403, for the session has expired; nothing is applied.
    Expired,
    /// 403, for the request's time is too old; nothing is applied.
    Skewed,
    /// 500; nothing is applied.
    Broken,
    /// The request never arrives, and so does no answer.
    LostRequest,
    /// The call is applied, and its answer never arrives.
    LostAnswer,
    /// `GetMetricData` knows of no traffic.
    NoData,
    /// Somebody else moves an alias, just before the call is applied or just after.
    Edited {
        /// The function.
        function: String,
        /// The alias.
        alias: String,
        /// Where to.
        to: Routing,
        /// Before the call is applied, or after.
        when: Around,
    },
    /// An alarm changes to this state before the call is applied.
    Alarm {
        /// The alarm.
        name: String,
        /// The state.
        state: AlarmState,
    },
    /// Somebody deletes an alarm before the call is applied.
    AlarmGone {
        /// The alarm.
        name: String,
    },
    /// Somebody makes an alarm of their own under this name, or replaces the one that has it, before the call is applied.
    AlarmTaken {
        /// The alarm.
        name: String,
        /// What it is described as.
        description: String,
    },
    /// Somebody deletes a version before the call is applied, where AWS lets them.
    VersionGone {
        /// The function.
        function: String,
        /// The version.
        version: String,
    },
    /// Somebody changes a function's configuration before the call is applied.
    Reconfigured {
        /// The function.
        function: String,
    },
    /// The clock of whoever calls is turned back by so much: see [`ControlPlane::turned_back`](super::ControlPlane::turned_back).
    ClockBack(SignedDuration),
}

/// On which side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// Before it is applied.
    Before,
    /// After.
    After,
}

impl FaultPlan {
    /// One fault, once.
    #[must_use]
    pub fn once(at: At, trouble: Trouble) -> Self {
        Self(vec![Fault { at, times: 1, trouble }])
    }

    /// What strikes a call that is the `call`th of all and the `nth` of its operation.
    pub(crate) fn strikes(&self, operation: &str, call: u64, nth: u64) -> impl Iterator<Item = &Trouble> {
        let strikes = move |fault: &&Fault| {
            let past = match fault.at {
                At::Call(first) => call.checked_sub(first),
                At::Operation(name, first) if name == operation => nth.checked_sub(first),
                At::Operation(..) => None,
            };
            past.is_some_and(|past| past < fault.times)
        };
        self.0.iter().filter(strikes).map(|fault| &fault.trouble)
    }
}
