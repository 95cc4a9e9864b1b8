//! One step of a release: what happened goes in, where it stands now and what is wanted comes out.
//!
//! # The table of states
//!
//! | stage | what is wanted | what ends it | what goes wrong |
//! |---|---|---|---|
//! | preflight | alarms, aliases, targets are read, then the versions that the aliases stand on, again while one is pending or updated, then provisioned concurrency until it is ready | everything is as expected | every reason is collected: refused, nothing was changed |
//! | publish | zip files become `$LATEST`, `$LATEST` becomes a version, the version is read | every lane knows its new version | refused where nothing was changed, otherwise back |
//! | arm | what is there under the new alarms' names, then one alarm for each new version | all of them are made | refused or back, likewise; an alarm that this release did not make is left alone |
//! | guard | one alias on each version that a rollback needs, so that AWS refuses to delete it | they exist | reported once: the release goes on without; an alias that this release did not create is left alone |
//! | before, for each group | the lanes' hooks, alarms and aliases meanwhile | every hook passed | a hook fails, an alarm fires: back. Changed externally: stuck |
//! | shift, for each group | alarms, then traffic, then one batch of updates; a wait; again | every lane has taken its last step | an alarm fires, a version is worse, AWS refuses: back. Proof is missing: held, then not proven. Somebody else changed an alias: stuck |
//! | after, for each group | as before | as before | as before |
//! | bake, before the regular side; final bake, at the end | alarms; traffic where a lane had no smaller step; at the very end, every alias once more | the time has passed with every alarm OK; every alias stands as it was left | as in a shift; at the end an alias stands elsewhere, or cannot be read: stuck |
//! | roll back | deployments are stopped; then the groups, last first: one batch that updates what is known and reads what is in doubt; then every alias that was put back, once more | every lane is on its old version, or cannot be put there | what cannot be put back, or was changed since, is named at the end: stuck |
//! | clean up | the release's alarms and guard aliases are read, then those are deleted that it made | they are gone | noted: a person deletes them |
//! | over | nothing | | resume after stuck: roll back again |
//!
//! The groups are the backends, the one-box and the regular side, in this order; stages that have nothing to do are
//! skipped. With CodeDeploy a shift creates deployments and follows them, and hooks are CodeDeploy's.
//!
//! # What is always true
//!
//! - An update carries the revision that was read. Its answer is either what was asked for, or the alias is read: it
//!   stands as wanted (our own update), it stands untouched (once more), or anything else (somebody else's change, which
//!   is never overwritten).
//! - A weight rises only right after alarms were read and none fired. Where they could not be read, or had no data,
//!   somebody decided to go on: a person by `promote`, or the plan.
//! - Only observed time counts: two looks at the alarms, not too far apart, that both found all of them readable and with
//!   data, and nothing else in their history between. Bakes, steps and proofs are extended by everything else.
//! - What alarms were between two looks is known before anything is decided: where the time of an alarm's last change is
//!   later than the one that was shown before, its history is read. One that fired and recovered has fired.
//! - An alarm or a guard alias is made, replaced or deleted only where nobody else's has its name.
//! - An alarm that fired, one that cannot be read, and one that has no data are three things: the first puts everything
//!   back at once, the others hold the release.
//! - Every poll reads aliases too, in turn where there are many, and the versions that a rollback needs. An alias that AWS
//!   still moves (`FunctionVersion` as wanted, and weights only on the version that it leaves) is waited for, with a bound;
//!   a bake begins when that is over, and no later group moves before.
//! - Nothing ends as released or rolled back before every alias that was changed is read once more, and stands as it was
//!   left: somebody else's change after our last update is found, and left alone.
//! - A new driver proves first that AWS is the account and region where the release began; every later answer that
//!   carries an ARN is held against them before it is believed.
//! - After a crash reads and rollbacks are repeated; an update that raises a weight is looked for first.
//! - Credentials that expired, and a clock that is wrong, say nothing about a version: they hold the release, and never
//!   put anything back.
//! - Everything that fails is tried a bounded number of times, everything that is held is held for a bounded time.

mod alarm;
mod arm;
mod bake;
mod caller;
mod deploy;
mod gate;
mod guard;
mod halt;
mod hook;
mod last;
mod look;
mod order;
mod poll;
mod preflight;
mod prove;
mod provisioned;
mod publish;
mod ready;
mod route;
mod settle;
mod shift;
mod time;
mod traffic;
mod undo;
mod watch;
mod words;

use jiff::Timestamp;

use crate::{
    AliasView, Answer, Call, CallError, DeploymentView, Effect, Ending, ErrorKind, Event, Input, Percent, Plan, Reply,
    Shift, Stage, State, VersionView, Via,
    state::{Task, Tries},
};

