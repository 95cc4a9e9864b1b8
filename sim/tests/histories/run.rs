//! A driver that can be killed anywhere: it journals, performs and advances as the real one does.

use jiff::{SignedDuration, Timestamp};
use onebox_release::{
    AlarmState, Answer, Call, Effect, Ending, Event, Executed, Input, Pause, Place, ProvisionedStatus, Reply, Routing,
    Stage, State, advance, worth_keeping,
};
use onebox_sim::control::{ControlPlane, Script};

use crate::{
    faults::Gap,
    shapes::{ALARM, Kind, Load, OLD, RED, Shape},
    tally::Problem,
    watch::Watch,
};

/// No release takes more steps than this.
const BOUND: usize = 2_000;

/// A release under way, with the world around it. A copy goes on from the same moment.
#[derive(Clone)]
pub(crate) struct Run<'s> {
    pub(crate) shape: &'s Shape,
    pub(crate) plane: ControlPlane,
    /// AWS's time, which never jumps.
    pub(crate) at: Timestamp,
    pub(crate) state: State,
    /// What a crash leaves: the last state that was written, and what was known then.
    kept: Box<(State, usize)>,
    /// What the journal says has happened.
    pub(crate) trail: Vec<Event>,
    pub(crate) watch: Watch,
    pub(crate) steps: usize,
    /// Whether alarms were looked at once while the hooks of this effect ran.
    accompanied: bool,
    /// Whether the person was asked for an approval once.
    asked: bool,
}

/// Everything that a release of this shape needs, in an empty account.
fn world(shape: &Shape, mut plane: ControlPlane, at: Timestamp) -> ControlPlane {
    for (_, shift) in shape.plan.shifts() {
        plane.function(&shift.function, 7, at);
        // `$LATEST` holds what was not published yet.
        if shift.function == "fresh" {
            plane.code("fresh", onebox_sim::control::Code::new("fresh-8"), at).unwrap();
        }
        plane.alias(&shift.function, &shift.alias, &Routing::wholly(OLD)).unwrap();
        if shape.slow.is_some() {
            plane.provision(&shift.function, &shift.alias, Some((ProvisionedStatus::Ready, None))).unwrap();
        }
        if let Some(group) = &shift.codedeploy {
            plane.deployment_group(&group.application, &group.group);
        }
    }
    plane.move_slowly(shape.slow);
    plane.set_alarm(ALARM, AlarmState::Ok, at);
    plane.set_alarm(RED, AlarmState::Alarm, at);
    for hook in ["smoke", "verify"] {
        plane.script(hook, Script::passes());
    }
    for (hook, script) in &shape.hooks {
        plane.script(hook, script.clone());
    }
    plane
}

impl<'s> Run<'s> {
    pub(crate) fn start(shape: &'s Shape) -> Self {
        let at: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let mut plane = world(shape, ControlPlane::default(), at);
        let _ = plane.take_moves();
        let state = State::new(&shape.plan, at);
        let kept = Box::new((state.clone(), 0));
        let watch = Watch::new(shape);
        let mut run = Self {
            shape,
            plane,
            at,
            state,
            kept,
            trail: Vec::new(),
            watch,
            steps: 0,
            accompanied: false,
            asked: false,
        };
        run.hear(Input::Resume);
        run
    }

    /// How it ended, or why it stopped.
    pub(crate) fn ending(&self) -> Option<&Ending> {
        match &self.state.effect {
            Effect::Stop { ending } => Some(ending),
            _ => None,
        }
    }

    /// Whether it stopped, or broke a rule.
    pub(crate) fn is_over(&self) -> bool {
        self.ending().is_some() || !self.watch.problems.is_empty()
    }

    /// One step: perform what is wanted, hand in what it gave, and write down what comes.
    pub(crate) fn step(&mut self) {
        let input = self.perform();
        self.hear(input);
    }

    /// Goes on until it stops.
    pub(crate) fn finish(&mut self) {
        while !self.is_over() {
            self.step();
        }
    }

    /// The places in the wanted effect where a crash makes a difference: before each call, and after the last.
    pub(crate) fn places(&self) -> usize {
        match &self.state.effect {
            Effect::Call { calls, .. } if calls.iter().any(Call::changes) => calls.len() + 1,
            // A look changes nothing: before it, or after it.
            Effect::Call { .. } => 2,
            _ => 1,
        }
    }

    /// Is killed when so many calls of the wanted effect were made, and started again after some time in which an alarm may
    /// do something.
    pub(crate) fn crash(&mut self, performed: usize, down: SignedDuration, gap: Gap) {
        self.perform_part(performed);
        self.pass_with(down, gap);
        self.state = self.kept.0.clone();
        self.trail.truncate(self.kept.1);
        self.watch.forget(matches!(self.state.stage, Stage::Disarm | Stage::Over));
        self.accompanied = false;
        self.hear(Input::Resume);
    }

