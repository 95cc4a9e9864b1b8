//! Where a release stands. Everything that a resumed release needs; nothing is inferred from weights.

mod guard;
mod lane;

use std::{collections::BTreeMap, fmt, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AlarmState, Counts, Effect, Event, Evidence, Input, Place, Plan, Verdict};
pub(crate) use guard::{Exists, Guard};
pub use lane::Lane;
pub(crate) use lane::{Deploying, Fit, Foreign, Settling};

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
    /// Where everything is: known after the first answers, and the same from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The aliases, in the plan's order: backends, one-box, regular.
    pub lanes: Vec<Lane>,
    /// What happened in the step that led here.
    pub events: Vec<Event>,
    /// What is wanted now.
    pub effect: Effect,
    /// What the effect is for.
    pub(crate) task: Task,
    /// What holds the bake.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) gate: Gate,
    /// How often the task failed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) tries: Tries,
    /// What was told about in this stage, so that it is told once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) told: Vec<String>,
    /// What the alarms said last.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) alarms: Alarms,
    /// When the state of each of the plan's alarms changed last, by CloudWatch's clock, as far as that is accounted for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) changed: BTreeMap<String, Timestamp>,
    /// How long, and how well, alarms were watched.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) watch: Watch,
    /// Why traffic could not be read, at the last try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unread: Option<String>,
    /// The alarms that were made for this release, or perhaps made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) armed: Vec<String>,
    /// The aliases that protect what a rollback needs: to be created, created, or perhaps created.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) guards: Vec<Guard>,
    /// The lane that the next poll reads first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) polled: usize,
    /// Whether code was uploaded or published, or perhaps was.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) published: bool,
    /// Since when AWS takes no credentials, or not this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Timestamp>,
    /// The operation that AWS refused so: others may be answered meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused_call: Option<String>,
    /// Why everything goes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// Whether this driver has not proven yet that AWS is the release's place.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) unproven: bool,
    /// What waits for the proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proof: Option<Box<Proof>>,
    /// Whether the effect was perhaps performed before.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) repeated: bool,
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
            place: None,
            lanes,
            events: Vec::new(),
            effect: Effect::Wait { until: now },
            task: Task::Begin,
            gate: Gate::default(),
            tries: Tries::default(),
            told: Vec::new(),
            alarms: Alarms::default(),
            changed: BTreeMap::new(),
            watch: Watch::default(),
            unread: None,
            armed: Vec::new(),
            guards: Vec::new(),
            polled: 0,
            published: false,
            refused: None,
            refused_call: None,
            reason: None,
            unproven: false,
            proof: None,
            repeated: false,
        }
    }

    /// The state for a driver that did not lead to it: whatever it wants first, it proves first that AWS is still the
    /// place where the release began.
    #[must_use]
    pub fn for_another_driver(self) -> Self {
        Self { unproven: self.place.is_some(), ..self }
    }

    /// The state for one who may have performed its effect already, and was not heard.
    #[must_use]
    pub fn perhaps_performed(self) -> Self {
        Self { repeated: true, ..self }
    }

    /// Whether an input waits until the place is proven. Such a state is not journaled: where the proof fails, the
    /// release stands as it stood.
    #[must_use]
    pub fn awaits_proof(&self) -> bool {
        self.proof.is_some()
    }
}

