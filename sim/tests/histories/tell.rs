//! All histories of one shape.

use jiff::SignedDuration;
use onebox_release::{Input, Place, Stage, Via};

use crate::{
    ends::{Outcome, problems},
    faults::{self, GAPS, Gap, KINDS},
    run::Run,
    shapes::{Kind, Shape},
    tally::{Problem, Tally},
};

/// How long a driver is down after a crash; the places take turns.
const DOWN: [SignedDuration; 3] = [SignedDuration::ZERO, SignedDuration::from_secs(7), SignedDuration::from_mins(30)];

/// So many steps after a crash a second one may come.
const SOON: usize = 3;

/// How many steps before the one that a fault strikes crashes begin: the fault meets the driver that resumes.
const EARLIER: usize = 2;

/// A run, with a copy of it before every step.
struct Told<'s> {
    steps: Vec<Run<'s>>,
    end: Run<'s>,
}

fn tell(mut run: Run<'_>) -> Told<'_> {
    let mut steps = Vec::new();
    while !run.is_over() {
        steps.push(run.clone());
        run.step();
    }
    Told { steps, end: run }
}

/// Every history of this shape.
pub(crate) fn histories_of(shape: &Shape) -> Tally {
    let mut tally = Tally::default();
    let mut base = tell(Run::start(shape));
    let good = judge(&mut base.end, faults::Kind::None, "nothing", &mut tally);
    if good.as_ref().map(|outcome| outcome.kind) != Some(shape.ends) {
        let detail = format!("{:?}, not {:?}", base.end.ending(), shape.ends);
        tally.problem(&shape.name, Problem::new("where nothing goes wrong, it ends as planned", detail));
        return tally;
    }
    people(&base.end, faults::Kind::None, "nothing", &mut tally);
    crashes(&base.steps, 0, faults::Kind::None, good.as_ref(), "nothing", &mut tally);
    crash_twice(&base.steps, good.as_ref(), &mut tally);
    gaps(&base.steps, &mut tally);
    orders(&base.steps, &mut tally);
    elsewhere(&base.steps, &mut tally);
    for fault in KINDS.into_iter().filter(|fault| applies(*fault, shape)) {
        for call in 0..base.end.plane.calls() {
            strike(&base, fault, call, &mut tally);
        }
    }
    tally
}

/// Whether a fault can be told from none.
fn applies(fault: faults::Kind, shape: &Shape) -> bool {
    match fault {
        faults::Kind::NoData => shape.plan.health.min_requests > 0 || shape.plan.health.comparison.is_some(),
        // Weights between the two versions may be CodeDeploy's own.
        faults::Kind::Tampered => shape.plan.via == Via::Lambda,
        faults::Kind::AlarmTaken => shape.plan.health.version_alarms.is_some(),
        faults::Kind::GuardTaken => shape.plan.protect && shape.plan.health.version_alarms.is_some(),
        fault if fault.is_alarm() => !shape.plan.alarms.is_empty(),
        _ => true,
    }
}

/// A fault at one call, and all that comes of it.
fn strike(base: &Told<'_>, fault: faults::Kind, call: u64, tally: &mut Tally) {
    let shape = base.end.shape;
    // The step that makes this call.
    let struck = base.steps.partition_point(|run| run.plane.calls() <= call) - 1;
    let functions: Vec<_> = shape.plan.shifts().map(|(_, shift)| shift.function.as_str()).collect();
    // Somebody else's change hits every alias in turn.
    let function = functions[usize::try_from(call).unwrap() % functions.len()];
    let plan = fault.at(call, function);
    let label = format!("{fault:?} at call {call}");
    let begin = struck.saturating_sub(EARLIER);
    let mut steps = Vec::new();
    for run in &base.steps[begin..struck] {
        let mut run = run.clone();
        run.plane.fail(plan.clone());
        run.watch.sticky = fault.is_sticky();
        steps.push(run);
    }
    let mut run = base.steps[struck].clone();
    run.plane.fail(plan);
    run.watch.sticky = fault.is_sticky();
    let mut told = tell(run);
    let outcome = judge(&mut told.end, fault, &label, tally);
    people(&told.end, fault, &label, tally);
    steps.append(&mut told.steps);
    crashes(&steps, call + 1, fault, outcome.as_ref(), &label, tally);
}

/// A crash at every place of a run.
///
/// One that comes when the fault is over ends as no crash would.
fn crashes(
    steps: &[Run<'_>],
    over: u64,
    fault: faults::Kind,
    outcome: Option<&Outcome>,
    label: &str,
    tally: &mut Tally,
) {
    for (step, before) in steps.iter().enumerate() {
        for place in 0..before.places() {
            let down = DOWN[(step + place) % DOWN.len()];
            let mut run = before.clone();
            run.crash(place, down, Gap::Quiet);
            run.finish();
            let label = format!("{label}, crash at step {step}, {place} calls made, down for {down:#}");
            let ended = judge(&mut run, fault, &label, tally);
            let comparable = before.plane.calls() >= over && fault.is_brief();
            // Who begins anew finds the world as it is by then.
            let anew = before.state.stage == Stage::Preflight && fault != faults::Kind::None;
            // After a gap requests prove nothing that came before it, and none reach a version that somebody moved away from.
            let proves_again = fault.is_edit() && before.shape.plan.health.min_requests > 0;
            // What changes after the last look is seen by one that looks once more.
            // So is what changes after the last look of a hook that fails.
            let unseen = outcome.is_some_and(|outcome| matches!(outcome.kind, Kind::NotProven | Kind::RolledBack));
            let looks_again = fault.is_alarm()
                || fault == faults::Kind::OldVersionGone
                || (fault.is_edit() && unseen && ended.as_ref().is_some_and(|ended| ended.kind == Kind::Stuck));
            // The alarm of the new version fires by the traffic that somebody gave it, if there is time for that.
            let own_alarm = fault.is_edit() && before.shape.plan.health.version_alarms.is_some();
            if comparable
                && !anew
                && !looks_again
                && !own_alarm
                && !proves_again
                && ended.is_some()
                && outcome.is_some()
                && ended.as_ref() != outcome
            {
                let detail = format!("{ended:?} ({:?}) instead of {outcome:?}", run.ending());
                tally.problem(&name(&run, &label), Problem::new("a crash does not change the end", detail));
            }
        }
    }
}

/// A second crash soon after every first one.
fn crash_twice(steps: &[Run<'_>], outcome: Option<&Outcome>, tally: &mut Tally) {
    for (step, before) in steps.iter().enumerate() {
        for place in 0..before.places() {
            let mut run = before.clone();
            run.crash(place, DOWN[step % DOWN.len()], Gap::Quiet);
            for later in 0..SOON {
                if run.is_over() {
                    break;
                }
                let label = format!("crash at step {step}, {place} calls made, and {later} steps later");
                crashes(std::slice::from_ref(&run), 0, faults::Kind::None, outcome, &label, tally);
                run.step();
            }
        }
    }
}

/// So long nobody looks: within what two polls may be apart, and far beyond.
const AWAY: [SignedDuration; 3] =
    [SignedDuration::from_secs(45), SignedDuration::from_mins(30), SignedDuration::from_hours(26)];

/// The driver is killed, or the machine sleeps, at every place of a run; alarms do something meanwhile, and there may be a
/// crash soon after it.
fn gaps(steps: &[Run<'_>], tally: &mut Tally) {
    for (step, before) in steps.iter().enumerate() {
        for place in 0..before.places() {
            for (turn, gap) in GAPS.into_iter().enumerate() {
                let kind = faults::Kind::Gap(gap);
                let away = AWAY[(step + place + turn) % AWAY.len()];
                for sleeps in [false, true] {
                    if sleeps && place > 0 {
                        continue;
                    }
                    let mut run = before.clone();
                    if sleeps {
                        run.sleep(away, gap);
                    } else {
                        run.crash(place, away, gap);
                    }
                    let how = if sleeps { "asleep" } else { "killed" };
                    let label = format!("{how} at step {step}, {place} calls made, for {away:#}, {gap:?}");
                    let mut told = tell(run);
                    judge(&mut told.end, kind, &label, tally);
                    people(&told.end, kind, &label, tally);
                    let soon = told.steps.len().min(SOON);
                    crashes(&told.steps[..soon], u64::MAX, kind, None, &label, tally);
                }
            }
        }
    }
}

/// An order at every place of a run, and a crash at every place after it.
fn orders(steps: &[Run<'_>], tally: &mut Tally) {
    for (step, before) in steps.iter().enumerate() {
        for place in 0..before.places() {
            for (kind, order) in [
                (faults::Kind::Aborted, Input::Abort("enough".into())),
                (faults::Kind::Promoted, Input::Promote("it is fine".into())),
            ] {
                let mut run = before.clone();
                run.interrupt(place, order);
                let mut told = tell(run);
                let label = format!("{kind:?} at step {step}, {place} calls made");
                // Where versions are compared, time brings more to compare.
                let compared = kind == faults::Kind::Promoted && before.shape.plan.health.comparison.is_some();
                let outcome = judge(&mut told.end, kind, &label, tally).filter(|_| !compared);
                crashes(&told.steps, 0, kind, outcome.as_ref(), &label, tally);
            }
        }
    }
}

/// The driver is killed at every step of a run, and somebody goes on with the wrong region or the wrong account: nothing
/// changes there, and the journal stays as it is, so that whoever goes on in the right place finds what a crash leaves.
fn elsewhere(steps: &[Run<'_>], tally: &mut Tally) {
    let places = [Place::new("eu-west-1", "210987654321"), Place::new("eu-west-3", "123456789012")];
    let orders = [Input::Resume, Input::Abort("enough".into()), Input::Promote("it is fine".into())];
    for (step, before) in steps.iter().enumerate().filter(|(_, run)| run.is_bound()) {
        for (place, order) in places.iter().flat_map(|place| orders.iter().map(move |order| (place, order))) {
            let (ended, found) = before.visit(place.clone(), order.clone());
            tally.count_one(&before.shape.name, faults::Kind::Elsewhere, ended);
            if let Some(problem) = found {
                let label = format!("killed at step {step}, then {order:?} in {place}");
                tally.problem(&name(before, &label), problem);
            }
        }
    }
}

/// Where a release stopped for a person: every order that the person may give.
fn people(end: &Run<'_>, fault: faults::Kind, label: &str, tally: &mut Tally) {
    let stopped = end.ending().map(Kind::of);
    if !matches!(stopped, Some(Kind::NotProven | Kind::Stuck)) {
        return;
    }
    let orders = [Input::Resume, Input::Abort("enough".into()), Input::Promote("it is fine".into())];
    for order in orders {
        let mut run = end.clone();
        let label = format!("{label}, then {order:?}");
        run.order(order);
        run.finish();
        judge(&mut run, fault, &label, tally);
    }
    // Somebody puts back what they changed.
    let foreign: Vec<_> = end.watch.seen.iter().filter(|seen| seen.foreign.is_some()).cloned().collect();
    if !foreign.is_empty() {
        let mut run = end.clone();
        for seen in &foreign {
            run.hand(&seen.function, &seen.ours);
        }
        run.order(Input::Resume);
        run.finish();
        judge(&mut run, fault, &format!("{label}, then put back and resumed"), tally);
    }
}

/// Counts a history, and what is wrong with it.
fn judge(run: &mut Run<'_>, fault: faults::Kind, label: &str, tally: &mut Tally) -> Option<Outcome> {
    let found = problems(run, fault);
    let outcome = Outcome::of(run);
    tally.count_one(&run.shape.name, fault, outcome.as_ref().map(|outcome| outcome.kind));
    let sound = found.is_empty();
    for problem in found {
        tally.problem(&name(run, label), problem);
    }
    outcome.filter(|_| sound)
}

fn name(run: &Run<'_>, label: &str) -> String {
    format!("{}, {label}", run.shape.name)
}