    /// A driver of another place is given an order, with the journal as it is: how it ends, and what is wrong with that.
    pub(crate) fn visit(&self, place: Place, order: Input) -> (Option<Kind>, Option<Problem>) {
        let mut plane = world(self.shape, ControlPlane::of(place), self.at);
        let mut now = self.now();
        let (mut state, mut input) = (self.kept.0.clone().for_another_driver(), order);
        for _ in 0..BOUND {
            let (next, effect) = advance(&self.shape.plan, state, now, input);
            state = next;
            input = match effect {
                Effect::Call { calls, .. } => {
                    if let Some(call) = calls.iter().find(|call| call.changes()) {
                        return (None, Some(Problem::new("nothing is changed in another place", call.operation())));
                    }
                    Input::Answers(calls.iter().map(|call| plane.call(call, now)).collect())
                }
                Effect::Wait { until } => {
                    now = until;
                    Input::Woke
                }
                Effect::Stop { ending } => {
                    let told = matches!(&ending, Ending::Stuck(why) if why.starts_with("this release runs in account"));
                    let rule = "a driver of another place is told so";
                    let problem = (!told).then(|| Problem::new(rule, ending.to_string()));
                    return (Some(Kind::of(&ending)), problem);
                }
                other => return (None, Some(Problem::new("it ends", format!("{other:?}")))),
            };
        }
        (None, Some(Problem::new("it ends in bounded steps", "in another place")))
    }

    /// Whether the release knows its place, and is not over.
    pub(crate) fn is_bound(&self) -> bool {
        self.kept.0.place.is_some() && self.kept.0.stage != Stage::Over
    }

    /// Sleeps, with the whole machine: what is under way is answered, and what waits wakes, when it is over.
    pub(crate) fn sleep(&mut self, time: SignedDuration, gap: Gap) {
        self.pass_with(time, gap);
        self.step();
    }

    /// Time passes in which an alarm may do something, and nobody looks.
    fn pass_with(&mut self, time: SignedDuration, gap: Gap) {
        let third = time / 3;
        let Some((first, then)) = gap.states().filter(|_| !self.shape.plan.alarms.is_empty()) else {
            return self.pass(time);
        };
        self.pass(third);
        self.set_alarm(first);
        self.pass(third);
        self.set_alarm(then);
        self.pass(time - third - third);
    }

    fn set_alarm(&mut self, state: AlarmState) {
        self.plane.set_alarm(ALARM, state, self.at);
        self.watch.alarm_is(state, self.at);
    }

    /// Makes so many calls of the wanted effect, and hears nothing of them.
    fn perform_part(&mut self, performed: usize) {
        let Effect::Call { calls, .. } = self.state.effect.clone() else { return };
        let looks = !calls.iter().any(Call::changes);
        let made = if looks && performed > 0 { calls.len() } else { performed };
        for call in calls.iter().take(made) {
            let _ = self.call(call);
        }
    }

    /// Gets an order when so many calls of the wanted effect were made, and their answers are not there yet.
    pub(crate) fn interrupt(&mut self, performed: usize, order: Input) {
        self.perform_part(performed);
        self.watch.interrupted();
        self.order(order);
    }

    /// Gives an order, or starts a driver that finds things as they are.
    pub(crate) fn order(&mut self, input: Input) {
        self.pass(SignedDuration::from_secs(5));
        self.watch.ordered = true;
        self.watch.order(&input);
        self.hear(input);
    }

    fn hear(&mut self, input: Input) {
        self.steps += 1;
        if self.steps > BOUND {
            let problem = Problem::new("it ends in bounded steps", format!("{:?}", self.state.stage));
            self.watch.problems.push(problem);
        }
        match (&self.state.effect, &input) {
            (Effect::Call { calls, .. }, Input::Answers(answers)) => {
                self.watch.told(calls, answers, self.at, self.state.stage == Stage::Preflight)
            }
            (Effect::Call { meanwhile, .. }, Input::Meanwhile(answers)) => {
                self.watch.told(meanwhile, answers, self.at, false);
            }
            _ => {}
        }
        self.watch.decides(&self.plane);
        let now = self.now();
        let ordered = matches!(input, Input::Abort(_) | Input::Promote(_));
        let before = std::mem::replace(&mut self.state, self.kept.0.clone());
        let (stage, wanted) = (before.stage, before.effect.clone());
        let answers = match &input {
            Input::Answers(answers) => answers.clone(),
            _ => Vec::new(),
        };
        let (state, effect) = advance(&self.shape.plan, before, now, input);
        assert_eq!(state.effect, effect, "the effect is in the state");
        let calls = |effect: &Effect| match effect {
            Effect::Call { calls, .. } => calls.clone(),
            _ => Vec::new(),
        };
        if calls(&effect) != calls(&wanted) {
            self.accompanied = false;
        }
        self.state = state;
        self.watch.guards(&self.plane, self.state.stage);
        let is_done = |stage| matches!(stage, Stage::Disarm | Stage::Over);
        if let (false, true, Effect::Call { calls, .. }) = (is_done(stage), is_done(self.state.stage), &wanted) {
            self.watch.done(calls, &answers);
        }
        if ordered || worth_keeping(&self.state) {
            self.trail.extend(self.state.events.iter().cloned());
            self.kept.0.clone_from(&self.state);
            self.kept.1 = self.trail.len();
            self.watch.keep();
        }
    }

