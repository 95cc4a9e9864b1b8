//! One call, one answer: admission, faults, and the call itself.

use jiff::Timestamp;
use onebox_release::{
    AlarmState, AlarmView, Answer, Call, CallError, ErrorKind, Provisioned, ProvisionedStatus, Reply, Routing,
};

use super::{
    Alias, ControlPlane, Move, Mover,
    alarm::Alarms,
    alias::{Change, SlowMoves},
    deployment::Surroundings,
    fault::{Around, Trouble},
    function::Code,
    refusal::Refusal,
    script::Script,
};

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// AWS answered with an error.
    Refused(Refusal),
    /// There is no answer: the call was perhaps applied.
    Lost,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Failure> for CallError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Lost => Self::new(ErrorKind::Unknown, "the connection was closed before an answer came"),
        }
    }
}

/// The queries of a `GetMetricData` are two for each version: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>
const QUERIES: usize = 500;

impl ControlPlane {
    /// Performs one call.
    ///
    /// # Errors
    ///
    /// When AWS would refuse it, or a fault strikes it.
    pub fn call(&mut self, call: &Call, now: Timestamp) -> Answer {
        self.around(call.operation(), now, |plane| plane.apply(call, now)).map_err(CallError::from)
    }

    /// Does something that counts as a call of an operation: lets faults strike it, and holds it to the rate.
    pub(crate) fn around<T>(
        &mut self,
        operation: &'static str,
        now: Timestamp,
        work: impl FnOnce(&mut Self) -> Result<T, Refusal>,
    ) -> Result<T, Failure> {
        self.go_on(now);
        let nth = self.by_operation.entry(operation).or_default();
        let strikes: Vec<_> = self.faults.strikes(operation, self.calls, *nth).cloned().collect();
        self.calls += 1;
        *nth += 1;
        if is_limited(operation) && self.rate.as_mut().is_some_and(|rate| !rate.take(now)) {
            return Err(Refusal::throttled().into());
        }
        for trouble in &strikes {
            self.happen(trouble, Around::Before, now);
        }
        for trouble in &strikes {
            match trouble {
                Trouble::Throttled => return Err(Refusal::throttled().into()),
                Trouble::Denied => return Err(Refusal::denied(operation, &self.place().account).into()),
                Trouble::Expired => return Err(Refusal::expired().into()),
                Trouble::Skewed => return Err(Refusal::skewed().into()),
                Trouble::Broken => return Err(Refusal::broken().into()),
                Trouble::LostRequest => return Err(Failure::Lost),
                _ => {}
            }
        }
        let result = work(self);
        for trouble in &strikes {
            self.happen(trouble, Around::After, now);
        }
        match strikes.contains(&Trouble::LostAnswer) {
            true => Err(Failure::Lost),
            false => result.map_err(Failure::from),
        }
    }

    /// What happens beside a call.
    fn happen(&mut self, trouble: &Trouble, side: Around, now: Timestamp) {
        match trouble {
            Trouble::Edited { function, alias, to, when } if *when == side => {
                // What AWS refuses to anyone does not happen.
                let _ = self.alias(function, alias, to);
            }
            _ if side == Around::After => {}
            Trouble::Alarm { name, state } => self.alarms.set(name, *state, now),
            Trouble::AlarmGone { name } => self.alarms.remove(name),
            Trouble::AlarmTaken { name, description } => {
                self.alarms.remove(name);
                self.alarms.set(name, AlarmState::Ok, now);
                self.alarms.describe_as(name, description);
            }
            Trouble::VersionGone { function, version } => {
                if let Ok((named, function)) = self.functions.get_mut(function) {
                    let _ = function.delete(named.function, version);
                }
            }
            Trouble::Reconfigured { function } => {
                if let Ok((_, function)) = self.functions.get_mut(function) {
                    function.reconfigure(&mut self.revisions);
                }
            }
            Trouble::ClockBack(by) => self.turned_back += *by,
            _ => {}
        }
    }

    /// Whether `GetMetricData` is struck by silence: it is answered, and knows of no traffic.
    pub(crate) fn is_silent(&self) -> bool {
        let (call, nth) = (self.calls - 1, self.by_operation.get("GetMetricData").map_or(0, |nth| nth - 1));
        self.faults.strikes("GetMetricData", call, nth).any(|trouble| *trouble == Trouble::NoData)
    }

