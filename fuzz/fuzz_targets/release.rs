//! A release in an account that does what it likes: the machine never panics, never overwrites what it did not read,
//! and ends where it says that it ends.
//!
//! Input: choices. The first are the plan's; then every call is answered, truly or with an error, applied or not, and
//! orders, crashes and jumps of the clock come in between.
#![no_main]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::{
    arbitrary::{Result, Unstructured},
    fuzz_target,
};
use onebox_release::{
    AlarmState, AlarmView, AliasView, Answer, Call, CallError, DeploymentStatus, DeploymentView, Effect, Ending,
    ErrorKind, Input, Minute, Percent, Place, Plan, Reply, Routing, State, UpdateStatus, VersionState, VersionView,
    advance,
};
use serde_json::{Value, json};

/// So many steps are taken at most; the choices are over before.
const STEPS: usize = 1_000;

fuzz_target!(|input: &[u8]| {
    // Choices that are over are zeros: everything is well from there on.
    let _ = release(&mut Unstructured::new(input));
});

fn release(choices: &mut Unstructured<'_>) -> Result<()> {
    let plan = plan(choices)?;
    let mut account = Account::new(&plan);
    let mut now: Timestamp = "2026-11-20T12:00:00Z".parse().expect("a time");
    let mut state = State::new(&plan, now);
    let mut input = Input::Resume;
    for _ in 0..STEPS {
        let again = advance(&plan, state.clone(), now, input.clone());
        let (next, effect) = advance(&plan, state, now, input);
        assert_eq!((&next, &effect), (&again.0, &again.1), "the same inputs give the same release");
        assert_eq!(next.effect, effect, "a journal of states is all that is needed");
        let journal = serde_json::to_string(&next).expect("a state is JSON");
        assert_eq!(serde_json::from_str::<State>(&journal).expect("what was written is read"), next);
        state = next;
        if rarely(choices, 64)? {
            edited(&plan, &state, now, choices)?;
        }
        if let Effect::Stop { ending } = &effect {
            account.check(&plan, &state, ending);
            let over = matches!(ending, Ending::Released | Ending::RolledBack(_) | Ending::Refused(_));
            if over || choices.is_empty() {
                return Ok(());
            }
        }
        input = heard(&effect, &mut account, &mut now, choices)?;
    }
    Ok(())
}

/// Once in so many times, and not when the choices are over.
fn rarely(choices: &mut Unstructured<'_>, times: u8) -> Result<bool> {
    Ok(choices.int_in_range(1..=times)? == times)
}

/// A plan that is accepted.
fn plan(choices: &mut Unstructured<'_>) -> Result<Plan> {
    let strategies = [
        json!("AllAtOnce"),
        json!("Canary10Percent5Minutes"),
        json!({ "linear": { "percent": 40, "every": "90s" } }),
        json!({ "exponential": { "first": 5, "factor": 3, "every": "2m" } }),
        json!({ "steps": [{ "percent": 1, "approval": true }, { "percent": 50, "wait": "1m" }] }),
    ];
    let targets = [json!("2"), json!("latest"), json!({ "zip": "code.zip", "sha256": "A".repeat(43) + "=" })];
    let mut codedeploy = rarely(choices, 8)?;
    let mut shift = |function: &str, choices: &mut Unstructured<'_>| -> Result<Value> {
        let strategy = choices.choose(&strategies)?.clone();
        let approval = strategy.to_string().contains("approval");
        codedeploy &= !approval;
        let mut shift = json!({
            "function": function, "alias": "live", "target": choices.choose(&targets)?, "strategy": strategy,
            "codedeploy": { "application": "a", "group": function, "config": "CodeDeployDefault.LambdaAllAtOnce" },
        });
        for hook in ["before", "after"] {
            if rarely(choices, 4)? {
                shift[hook] = json!("hook");
            }
        }
        Ok(shift)
    };
    let backends: Vec<_> =
        (0..choices.int_in_range(1..=3)?).map(|at| shift(&format!("backend-{at}"), choices)).collect::<Result<_>>()?;
    let mut tree = json!({
        "release": { "id": "web-1", "bake": "3m", "final_bake": "2m", "poll": "30s" },
        "health": { "hold": "5m", "not_proven": *choices.choose(&["stop", "continue", "roll-back"])? },
        "backend": backends,
    });
    for side in ["one-box", "regular"] {
        if choices.arbitrary()? {
            tree[side] = shift(side, choices)?;
        }
    }
    if choices.arbitrary()? {
        tree["release"]["alarms"] = json!(["red", "blue"]);
    }
    if rarely(choices, 4)? {
        tree["health"]["min_requests"] = json!(50);
    }
    if rarely(choices, 4)? {
        tree["health"]["comparison"] = json!({ "false_alarm": "1%", "tolerance": "1%" });
    }
    if rarely(choices, 4)? {
        tree["health"]["version_alarms"] = json!({ "errors": 1, "minutes": 1 });
    }
    if rarely(choices, 4)? {
        tree["release"]["protect"] = json!(false);
    }
    if codedeploy {
        tree["release"]["via"] = json!("codedeploy");
    }
    Ok(Plan::read(&tree).expect("a correct plan"))
}

