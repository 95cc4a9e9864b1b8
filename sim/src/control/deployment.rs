//! CodeDeploy's deployments: they move an alias with time, watch alarms, ask hooks, and put back what they moved.
//!
//! <https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-lambda.html>

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use onebox_release::{
    AlarmState, Deployment, DeploymentStatus, DeploymentView, Pause, Percent, Routing, Step, Strategy,
};

use super::{
    Move, Mover,
    alarm::Alarms,
    alias::{Change, SlowMoves},
    function::Functions,
    refusal::Refusal,
    revision::Revisions,
    script::Script,
    traffic::Traffic,
};

/// How long CodeDeploy waits for a hook's word:
/// <https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html#reference-appspec-file-structure-hooks-section-structure-lambda-sample-function>
const HOOK: SignedDuration = SignedDuration::from_hours(1);
/// The most alarms of a deployment.
const ALARMS: usize = 10;

/// Everything of the account that a deployment touches.
pub(crate) struct Surroundings<'a> {
    pub(crate) functions: &'a mut Functions,
    pub(crate) revisions: &'a mut Revisions,
    pub(crate) alarms: &'a Alarms,
    pub(crate) traffic: &'a Traffic,
    pub(crate) scripts: &'a BTreeMap<String, Script>,
    pub(crate) moves: &'a mut Vec<Move>,
    pub(crate) slow: Option<SlowMoves>,
}

/// A deployment.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) asked: Deployment,
    pub(crate) created: Timestamp,
    steps: Vec<Step>,
    phase: Phase,
    /// The alias's revision as this deployment left it; somebody else's ends the deployment.
    left: String,
    percent: Percent,
}

#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Before { since: Timestamp, said: Option<bool> },
    Shift { step: usize, since: Timestamp },
    After { since: Timestamp, said: Option<bool> },
    Ended { status: Status, code: &'static str, message: String },
}

/// `DeploymentStatus`, as far as Lambda deployments show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    InProgress,
    Succeeded,
    Failed,
    Stopped,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
        }
    }
}

impl Run {
    pub(crate) fn status(&self) -> Status {
        match self.phase {
            Phase::Ended { status, .. } => status,
            _ => Status::InProgress,
        }
    }

    /// `errorInformation`: a code and a text.
    pub(crate) fn error(&self) -> Option<(&'static str, &str)> {
        match &self.phase {
            Phase::Ended { status: Status::Failed | Status::Stopped, code, message } => Some((code, message)),
            _ => None,
        }
    }

    /// `targetVersionWeight`.
    pub(crate) fn percent(&self) -> Percent {
        self.percent
    }

    fn view(&self, id: &str) -> DeploymentView {
        let status = match self.status() {
            Status::InProgress => DeploymentStatus::Running,
            Status::Succeeded => DeploymentStatus::Succeeded,
            Status::Failed | Status::Stopped => DeploymentStatus::Failed,
        };
        let reason = self.error().map(|(code, message)| format!("{code}: {message}"));
        DeploymentView { id: id.to_owned(), status, weight: Some(self.percent), reason }
    }

    /// Goes on as far as the time allows.
    fn advance(&mut self, now: Timestamp, around: &mut Surroundings<'_>) {
        while self.status() == Status::InProgress {
            let firing = |name: &&String| around.alarms.state(name, around.traffic, now) == Some(AlarmState::Alarm);
            if let Some(alarm) = self.asked.alarms.iter().find(firing).cloned() {
                return self.fail(
                    Status::Failed,
                    "ALARM_ACTIVE",
                    format!("One or more alarms have been activated: {alarm}"),
                    now,
                    around,
                );
            }
            let before = self.phase.clone();
            match before {
                Phase::Before { since, said } => {
                    let hook = self.asked.before.clone();
                    self.hook(hook, since, said, now, around, |at| Phase::Shift { step: 0, since: at });
                }
                Phase::Shift { step, since } => self.shift(step, since, now, around),
                Phase::After { since, said } => {
                    let hook = self.asked.after.clone();
                    let ended = |_| Phase::Ended { status: Status::Succeeded, code: "", message: String::new() };
                    self.hook(hook, since, said, now, around, ended);
                }
                Phase::Ended { .. } => {}
            }
            if self.phase == before {
                return;
            }
        }
    }

