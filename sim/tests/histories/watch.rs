//! What must hold at every moment of every history.

use jiff::{SignedDuration, Timestamp};
use onebox_release::{AlarmState, Answer, Call, Group, Input, NotProven, Pause, Percent, Reply, Routing};
use onebox_sim::control::{ControlPlane, Move, Mover};

use crate::{
    faults::TAKEN,
    shapes::{ALARM, OLD, Shape},
    tally::Problem,
};

/// What calls take while one moment follows another.
const MOMENT: SignedDuration = SignedDuration::from_millis(100);

/// How long a step waits.
fn wait(then: &Pause) -> Option<SignedDuration> {
    match then {
        Pause::For(wait) => SignedDuration::try_from(*wait).ok(),
        Pause::Approval => None,
    }
}

/// What is known about an alias from outside.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) group: Group,
    pub(crate) function: String,
    /// Where the release, or whom it told, left it.
    pub(crate) ours: Routing,
    /// The version that it stood on when the release began.
    pub(crate) old: String,
    /// Where somebody else put it, if that is not where the release left it.
    pub(crate) foreign: Option<Routing>,
    /// Whether the release saw that: now, and as the journal knows it.
    noticed: [bool; 2],
    /// Whether the release read it in its last look: now, and as the journal knows it.
    last: [bool; 2],
    /// Whether somebody else ever touched it.
    pub(crate) edited: bool,
    /// The new version's part, each time that the release changed it.
    pub(crate) parts: Vec<Percent>,
    /// When it was wholly on the new version for the first time.
    whole: Option<Timestamp>,
    /// How often its weight rose, and the waits between.
    rises: usize,
    waits: Vec<Option<SignedDuration>>,
    /// How long alarms were seen to be well since it rose last: now, and as the journal knows it.
    pub(crate) observed: [SignedDuration; 2],
    /// Whether the release's guard of the old version was there at any time.
    pub(crate) guarded: bool,
}

/// A naive twin of what the release knows of the plan's alarm.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seer {
    /// Every change of its state.
    changes: Vec<(Timestamp, AlarmState)>,
    /// When the preflight saw it.
    first: Option<Timestamp>,
    /// The last look, and whether it found all alarms well: now, and as the journal knows it.
    last: [Option<(Timestamp, bool)>; 2],
    /// When alarms were read: other calls of the same step may come after it.
    read: Option<Timestamp>,
    /// The last look that was answered.
    answered: Option<Timestamp>,
}

/// Watches a run.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    pub(crate) seen: Vec<Seen>,
    /// Whether the release was told that an alarm fired: now, and as the journal knows it.
    fired: [bool; 2],
    /// Whether the last look at alarms found all of them measured and well.
    well: [bool; 2],
    /// Whether a person said that it may go on.
    promoted: bool,
    /// Whether a person gave an order after it had stopped.
    pub(crate) ordered: bool,
    /// Whether an alias may be given up: then the others are put back all the same.
    pub(crate) sticky: bool,
    /// Whether it may go on without proof.
    continues: bool,
    bake: SignedDuration,
    final_bake: SignedDuration,
    /// So far two looks may be apart.
    apart: SignedDuration,
    watched: Vec<String>,
    /// So long AWS takes to move traffic.
    slow: SignedDuration,
    pub(crate) alarm: Seer,
    /// Alarms of the release's names that somebody else had made when it decided what to do.
    taken: Vec<String>,
    /// The same of aliases, when it read them.
    pub(crate) taken_guards: Vec<String>,
    /// What did not hold.
    pub(crate) problems: Vec<Problem>,
}

impl Seen {
    /// Whether somebody else's change stands, and the release saw it.
    pub(crate) fn is_known_to_be_foreign(&self) -> bool {
        self.foreign.is_some() && self.noticed[0]
    }

    /// Whether the release read it when everything was done.
    pub(crate) fn is_looked_at(&self) -> bool {
        self.last[0]
    }
}