/// A state that somebody edited is a state or it is none; the machine does not panic over it.
fn edited(plan: &Plan, state: &State, now: Timestamp, choices: &mut Unstructured<'_>) -> Result<()> {
    let mut tree = serde_json::to_value(state).expect("a state is JSON");
    let mut paths = Vec::new();
    walk(&tree, String::new(), &mut paths);
    let from = tree.pointer(choices.choose(&paths)?).cloned().unwrap_or_default();
    let others = [from, json!(null), json!(0), json!(9_999), json!("other"), json!([]), json!("9999-12-30T22:00:00Z")];
    if let Some(place) = tree.pointer_mut(choices.choose(&paths)?) {
        *place = choices.choose(&others)?.clone();
    }
    let Ok(state) = serde_json::from_value::<State>(tree) else { return Ok(()) };
    let (orders, effect) = (Input::Abort("a person says so".to_owned()), state.effect.clone());
    let mut account = Account::new(plan);
    let answers = match &effect {
        Effect::Call { calls, .. } if calls.iter().all(|call| account.knows(call)) => {
            account.answers(calls, choices)?
        }
        _ => Vec::new(),
    };
    for input in [Input::Resume, Input::Woke, orders, Input::Promote(String::new()), Input::Answers(answers)] {
        let (state, _) = advance(plan, state.clone(), now, input);
        let _ = advance(plan, state, now, Input::Resume);
    }
    Ok(())
}

/// The paths of everything in a tree.
fn walk(tree: &Value, path: String, paths: &mut Vec<String>) {
    match tree {
        Value::Object(members) => members.iter().for_each(|(name, value)| walk(value, format!("{path}/{name}"), paths)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| walk(value, format!("{path}/{at}"), paths));
        }
        _ => {}
    }
    paths.push(path);
}

/// What comes next: what was wanted, or something else.
fn heard(effect: &Effect, account: &mut Account, now: &mut Timestamp, choices: &mut Unstructured<'_>) -> Result<Input> {
    *now += SignedDuration::from_millis(choices.int_in_range(0..=2_000)?);
    if rarely(choices, 16)? {
        return Ok(match choices.int_in_range(0..=5)? {
            0 | 1 => Input::Resume,
            2 => Input::Abort("a person says so".to_owned()),
            3 => Input::Promote("a person says so".to_owned()),
            4 => Input::Woke,
            _ => {
                *now -= SignedDuration::from_secs(choices.int_in_range(0..=10_000)?);
                Input::Resume
            }
        });
    }
    Ok(match effect {
        Effect::Call { calls, meanwhile } => {
            if !meanwhile.is_empty() && rarely(choices, 4)? {
                return Ok(Input::Meanwhile(account.answers(meanwhile, choices)?));
            }
            Input::Answers(account.answers(calls, choices)?)
        }
        Effect::Wait { until } => {
            *now = (*now).max(*until);
            Input::Woke
        }
        _ => Input::Resume,
    })
}

fn place() -> Place {
    Place::new("eu-west-1", "123456789012")
}

/// An alias that nobody has described.
fn seen(routing: Routing, revision: u64) -> AliasView {
    AliasView { routing, revision: revision.to_string(), description: String::new(), place: place() }
}

