//! A shift by CodeDeploy: one deployment for each lane, told, found again and followed.

use std::time::Duration;

use super::{Heard, Machine, deployment, may_pass, shift::first, words};
use crate::{
    Call, Deployment, DeploymentStatus, DeploymentView, Effect, Ending, ErrorKind, Event, Group, Percent, Stage,
    state::{Deploying, Task},
};

/// A deployment group takes at most 10 alarms: <https://docs.aws.amazon.com/codedeploy/latest/userguide/limits.html>.
const ALARMS: usize = 10;

/// How long after a deployment was perhaps created its absence from the list proves nothing. CodeDeploy documents no such
/// time; a request that was sent has long ended by then.
const RULED_OUT: Duration = Duration::from_secs(60);

impl Machine<'_> {
    pub(super) fn deploying(&self, index: usize) -> Deploying {
        self.state.lanes.get(index).map(|lane| lane.deployment.clone()).unwrap_or_default()
    }

    pub(super) fn set_deploying(&mut self, index: usize, deployment: Deploying) {
        if let Some(lane) = self.state.lanes.get_mut(index) {
            lane.deployment = deployment;
        }
    }

    /// Whether CodeDeploy was told about a lane.
    pub(super) fn is_with_codedeploy(&self, index: usize) -> bool {
        self.deploying(index) != Deploying::Untold
    }

    /// The lanes whose deployment is under way.
    pub(super) fn running(&self) -> Vec<usize> {
        self.all().into_iter().filter(|&index| matches!(self.deploying(index), Deploying::Running(_))).collect()
    }

    /// What a poll looks at: alarms, and deployments once every lane of the group has one.
    pub(super) fn watching(&self, group: Group) -> Task {
        let told = |index: usize| self.is_with_codedeploy(index) || self.is_done(index);
        if self.is_via_codedeploy() && self.lanes_of(group).into_iter().all(told) { Task::Follow } else { Task::Watch }
    }

    /// What a poll of this stage looks at.
    pub(super) fn watch_task(&self) -> Task {
        match self.state.stage {
            Stage::Shift(group) => self.watching(group),
            _ => Task::Watch,
        }
    }

    /// Tells CodeDeploy about lanes.
    pub(super) fn deploy(&mut self, lanes: Vec<usize>) -> Effect {
        let now = self.now;
        for &index in &lanes {
            self.set_deploying(index, Deploying::Doubtful);
            if let Some(lane) = self.state.lanes.get_mut(index) {
                lane.deployed = Some(now);
            }
        }
        self.begin(Task::Deploy(lanes))
    }

    pub(super) fn deploy_calls(&self, lanes: &[usize]) -> Vec<Call> {
        let call = |&index: &usize| {
            let (lane, shift) = (self.state.lanes.get(index)?, self.shifts.get(index)?);
            let at = shift.codedeploy.clone()?;
            // The lane's own alarm comes first; what is more than CodeDeploy takes is watched here alone.
            let own = self.plan.health.version_alarms.map(|_| self.alarm_name(lane));
            // CodeDeploy knows an alarm by its name, in its own region.
            let planned = self.plan.watched().filter(|alarm| self.plan.is_near(alarm)).map(|alarm| alarm.name.clone());
            let alarms = own.into_iter().chain(planned).take(ALARMS).collect();
            Some(Call::CreateDeployment(Deployment {
                application: at.application,
                group: at.group,
                config: at.config,
                function: lane.function.clone(),
                alias: lane.alias.clone(),
                from: lane.from.clone().unwrap_or_default(),
                to: lane.to.clone().unwrap_or_default(),
                alarms,
                before: shift.before.clone(),
                after: shift.after.clone(),
                description: self.description(index),
            }))
        };
        lanes.iter().filter_map(call).collect()
    }

    /// Names the release and the lane, so that a deployment is found again.
    fn description(&self, index: usize) -> String {
        let name = self.state.lanes.get(index).map(crate::Lane::name).unwrap_or_default();
        format!("onebox release {}: {name}", self.plan.id)
    }

    pub(super) fn find_calls(&self, lanes: &[usize]) -> Vec<Call> {
        let call = |&index: &usize| {
            let at = self.shifts.get(index)?.codedeploy.clone()?;
            let description = self.description(index);
            let from = self.state.lanes.get(index)?.deployed.unwrap_or(self.state.since);
            Some(Call::FindDeployment { application: at.application, group: at.group, description, from })
        };
        lanes.iter().filter_map(call).collect()
    }

    /// `GetDeployment` of these lanes.
    pub(super) fn deployment_calls(&self, lanes: &[usize]) -> Vec<Call> {
        let call = |&index: &usize| match self.deploying(index) {
            Deploying::Running(id) => Some(Call::GetDeployment { id }),
            _ => None,
        };
        lanes.iter().filter_map(call).collect()
    }

    pub(super) fn hear_deploy(&mut self, lanes: &[usize], heard: Heard) -> Effect {
        let (mut failures, mut doubtful, mut throttled) = (Vec::new(), Vec::new(), false);
        for (&index, (call, answer)) in lanes.iter().zip(heard) {
            match deployment(answer) {
                Ok(view) => self.set_deploying(index, Deploying::Running(view.id)),
                // A group has one deployment at a time, and the one that is in the way may be ours.
                Err(error) if matches!(error.kind, ErrorKind::Unknown | ErrorKind::Conflict) => doubtful.push(index),
                Err(error)
                    if (error.kind == ErrorKind::Throttled || error.kind.is_of_caller())
                        && self.is_lane_patient(index, error.kind) =>
                {
                    throttled = true;
                    doubtful.push(index);
                }
                // It stays in doubt: a refusal may answer the second attempt.
                Err(error) => failures.push(words::failure(&call, &error)),
            }
        }
        match first(failures) {
            Some(reason) => self.roll_back(reason),
            None if doubtful.is_empty() => self.rest(),
            None if throttled => self.retry(Task::Find(doubtful)),
            None => self.begin(Task::Find(doubtful)),
        }
    }

    pub(super) fn hear_find(&mut self, lanes: &[usize], heard: Heard) -> Effect {
        if let Some(effect) = self.judge_alarms(heard.iter().map(|(call, answer)| (call, answer))) {
            return effect;
        }
        let (mut again, mut lost, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for (&index, (call, answer)) in lanes.iter().zip(heard) {
            match deployment(answer) {
                Ok(view) => self.set_deploying(index, Deploying::Running(view.id)),
                Err(error) if error.kind == ErrorKind::NotFound && !self.is_ruled_out(index) => again.push(index),
                Err(error) if error.kind == ErrorKind::NotFound => {
                    self.set_deploying(index, Deploying::Untold);
                    let throttled = self.state.lanes.get(index).is_some_and(|lane| lane.tries.throttled);
                    if !throttled && !self.is_lane_patient(index, ErrorKind::Unknown) {
                        failures.push(format!("{}: CodeDeploy never took it", self.description(index)));
                    }
                }
                Err(error) if may_pass(error.kind) && self.is_lane_patient(index, error.kind) => again.push(index),
                Err(error) => lost.push(words::failure(&call, &error)),
            }
        }
        if let Some(reason) = first(failures) {
            self.roll_back(reason)
        } else if let Some(reason) = first(lost) {
            let reason = format!(
                "a deployment was perhaps created, and it cannot be found: {reason}. Look in CodeDeploy, by that \
                 description; then `onebox release resume` looks again, `onebox release abort` puts everything else back"
            );
            self.stop(Ending::Stuck(reason))
        } else if again.is_empty() {
            self.rest()
        } else {
            self.retry(Task::Find(again))
        }
    }

    /// Whether a deployment that is not listed was never created: a list may lag behind, and a request may arrive late. One
    /// that was refused is not waited for.
    pub(super) fn is_ruled_out(&self, index: usize) -> bool {
        let Some(lane) = self.state.lanes.get(index) else { return true };
        lane.tries.throttled || lane.deployed.is_none_or(|deployed| self.elapsed(deployed) >= RULED_OUT)
    }

    pub(super) fn hear_follow(&mut self, heard: Heard) -> Effect {
        if let Some(effect) = self.judge_alarms(heard.iter().map(|(call, answer)| (call, answer))) {
            return effect;
        }
        if let Some(effect) = self.judge_polled(&heard) {
            return effect;
        }
        self.tell_missing(self.missing_alarms());
        let (mut failures, mut succeeded) = (Vec::new(), Vec::new());
        for (index, (call, answer)) in self.running().into_iter().zip(heard) {
            match deployment(answer) {
                Ok(view) => self.take_deployment(index, view, &mut succeeded, &mut failures),
                Err(error) if may_pass(error.kind) && self.is_lane_patient(index, error.kind) => {}
                Err(error) => failures.push(words::failure(&call, &error)),
            }
        }
        match first(failures) {
            Some(reason) => self.roll_back(reason),
            None if !succeeded.is_empty() => self.begin(Task::Look(succeeded)),
            None if self.has_changed() => self.begin(Task::History),
            None if self.traffic_calls().is_empty() => self.rest(),
            None => self.begin(Task::Measure),
        }
    }

    fn take_deployment(
        &mut self,
        index: usize,
        view: DeploymentView,
        succeeded: &mut Vec<usize>,
        failures: &mut Vec<String>,
    ) {
        let (now, first_minute) = (self.now, self.first_minute());
        let Some(lane) = self.state.lanes.get_mut(index) else { return };
        match view.status {
            DeploymentStatus::Running => {
                lane.tries = crate::state::Tries::default();
                let Some(weight) = view.weight.filter(|weight| *weight != lane.percent && *weight < Percent::ALL)
                else {
                    return;
                };
                lane.percent = weight;
                lane.since = Some(now);
                lane.traffic.requests = 0;
                lane.traffic.until.get_or_insert(first_minute);
                let (function, alias) = (lane.function.clone(), lane.alias.clone());
                let (from, to) = (lane.from.clone().unwrap_or_default(), lane.to.clone().unwrap_or_default());
                self.tell(Event::Shifted { function, alias, from, to, percent: weight });
            }
            DeploymentStatus::Succeeded => {
                // CodeDeploy has let go of it: the alias is ours to judge and to put back.
                (lane.deployment, lane.wanted) = (Deploying::Untold, Some(Percent::ALL));
                succeeded.push(index);
            }
            DeploymentStatus::Failed => {
                lane.deployment = Deploying::Ended(view.id);
                let why = view.reason.unwrap_or_else(|| "it failed".to_owned());
                failures.push(format!("CodeDeploy's deployment of {}: {why}", lane.name()));
            }
        }
    }
}