/// Takes one step: what happened goes in, where the release stands now and what is wanted comes out.
///
/// The effect is also in the state, so that a journal of states is all that a resumed release needs. An input that does
/// not answer the effect leaves everything as it is.
///
/// ```
/// use jiff::Timestamp;
/// use onebox_release::{Effect, Input, Plan, State, advance};
/// # fn plan() -> Plan {
/// #     Plan::read(&serde_json::json!({
/// #         "release": { "id": "web-1" },
/// #         "backend": [{ "function": "orders", "alias": "live", "target": "7" }],
/// #     })).expect("a plan")
/// # }
///
/// let (plan, now) = (plan(), Timestamp::UNIX_EPOCH);
/// let (state, effect) = advance(&plan, State::new(&plan, now), now, Input::Resume);
///
/// // The first thing is to look: at the alias, and at the version that it shall move to.
/// let Effect::Call { calls, .. } = &effect else { panic!("expected calls") };
/// assert_eq!(calls.iter().map(|call| call.operation()).collect::<Vec<_>>(), ["GetAlias", "GetFunctionConfiguration"]);
/// assert_eq!(state.effect, effect);
/// ```
#[must_use]
pub fn advance(plan: &Plan, state: State, now: Timestamp, input: Input) -> (State, Effect) {
    let mut machine = Machine { plan, shifts: plan.shifts().map(|(_, shift)| shift).collect(), state, now };
    let effect = machine.step(input);
    machine.state.effect = effect.clone();
    (machine.state, effect)
}

/// How often something that may pass is tried.
const TRIES: u32 = 5;

/// What was asked, and what it gave.
type Heard = Vec<(Call, Answer)>;

/// A plan, where its release stands, and the time.
struct Machine<'a> {
    plan: &'a Plan,
    /// The plan's shifts, in the order of the lanes.
    shifts: Vec<&'a Shift>,
    state: State,
    now: Timestamp,
}