/// What AWS holds.
struct Account {
    aliases: BTreeMap<(String, String), AliasView>,
    latest: BTreeMap<String, String>,
    revision: u64,
    /// Whether somebody else had a hand in it, or an answer was no answer to its call.
    foreign: bool,
}

impl Account {
    fn new(plan: &Plan) -> Self {
        let view = || seen(Routing::wholly("1"), 0);
        let aliases = plan.shifts().map(|(_, shift)| ((shift.function.clone(), shift.alias.clone()), view())).collect();
        Self { aliases, latest: BTreeMap::new(), revision: 0, foreign: plan.via != onebox_release::Via::Lambda }
    }

    fn answers(&mut self, calls: &[Call], choices: &mut Unstructured<'_>) -> Result<Vec<Answer>> {
        calls.iter().map(|call| self.answer(call, choices)).collect()
    }

    /// The true answer, or an error with or without the change.
    fn answer(&mut self, call: &Call, choices: &mut Unstructured<'_>) -> Result<Answer> {
        if rarely(choices, 32)? {
            self.meddle(choices)?;
        }
        if rarely(choices, 8)? {
            let kinds = [
                ErrorKind::Unknown,
                ErrorKind::Throttled,
                ErrorKind::Conflict,
                ErrorKind::Denied,
                ErrorKind::NotFound,
                ErrorKind::Invalid,
                ErrorKind::Unconfigured,
                ErrorKind::Precondition,
                ErrorKind::Local,
            ];
            let kind = *choices.choose(&kinds)?;
            if kind == ErrorKind::Unknown && choices.arbitrary()? {
                let _ = self.truly(call, choices)?;
            }
            return Ok(Err(CallError::new(kind, "so it is")));
        }
        if rarely(choices, 128)? {
            self.foreign = true;
            return Ok(Ok(Reply::Done));
        }
        self.truly(call, choices)
    }

    /// Somebody else changes an alias.
    fn meddle(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        self.foreign = true;
        self.revision += 1;
        let at = choices.int_in_range(0..=self.aliases.len() - 1)?;
        if let Some(view) = self.aliases.values_mut().nth(at) {
            *view = seen(Routing::wholly("9"), self.revision);
        }
        Ok(())
    }

    fn truly(&mut self, call: &Call, choices: &mut Unstructured<'_>) -> Result<Answer> {
        Ok(Ok(match call {
            Call::GetAlias { function, alias } => match self.aliases.get(&(function.clone(), alias.clone())) {
                Some(view) => Reply::Alias(view.clone()),
                None => return Ok(Err(CallError::new(ErrorKind::NotFound, "there is none"))),
            },
            Call::CreateAlias { function, alias, version, description } => {
                let name = (function.clone(), alias.clone());
                if self.aliases.contains_key(&name) {
                    return Ok(Err(CallError::new(ErrorKind::Conflict, "there is one")));
                }
                self.revision += 1;
                let view =
                    AliasView { description: description.clone(), ..seen(Routing::wholly(version), self.revision) };
                self.aliases.insert(name, view.clone());
                Reply::Alias(view)
            }
            Call::DeleteAlias { function, alias } => {
                assert!(alias.starts_with("onebox-keep-"), "an alias of the plan is deleted: {alias}");
                self.aliases.remove(&(function.clone(), alias.clone()));
                Reply::Done
            }
            Call::UpdateAlias { function, alias, to, revision } => {
                self.revision += 1;
                let new = seen(to.clone(), self.revision);
                let view = self.alias(function, alias);
                if view.revision != *revision {
                    return Ok(Err(CallError::new(ErrorKind::Precondition, "another revision")));
                }
                let known = |version: &str| matches!(version, "1" | "2" | "9");
                assert!(
                    known(&to.version) && to.additional.as_ref().is_none_or(|(version, _)| known(version)),
                    "{to:?}"
                );
                *view = new.clone();
                Reply::Alias(new)
            }
            Call::GetVersion { function, version } => Reply::Version(VersionView {
                version: version.clone(),
                sha256: match version.as_str() {
                    "$LATEST" | "2" => self.latest.get(function).cloned().unwrap_or_else(|| "latest".to_owned()),
                    other => other.to_owned(),
                },
                role: "role".to_owned(),
                dead_letter: None,
                state: match choices.int_in_range(0..=63)? {
                    0 => VersionState::Inactive,
                    1 => VersionState::Pending,
                    2 => VersionState::Failed,
                    3 => VersionState::Other("Deleting".to_owned()),
                    _ => VersionState::Active,
                },
                update: match choices.int_in_range(0..=63)? {
                    0 => UpdateStatus::InProgress,
                    1 => UpdateStatus::Failed,
                    _ => UpdateStatus::Successful,
                },
                reason: None,
                revision: Some("r".to_owned()),
                place: place(),
            }),
            Call::ListProvisionedConcurrency { .. } => Reply::Provisioned(Vec::new()),
            Call::UpdateFunctionCode { function, sha256, .. } => {
                self.latest.insert(function.clone(), sha256.clone());
                Reply::Code { sha256: sha256.clone(), revision: None }
            }
            Call::PublishVersion { .. } => Reply::Published("2".to_owned()),
            Call::Invoke { .. } => Reply::Invoked(rarely(choices, 8)?.then(|| "the hook failed".to_owned())),
            Call::DescribeAlarms { names, .. } => Reply::Alarms(alarms(names, choices)?),
            Call::GetMetricData { of, from, .. } => {
                let minutes = of.iter().map(|_| minutes(*from, choices)).collect::<Result<_>>()?;
                Reply::Traffic(minutes)
            }
            Call::CreateDeployment(_) | Call::GetDeployment { .. } | Call::FindDeployment { .. } => {
                let statuses = [DeploymentStatus::Succeeded, DeploymentStatus::Running, DeploymentStatus::Failed];
                Reply::Deployment(DeploymentView {
                    id: "d-1".to_owned(),
                    status: *choices.choose(&statuses)?,
                    weight: Percent::from_hundredths(choices.int_in_range(0..=10_000)?),
                    reason: None,
                })
            }
            _ => Reply::Done,
        }))
    }