impl Watch {
    pub(crate) fn new(shape: &Shape) -> Self {
        let seen = shape.plan.shifts().map(|(group, shift)| Seen {
            group,
            function: shift.function.clone(),
            ours: Routing::wholly(OLD),
            old: OLD.into(),
            foreign: None,
            noticed: [false; 2],
            last: [false; 2],
            edited: false,
            parts: Vec::new(),
            whole: None,
            rises: 0,
            waits: shift.strategy.steps().into_iter().map(|step| wait(&step.then)).collect(),
            observed: [SignedDuration::ZERO; 2],
            guarded: false,
        });
        let slow = shape.slow.map_or(SignedDuration::ZERO, |slow| SignedDuration::try_from(slow.time).unwrap());
        let watched = shape.plan.watched().map(|alarm| alarm.name.clone());
        Self {
            seen: seen.collect(),
            fired: [false; 2],
            well: [true; 2],
            promoted: false,
            ordered: false,
            sticky: false,
            continues: shape.plan.health.not_proven == NotProven::Continue,
            bake: SignedDuration::try_from(shape.plan.bake).unwrap(),
            final_bake: SignedDuration::try_from(shape.plan.final_bake).unwrap(),
            apart: (SignedDuration::try_from(shape.plan.poll).unwrap() * 3).max(SignedDuration::from_secs(1)),
            alarm: Seer::default(),
            taken: Vec::new(),
            taken_guards: Vec::new(),
            watched: watched.collect(),
            slow,
            problems: Vec::new(),
        }
    }

    /// The plan's alarm changes its state.
    pub(crate) fn alarm_is(&mut self, state: AlarmState, at: Timestamp) {
        if self.alarm.changes.last().is_none_or(|(_, last)| *last != state) {
            self.alarm.changes.push((at, state));
        }
    }

    /// The release decides what to do next: what it could know by now it has to know.
    pub(crate) fn decides(&mut self, plane: &ControlPlane) {
        let is_taken = |name: &&str| plane.alarm_description(name) == Some(TAKEN);
        self.taken = plane.alarms().filter(is_taken).map(str::to_owned).collect();
    }

    /// The release makes a call.
    pub(crate) fn asks(&mut self, call: &Call, at: Timestamp) {
        let guard;
        let names = match call {
            Call::DescribeAlarms { .. } => {
                self.alarm.read = Some(at);
                return;
            }
            Call::PutMetricAlarm(alarm) => std::slice::from_ref(&alarm.name),
            Call::DeleteAlarms { names } => names.as_slice(),
            Call::DeleteAlias { function, alias } => {
                guard = format!("{function}:{alias}");
                std::slice::from_ref(&guard)
            }
            _ => return,
        };
        if let Some(name) = names.iter().find(|name| self.taken.contains(name) || self.taken_guards.contains(name)) {
            let rule = "what somebody else made is neither replaced nor deleted";
            self.problems.push(Problem::new(rule, format!("{} of {name}", call.operation())));
        }
    }

    /// A look at the alarms: the time since the last counts where both found them well, they are not too far apart, and
    /// there was data all the time.
    fn look(&mut self, at: Timestamp, well: bool) {
        let last = self.alarm.last[0].replace((at, well));
        let Some((last, true)) = last.filter(|_| well) else { return };
        let silent = |(when, state): &(Timestamp, AlarmState)| {
            *when > last && *when <= at && *state == AlarmState::InsufficientData
        };
        let span = at.duration_since(last);
        if span <= self.apart && !self.alarm.changes.iter().any(silent) {
            self.seen.iter_mut().for_each(|seen| seen.observed[0] += span);
        }
    }

    /// Whether proof of time is asked for: a person, or the plan, may go on without.
    fn counts_time(&self) -> bool {
        let free = self.promoted || self.continues || self.watched.is_empty();
        !free && !self.seen.iter().any(|seen| seen.edited)
    }

    /// Whether everything was observed for as long as the final bake is.
    pub(crate) fn has_baked(&self) -> bool {
        !self.counts_time() || self.seen.iter().all(|seen| seen.observed[0] + MOMENT >= self.final_bake)
    }

