//! A small AWS for scripts: it does what it is told, and a test puts words into its mouth.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use onebox_release::{
    AlarmChange, AlarmState, AlarmView, AliasView, Answer, Call, CallError, DeploymentStatus, DeploymentView, Effect,
    Ending, ErrorKind, Event, Input, Minute, Percent, Place, Plan, Provisioned, Reply, Routing, State, UpdateStatus,
    VersionState, VersionView, advance,
};
use serde_json::json;

/// A call that was made, and when.
pub(crate) type Made = (Timestamp, Call);
/// What a test says instead of AWS: `None` where AWS answers.
pub(crate) type Script = Box<dyn FnMut(&mut World, &Call) -> Option<Answer>>;

/// Aliases, alarms, versions, and the release's state.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) state: State,
    pub(crate) now: Timestamp,
    pub(crate) aliases: BTreeMap<String, AliasView>,
    pub(crate) alarms: BTreeMap<String, AlarmState>,
    /// Descriptions of alarms that have one.
    pub(crate) described: BTreeMap<String, String>,
    /// When each alarm's state changed, as far as anybody looked.
    history: BTreeMap<String, Vec<AlarmChange>>,
    /// Requests and errors a minute, by version.
    pub(crate) traffic: BTreeMap<String, (u64, u64)>,
    pub(crate) deployments: BTreeMap<String, (DeploymentView, String)>,
    pub(crate) latest: String,
    pub(crate) calls: Vec<Made>,
    pub(crate) events: Vec<Event>,
    /// How long AWS moves traffic after an update without weights, and whether the alias gets a new revision then.
    pub(crate) slow: Option<(i64, bool)>,
    /// What AWS has not moved yet, by alias: until when.
    moving: BTreeMap<String, Timestamp>,
    /// Provisioned concurrency, by function.
    pub(crate) provisioned: BTreeMap<String, Vec<Provisioned>>,
    /// Versions that were deleted.
    pub(crate) deleted: Vec<(String, String)>,
    script: Option<Script>,
    revision: u32,
    /// Where this is.
    pub(crate) place: Place,
    /// Where CloudWatch says that alarms are.
    pub(crate) alarms_in: Place,
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time")
}

/// Where everything is.
pub(crate) fn place() -> Place {
    Place::new("eu-west-1", "123456789012")
}

/// A plan: one canary backend, a one-box, a regular side, one alarm; no guard aliases unless a test is about them.
pub(crate) fn plan(change: impl FnOnce(&mut Plan)) -> Plan {
    let mut plan = Plan::read(&json!({
        "release": { "id": "web-1", "alarms": ["5xx"], "bake": "1m", "final_bake": "1m", "protect": false },
        "backend": [{ "function": "orders", "alias": "live", "target": "7", "strategy": "Canary10Percent5Minutes" }],
        "one-box": { "function": "web-box", "alias": "live", "target": "7" },
        "regular": { "function": "web", "alias": "live", "target": "7" },
    }))
    .expect("a plan");
    change(&mut plan);
    plan
}

impl World {
    /// Every alias on version 6, every alarm OK.
    pub(crate) fn new(plan: Plan) -> Self {
        let standing = |name: &str| {
            let (revision, description) = ("r0".into(), String::new());
            (name.to_owned(), AliasView { routing: Routing::wholly("6"), revision, description, place: place() })
        };
        let aliases =
            plan.shifts().map(|(_, shift)| standing(&format!("{}:{}", shift.function, shift.alias))).collect();
        let alarms = plan.alarms.iter().map(|alarm| (alarm.name.clone(), AlarmState::Ok)).collect();
        let state = State::new(&plan, at(0));
        Self {
            plan,
            state,
            now: at(0),
            aliases,
            alarms,
            described: BTreeMap::new(),
            history: BTreeMap::new(),
            traffic: BTreeMap::new(),
            deployments: BTreeMap::new(),
            latest: "code-8".into(),
            calls: Vec::new(),
            events: Vec::new(),
            slow: None,
            moving: BTreeMap::new(),
            provisioned: BTreeMap::new(),
            deleted: Vec::new(),
            script: None,
            revision: 0,
            place: place(),
            alarms_in: place(),
        }
    }

