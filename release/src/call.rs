//! What the machine asks of AWS, and what it hears back: AWS's own calls, as data.
//!
//! Whoever performs a call ([`onebox-aws`] with the SDK, the local control plane in memory) maps one [`Call`] to one
//! [`Answer`] and decides nothing. An error says what is known about the change: refused, or perhaps applied.

mod error;
mod operation;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Percent, Place};
pub use error::{CallError, ErrorKind};

/// One call of the AWS API.
///
/// Every call is safe to repeat: after a crash the last ones are made again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum Call {
    /// `GetAlias`: what an alias points to. Answered by [`Reply::Alias`].
    GetAlias {
        /// The function.
        function: String,
        /// The alias.
        alias: String,
    },
    /// `UpdateAlias`, always with the revision that was read. Answered by [`Reply::Alias`].
    UpdateAlias {
        /// The function.
        function: String,
        /// The alias.
        alias: String,
        /// Where it shall point; a weight map without entries is sent as such, never left out.
        to: Routing,
        /// The revision the change builds on; another one is refused with [`ErrorKind::Precondition`].
        revision: String,
    },
    /// `CreateAlias`, wholly on one version. Answered by [`Reply::Alias`]; [`ErrorKind::Conflict`] where an alias of this name
    /// exists: it is never overwritten.
    CreateAlias {
        /// The function.
        function: String,
        /// The alias.
        alias: String,
        /// The version that it points to.
        version: String,
        /// Its description, at most 256 characters: proves which release created it.
        description: String,
    },
    /// `DeleteAlias`, by name, whoever created it: it is read first. Answered by [`Reply::Done`], also where there is none.
    DeleteAlias {
        /// The function.
        function: String,
        /// The alias.
        alias: String,
    },
    /// `GetFunctionConfiguration` of one published version. Answered by [`Reply::Version`].
    GetVersion {
        /// The function.
        function: String,
        /// The version: digits, or `$LATEST`.
        version: String,
    },
    /// `ListProvisionedConcurrencyConfigs`, to its last page: what a function's versions and aliases have. Answered by
    /// [`Reply::Provisioned`].
    ListProvisionedConcurrency {
        /// The function.
        function: String,
    },
    /// `UpdateFunctionCode` of `$LATEST` from a local zip file, and a wait until it is applied. Answered by [`Reply::Code`].
    UpdateFunctionCode {
        /// The function.
        function: String,
        /// The zip file's path.
        zip: String,
        /// The file's SHA-256 in base64, as it was when the release began; another content is refused.
        sha256: String,
    },
    /// `PublishVersion` of `$LATEST`, and a short wait until it is active or has failed. AWS publishes nothing twice: unchanged
    /// code and configuration give the number that they already have. Answered by [`Reply::Published`].
    PublishVersion {
        /// The function.
        function: String,
        /// What `$LATEST` must hold, in base64: somebody else's code is not published.
        sha256: String,
        /// The revision of `$LATEST` that was read; another one is refused with [`ErrorKind::Precondition`]. `None` after a
        /// lost answer: publishing itself changes the revision of `$LATEST`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        revision: Option<String>,
    },
    /// `Invoke`, synchronously, of a hook. Answered by [`Reply::Invoked`].
    Invoke {
        /// The hook's function: a name, or a name with a qualifier.
        function: String,
        /// What it is told.
        payload: HookPayload,
    },
    /// `DescribeAlarms` by name, at most 100 at once. Answered by [`Reply::Alarms`]; a name that is not in the answer
    /// does not exist.
    DescribeAlarms {
        /// The alarms.
        names: Vec<String>,
        /// The region that they are in; `None`: the release's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<String>,
    },
    /// `DescribeAlarmHistory` of one alarm: every change of its state after a time, the oldest first. Answered by
    /// [`Reply::AlarmHistory`].
    DescribeAlarmHistory {
        /// The alarm.
        name: String,
        /// The region that it is in; `None`: the release's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<String>,
        /// Changes later than this, by CloudWatch's clock.
        after: Timestamp,
    },
    /// `PutMetricAlarm` for one version of a function. Answered by [`Reply::Done`]. CloudWatch replaces an alarm of the
    /// same name, whoever made it: the name is read first.
    PutMetricAlarm(VersionAlarm),
    /// `DeleteAlarms`, at most 100 at once. Answered by [`Reply::Done`]; [`ErrorKind::NotFound`] where one of them does not
    /// exist: the others are deleted or not.
    DeleteAlarms {
        /// The alarms.
        names: Vec<String>,
    },
    /// `GetMetricData`: invocations and errors of versions, minute by minute, at most 250 versions at once. Answered by
    /// [`Reply::Traffic`], one entry for each query, in order.
    GetMetricData {
        /// Whose traffic.
        of: Vec<Executed>,
        /// From this minute on.
        from: Timestamp,
        /// Up to, not including, this minute.
        to: Timestamp,
    },
    /// CodeDeploy's `CreateDeployment` for one function. Answered by [`Reply::Deployment`].
    CreateDeployment(Deployment),
    /// CodeDeploy's `GetDeployment`. Answered by [`Reply::Deployment`].
    GetDeployment {
        /// The deployment.
        id: String,
    },
    /// CodeDeploy's newest deployment with this description, by `ListDeployments`, to the last page, and
    /// `BatchGetDeployments`: after a lost answer to [`Call::CreateDeployment`]. Answered by [`Reply::Deployment`];
    /// [`ErrorKind::NotFound`] where there is none.
    FindDeployment {
        /// The application.
        application: String,
        /// The deployment group.
        group: String,
        /// What [`Deployment::description`] was.
        description: String,
        /// It was created at this time or later, by our clock.
        from: Timestamp,
    },
    /// CodeDeploy's `StopDeployment` with its automatic rollback. Answered by [`Reply::Done`].
    StopDeployment {
        /// The deployment.
        id: String,
    },
}