    /// Whether the alarm fired after the preflight and before the last look, whoever looked in between.
    pub(crate) fn fired_unseen(&self) -> bool {
        let (Some(first), Some(last)) = (self.alarm.first, self.alarm.answered) else { return false };
        let fired = |(at, state): &(Timestamp, AlarmState)| *state == AlarmState::Alarm && *at > first && *at < last;
        self.watched.iter().any(|name| name == ALARM)
            && !self.continues
            && !self.promoted
            && self.alarm.changes.iter().any(fired)
    }

    /// The release hears about alarms.
    pub(crate) fn told(&mut self, calls: &[Call], answers: &[Answer], at: Timestamp, begins: bool) {
        for (call, answer) in calls.iter().zip(answers) {
            let Call::DescribeAlarms { names, .. } = call else { continue };
            let views = match answer {
                Ok(Reply::Alarms(views)) => views.as_slice(),
                _ => &[],
            };
            let is = |name: &String, wanted| views.iter().any(|view| view.name == *name && view.state == wanted);
            let mut watched = self.watched.iter().filter(|name| names.contains(name)).peekable();
            // The release's own alarms have no data at first; when it is over, only they are looked for.
            let own = |name: &str| name.starts_with("onebox-");
            let fired = views
                .iter()
                .any(|view| view.state == AlarmState::Alarm && (self.watched.contains(&view.name) || own(&view.name)));
            let looks = watched.peek().is_some();
            let at = self.alarm.read.unwrap_or(at);
            if looks {
                self.well[0] = watched.all(|name| is(name, AlarmState::Ok)) && !fired;
            }
            self.fired[0] |= fired;
            if looks && begins && answer.is_ok() {
                self.alarm.first = Some(at);
            } else if looks && !begins {
                self.look(at, self.well[0]);
                self.alarm.answered = if answer.is_ok() { Some(at) } else { self.alarm.answered };
            }
        }
    }

    /// The release reads where an alias stands before it begins: that is what it goes back to.
    pub(crate) fn began(&mut self, function: &str, stands: &Routing) {
        for seen in self.seen.iter_mut().filter(|seen| seen.function == function) {
            seen.ours = stands.clone();
            seen.old.clone_from(&stands.version);
            (seen.foreign, seen.edited) = (None, false);
        }
    }

    /// The release sees where an alias stands.
    pub(crate) fn looked(&mut self, function: &str, stands: &Routing) {
        for seen in self.seen.iter_mut().filter(|seen| seen.function == function) {
            seen.noticed[0] = seen.foreign.as_ref() == Some(stands);
        }
    }

    /// Everything is done: what was read just before was seen for the last time.
    pub(crate) fn done(&mut self, calls: &[Call], answers: &[Answer]) {
        let read = |function: &str| {
            let is_read = |(call, answer): (&Call, &Answer)| match call {
                Call::GetAlias { function: of, alias } => of == function && alias == "live" && answer.is_ok(),
                _ => false,
            };
            calls.iter().zip(answers).any(is_read)
        };
        self.seen.iter_mut().for_each(|seen| seen.last[0] = read(&seen.function));
    }

    /// The state was written.
    pub(crate) fn keep(&mut self) {
        self.seen.iter_mut().for_each(|seen| (seen.noticed[1], seen.last[1]) = (seen.noticed[0], seen.last[0]));
        (self.fired[1], self.well[1]) = (self.fired[0], self.well[0]);
        self.alarm.last[1] = self.alarm.last[0];
        self.seen.iter_mut().for_each(|seen| seen.observed[1] = seen.observed[0]);
    }

    /// A crash: what was not written is forgotten, and what alarms said is old, unless nothing hangs on it any more.
    pub(crate) fn forget(&mut self, decided: bool) {
        self.seen.iter_mut().for_each(|seen| (seen.noticed[0], seen.last[0]) = (seen.noticed[1], seen.last[1]));
        self.fired[0] = self.fired[1];
        self.alarm.last[0] = self.alarm.last[1];
        self.seen.iter_mut().for_each(|seen| seen.observed[0] = seen.observed[1]);
        self.well[0] = if decided { self.well[1] } else { self.watched.is_empty() };
    }

    /// What was asked is not heard.
    pub(crate) fn interrupted(&mut self) {
        self.well[0] = self.watched.is_empty();
    }

    pub(crate) fn order(&mut self, order: &Input) {
        self.promoted |= matches!(order, Input::Promote(_));
    }

