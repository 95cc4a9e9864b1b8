//! Where a release stands. Everything that a resumed release needs; nothing is inferred from weights.

use std::{collections::BTreeMap, fmt, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AlarmState, AliasView, Counts, Effect, Event, Evidence, Input, Percent, Place, Plan, Routing, Verdict};

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
    /// The lane that the next poll reads first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) polled: usize,
    /// Whether code was uploaded or published, or perhaps was.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) published: bool,
    /// Since when AWS takes no credentials, or not this machine's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Timestamp>,
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
            polled: 0,
            published: false,
            refused: None,
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
    /// The SHA-256 of `$LATEST` that is published, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sha256: Option<String>,
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
            sha256: None,
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

    /// Whether an alias that is seen like this was put back, and AWS still moves its traffic: seen so after our update, or
    /// nothing but our update explains it.
    pub(crate) fn is_moving_back(&self, seen: &Routing) -> bool {
        let explained = matches!(self.settling, Settling::Moving(_)) || self.percent == Percent::ALL;
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
        let moving = [self.wanted, settling].into_iter().flatten();
        let moving = moving.into_iter().any(|percent| self.is_way_to(percent, &seen.routing));
        known || moving || (self.deployment != Deploying::Untold && mixed)
    }
}