/// Where an alias points: one version, and at most one more with a part of the traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routing {
    /// `FunctionVersion`: the version that has what no other has.
    pub version: String,
    /// `AdditionalVersionWeights`: the other version and its share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional: Option<(String, Percent)>,
}

impl Routing {
    /// Everything on one version.
    #[must_use]
    pub fn wholly(version: impl Into<String>) -> Self {
        Self { version: version.into(), additional: None }
    }
}

/// An alias, as AWS shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasView {
    /// Where it points.
    pub routing: Routing,
    /// Changes with every update.
    pub revision: String,
    /// Its description; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where it is, as its ARN says.
    pub place: Place,
}

/// A version, as AWS shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct VersionView {
    /// Its number, or `$LATEST`.
    pub version: String,
    /// The SHA-256 of its code, in base64.
    pub sha256: String,
    /// The execution role: both versions of an alias need the same.
    pub role: String,
    /// The dead-letter queue: both versions of an alias need the same.
    pub dead_letter: Option<String>,
    /// Whether it can take traffic.
    pub state: VersionState,
    /// How its last update went; of a published version always [`UpdateStatus::Successful`].
    pub update: UpdateStatus,
    /// Why it is in this state, or why its last update failed, in AWS's words.
    pub reason: Option<String>,
    /// `RevisionId`: of `$LATEST` it changes with every update, when an update is applied, and with every publication. `None` where it was not
    /// reported.
    pub revision: Option<String>,
    /// Where it is, as its ARN says.
    pub place: Place,
}

/// `State` of a version: <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionState {
    /// It takes traffic.
    Active,
    /// It was idle for weeks, and AWS took its resources back. The next invocation fails and makes it pending, then active.
    Inactive,
    /// It is being made ready; invocations fail.
    Pending,
    /// It could not be made ready, as where SnapStart makes no snapshot. A published version stays so.
    Failed,
    /// Another state, such as `Deleting`.
    Other(String),
}

/// `LastUpdateStatus` of a function: <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UpdateStatus {
    /// It was applied.
    Successful,
    /// It is being applied; other updates, and publishing, are refused meanwhile.
    InProgress,
    /// It was not applied: what was there before still runs.
    Failed,
}

/// Provisioned concurrency of a version or an alias, as AWS shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provisioned {
    /// The version's number, or the alias's name.
    pub qualifier: String,
    /// Whether it is allocated.
    pub status: ProvisionedStatus,
    /// Why it could not be allocated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `Status` of provisioned concurrency:
/// <https://docs.aws.amazon.com/lambda/latest/api/API_ProvisionedConcurrencyConfigListItem.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProvisionedStatus {
    /// It is being allocated.
    InProgress,
    /// All of it is there.
    Ready,
    /// It could not be allocated.
    Failed,
}

/// Whose traffic: a version, as called by way of an alias. The dimensions `FunctionName`, `Resource` and
/// `ExecutedVersion` of <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Executed {
    /// The function.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The version that ran.
    pub version: String,
}