/// What waits until the place is proven.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Proof {
    /// What is heard then.
    pub(crate) input: Input,
    /// The effect that was wanted before.
    pub(crate) effect: Effect,
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) tries: Tries,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// What an effect is for. With the rest of the state it says which calls are made; a crash repeats it, or looks first.
///
/// Numbers are places in [`State::lanes`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Task {
    /// Nothing was asked yet.
    Begin,
    /// Aliases, targets and alarms are read.
    Read,
    /// The versions that the aliases stand on are read.
    ReadCurrent,
    /// Provisioned concurrency is read, until it is ready.
    Provisioned,
    /// Zip files become `$LATEST`.
    Upload,
    /// `$LATEST` becomes a version.
    Publish,
    /// The new versions are read.
    ReadPublished,
    /// What is there under the names of the lanes' alarms is read.
    Claim(Vec<usize>),
    /// Alarms are made for the lanes.
    Arm(Vec<usize>),
    /// Guard aliases are created; those in doubt are read. Numbers are places in [`State::guards`].
    Guard { make: Vec<usize>, read: Vec<usize> },
    /// The hooks of these lanes run.
    Hook(Vec<usize>),
    /// Alarms are read.
    Watch,
    /// The history of the alarms that changed is read.
    History,
    /// Traffic is read.
    Measure,
    /// The aliases of these lanes are updated to what is wanted.
    Move(Vec<usize>),
    /// An update is in doubt: these aliases are read, and the alarms.
    Look(Vec<usize>),
    /// CodeDeploy is told about these lanes.
    Deploy(Vec<usize>),
    /// CodeDeploy was perhaps told about these lanes.
    Find(Vec<usize>),
    /// CodeDeploy is asked how far it is, and alarms are read.
    Follow,
    /// CodeDeploy's deployments of these lanes are looked for before everything goes back.
    Seek(Vec<usize>),
    /// CodeDeploy's deployments of these lanes are stopped.
    Halt(Vec<usize>),
    /// CodeDeploy puts these lanes back.
    Await(Vec<usize>),
    /// Aliases are put back; those in doubt are read first.
    Undo {
        /// The lanes that are put back.
        write: Vec<usize>,
        /// The lanes that are read.
        read: Vec<usize>,
    },
    /// Everything is done: these aliases are read once more.
    Last(Vec<usize>),
    /// The release's alarms are looked for.
    FindAlarms,
    /// They are deleted.
    DeleteAlarms(Vec<String>),
    /// Guard aliases that were just read are deleted; the others are read first.
    Unguard { remove: Vec<usize>, read: Vec<usize> },
    /// There is nothing to do.
    Over,
}

/// What the alarms said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alarms {
    /// Those that fired; with the time where that was seen in the history alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) fired: Vec<(String, Option<Timestamp>)>,
    /// Those that have, or had, no data, where that is as bad as a fired one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) starved: Vec<String>,
    /// Those whose state changed since it was last accounted for: what they were meanwhile is in their history.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) changed: Vec<Changed>,
    /// When they said it: a history that is read later says nothing about the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Timestamp>,
    /// Whether one had no data for a while, and has some again.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) lapsed: bool,
    /// Those that cannot be read, each with the reason: this is not the same as no data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) unreadable: Vec<(String, String)>,
    /// Those that have no data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) silent: Vec<String>,
}

/// An alarm whose state changed, perhaps more than once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Changed {
    /// The alarm's place among those that are watched.
    pub(crate) place: usize,
    pub(crate) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    /// What is accounted for.
    pub(crate) after: Timestamp,
    /// The last change, and what it led to.
    pub(crate) last: Timestamp,
    pub(crate) state: AlarmState,
}

/// How long, and how well, alarms were watched: only that time counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Watch {
    /// When they were last looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Timestamp>,
    /// Whether all of them were readable and had data then.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) well: bool,
    /// Whether nobody looked for too long before that.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) gap: bool,
    /// How much of the stage, or of the step, did not count although somebody looked.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) lost: Duration,
    /// The look that was last worth a line in the journal, so that a crash forgets little.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<Timestamp>,
    /// Whether this one is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) keep: bool,
}

/// What holds a step or a bake, and which orders lift it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gate {
    /// A person skipped the wait, and the proof with it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) skip: bool,
    /// A person, or the plan, goes on although alarms cannot be read or have no data.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) blind: bool,
    /// Since when the time has passed and something is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held: Option<Timestamp>,
}

/// How often something failed in a row, and since when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tries {
    pub(crate) count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Timestamp>,
    /// Whether the last one was throttled: waiting helps.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) throttled: bool,
}

/// What was counted of a lane's traffic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Traffic {
    /// Minutes before this one are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Timestamp>,
    /// What is counted already of the minute at `until`: of the old and of the new version.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) part: (Counts, Counts),
    /// Requests that the new version served in this step.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) requests: u64,
    /// Requests before this do not count as proof: nobody watched the alarms meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proven_from: Option<Timestamp>,
    /// What the comparison knows.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) evidence: Evidence,
    /// The verdict that was reported last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) verdict: Option<Verdict>,
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
    /// Aliases that protect the old versions from deletion are created.
    Guard,
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
    /// Alarms and guard aliases that were made are removed.
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
            Self::Guard => f.write_str("protect versions"),
            Self::Before(group) => write!(f, "{group}: hooks before traffic"),
            Self::Shift(group) => write!(f, "{group}: shift"),
            Self::After(group) => write!(f, "{group}: hooks after traffic"),
            Self::Bake => f.write_str("bake"),
            Self::FinalBake => f.write_str("final bake"),
            Self::RollBack => f.write_str("roll back"),
            Self::Disarm => f.write_str("clean up"),
            Self::Over => f.write_str("over"),
        }
    }
}
