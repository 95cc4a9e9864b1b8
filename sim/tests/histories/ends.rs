//! What must hold when a release has stopped.

use onebox_release::{Event, Percent, Routing, Target, Via};

use crate::{
    faults, guards,
    run::Run,
    shapes::{Kind, NEW},
    tally::Problem,
    watch::Seen,
};

/// How a history ended: what a crash may not change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) kind: Kind,
    routings: Vec<Routing>,
    parts: Vec<Vec<Percent>>,
}

impl Outcome {
    pub(crate) fn of(run: &mut Run<'_>) -> Option<Self> {
        let kind = Kind::of(run.ending()?);
        let functions: Vec<_> = run.watch.seen.iter().map(|seen| seen.function.clone()).collect();
        // How far it came before a person was called depends on what was looked at first, and how long that took.
        if matches!(kind, Kind::NotProven | Kind::Stuck) {
            return Some(Self { kind, routings: Vec::new(), parts: Vec::new() });
        }
        let routings = functions.iter().map(|function| run.routing(function)).collect();
        let parts = match run.shape.plan.via {
            // So does how far it came before it turned back.
            _ if kind == Kind::RolledBack => Vec::new(),
            Via::Lambda => functions.iter().map(|function| told(run, function)).collect(),
            // What CodeDeploy does while nobody looks is not seen.
            Via::CodeDeploy => Vec::new(),
        };
        Some(Self { kind, routings, parts })
    }
}

/// The parts of an alias's traffic, as the journal tells them.
fn told(run: &Run<'_>, function: &str) -> Vec<Percent> {
    let part = |event: &Event| match event {
        Event::Shifted { function: of, percent, .. } if of == function => Some(*percent),
        Event::PutBack { function: of, .. } if of == function => Some(Percent::NONE),
        _ => None,
    };
    run.trail.iter().filter_map(part).collect()
}