impl Machine<'_> {
    fn step(&mut self, input: Input) -> Effect {
        self.state.events.clear();
        self.state.watch.keep = false;
        if !self.is_ours() {
            let reason =
                "expected the plan that this release began with: its aliases are other ones. Hand in that plan";
            return Effect::Stop { ending: Ending::Stuck(reason.to_owned()) };
        }
        self.tick();
        if self.waits_for_proof(&input) { self.prove(input) } else { self.take(input) }
    }

    /// Hears an input of a driver that knows where it is.
    fn take(&mut self, input: Input) -> Effect {
        if let (Input::Abort(_) | Input::Promote(_), Effect::Call { .. }) = (&input, &self.state.effect) {
            // An order comes while calls are under way: whoever performs them again has perhaps performed them already.
            self.state.repeated = true;
        }
        match input {
            Input::Resume => self.resume(),
            Input::Answers(answers) => self.hear(answers),
            Input::Meanwhile(answers) => self.hear_meanwhile(answers),
            Input::Woke => self.wake(),
            Input::Abort(because) => self.abort(because),
            Input::Promote(because) => self.promote(because),
        }
    }

    /// Whether the state belongs to the plan.
    fn is_ours(&self) -> bool {
        let lanes = self.state.lanes.iter().map(|lane| (&lane.function, &lane.alias));
        lanes.eq(self.shifts.iter().map(|shift| (&shift.function, &shift.alias)))
    }

    fn wake(&mut self) -> Effect {
        match self.state.effect {
            Effect::Wait { until } if self.now >= until && self.state.proof.is_some() => self.ask_proof(),
            Effect::Wait { until } if self.now >= until => self.ask(self.state.task.clone()),
            _ => self.state.effect.clone(),
        }
    }

    fn hear(&mut self, answers: Vec<Answer>) -> Effect {
        let calls = match &self.state.effect {
            Effect::Call { calls, .. } if calls.len() == answers.len() => calls.clone(),
            _ => return self.state.effect.clone(),
        };
        let heard: Heard = calls.into_iter().zip(answers).collect();
        let refused = self.of_caller(heard.iter().map(|(_, answer)| answer));
        if self.state.proof.is_some() {
            return match refused {
                Some(error) => self.stop(Ending::Stuck(words::caller(&error) + ", then resume")),
                None => self.hear_proof(&heard),
            };
        }
        if let Some(why) = self.elsewhere(&heard) {
            return self.stop(Ending::Stuck(why));
        }
        if self.state.stage != Stage::Preflight {
            self.note_caller(heard.iter().map(|(call, answer)| (call, answer)));
        }
        let (lost, is_refused) = (self.state.watch.lost, refused.is_some());
        let effect = match (self.state.task.clone(), refused) {
            (task @ (Task::Watch | Task::History | Task::Measure | Task::Follow), Some(error)) => {
                let effect = self.watch_again(&task, &heard);
                self.held_or_stopped(&error, effect)
            }
            (task, Some(error)) => {
                let effect = self.hear_task(task, heard);
                self.held_or_stopped(&error, effect)
            }
            (task, None) => self.hear_task(task, heard),
        };
        if is_refused {
            // That nothing could be seen says nothing about alarms: this time is made up for, and is no want of proof.
            self.state.watch.lost = self.state.watch.lost.min(lost);
        }
        self.state.repeated = false;
        effect
    }

    fn hear_task(&mut self, task: Task, heard: Heard) -> Effect {
        match task {
            Task::Read => self.hear_read(heard),
            Task::ReadCurrent => self.hear_current(heard),
            Task::Provisioned => self.hear_provisioned(heard),
            Task::Upload => self.hear_upload(heard),
            Task::Publish => self.hear_publish(heard),
            Task::ReadPublished => self.hear_published(heard),
            Task::Claim(lanes) => self.hear_claim(&lanes, heard),
            Task::Arm(lanes) => self.hear_arm(&lanes, heard),
            Task::Guard { make, read } => self.hear_guard(&make, &read, heard),
            Task::Hook(lanes) => self.hear_hooks(&lanes, heard),
            Task::Watch | Task::History => self.hear_alarms(heard),
            Task::Measure => self.hear_traffic(heard),
            Task::Move(lanes) => self.hear_moves(&lanes, heard),
            Task::Look(lanes) => self.hear_look(&lanes, heard),
            Task::Deploy(lanes) => self.hear_deploy(&lanes, heard),
            Task::Find(lanes) => self.hear_find(&lanes, heard),
            Task::Follow => self.hear_follow(heard),
            Task::Seek(lanes) => self.hear_seek(&lanes, heard),
            Task::Halt(lanes) => self.hear_halt(&lanes, heard),
            Task::Await(lanes) => self.hear_await(&lanes, heard),
            Task::Undo { write, read } => self.hear_undo(&write, &read, heard),
            Task::Last(lanes) => self.hear_last(&lanes, heard),
            Task::FindAlarms => self.hear_find_alarms(heard),
            Task::DeleteAlarms(_) => self.hear_delete_alarms(heard),
            Task::Unguard { remove, read } => self.hear_unguard(&remove, &read, heard),
            Task::Begin | Task::Over => self.state.effect.clone(),
        }
    }

    /// Begins a task.
    fn begin(&mut self, task: Task) -> Effect {
        (self.state.tries, self.state.repeated) = (Tries::default(), false);
        self.ask(task)
    }

    /// Makes a task's calls, or makes them again.
    fn ask(&mut self, task: Task) -> Effect {
        self.state.task = task.clone();
        let calls = match task {
            Task::Begin => return self.enter(Stage::Preflight),
            Task::Over => return self.state.effect.clone(),
            Task::Read => self.read_calls(),
            Task::ReadCurrent => self.current_calls(),
            Task::Provisioned => self.provisioned_calls(),
            Task::Upload => self.upload_calls(),
            Task::Publish => self.publish_calls(),
            Task::ReadPublished => self.published_calls(),
            Task::Claim(lanes) => self.claim_calls(&lanes),
            Task::Arm(lanes) => self.arm_calls(&lanes),
            Task::Guard { make, read } => self.guard_calls(&make, &read),
            Task::Hook(lanes) => {
                return Effect::Call { calls: self.hook_calls(&lanes), meanwhile: self.watch_calls() };
            }
            Task::Watch => match self.watch_calls() {
                none if none.is_empty() => return self.hear_alarms(Heard::new()),
                calls => calls,
            },
            Task::History => self.history_calls(),
            Task::Measure => self.traffic_calls(),
            Task::Move(lanes) => self.move_calls(&lanes),
            Task::Look(lanes) => [self.alias_calls(&lanes), self.alarm_calls()].concat(),
            Task::Deploy(lanes) => self.deploy_calls(&lanes),
            Task::Find(lanes) => [self.find_calls(&lanes), self.alarm_calls()].concat(),
            Task::Seek(lanes) => self.find_calls(&lanes),
            Task::Follow => {
                let (deployments, polled) = (self.deployment_calls(&self.running()), self.poll_calls());
                [deployments, self.alarm_calls(), polled].concat()
            }
            Task::Halt(lanes) => self.halt_calls(&lanes),
            Task::Await(lanes) => self.deployment_calls(&lanes),
            Task::Undo { write, read } => [self.undo_calls(&write), self.alias_calls(&read)].concat(),
            Task::Last(lanes) => self.alias_calls(&lanes),
            Task::FindAlarms => self.find_alarm_calls(),
            Task::DeleteAlarms(names) => delete_calls(&names),
            Task::Unguard { remove, read } => self.unguard_calls(&remove, &read),
        };
        Effect::Call { calls, meanwhile: Vec::new() }
    }

    /// Does the task again after a poll.
    fn retry(&mut self, task: Task) -> Effect {
        self.state.task = task;
        Effect::Wait { until: self.after(self.plan.poll) }
    }

    /// Does the whole task again where an error may pass; `None` where it must be faced.
    fn again(&mut self, heard: &Heard) -> Option<Effect> {
        let errors = || heard.iter().filter_map(|(call, answer)| Some((call, answer.as_ref().err()?)));
        let is_new = self.state.stage == Stage::Preflight;
        if is_new && errors().any(|(_, error)| error.kind.is_of_caller()) {
            return None;
        }
        let (call, worst) = errors().find(|(_, error)| may_pass(error.kind))?;
        if is_new && worst.kind == ErrorKind::Throttled {
            let reason = format!("AWS throttles {}: the preflight goes on when it no longer does", call.operation());
            self.tell_missing(vec![("throttled".to_owned(), reason)]);
        }
        let mut tries = self.state.tries;
        let patient = self.is_patient(&mut tries, worst.kind);
        self.state.tries = tries;
        patient.then(|| self.retry(self.state.task.clone()))
    }

    /// Counts a failure, and says whether it is worth another try: what may pass is tried a few times, and throttling
    /// for as long as a release may be held.
    fn is_patient(&self, tries: &mut Tries, kind: ErrorKind) -> bool {
        tries.throttled = kind == ErrorKind::Throttled || kind.is_of_caller();
        if kind.is_of_caller() {
            // For how long is decided in one place, for all that is under way.
            return true;
        }
        tries.count = tries.count.saturating_add(1);
        let since = *tries.since.get_or_insert(self.now);
        let few = tries.count < TRIES;
        match kind {
            ErrorKind::Throttled => few || self.elapsed(since) < self.plan.health.hold,
            kind => few && may_pass(kind),
        }
    }

    fn tell(&mut self, event: Event) {
        self.state.events.push(event);
    }

    fn note(&mut self, note: impl Into<String>) {
        self.tell(Event::Noted { note: note.into() });
    }

    /// Stops: at the end, or until a person has looked.
    fn stop(&mut self, ending: Ending) -> Effect {
        self.tell(Event::Ended { ending: ending.clone() });
        Effect::Stop { ending }
    }

    /// It is over.
    fn end(&mut self, ending: Ending) -> Effect {
        (self.state.stage, self.state.since, self.state.task) = (Stage::Over, self.now, Task::Over);
        self.stop(ending)
    }

    fn is_via_codedeploy(&self) -> bool {
        self.plan.via == Via::CodeDeploy
    }
}