    /// Lets a test speak for AWS.
    pub(crate) fn scripted(mut self, script: impl FnMut(&mut Self, &Call) -> Option<Answer> + 'static) -> Self {
        self.script = Some(Box::new(script));
        self
    }

    /// Takes a step; the state survives the journal's format.
    pub(crate) fn input(&mut self, input: Input) -> Effect {
        let (state, effect) = advance(&self.plan, self.state.clone(), self.now, input);
        assert_eq!(state.effect, effect, "the state has the effect");
        let written = serde_json::to_string(&state).expect("JSON");
        let read: State = serde_json::from_str(&written).expect("a state");
        assert_eq!(read, state, "a state goes through JSON and back");
        self.events.extend(state.events.iter().cloned());
        self.state = state;
        effect
    }

    /// Performs what is wanted once.
    pub(crate) fn perform(&mut self) {
        let input = match self.state.effect.clone() {
            Effect::Call { calls, .. } => Input::Answers(calls.iter().map(|call| self.call(call)).collect()),
            Effect::Wait { until } => {
                self.now = self.now.max(until);
                Input::Woke
            }
            _ => panic!("there is nothing to perform"),
        };
        self.input(input);
    }

    /// Goes on as another driver: the proof of the place comes first.
    pub(crate) fn resume(&mut self) -> Effect {
        self.input(Input::Resume);
        while self.state.awaits_proof() && matches!(self.state.effect, Effect::Call { .. }) {
            self.perform();
        }
        self.state.effect.clone()
    }

    /// Performs until the release stops.
    pub(crate) fn run(&mut self) -> Ending {
        for _ in 0..5_000 {
            if let Effect::Stop { ending } = &self.state.effect {
                return ending.clone();
            }
            self.perform();
        }
        panic!("the release does not end: {:?}", self.state);
    }

    /// Performs until a call is wanted that this is true of.
    pub(crate) fn run_until(&mut self, wanted: impl Fn(&Call) -> bool) {
        for _ in 0..5_000 {
            match &self.state.effect {
                Effect::Call { calls, .. } if calls.iter().any(&wanted) => return,
                Effect::Stop { ending } => panic!("it stopped before: {ending}"),
                _ => self.perform(),
            }
        }
        panic!("it is never wanted");
    }

    pub(crate) fn start(&mut self) -> Ending {
        self.input(Input::Resume);
        self.run()
    }

    pub(crate) fn call(&mut self, call: &Call) -> Answer {
        self.calls.push((self.now, call.clone()));
        if let Some(mut script) = self.script.take() {
            let answer = script(self, call);
            self.script = Some(script);
            if let Some(answer) = answer {
                return answer;
            }
        }
        self.answer(call)
    }