    /// Goes on when the hook passed, or there is none.
    fn hook(
        &mut self,
        hook: Option<String>,
        since: Timestamp,
        said: Option<bool>,
        now: Timestamp,
        around: &mut Surroundings<'_>,
        then: impl FnOnce(Timestamp) -> Phase,
    ) {
        let Some(hook) = hook else {
            self.phase = then(since);
            return;
        };
        let passed = match (said, around.scripts.get(&hook)) {
            (Some(said), _) => Ok(said),
            (None, Some(Script::Waits)) if now.duration_since(since) < HOOK => return,
            (None, Some(Script::Waits)) => Err("no status was reported within one hour"),
            (None, Some(script)) => Ok(script.failure().is_none()),
            (None, None) => Err("the function cannot be invoked"),
        };
        match passed {
            Ok(true) => self.phase = then(now),
            Ok(false) => {
                self.fail(Status::Failed, "HOOK_EXECUTION_FAILURE", format!("The hook {hook} failed"), now, around)
            }
            Err(why) => {
                self.fail(Status::Failed, "HOOK_EXECUTION_FAILURE", format!("The hook {hook}: {why}"), now, around)
            }
        }
    }

    /// Takes the step whose time has come.
    fn shift(&mut self, step: usize, since: Timestamp, now: Timestamp, around: &mut Surroundings<'_>) {
        let due = match step.checked_sub(1).and_then(|last| self.steps.get(last)) {
            Some(Step { then: Pause::For(wait), .. }) => SignedDuration::try_from(*wait)
                .ok()
                .and_then(|wait| since.checked_add(wait).ok())
                .unwrap_or(Timestamp::MAX),
            // CodeDeploy knows no approvals: a configuration has none.
            _ => since,
        };
        let Some(next) = self.steps.get(step) else {
            self.phase = Phase::After { since, said: None };
            return;
        };
        if now < due {
            return;
        }
        let percent = next.percent;
        let routing = match percent {
            Percent::ALL => Routing::wholly(&self.asked.to),
            part => Routing { version: self.asked.from.clone(), additional: Some((self.asked.to.clone(), part)) },
        };
        match self.put(&routing, now, around) {
            Ok(()) => {
                self.percent = percent;
                self.phase = Phase::Shift { step: step + 1, since: due };
            }
            Err(refusal) => self.fail(Status::Failed, "INVALID_LAMBDA_FUNCTION", refusal.message, now, around),
        }
    }

    fn put(&mut self, to: &Routing, now: Timestamp, around: &mut Surroundings<'_>) -> Result<(), Refusal> {
        let (named, function) = around.functions.get_mut(&self.asked.function)?;
        let alias = &self.asked.alias;
        let from = function.alias(named.function, alias)?.asked();
        let change = Change::to(to, Some(&self.left));
        self.left = function
            .update_alias(named.function, alias, change, around.revisions, (around.slow, now))?
            .revision
            .clone();
        let (function, alias) = (named.function.to_owned(), alias.clone());
        around.moves.push(Move { function, alias, from: Some(from), to: to.clone(), by: Mover::Deployment });
        Ok(())
    }

    /// Ends, with the alias wholly on its old version: "traffic is shifted back at once".
    fn fail(
        &mut self,
        status: Status,
        code: &'static str,
        message: String,
        now: Timestamp,
        around: &mut Surroundings<'_>,
    ) {
        let mut message = message;
        if self.percent > Percent::NONE {
            match self.put(&Routing::wholly(&self.asked.from), now, around) {
                Ok(()) => self.percent = Percent::NONE,
                Err(refusal) => message = format!("{message}; the alias was not put back: {}", refusal.message),
            }
        }
        self.phase = Phase::Ended { status, code, message };
    }
}

