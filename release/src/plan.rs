//! What shall happen: who moves, in which order, how fast, and what must hold meanwhile.

mod alarm;
mod fields;
mod read;
mod rules;
mod strategies;
mod template;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use self::rules::is_alias;
pub use self::{
    alarm::{Alarm, MissingData},
    fields::Problem,
    template::plan_template,
};
use crate::{Group, Strategy};

/// A release.
///
/// All backends move first, in parallel; then the one-box; it bakes; then the regular side; it bakes again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Plan {
    /// The release's name: 1 to 64 letters, digits, `_` and `-`.
    pub id: String,
    /// The AWS region; `None`: as the AWS CLI finds it.
    pub region: Option<String>,
    /// The AWS account, 12 digits; `None`: that of the credentials.
    #[serde(default)]
    pub account: Option<String>,
    /// Who moves the aliases.
    pub via: Via,
    /// The backends.
    pub backends: Vec<Shift>,
    /// The frontend that a part of the visitors sees.
    pub one_box: Option<Shift>,
    /// The frontend that everyone else sees.
    pub regular: Option<Shift>,
    /// How long alarms are watched between the one-box and the regular side.
    pub bake: Duration,
    /// How long they are watched after the last shift.
    pub final_bake: Duration,
    /// How often alarms and traffic are read.
    pub poll: Duration,
    /// The alarms that send everything back.
    pub alarms: Vec<Alarm>,
    /// Alarms of these that are not looked at, and why.
    pub ignored: Vec<Ignored>,
    /// Whether the versions that a rollback needs are protected from deletion, each by an alias of the release's own.
    #[serde(default = "protect")]
    pub protect: bool,
    /// What counts as healthy.
    pub health: Health,
}

/// A plan that does not say it, and a journal that is older than it, protects.
const fn protect() -> bool {
    true
}

impl Plan {
    /// How long each bake is where the plan does not say.
    pub const DEFAULT_BAKE: Duration = Duration::from_secs(10 * 60);
    /// How often alarms and traffic are read where the plan does not say.
    pub const DEFAULT_POLL: Duration = Duration::from_secs(10);

    /// The alarms that are watched: those of the plan that are not ignored.
    pub fn watched(&self) -> impl Iterator<Item = &Alarm> {
        self.alarms.iter().filter(|alarm| !self.ignored.iter().any(|ignored| ignored.is(alarm)))
    }

    /// Whether an alarm is in the release's own region, as far as the plan knows.
    #[must_use]
    pub fn is_near(&self, alarm: &Alarm) -> bool {
        let own =
            self.region.as_deref().or_else(|| self.shifts().find_map(|(_, shift)| rules::region_of(&shift.function)));
        alarm.region.is_none() || alarm.region.as_deref() == own
    }

    /// Whether it moves this alias, however its function is named: by its name or by its ARN.
    ///
    /// ```
    /// use onebox_release::Plan;
    ///
    /// let plan = Plan::read(&serde_json::json!({
    ///     "release": { "id": "web-1" },
    ///     "backend": [{ "function": "orders", "alias": "live", "target": "7" }],
    /// })).expect("a plan");
    /// assert!(plan.moves("arn:aws:lambda:eu-west-1:123456789012:function:orders", "live"));
    /// assert!(!plan.moves("orders", "test"));
    /// ```
    #[must_use]
    pub fn moves(&self, function: &str, alias: &str) -> bool {
        self.shifts().any(|(_, shift)| shift.alias == alias && rules::same_function(&shift.function, function))
    }

    /// Every alias that moves, in the order of groups.
    pub fn shifts(&self) -> impl Iterator<Item = (Group, &Shift)> {
        let backends = self.backends.iter().map(|shift| (Group::Backends, shift));
        let one_box = self.one_box.iter().map(|shift| (Group::OneBox, shift));
        backends.chain(one_box).chain(self.regular.iter().map(|shift| (Group::Regular, shift)))
    }
}

/// Who moves the aliases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// This release, by `UpdateAlias`.
    #[default]
    Lambda,
    /// CodeDeploy, told, followed and stopped by this release.
    #[serde(rename = "codedeploy")]
    CodeDeploy,
}

/// One alias that moves to another version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Shift {
    /// The function.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// What it moves to.
    pub target: Target,
    /// How fast.
    pub strategy: Strategy,
    /// A function that is invoked before the new version gets traffic; it must be safe to repeat.
    pub before: Option<String>,
    /// A function that is invoked when the new version has all traffic; it must be safe to repeat.
    pub after: Option<String>,
    /// Where CodeDeploy knows it.
    pub codedeploy: Option<CodeDeployGroup>,
}

/// What an alias moves to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A version that is published.
    Version(String),
    /// What is in `$LATEST`: it is published first.
    Latest,
    /// A zip file: it is uploaded and published first.
    Zip {
        /// The file.
        path: String,
        /// Its SHA-256 in base64, filled in when the release begins.
        sha256: String,
    },
}

/// A deployment group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CodeDeployGroup {
    /// The application.
    pub application: String,
    /// The group.
    pub group: String,
    /// The deployment configuration; by default the one of the strategy's name.
    pub config: String,
}

/// An alarm that is not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// The alarm's name.
    pub alarm: String,
    /// The region that it is in; `None`: whichever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Why; the journal keeps it.
    pub because: String,
}

impl Ignored {
    /// Whether this is the alarm that is ignored.
    #[must_use]
    pub fn is(&self, alarm: &Alarm) -> bool {
        self.alarm == alarm.name && (self.region.is_none() || self.region == alarm.region)
    }
}

/// What counts as healthy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Health {
    /// The new version of each alias must have served so many requests in a step before the step may pass.
    pub min_requests: u64,
    /// How much longer than planned a step or a bake is held for want of data, proof or readable alarms.
    pub hold: Duration,
    /// What happens then.
    pub not_proven: NotProven,
    /// How old a minute of metrics must be before it counts: CloudWatch gets them late.
    pub settled: Duration,
    /// The comparison with the old version over the same minutes.
    pub comparison: Option<Comparison>,
    /// Alarms for the new versions, made for the release.
    pub version_alarms: Option<VersionAlarms>,
}

impl Default for Health {
    /// Alarms alone decide; half an hour is waited for readable ones.
    fn default() -> Self {
        Self {
            min_requests: 0,
            hold: Duration::from_secs(30 * 60),
            not_proven: NotProven::Stop,
            settled: Duration::from_secs(2 * 60),
            comparison: None,
            version_alarms: None,
        }
    }
}

/// What happens when health was not proven in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotProven {
    /// Everything stays as it is until a person promotes or aborts.
    #[default]
    Stop,
    /// The release goes on.
    Continue,
    /// Everything goes back.
    RollBack,
}

/// How two versions' error rates are compared.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Comparison {
    /// The probability, over the whole release and all its aliases, of calling a version worse that is not.
    pub false_alarm: f64,
    /// A new version is proven healthy when its error rate is shown to be at most this much above the old one's.
    pub tolerance: f64,
}

/// The alarms that a release makes for its new versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionAlarms {
    /// They fire at this many errors a minute.
    pub errors: u32,
    /// So many minutes in a row.
    pub minutes: u32,
}
