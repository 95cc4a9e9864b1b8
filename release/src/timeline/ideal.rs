//! An account in which everything succeeds at once.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{
    AlarmState, AlarmView, AliasView, Answer, Call, CallError, Deployment, DeploymentStatus, DeploymentView, ErrorKind,
    Executed, Minute, Pause, Percent, Place, Plan, Reply, Routing, Step, Strategy, UpdateStatus, VersionState,
    VersionView,
};

/// What an alias stands on where nobody looked.
const CURRENT: &str = "current";

/// What a version that will be published is called.
const NEW: &str = "new";

/// So many requests reach every version in a minute: enough for any proof.
const AMPLE: u64 = 100_000;

/// The account.
pub(super) struct Ideal<'a> {
    plan: &'a Plan,
    place: Place,
    aliases: BTreeMap<(String, String), AliasView>,
    /// The hash of the code in `$LATEST`, and of what was published from it.
    latest: BTreeMap<String, String>,
    /// Counts what was changed.
    revision: u64,
    /// The release's own alarms, with their descriptions.
    made: BTreeMap<String, String>,
    deployments: Vec<(Timestamp, Deployment)>,
}

impl<'a> Ideal<'a> {
    pub(super) fn new(plan: &'a Plan, found: &[Executed]) -> Self {
        let version = |function: &str, alias: &str| {
            let found = found.iter().find(|found| found.function == function && found.alias == alias);
            found.map_or(CURRENT, |found| &found.version).to_owned()
        };
        let place = Place::new(
            plan.region.as_deref().unwrap_or("eu-west-1"),
            plan.account.as_deref().unwrap_or("123456789012"),
        );
        let alias = |function: &str, alias: &str| {
            let routing = Routing::wholly(version(function, alias));
            (
                (function.to_owned(), alias.to_owned()),
                AliasView { routing, revision: "0".to_owned(), description: String::new(), place: place.clone() },
            )
        };
        let aliases = plan.shifts().map(|(_, shift)| alias(&shift.function, &shift.alias)).collect();
        let latest = BTreeMap::new();
        Self { plan, place, aliases, latest, revision: 0, made: BTreeMap::new(), deployments: Vec::new() }
    }

    /// What a call gives.
    pub(super) fn answer(&mut self, call: &Call, now: Timestamp) -> Answer {
        match call {
            Call::GetAlias { function, alias } => self.alias(function, alias, now),
            Call::UpdateAlias { function, alias, to, revision } => {
                let Reply::Alias(view) = self.alias(function, alias, now)? else { return Ok(Reply::Done) };
                if view.revision != *revision {
                    return Err(CallError::new(ErrorKind::Precondition, "the alias has changed"));
                }
                Ok(Reply::Alias(self.point(function, alias, to.clone())))
            }
            Call::CreateAlias { function, alias, version, description } => {
                let view = self.point(function, alias, Routing::wholly(version));
                let view = AliasView { description: description.clone(), ..view };
                self.aliases.insert((function.clone(), alias.clone()), view.clone());
                Ok(Reply::Alias(view))
            }
            Call::DeleteAlias { function, alias } => {
                self.aliases.remove(&(function.clone(), alias.clone()));
                Ok(Reply::Done)
            }
            Call::GetVersion { function, version } => Ok(Reply::Version(VersionView {
                version: version.clone(),
                sha256: self.sha256(function, version),
                role: "role".to_owned(),
                dead_letter: None,
                state: VersionState::Active,
                update: UpdateStatus::Successful,
                reason: None,
                revision: None,
                place: self.place.clone(),
            })),
            Call::ListProvisionedConcurrency { .. } => Ok(Reply::Provisioned(Vec::new())),
            Call::UpdateFunctionCode { function, sha256, .. } => {
                self.latest.insert(function.clone(), sha256.clone());
                Ok(Reply::Code { sha256: sha256.clone(), revision: Some("0".to_owned()) })
            }
            Call::PublishVersion { .. } => Ok(Reply::Published(NEW.to_owned())),
            Call::Invoke { .. } => Ok(Reply::Invoked(None)),
            Call::DescribeAlarms { names, .. } => Ok(Reply::Alarms(self.alarms(names))),
            Call::DescribeAlarmHistory { .. } => Ok(Reply::AlarmHistory(Vec::new())),
            Call::PutMetricAlarm(alarm) => {
                self.made.insert(alarm.name.clone(), alarm.description.clone());
                Ok(Reply::Done)
            }
            Call::DeleteAlarms { names } => {
                self.made.retain(|name, _| !names.contains(name));
                Ok(Reply::Done)
            }
            Call::GetMetricData { of, from, to } => Ok(Reply::Traffic(vec![minutes(*from, *to); of.len()])),
            Call::CreateDeployment(deployment) => {
                self.deployments.push((now, deployment.clone()));
                Ok(Reply::Deployment(self.deployment(self.deployments.len() - 1, now)))
            }
            Call::GetDeployment { id } => match id.parse() {
                Ok(at) if at < self.deployments.len() => Ok(Reply::Deployment(self.deployment(at, now))),
                _ => Err(CallError::new(ErrorKind::NotFound, "no deployment has this id")),
            },
            Call::FindDeployment { description, .. } => {
                let found = self.deployments.iter().rposition(|(_, deployment)| deployment.description == *description);
                let none = || CallError::new(ErrorKind::NotFound, "no deployment has this description");
                found.map(|at| Reply::Deployment(self.deployment(at, now))).ok_or_else(none)
            }
            Call::StopDeployment { .. } => Ok(Reply::Done),
        }
    }