    /// Whether a call is about what is there.
    fn knows(&self, call: &Call) -> bool {
        let there = |function: &String, alias: &String| self.aliases.contains_key(&(function.clone(), alias.clone()));
        match call {
            Call::GetAlias { function, alias } => there(function, alias),
            Call::UpdateAlias { .. } => false,
            _ => true,
        }
    }

    fn alias(&mut self, function: &str, alias: &str) -> &mut AliasView {
        self.aliases.get_mut(&(function.to_owned(), alias.to_owned())).expect("an alias of the plan")
    }

    /// Whether everything is where the ending says, if nobody else had a hand in it.
    fn check(&self, plan: &Plan, state: &State, ending: &Ending) {
        if self.foreign {
            return;
        }
        for ((_, shift), lane) in plan.shifts().zip(&state.lanes) {
            let view = &self.aliases[&(shift.function.clone(), shift.alias.clone())];
            match ending {
                Ending::Released => {
                    assert_eq!(Some(&view.routing.version), lane.to.as_ref());
                    assert_eq!(view.routing.additional, None);
                }
                Ending::RolledBack(_) | Ending::Refused(_) => assert_eq!(view.routing, Routing::wholly("1")),
                _ => {}
            }
        }
    }
}

fn alarms(names: &[String], choices: &mut Unstructured<'_>) -> Result<Vec<AlarmView>> {
    let mut alarms = Vec::new();
    for name in names {
        match choices.int_in_range(0..=63)? {
            62 => alarms.push(AlarmView::new(name, AlarmState::Alarm)),
            60 | 61 => alarms.push(AlarmView::new(name, AlarmState::InsufficientData)),
            63 => {}
            _ => alarms.push(AlarmView::new(name, AlarmState::Ok)),
        }
    }
    Ok(alarms)
}

fn minutes(from: Timestamp, choices: &mut Unstructured<'_>) -> Result<Vec<Minute>> {
    let mut minutes = Vec::new();
    for at in 0..choices.int_in_range(0..=4)? {
        let invocations = choices.int_in_range(0..=10_000)?;
        let errors = choices.int_in_range(0..=invocations)?;
        minutes.push(Minute { at: from + SignedDuration::from_mins(at), invocations, errors });
    }
    Ok(minutes)
}