    /// What AWS answers.
    pub(crate) fn answer(&mut self, call: &Call) -> Answer {
        self.settle();
        Ok(match call {
            Call::GetAlias { function, alias } => Reply::Alias(self.alias(function, alias)?.clone()),
            Call::UpdateAlias { function, alias, to, revision } => {
                if self.alias(function, alias)?.revision != *revision {
                    return Err(CallError::new(ErrorKind::Precondition, "PreconditionFailedException"));
                }
                self.known(function, &to.version)?;
                let name = format!("{function}:{alias}");
                let left = self.on(&name).version.clone();
                let mut view = self.put(&name, to.clone());
                if let (Some((seconds, _)), None) = (self.slow, &to.additional)
                    && left != to.version
                {
                    view.routing.additional = Some((left, Percent::ALL));
                    self.aliases.insert(name.clone(), view);
                    self.moving.insert(name, self.now + Duration::from_secs(seconds.unsigned_abs()));
                    // The answer says what was asked for.
                    return Ok(Reply::Alias(AliasView {
                        routing: to.clone(),
                        ..self.aliases[&format!("{function}:{alias}")].clone()
                    }));
                }
                Reply::Alias(view)
            }
            Call::CreateAlias { function, alias, version, description } => {
                let name = format!("{function}:{alias}");
                if self.aliases.contains_key(&name) {
                    return Err(CallError::new(ErrorKind::Conflict, "ResourceConflictException: Alias already exists"));
                }
                self.known(function, version)?;
                let view = self.put(&name, Routing::wholly(version));
                let view = AliasView { description: description.clone(), ..view };
                self.aliases.insert(name, view.clone());
                Reply::Alias(view)
            }
            Call::DeleteAlias { function, alias } => {
                self.aliases.remove(&format!("{function}:{alias}"));
                Reply::Done
            }
            Call::GetVersion { function, version } if self.known(function, version).is_err() => {
                return Err(CallError::new(ErrorKind::NotFound, "ResourceNotFoundException: Function not found"));
            }
            Call::GetVersion { version, .. } => Reply::Version(VersionView {
                version: version.clone(),
                sha256: if version == "$LATEST" { self.latest.clone() } else { format!("code-{version}") },
                role: "role".into(),
                dead_letter: None,
                state: VersionState::Active,
                update: UpdateStatus::Successful,
                reason: None,
                revision: Some("r0".into()),
                place: self.place.clone(),
            }),
            Call::ListProvisionedConcurrency { function } => {
                Reply::Provisioned(self.provisioned.get(function).cloned().unwrap_or_default())
            }
            Call::UpdateFunctionCode { sha256, .. } => {
                self.latest = sha256.clone();
                Reply::Code { sha256: sha256.clone(), revision: Some("r1".into()) }
            }
            Call::PublishVersion { sha256, .. } => Reply::Published(sha256.trim_start_matches("code-").to_owned()),
            Call::Invoke { .. } => Reply::Invoked(None),
            Call::DescribeAlarms { names, .. } => {
                Reply::Alarms(names.iter().filter_map(|name| self.view(name)).collect())
            }
            Call::DescribeAlarmHistory { name, after, .. } => {
                let changes = self.history.get(name).cloned().unwrap_or_default();
                Reply::AlarmHistory(changes.into_iter().filter(|change| change.at > *after).collect())
            }
            Call::PutMetricAlarm(alarm) => {
                self.alarms.entry(alarm.name.clone()).or_insert(AlarmState::InsufficientData);
                self.described.insert(alarm.name.clone(), alarm.description.clone());
                Reply::Done
            }
            Call::DeleteAlarms { names } => {
                self.alarms.retain(|name, _| !names.contains(name));
                Reply::Done
            }
            Call::GetMetricData { of, from, to } => {
                Reply::Traffic(of.iter().map(|executed| self.minutes(&executed.version, *from, *to)).collect())
            }
            Call::CreateDeployment(asked) => {
                let id = format!("d-{}", self.deployments.len() + 1);
                let view =
                    DeploymentView { id: id.clone(), status: DeploymentStatus::Running, weight: None, reason: None };
                self.deployments.insert(id, (view.clone(), asked.description.clone()));
                Reply::Deployment(view)
            }
            Call::GetDeployment { id } => {
                let none = || CallError::new(ErrorKind::NotFound, "DeploymentDoesNotExistException");
                Reply::Deployment(self.deployments.get(id).map(|(view, _)| view.clone()).ok_or_else(none)?)
            }
            Call::FindDeployment { description, .. } => {
                let none = || CallError::new(ErrorKind::NotFound, "no such deployment");
                let found = self.deployments.values().find(|(_, of)| of == description);
                Reply::Deployment(found.map(|(view, _)| view.clone()).ok_or_else(none)?)
            }
            Call::StopDeployment { id } => {
                if let Some((view, _)) = self.deployments.get_mut(id) {
                    view.status = DeploymentStatus::Failed;
                }
                Reply::Done
            }
            other => panic!("{other:?} is not known here"),
        })
    }