/// What does not hold of a release that has stopped.
pub(crate) fn problems(run: &mut Run<'_>, fault: faults::Kind) -> Vec<Problem> {
    let mut problems = std::mem::take(&mut run.watch.problems);
    let Some(ending) = run.ending().cloned() else { return problems };
    let kind = Kind::of(&ending);
    let mut hold = |holds: bool, rule: &str, detail: &dyn Fn() -> String| {
        if !holds {
            problems.push(Problem::new(rule, format!("{} ({ending})", detail())));
        }
    };
    for (place, seen) in run.watch.seen.clone().into_iter().enumerate() {
        let stands = run.routing(&seen.function);
        let name = &seen.function;
        let changed = !seen.parts.is_empty();
        let ends = matches!(kind, Kind::Released | Kind::RolledBack);
        hold(!ends || !changed || seen.is_looked_at(), "what was changed is looked at once more at the end", &|| {
            name.clone()
        });
        // Only after that last look somebody may move it unseen; what the release saw, it tells.
        let unseen = seen.foreign.is_some() && !seen.is_known_to_be_foreign();
        match kind {
            Kind::Released => {
                let well = stands == Routing::wholly(new_version(run, place)) || unseen;
                hold(well, "after success every alias is wholly on its new version", &|| format!("{name}: {stands:?}"));
            }
            Kind::RolledBack if changed => {
                let well = stands == Routing::wholly(&seen.old) || unseen;
                hold(well, "after a rollback every alias is wholly on its old version", &|| {
                    format!("{name}: {stands:?}")
                });
            }
            Kind::Refused => hold(!changed, "a release that is refused changed nothing", &|| name.clone()),
            _ => {}
        }
        let told = told(run, name);
        hold(is_told(run, &seen, &told, kind), "the journal tells of every change, once", &|| {
            format!("{name} went {:?}, and the journal says {told:?}", seen.parts)
        });
    }
    hold(
        kind != Kind::Released || !run.watch.knows_an_alarm(),
        "nothing is released after an alarm was seen",
        &String::new,
    );
    hold(
        kind != Kind::Released || run.watch.knows_to_be_well(),
        "nothing is released without knowing the alarms",
        &String::new,
    );
    hold(
        kind != Kind::Released || !run.watch.fired_unseen(),
        "an alarm that fired between two looks has fired",
        &|| format!("{:?}", run.watch.alarm),
    );
    let baked = run.watch.has_baked();
    hold(kind != Kind::Released || baked, "only observed time counts for the final bake", &|| {
        format!("{:?}", run.watch.seen.iter().map(|seen| seen.observed[0]).collect::<Vec<_>>())
    });
    let began = run.trail.iter().filter(|event| matches!(event, Event::Began)).count();
    hold(began == 1, "a release begins once", &|| began.to_string());
    let last = run.trail.iter().rev().find_map(|event| match event {
        Event::Ended { ending } => Some(ending),
        _ => None,
    });
    // Where nothing shows that this is the release's own account, nothing is written into its journal.
    hold(run.state.awaits_proof() || last == Some(&ending), "the journal knows the end", &|| format!("{last:?}"));
    // Whose clock is wrong asks for other minutes than those that were measured.
    let health = &run.shape.plan.health;
    let blind = fault == faults::Kind::ClockBack && (health.min_requests > 0 || health.comparison.is_some());
    let kept = !fault.is_passing() || blind || run.watch.ordered || kind == run.shape.ends;
    hold(kept, "what passes does not change the end", &|| format!("{fault:?} at {:?}", run.state.stage));
    let expired = fault != faults::Kind::Expired || kind != Kind::RolledBack;
    let expired = expired || run.watch.ordered || run.shape.ends == kind;
    hold(expired, "an expired session puts nothing back", &String::new);
    let aborted = fault != faults::Kind::Aborted || kind != Kind::NotProven;
    hold(aborted, "an abort puts everything back, or comes too late", &String::new);
    // Where the calls that remove them are struck, they may stay.
    let spared = matches!(fault, faults::Kind::None) || fault.is_alarm() || fault.is_edit();
    if spared && matches!(kind, Kind::Released | Kind::RolledBack | Kind::Refused) {
        let left: Vec<_> = run.plane.alarms().filter(|name| name.starts_with("onebox-")).collect();
        hold(left.is_empty(), "no alarm of the release's is left", &|| format!("{left:?}"));
    }
    // Where the calls that remove them are denied, or throttled for too long, the journal has the command that removes them.
    let struck = matches!(fault, faults::Kind::Denied | faults::Kind::DeniedOnce | faults::Kind::ThrottledLong);
    if !struck && matches!(kind, Kind::Released | Kind::RolledBack | Kind::Refused) {
        let seen = run.watch.seen.iter();
        let left: Vec<_> = seen.filter(|seen| guards::is_there(&run.plane, seen)).map(|seen| &seen.function).collect();
        hold(left.is_empty(), "no guard alias of the release's is left", &|| format!("{left:?}"));
    }
    problems
}

fn new_version(run: &Run<'_>, place: usize) -> &'static str {
    match run.shape.plan.shifts().nth(place).map(|(_, shift)| &shift.target) {
        Some(Target::Version(_)) => NEW,
        _ => "8",
    }
}

/// Whether the journal tells of every change of an alias, and of none twice.
fn is_told(run: &Run<'_>, seen: &Seen, told: &[Percent], kind: Kind) -> bool {
    if run.shape.plan.via == Via::CodeDeploy || seen.edited {
        // What CodeDeploy or a person does between two polls is not seen.
        return told.windows(2).all(|pair| pair[0] != pair[1]);
    }
    match kind {
        // The last change is perhaps in doubt.
        Kind::Stuck | Kind::NotProven => seen.parts.starts_with(told),
        _ => {
            // A change that was never confirmed is not told of where it was put back at once.
            let next = seen.parts.iter().skip(1).map(Some).chain([None]);
            let mut told = told.iter().peekable();
            let all = seen
                .parts
                .iter()
                .zip(next)
                .all(|(part, next)| told.next_if_eq(&part).is_some() || next == Some(&Percent::NONE));
            all && told.next().is_none()
        }
    }
}