    fn apply(&mut self, call: &Call, now: Timestamp) -> Result<Reply, Refusal> {
        Ok(match call {
            Call::GetAlias { function, alias } => {
                let (named, function) = self.functions.get(function)?;
                Reply::Alias(function.alias(named.function, alias)?.view(&function.place))
            }
            Call::UpdateAlias { function, alias, to, revision } => {
                let change = Change::to(to, Some(revision));
                let place = self.place().clone();
                let updated = self.update_alias(function, alias, change, Mover::Call, (self.slow, now))?.clone();
                Reply::Alias(updated.answered(self.slow).view(&place))
            }
            Call::CreateAlias { function, alias, version, description } => {
                let change =
                    Change { description: Some(description.clone()), ..Change::to(&Routing::wholly(version), None) };
                let place = self.place().clone();
                Reply::Alias(self.create_alias(function, alias, change, Mover::Call)?.view(&place))
            }
            Call::DeleteAlias { function, alias } => {
                self.delete_alias(function, alias)?;
                Reply::Done
            }
            Call::GetVersion { function, version } => {
                let (named, function) = self.functions.get(function)?;
                Reply::Version(function.version(named.function, version)?.view(version, &function.place, now))
            }
            Call::ListProvisionedConcurrency { function } => {
                let (_, function) = self.functions.get(function)?;
                let shown = |(qualifier, (status, reason)): (&String, &(ProvisionedStatus, Option<String>))| {
                    Provisioned { qualifier: qualifier.clone(), status: *status, reason: reason.clone() }
                };
                Reply::Provisioned(function.provisioned.iter().map(shown).collect())
            }
            Call::UpdateFunctionCode { function, sha256, .. } => {
                // What the file holds is the caller's word: nothing is read here.
                self.update_code(function, sha256, None, None, now)?;
                let (_, function) = self.functions.get(function)?;
                // Until the code is applied nobody knows the revision that it will have.
                let revision = (function.latest.active_from <= now).then(|| function.latest.revision.clone());
                Reply::Code { sha256: sha256.clone(), revision }
            }
            Call::PublishVersion { function, sha256, revision } => {
                Reply::Published(self.publish_guarded(function, Some(sha256), revision.as_deref(), now)?)
            }
            Call::Invoke { function, .. } => Reply::Invoked(self.script_of(function)?.failure()),
            Call::DescribeAlarms { names, region } => Reply::Alarms(self.describe(names, region.as_deref(), now)?),
            Call::DescribeAlarmHistory { name, region, after } => {
                Reply::AlarmHistory(self.alarms_in(region.as_deref()).history(name, *after))
            }
            Call::PutMetricAlarm(alarm) => {
                self.alarms.put_version(alarm, now)?;
                Reply::Done
            }
            Call::DeleteAlarms { names } => {
                self.alarms.delete(names)?;
                Reply::Done
            }
            Call::GetMetricData { of, from, to } => {
                if of.len() * 2 > QUERIES {
                    let message =
                        format!("MetricDataQueries has {} members, at most {QUERIES} are allowed", of.len() * 2);
                    return Err(Refusal::new(400, "ValidationError", message));
                }
                if to <= from {
                    return Err(Refusal::new(
                        400,
                        "ValidationError",
                        "The parameter StartTime must be less than the parameter EndTime.",
                    ));
                }
                let silent = self.is_silent();
                let minutes = |of| if silent { Vec::new() } else { self.traffic.between(of, *from, *to) };
                Reply::Traffic(of.iter().map(minutes).collect())
            }
            Call::CreateDeployment(asked) => {
                Reply::Deployment(self.deploying(|deployments, around| deployments.create(asked, now, around))?)
            }
            Call::GetDeployment { id } => Reply::Deployment(self.deployments.view(id)?),
            Call::FindDeployment { application, group, description, .. } => {
                Reply::Deployment(self.deployments.find(application, group, description)?)
            }
            Call::StopDeployment { id } => {
                self.deploying(|deployments, around| deployments.stop(id, true, now, around))?;
                Reply::Done
            }
            other => return Err(Refusal::new(400, "UnknownOperationException", format!("{other:?} is not imitated"))),
        })
    }

    /// `UpdateAlias`, by whoever.
    pub(crate) fn update_alias(
        &mut self,
        function: &str,
        alias: &str,
        change: Change,
        by: Mover,
        slowly: (Option<SlowMoves>, Timestamp),
    ) -> Result<&Alias, Refusal> {
        let (named, function) = self.functions.get_mut(function)?;
        let from = function.alias(named.function, alias)?.asked();
        let updated = function.update_alias(named.function, alias, change, &mut self.revisions, slowly)?;
        let (function, alias) = (named.function.to_owned(), alias.to_owned());
        self.moves.push(Move { function, alias, from: Some(from), to: updated.asked(), by });
        Ok(updated)
    }