/// Whether the same call may be answered otherwise a little later.
fn may_pass(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Throttled | ErrorKind::Unknown | ErrorKind::Conflict | ErrorKind::Precondition)
        || kind.is_of_caller()
}

/// `DeleteAlarms` takes at most 100 names, `DescribeAlarms` as many:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html>.
const NAMES: usize = 100;

fn delete_calls(names: &[String]) -> Vec<Call> {
    names.chunks(NAMES).map(|names| Call::DeleteAlarms { names: names.to_vec() }).collect()
}

/// A reply of another kind than the call's: as good as no answer.
fn surprise<T>(reply: &Reply) -> Result<T, CallError> {
    let message = format!("expected another kind of answer than {reply:?}");
    Err(CallError::new(ErrorKind::Unknown, message))
}

fn alias(answer: Answer) -> Result<AliasView, CallError> {
    match answer? {
        Reply::Alias(mut view) => {
            // A weight of nothing is none; the next update clears it.
            view.routing.additional = view.routing.additional.filter(|(_, part)| *part > Percent::NONE);
            Ok(view)
        }
        reply => surprise(&reply),
    }
}

fn version(answer: Answer) -> Result<VersionView, CallError> {
    match answer? {
        Reply::Version(view) => Ok(view),
        reply => surprise(&reply),
    }
}

fn deployment(answer: Answer) -> Result<DeploymentView, CallError> {
    match answer? {
        Reply::Deployment(view) => Ok(view),
        reply => surprise(&reply),
    }
}