    /// An alias moved: may it?
    pub(crate) fn moved(&mut self, moved: &Move, now: Timestamp) {
        if moved.alias != "live" {
            // A guard: created by the release, or taken by somebody else.
            return;
        }
        let place = self.seen.iter().position(|seen| seen.function == moved.function).unwrap();
        if moved.by == Mover::Hand {
            let seen = &mut self.seen[place];
            seen.foreign = (moved.to != seen.ours).then(|| moved.to.clone());
            seen.edited = true;
            if moved.to.version != seen.old && moved.to.additional.is_none() {
                // AWS no longer moves it.
                seen.whole = seen.whole.map(|whole| whole.min(now));
            }
            return;
        }
        let part = |routing: &Routing| match &routing.additional {
            _ if routing.version != self.seen[place].old => Percent::ALL,
            Some((_, part)) => *part,
            None => Percent::NONE,
        };
        let (from, to) = (part(moved.from.as_ref().unwrap()), part(&moved.to));
        if moved.by == Mover::Call && from < to {
            self.hold(!self.fired[0], "a weight rose after an alarm was seen", moved);
            self.hold(self.knows_to_be_well(), "a weight rose without knowing the alarms", moved);
            let (seen, counts) = (&self.seen[place], self.counts_time());
            let wait = seen.rises.checked_sub(1).and_then(|last| *seen.waits.get(last)?);
            let waited = wait.is_none_or(|wait| seen.observed[0] + MOMENT >= wait);
            let earlier = self.seen.iter().filter(|other| other.group < seen.group);
            let baked = seen.group != Group::Regular
                || seen.rises > 0
                || earlier.clone().all(|other| other.observed[0] + MOMENT >= self.bake);
            self.hold(waited || !counts, "only observed time counts for a step", moved);
            self.hold(baked || !counts, "only observed time counts for the bake", moved);
        }
        if from < to {
            let seen = &mut self.seen[place];
            seen.rises += 1;
            seen.observed = [SignedDuration::ZERO; 2];
        }
        if self.seen[place].group == Group::Regular && to > Percent::NONE && !self.promoted {
            let baked = |seen: &Seen| seen.whole.is_some_and(|whole| now.duration_since(whole) >= self.bake);
            let baked = self.seen.iter().filter(|seen| seen.group == Group::OneBox).all(baked);
            self.hold(baked, "the regular side moved before the bake was over", moved);
        }
        // Where it stands as it shall already, nothing is lost.
        if moved.by == Mover::Call && to < from {
            let group = self.seen[place].group;
            let later = |seen: &&Seen| seen.group > group && seen.ours != Routing::wholly(&seen.old);
            let back = self.seen.iter().filter(later).all(|seen| seen.foreign.is_some());
            self.hold(back || self.sticky, "what moved last goes back first", moved);
        }
        let Seen { ours, old, .. } = &self.seen[place];
        let old = Routing::wholly(old);
        let stood = moved.from.as_ref().unwrap();
        // A deployment begins again where somebody put the alias back, and said so.
        let again = moved.by == Mover::Deployment && *stood == old;
        let ours = again || stood == ours || *stood == moved.to;
        self.hold(ours, "somebody else's change was overwritten", moved);
        let seen = &mut self.seen[place];
        seen.foreign = None;
        seen.ours = moved.to.clone();
        if seen.parts.last().copied().unwrap_or_default() != to {
            seen.parts.push(to);
        }
        if to == Percent::ALL {
            seen.whole.get_or_insert(now + self.slow);
        }
    }

    /// Writes down what does not hold.
    fn hold(&mut self, holds: bool, rule: &str, moved: &Move) {
        if !holds {
            self.problems.push(Problem::new(rule, format!("{moved:?}")));
        }
    }

    /// Whether the last look at the alarms found all of them well, or a person or the plan says that it may go on without.
    pub(crate) fn knows_to_be_well(&self) -> bool {
        self.well[0] || self.promoted || self.continues
    }

    /// Whether the release was told that an alarm fired.
    pub(crate) fn knows_an_alarm(&self) -> bool {
        self.fired[0]
    }
}