/// An alarm on the errors of one version, made for a release and removed after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionAlarm {
    /// Its name: it begins with `onebox-` and the release's id.
    pub name: String,
    /// Its description: proves that this release made it.
    #[serde(default)]
    pub description: String,
    /// Whose errors.
    pub of: Executed,
    /// It fires at this many errors a minute.
    pub errors: u32,
    /// So many minutes in a row.
    pub minutes: u32,
}

/// What a hook is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HookPayload {
    /// The release.
    pub release: String,
    /// The function whose alias moves.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The version that traffic goes to.
    pub version: String,
    /// Before the first traffic, or after the last.
    pub when: When,
}

/// When a hook is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Before the new version gets any traffic.
    Before,
    /// When it has all of it.
    After,
}

/// What CodeDeploy is told: an AppSpec, alarms and hooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deployment {
    /// CodeDeploy's application.
    pub application: String,
    /// Its deployment group.
    pub group: String,
    /// The deployment configuration, such as `CodeDeployDefault.LambdaCanary10Percent5Minutes`.
    pub config: String,
    /// The function.
    pub function: String,
    /// The alias.
    pub alias: String,
    /// The version the alias points to.
    pub from: String,
    /// The version it shall point to.
    pub to: String,
    /// The alarms that stop it, at most 10.
    pub alarms: Vec<String>,
    /// A hook before traffic, in CodeDeploy's own protocol.
    pub before: Option<String>,
    /// A hook after traffic.
    pub after: Option<String>,
    /// Names the release, so that a lost answer does not make two deployments.
    pub description: String,
}

/// What a call gave, or why it gave nothing.
pub type Answer = Result<Reply, CallError>;

/// What a call gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", content = "with", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reply {
    /// Done; there is nothing to tell.
    Done,
    /// An alias.
    Alias(AliasView),
    /// A version.
    Version(VersionView),
    /// Provisioned concurrency, in no order.
    Provisioned(Vec<Provisioned>),
    /// What is now `$LATEST`.
    Code {
        /// The SHA-256 of the code, in base64.
        sha256: String,
        /// The revision, once the code was applied; `None` where that is not known yet.
        revision: Option<String>,
    },
    /// The number of the version.
    Published(String),
    /// What a hook said: nothing, or why it failed.
    Invoked(Option<String>),
    /// Alarms that exist, in no order.
    Alarms(Vec<AlarmView>),
    /// Changes of an alarm's state, the oldest first.
    AlarmHistory(Vec<AlarmChange>),
    /// Traffic, for each query the minutes that have any.
    Traffic(Vec<Vec<Minute>>),
    /// A deployment.
    Deployment(DeploymentView),
}

/// `StateValue` of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// Measured, and inside its bounds.
    Ok,
    /// Measured, and outside.
    Alarm,
    /// Not measured: this says nothing about health.
    InsufficientData,
}

/// An alarm, as CloudWatch shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AlarmView {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: AlarmState,
    /// `StateTransitionedTimestamp`: when its state changed last, by CloudWatch's clock; `None` where it was not reported.
    pub changed: Option<Timestamp>,
    /// Its ARN, with the account and the region; `None` where it was not reported.
    pub arn: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Why it is in this state, in CloudWatch's words.
    pub reason: Option<String>,
}

impl AlarmView {
    /// An alarm of which only its state is known.
    #[must_use]
    pub fn new(name: impl Into<String>, state: AlarmState) -> Self {
        Self { name: name.into(), state, changed: None, arn: None, description: None, reason: None }
    }
}

/// A change of an alarm's state, out of its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlarmChange {
    /// When, by CloudWatch's clock.
    pub at: Timestamp,
    /// The new state.
    pub to: AlarmState,
}

/// A minute of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Minute {
    /// Its beginning.
    pub at: Timestamp,
    /// `Invocations`.
    pub invocations: u64,
    /// `Errors`, at most as many.
    pub errors: u64,
}

/// A deployment, as CodeDeploy shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeploymentView {
    /// Its id.
    pub id: String,
    /// How far it is.
    pub status: DeploymentStatus,
    /// The new version's share, where CodeDeploy told.
    pub weight: Option<Percent>,
    /// Why it failed, in CodeDeploy's words.
    pub reason: Option<String>,
}

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentStatus {
    /// Created, queued or in progress.
    Running,
    /// Done.
    Succeeded,
    /// Failed or stopped, and rolled back where it was told to.
    Failed,
}
