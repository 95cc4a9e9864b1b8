//! What a tick is told, and what it tells: both are the same object, so that a state machine only hands it round.

use jiff::Timestamp;
use onebox_release::{Ending, Plan, Record, State, Target};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::serve::Failed;

/// The most that Step Functions hands from one state to the next, in bytes, less what it puts around a result:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
pub const LARGEST: usize = (256 - 8) * 1024;

/// The most aliases that a release in the cloud may move; with more its state could grow beyond [`LARGEST`].
pub const MOST_ALIASES: usize = 70;

/// What a tick is told. What else the last tick told is not looked at.
#[derive(Clone, Debug, Deserialize)]
pub struct Told {
    /// The plan, as a tree of `release.toml`.
    pub plan: Value,
    /// Where the release stands; `None` before the first tick.
    pub record: Option<Record>,
    /// A person's order.
    pub order: Option<Order>,
    /// Whether the release goes on after it was stopped: what was under way is looked at before it is repeated.
    #[serde(default)]
    pub resume: bool,
    /// How many ticks there were in this execution.
    #[serde(default)]
    pub ticks: u32,
}

/// A person's order, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Put everything back.
    Abort(String),
    /// Skip a wait, or go on although health is not proven.
    Promote(String),
}

/// What a tick tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tells {
    /// The plan, as it was told.
    pub plan: Value,
    /// Where the release stands now, as a line of the command's journal.
    pub record: Record,
    /// Whether a journal keeps the record; the others are looks and waits.
    pub kept: bool,
    /// What comes next.
    pub next: Next,
    /// When, for [`Next::Wait`] and [`Next::Anew`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// How the release ended, or why it stops, for [`Next::Over`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How many ticks there were in this execution, this one included.
    pub ticks: u32,
}

/// What comes after a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Next {
    /// Another tick, at once.
    Tick,
    /// Another tick, later.
    Wait,
    /// Another execution, since this one's history is nearly full.
    Anew,
    /// Nothing.
    Over,
}

impl Told {
    /// Reads what a tick is told.
    ///
    /// # Errors
    /// What was expected.
    pub(crate) fn read(event: &Value) -> Result<Self, Failed> {
        let version = event.pointer("/record/state/version").and_then(Value::as_u64);
        if version.is_some_and(|version| version > u64::from(State::VERSION)) {
            let message = "the state was written by a newer onebox: update the tick function and try again";
            return Err(Failed::new("Onebox.Newer", message));
        }
        Self::deserialize(event).map_err(|error| {
            let message = format!(r#"expected {{"plan": …}} or what the last tick told: {error}"#);
            Failed::new("Onebox.BadInput", message)
        })
    }

    /// Reads the plan.
    ///
    /// # Errors
    /// Every problem that it has.
    pub(crate) fn plan(&self) -> Result<Plan, Failed> {
        let refused = |message: String| Failed::new("Onebox.BadPlan", message);
        let plan = Plan::read(&self.plan)
            .map_err(|problems| refused(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
        let aliases = plan.shifts().count();
        if aliases > MOST_ALIASES {
            return Err(refused(format!(
                "{aliases} aliases are too many for Step Functions, which hands 256 KiB from state to state: at most \
                 {MOST_ALIASES}, or release with the command"
            )));
        }
        let zip = plan.shifts().find(|(_, shift)| matches!(shift.target, Target::Zip { .. }));
        match zip {
            Some((_, shift)) => Err(refused(format!(
                "{}: there are no zip files in the cloud; upload the code first and make the target \"latest\"",
                shift.function
            ))),
            None => Ok(plan),
        }
    }
}

/// A time as Step Functions reads it: whole seconds, none too early.
pub(crate) fn timestamp(until: Timestamp) -> String {
    let whole = until.as_second() + i64::from(until.subsec_nanosecond() > 0);
    Timestamp::from_second(whole).unwrap_or(until).to_string()
}