    /// `CreateAlias`, by whoever.
    pub(crate) fn create_alias(
        &mut self,
        function: &str,
        alias: &str,
        change: Change,
        by: Mover,
    ) -> Result<&Alias, Refusal> {
        let (named, function) = self.functions.get_mut(function)?;
        let created = function.create_alias(named.function, alias, change, &mut self.revisions)?;
        let (function, alias) = (named.function.to_owned(), alias.to_owned());
        self.moves.push(Move { function, alias, from: None, to: created.asked(), by });
        Ok(created)
    }

    /// `UpdateFunctionCode`: the rest of the version stays.
    pub(crate) fn update_code(
        &mut self,
        function: &str,
        sha256: &str,
        bytes: Option<u64>,
        revision: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let settled = now.saturating_add(self.settle).unwrap_or(now);
        let (named, function) = self.functions.get_mut(function)?;
        let old = &function.latest.code;
        let code = Code { sha256: sha256.to_owned(), bytes: bytes.unwrap_or(old.bytes), ..old.clone() };
        function.update(named.function, code, revision, now, &mut self.revisions)?;
        function.apply_until(settled, now);
        Ok(())
    }

    /// `PublishVersion`, with its guards.
    pub(crate) fn publish_guarded(
        &mut self,
        function: &str,
        sha256: Option<&str>,
        revision: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let settled = now.saturating_add(self.settle).unwrap_or(now);
        let (named, function) = self.functions.get_mut(function)?;
        let known = function.versions.len();
        let version = function.publish(named.function, sha256, revision, now, &mut self.revisions)?;
        if function.versions.len() > known
            && let Some(published) = function.versions.get_mut(&version)
        {
            published.active_from = settled;
        }
        Ok(version.to_string())
    }

    /// What an invoked function does.
    pub(crate) fn script_of(&self, function: &str) -> Result<&Script, Refusal> {
        let named = super::name::Named::parse(function)?;
        named.check_place(self.place())?;
        let script = self.scripts.get(named.function);
        script.ok_or_else(|| {
            Refusal::not_found(format!(
                "Function not found: {}",
                super::name::arn(self.place(), named.function, named.qualifier)
            ))
        })
    }

    /// The ARN of an alarm of this account; `None`: in its own region.
    pub(crate) fn alarm_arn(&self, name: &str, region: Option<&str>) -> String {
        let place = self.place();
        let region = region.unwrap_or(&place.region);
        format!("arn:{}:cloudwatch:{region}:{}:alarm:{name}", place.partition, place.account)
    }

    fn describe(&self, names: &[String], region: Option<&str>, now: Timestamp) -> Result<Vec<AlarmView>, Refusal> {
        let alarms = self.alarms_in(region);
        let found = alarms.describe(names)?.into_iter();
        Ok(found.filter_map(|(name, _)| alarms.view(name, self.alarm_arn(name, region), &self.traffic, now)).collect())
    }

    /// The alarms of a region; `None`: of the one that everything else is in.
    fn alarms_in(&self, region: Option<&str>) -> &Alarms {
        region.map_or(&self.alarms, |region| self.elsewhere.get(region).unwrap_or(&self.alarms))
    }

    pub(crate) fn deploying<T>(&mut self, work: impl FnOnce(&mut super::Deployments, &mut Surroundings<'_>) -> T) -> T {
        let mut around = Surroundings {
            functions: &mut self.functions,
            revisions: &mut self.revisions,
            alarms: &self.alarms,
            traffic: &self.traffic,
            scripts: &self.scripts,
            moves: &mut self.moves,
            slow: self.slow,
        };
        work(&mut self.deployments, &mut around)
    }
}

/// Whether an operation counts against Lambda's control plane: invocations and other services do not.
fn is_limited(operation: &str) -> bool {
    matches!(
        operation,
        "GetAlias"
            | "UpdateAlias"
            | "CreateAlias"
            | "DeleteAlias"
            | "ListAliases"
            | "GetProvisionedConcurrencyConfig"
            | "ListProvisionedConcurrencyConfigs"
            | "PutProvisionedConcurrencyConfig"
            | "GetFunctionConfiguration"
            | "UpdateFunctionCode"
            | "PublishVersion"
            | "ListVersionsByFunction"
            | "DeleteFunction"
    )
}