/// CodeDeploy: groups, configurations, deployments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deployments {
    groups: Vec<(String, String)>,
    configs: BTreeMap<String, Strategy>,
    runs: Vec<Run>,
}

impl Deployments {
    pub(crate) fn group(&mut self, application: &str, group: &str) {
        self.groups.push((application.to_owned(), group.to_owned()));
    }

    pub(crate) fn config(&mut self, name: &str, strategy: Strategy) {
        self.configs.insert(name.to_owned(), strategy);
    }

    /// Everything goes on as far as the time allows.
    pub(crate) fn advance(&mut self, now: Timestamp, around: &mut Surroundings<'_>) {
        self.runs.iter_mut().for_each(|run| run.advance(now, around));
    }

    /// `CreateDeployment`.
    ///
    /// <https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_CreateDeployment.html>
    pub(crate) fn create(
        &mut self,
        asked: &Deployment,
        now: Timestamp,
        around: &mut Surroundings<'_>,
    ) -> Result<DeploymentView, Refusal> {
        self.check(asked)?;
        let steps = match self.configs.get(&asked.config) {
            Some(strategy) => strategy.steps(),
            None => asked
                .config
                .strip_prefix("CodeDeployDefault.")
                .and_then(|name| name.parse().ok())
                .map(|strategy: Strategy| strategy.steps())
                .ok_or_else(|| {
                    let message = format!("No Deployment Configuration found for name: {}", asked.config);
                    Refusal::new(400, "DeploymentConfigDoesNotExistException", message)
                })?,
        };
        let id = id(self.runs.len());
        let (named, function) = around.functions.get(&asked.function)?;
        let alias = function.alias(named.function, &asked.alias)?;
        let mut run = Run {
            asked: asked.clone(),
            created: now,
            steps,
            phase: Phase::Before { since: now, said: None },
            left: alias.revision.clone(),
            percent: Percent::NONE,
        };
        if alias.routing() != Routing::wholly(&asked.from) {
            let message = format!("The alias {} does not point to the current version {}", asked.alias, asked.from);
            run.fail(Status::Failed, "INVALID_LAMBDA_CONFIGURATION", message, now, around);
        }
        run.advance(now, around);
        let view = run.view(&id);
        self.runs.push(run);
        Ok(view)
    }

    fn check_group(&self, application: &str, group: &str) -> Result<(), Refusal> {
        let refuse = |code, message: String| Err(Refusal::new(400, code, message));
        if !self.groups.iter().any(|(known, _)| known == application) {
            return refuse("ApplicationDoesNotExistException", format!("Applications not found for {application}"));
        }
        if !self.groups.iter().any(|known| *known == (application.to_owned(), group.to_owned())) {
            let message = format!("No Deployment Group found for name: {group}");
            return refuse("DeploymentGroupDoesNotExistException", message);
        }
        Ok(())
    }

    fn check(&self, asked: &Deployment) -> Result<(), Refusal> {
        let refuse = |code, message: String| Err(Refusal::new(400, code, message));
        self.check_group(&asked.application, &asked.group)?;
        if asked.alarms.len() > ALARMS {
            return refuse(
                "AlarmsLimitExceededException",
                format!("{} alarms: at most {ALARMS} are allowed", asked.alarms.len()),
            );
        }
        let same = |run: &Run| run.asked.application == asked.application && run.asked.group == asked.group;
        if let Some(active) = self.runs.iter().position(|run| same(run) && run.status() == Status::InProgress) {
            let message = format!(
                "The Deployment Group '{}' already has an active Deployment 'd-{:09}'",
                asked.group,
                active + 1
            );
            return refuse("DeploymentLimitExceededException", message);
        }
        Ok(())
    }

    /// A deployment by its id.
    pub(crate) fn get(&self, id: &str) -> Result<&Run, Refusal> {
        self.place(id).and_then(|place| self.runs.get(place).ok_or_else(|| unknown(id)))
    }