    /// The plan's alarms, which are quiet, and those that were made.
    fn alarms(&self, names: &[String]) -> Vec<AlarmView> {
        let planned = |name: &&String| self.plan.alarms.iter().any(|alarm| alarm.name == **name);
        let planned = names.iter().filter(planned).map(|name| AlarmView::new(name, AlarmState::Ok));
        let made = names.iter().filter_map(|name| Some((name, self.made.get(name)?)));
        let made = made.map(|(name, description)| AlarmView {
            description: Some(description.clone()),
            ..AlarmView::new(name, AlarmState::Ok)
        });
        planned.chain(made).collect()
    }

    fn alias(&mut self, function: &str, alias: &str, now: Timestamp) -> Answer {
        // CodeDeploy moves it behind everyone's back.
        for at in 0..self.deployments.len() {
            self.deployment(at, now);
        }
        let found = self.aliases.get(&(function.to_owned(), alias.to_owned()));
        found.cloned().map(Reply::Alias).ok_or_else(|| CallError::new(ErrorKind::NotFound, "no alias has this name"))
    }

    /// Points an alias elsewhere.
    fn point(&mut self, function: &str, alias: &str, routing: Routing) -> AliasView {
        self.revision += 1;
        let (revision, description, place) = (self.revision.to_string(), String::new(), self.place.clone());
        let view = AliasView { routing, revision, description, place };
        self.aliases.insert((function.to_owned(), alias.to_owned()), view.clone());
        view
    }

    /// The hash of a version's code: one for each, and that of `$LATEST` for what is published from it.
    fn sha256(&self, function: &str, version: &str) -> String {
        match self.latest.get(function) {
            Some(latest) if matches!(version, "$LATEST" | NEW) => latest.clone(),
            None if version == NEW => "$LATEST".to_owned(),
            _ => version.to_owned(),
        }
    }

    /// A deployment as it is now; the alias follows.
    fn deployment(&mut self, at: usize, now: Timestamp) -> DeploymentView {
        let (began, deployment) = &self.deployments[at];
        let steps = self.strategy(deployment).steps();
        let weight = weight(&steps, now.duration_since(*began));
        let done = weight == Percent::ALL;
        let status = if done { DeploymentStatus::Succeeded } else { DeploymentStatus::Running };
        let (function, alias) = (deployment.function.clone(), deployment.alias.clone());
        let routing = match done {
            true => Routing::wholly(&*deployment.to),
            false => Routing { version: deployment.from.clone(), additional: Some((deployment.to.clone(), weight)) },
        };
        if self.aliases.get(&(function.clone(), alias.clone())).is_none_or(|view| view.routing != routing) {
            self.point(&function, &alias, routing);
        }
        DeploymentView { id: at.to_string(), status, weight: Some(weight), reason: None }
    }

    /// What CodeDeploy does: its own configuration, or else what the plan says that a configuration of another name is.
    fn strategy(&self, deployment: &Deployment) -> Strategy {
        let planned = || {
            let of = |shift: &crate::Shift| shift.function == deployment.function && shift.alias == deployment.alias;
            self.plan.shifts().find(|(_, shift)| of(shift)).map(|(_, shift)| shift.strategy.clone())
        };
        deployment.config.parse().ok().or_else(planned).unwrap_or(Strategy::AllAtOnce)
    }
}

/// The part that is reached after some time.
fn weight(steps: &[Step], passed: SignedDuration) -> Percent {
    let mut due = SignedDuration::ZERO;
    let mut reached = Percent::NONE;
    for step in steps {
        if due > passed {
            break;
        }
        reached = step.percent;
        if let Pause::For(wait) = step.then {
            due = due.saturating_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX));
        }
    }
    reached
}

/// Every minute from one time to another, with ample traffic and no errors.
fn minutes(from: Timestamp, to: Timestamp) -> Vec<Minute> {
    let minute = SignedDuration::from_mins(1);
    let begins = std::iter::successors(Some(from), |at| at.checked_add(minute).ok());
    begins.take_while(|at| *at < to).map(|at| Minute { at, invocations: AMPLE, errors: 0 }).collect()
}