    /// The driver's clock: AWS's, unless it was turned back.
    fn now(&self) -> Timestamp {
        self.at - self.plane.turned_back()
    }

    fn perform(&mut self) -> Input {
        match self.state.effect.clone() {
            Effect::Call { calls, meanwhile } => {
                if !meanwhile.is_empty() && !self.accompanied {
                    self.accompanied = true;
                    self.pass(SignedDuration::from_secs(20));
                    return Input::Meanwhile(meanwhile.iter().map(|call| self.call(call)).collect());
                }
                Input::Answers(calls.iter().map(|call| self.call(call)).collect())
            }
            Effect::Wait { until } => {
                if self.is_asked() {
                    // The person needs some time.
                    if std::mem::replace(&mut self.asked, true) {
                        self.asked = false;
                        let order = Input::Promote("it looks good".into());
                        self.watch.order(&order);
                        return order;
                    }
                }
                self.pass(until.duration_since(self.now()).max(SignedDuration::ZERO));
                Input::Woke
            }
            other => panic!("{other:?} is the end"),
        }
    }

    /// Whether a step waits for an approval.
    fn is_asked(&self) -> bool {
        let Stage::Shift(group) = self.state.stage else { return false };
        let lanes = self.state.lanes.iter().zip(self.shape.plan.shifts());
        lanes.filter(|(lane, _)| lane.group == group).any(|(lane, (_, shift))| {
            let steps = shift.strategy.steps();
            let taken = lane.step.checked_sub(1).and_then(|last| steps.get(last));
            taken.is_some_and(|step| step.then == Pause::Approval && step.percent == lane.percent)
        })
    }

    fn call(&mut self, call: &Call) -> Answer {
        // Every call takes its time: no two changes of an alarm come at the same moment.
        self.at += SignedDuration::from_millis(1);
        let now = self.at;
        self.watch.asks(call, now);
        let answer = self.plane.call(call, now);
        self.watch.guards(&self.plane, self.state.stage);
        self.watch.read_guard(&self.plane, call);
        if let Some(state) = self.plane.alarm(ALARM, now) {
            self.watch.alarm_is(state, now);
        }
        for moved in self.plane.take_moves() {
            self.watch.moved(&moved, now);
        }
        if let (Call::GetAlias { function, alias }, Ok(Reply::Alias(view))) = (call, &answer)
            && alias == "live"
        {
            match self.state.stage {
                // Whoever resumes reads whose account it is; that is no look at the alias.
                _ if self.state.awaits_proof() => {}
                Stage::Preflight => self.watch.began(function, &view.routing),
                // The last look is over.
                Stage::Disarm | Stage::Over => {}
                _ => self.watch.looked(function, &view.routing),
            }
        }
        answer
    }

    /// Time passes, with its traffic.
    fn pass(&mut self, time: SignedDuration) {
        let until = self.at + time;
        if let Some(load) = self.shape.load {
            self.serve(load, until);
        }
        self.at = until;
    }

    fn serve(&mut self, load: Load, until: Timestamp) {
        let mut at = self.at;
        while at < until {
            let next = Timestamp::from_second((at.as_second().div_euclid(60) + 1) * 60).unwrap().min(until);
            #[expect(clippy::cast_sign_loss, reason = "forwards")]
            let part = next.duration_since(at).as_millis() as u64;
            for (_, shift) in self.shape.plan.shifts() {
                let routing = self.routing(&shift.function);
                let requests = load.requests * part / 60_000;
                let new = routing
                    .additional
                    .as_ref()
                    .map_or(0, |(_, percent)| requests * u64::from(percent.hundredths()) / 10_000);
                let served =
                    [(Some(routing.version), requests - new), (routing.additional.map(|(version, _)| version), new)];
                for (version, requests) in served {
                    let Some(version) = version.filter(|_| requests > 0) else { continue };
                    let errors = if version == OLD { load.old_errors } else { load.new_errors };
                    let of = Executed { function: shift.function.clone(), alias: shift.alias.clone(), version };
                    self.plane.record_traffic(of, at, requests, requests * errors / 1_000);
                }
            }
            at = next;
        }
    }

    /// Somebody points an alias somewhere.
    pub(crate) fn hand(&mut self, function: &str, to: &Routing) {
        self.plane.alias(function, "live", to).unwrap();
        for moved in self.plane.take_moves() {
            self.watch.moved(&moved, self.at);
        }
    }

    /// Where a function's alias points.
    pub(crate) fn routing(&mut self, function: &str) -> Routing {
        let alias = self.plane.alias_of(function, "live").unwrap();
        let additional = alias.additional.as_ref();
        let additional = additional
            .and_then(|(version, weight)| Some((version.clone(), onebox_release::Percent::from_weight(*weight)?)));
        Routing { version: alias.version.clone(), additional }
    }
}