    pub(crate) fn view(&self, id: &str) -> Result<DeploymentView, Refusal> {
        self.get(id).map(|run| run.view(id))
    }

    /// The ids of a group's deployments, the newest first, as `ListDeployments` gives them.
    pub(crate) fn of_group(&self, application: &str, group: &str) -> Result<Vec<String>, Refusal> {
        self.check_group(application, group)?;
        let of_group = |run: &Run| run.asked.application == application && run.asked.group == group;
        let all = self.runs.iter().enumerate().rev().filter(|(_, run)| of_group(run));
        Ok(all.map(|(place, _)| id(place)).collect())
    }

    /// Every deployment, the newest first.
    pub(crate) fn all(&self) -> Vec<String> {
        (0..self.runs.len()).rev().map(id).collect()
    }

    /// A group's newest deployment with a description.
    pub(crate) fn find(&self, application: &str, group: &str, description: &str) -> Result<DeploymentView, Refusal> {
        let ids = self.of_group(application, group)?;
        let views = ids.iter().filter_map(|id| self.get(id).ok().map(|run| (id, run)));
        let found = views.into_iter().find(|(_, run)| run.asked.description == description);
        found.map(|(id, run)| run.view(id)).ok_or_else(|| unknown(description))
    }

    /// `StopDeployment`; with its automatic rollback, or leaving the alias where it is.
    pub(crate) fn stop(
        &mut self,
        id: &str,
        back: bool,
        now: Timestamp,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Refusal> {
        let run = self.running(id)?;
        let message = "The deployment was stopped by a user".to_owned();
        if back {
            run.fail(Status::Stopped, "MANUAL_STOP", message, now, around);
        } else {
            run.phase = Phase::Ended { status: Status::Stopped, code: "MANUAL_STOP", message };
        }
        Ok(())
    }

    /// `PutLifecycleEventHookExecutionStatus`; the hook's id is `<deployment>-before` or `<deployment>-after`.
    pub(crate) fn hook_said(&mut self, id: &str, execution: &str, passed: bool) -> Result<(), Refusal> {
        let run = &mut self.runs.get_mut(place(id)?).ok_or_else(|| unknown(id))?;
        let stage = execution.strip_prefix(id).and_then(|rest| rest.strip_prefix('-'));
        match (stage, &mut run.phase) {
            (Some("before"), Phase::Before { said: said @ None, .. })
            | (Some("after"), Phase::After { said: said @ None, .. }) => {
                *said = Some(passed);
                Ok(())
            }
            (Some("before" | "after"), _) => Err(Refusal::new(
                400,
                "LifecycleEventAlreadyCompletedException",
                "The lifecycle event has already completed",
            )),
            _ => Err(Refusal::new(
                400,
                "InvalidLifecycleEventHookExecutionIdException",
                format!("{execution} is no hook of {id}"),
            )),
        }
    }

    fn running(&mut self, id: &str) -> Result<&mut Run, Refusal> {
        let place = self.place(id)?;
        let run = self.runs.get_mut(place).ok_or_else(|| unknown(id))?;
        match run.status() {
            Status::InProgress => Ok(run),
            _ => Err(Refusal::new(
                400,
                "DeploymentAlreadyCompletedException",
                format!("The deployment {id} has already completed"),
            )),
        }
    }

    fn place(&self, id: &str) -> Result<usize, Refusal> {
        place(id).and_then(|place| if place < self.runs.len() { Ok(place) } else { Err(unknown(id)) })
    }
}

fn id(place: usize) -> String {
    format!("d-{:09}", place + 1)
}

fn place(id: &str) -> Result<usize, Refusal> {
    let number = id.strip_prefix("d-").and_then(|number| number.parse::<usize>().ok());
    number.and_then(|number| number.checked_sub(1)).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Refusal {
    Refusal::new(400, "DeploymentDoesNotExistException", format!("The deployment {id} does not exist"))
}