    /// An alarm as CloudWatch shows it; what a test changed since is a change of now.
    fn view(&mut self, name: &str) -> Option<AlarmView> {
        let to = *self.alarms.get(name)?;
        let changes = self.history.entry(name.to_owned()).or_default();
        if changes.last().is_none_or(|last| last.to != to) {
            changes.push(AlarmChange { at: self.now, to });
        }
        let changed = changes.last().map(|last| last.at);
        let Place { partition, region, account } = &self.alarms_in;
        let arn = Some(format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"));
        Some(AlarmView { changed, arn, description: self.described.get(name).cloned(), ..AlarmView::new(name, to) })
    }

    /// An alarm is in a state from one time to another, and nobody looks meanwhile.
    pub(crate) fn flap(&mut self, name: &str, state: AlarmState, from: Timestamp, to: Timestamp) {
        let back = self.alarms.get(name).copied().unwrap_or(AlarmState::Ok);
        let changes = [AlarmChange { at: from, to: state }, AlarmChange { at: to, to: back }];
        self.history.entry(name.to_owned()).or_default().extend(changes);
    }

    /// Deletes a version as any other caller would: AWS refuses it where an alias points to it.
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html>
    pub(crate) fn prune(&mut self, function: &str, version: &str) -> bool {
        let uses = |view: &AliasView| {
            view.routing.version == version || view.routing.additional.iter().any(|(other, _)| other == version)
        };
        let of = |name: &str| name.split_once(':').is_some_and(|(of, _)| of == function);
        let is_free = !self.aliases.iter().any(|(name, view)| of(name) && uses(view));
        if is_free {
            self.deleted.push((function.to_owned(), version.to_owned()));
        }
        is_free
    }

    /// The guard aliases that exist.
    pub(crate) fn guards(&self) -> Vec<&str> {
        self.aliases.keys().map(String::as_str).filter(|name| name.contains(":onebox-keep-")).collect()
    }

    fn alias(&self, function: &str, alias: &str) -> Result<&AliasView, CallError> {
        let none = || CallError::new(ErrorKind::NotFound, "ResourceNotFoundException");
        self.aliases.get(&format!("{function}:{alias}")).ok_or_else(none)
    }

    fn known(&self, function: &str, version: &str) -> Result<(), CallError> {
        match self.deleted.contains(&(function.to_owned(), version.to_owned())) {
            true => Err(CallError::new(ErrorKind::NotFound, "ResourceNotFoundException: Function not found")),
            false => Ok(()),
        }
    }

    /// Lets AWS end what it moves, where it is time.
    fn settle(&mut self) {
        let (now, renewed) = (self.now, self.slow.is_some_and(|(_, renewed)| renewed));
        let done: Vec<_> =
            self.moving.iter().filter(|(_, until)| **until <= now).map(|(name, _)| name.clone()).collect();
        for name in done {
            self.moving.remove(&name);
            let mut routing = self.on(&name).clone();
            routing.additional = None;
            match renewed {
                true => drop(self.put(&name, routing)),
                false => self.aliases.get_mut(&name).expect("an alias").routing = routing,
            }
        }
    }

    /// Moves an alias; whoever does it, the revision is new.
    pub(crate) fn put(&mut self, name: &str, routing: Routing) -> AliasView {
        self.revision += 1;
        self.moving.remove(name);
        let description = self.aliases.get(name).map(|view| view.description.clone()).unwrap_or_default();
        let view =
            AliasView { routing, revision: format!("r{}", self.revision), description, place: self.place.clone() };
        self.aliases.insert(name.to_owned(), view.clone());
        view
    }

    fn minutes(&self, version: &str, from: Timestamp, to: Timestamp) -> Vec<Minute> {
        let Some(&(invocations, errors)) = self.traffic.get(version) else { return Vec::new() };
        let mut minutes = Vec::new();
        let mut at = from;
        while at < to && at <= self.now {
            minutes.push(Minute { at, invocations, errors });
            at += Duration::from_secs(60);
        }
        minutes
    }

    pub(crate) fn on(&self, name: &str) -> &Routing {
        &self.aliases.get(name).expect("an alias").routing
    }

    /// The updates that were made: when, whose, where to.
    pub(crate) fn updates(&self) -> Vec<(i64, String)> {
        let updates = self.calls.iter().filter_map(|(when, call)| match call {
            Call::UpdateAlias { function, to, .. } => {
                let to = match &to.additional {
                    None => to.version.clone(),
                    Some((version, part)) => format!("{part} on {version}"),
                };
                Some((when.as_second() - at(0).as_second(), format!("{function}: {to}")))
            }
            _ => None,
        });
        updates.collect()
    }

    /// Events, as people read them.
    pub(crate) fn told(&self) -> Vec<String> {
        self.events.iter().map(ToString::to_string).collect()
    }
}
