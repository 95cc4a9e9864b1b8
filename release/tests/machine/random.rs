//! Any answers, in any order: what must always hold.

use std::time::Duration;

use onebox_release::{
    AlarmState, AlarmView, AliasView, Answer, Call, CallError, Comparison, Effect, Ending, ErrorKind, Input, Minute,
    NotProven, Percent, Plan, Reply, Routing, Stage, VersionAlarms,
};
use proptest::prelude::*;

use crate::world::{World, plan};

/// What happens at one step.
#[derive(Clone, Copy, Debug)]
enum Turn {
    /// AWS answers, but for some calls.
    Answers {
        pattern: u32,
        fault: Fault,
    },
    Resume,
    Abort,
    Promote,
    /// The clock moves by so many seconds.
    Clock(i64),
    /// The answers are lost, or were another's.
    Wrong,
}

/// What is said instead of AWS's answer.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Refused(ErrorKind),
    /// The call is made, and the answer lost.
    Lost,
    /// Somebody else was first.
    Foreign,
    Alarm(AlarmState),
    NoAlarms,
    Worse,
    /// An answer of another kind.
    Strange,
    None,
}

fn fault() -> impl Strategy<Value = Fault> {
    let kinds = [
        ErrorKind::Precondition,
        ErrorKind::Conflict,
        ErrorKind::NotFound,
        ErrorKind::Denied,
        ErrorKind::Unconfigured,
        ErrorKind::Throttled,
        ErrorKind::Invalid,
        ErrorKind::Unknown,
        ErrorKind::Local,
    ];
    prop_oneof![
        8 => Just(Fault::None),
        3 => proptest::sample::select(kinds.to_vec()).prop_map(Fault::Refused),
        2 => Just(Fault::Lost),
        1 => Just(Fault::Foreign),
        1 => proptest::sample::select(vec![AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData])
            .prop_map(Fault::Alarm),
        1 => Just(Fault::NoAlarms),
        1 => Just(Fault::Worse),
        1 => Just(Fault::Strange),
    ]
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        20 => (any::<u32>(), fault()).prop_map(|(pattern, fault)| Turn::Answers { pattern, fault }),
        2 => Just(Turn::Resume),
        1 => Just(Turn::Abort),
        1 => Just(Turn::Promote),
        1 => (-4_000_i64..4_000).prop_map(Turn::Clock),
        1 => Just(Turn::Wrong),
    ]
}

fn answer(world: &mut World, call: &Call, fault: Fault) -> Answer {
    if let Call::UpdateAlias { function, alias, revision, .. } = call {
        let stands = world.aliases.get(&format!("{function}:{alias}"));
        let overwrites = stands.is_some_and(|view| view.routing == Routing::wholly("5") && view.revision == *revision);
        assert!(!overwrites, "somebody else's change is overwritten: {call:?}");
    }
    match (fault, call) {
        // What the release begins with is version 6; what a proof reads it has perhaps not touched.
        (Fault::Foreign | Fault::Strange, _) if world.state.stage == Stage::Preflight || world.state.awaits_proof() => {
            world.call(call)
        }
        (Fault::Refused(kind), _) => Err(CallError::new(kind, "no")),
        (Fault::Lost, call) => {
            let _lost = world.call(call);
            Err(CallError::new(ErrorKind::Unknown, "lost"))
        }
        (Fault::Foreign, Call::UpdateAlias { function, alias, .. } | Call::GetAlias { function, alias }) => {
            world.put(&format!("{function}:{alias}"), Routing::wholly("5"));
            world.call(call)
        }
        (Fault::Alarm(state), Call::DescribeAlarms { names, .. }) => {
            Ok(Reply::Alarms(names.iter().map(|name| AlarmView::new(name, state)).collect()))
        }
        (Fault::NoAlarms, Call::DescribeAlarms { .. }) => Ok(Reply::Alarms(Vec::new())),
        (Fault::Worse, Call::GetMetricData { of, from, .. }) => {
            let errors = |version: &str| if version == "7" { 500 } else { 1 };
            let minute = |version: &str| Minute { at: *from, invocations: 1_000, errors: errors(version) };
            Ok(Reply::Traffic(of.iter().map(|executed| vec![minute(&executed.version)]).collect()))
        }
        (Fault::Strange, _) => Ok(Reply::Alias(AliasView {
            routing: Routing::wholly("4"),
            revision: "strange".into(),
            description: String::new(),
            place: crate::world::place(),
        })),
        _ => world.call(call),
    }
}

/// Whether it puts an alias anywhere else than wholly on its old version.
fn raises(call: &Call) -> bool {
    matches!(call, Call::UpdateAlias { to, .. } if *to != Routing::wholly("6"))
}

fn is_regular(call: &Call) -> bool {
    matches!(call, Call::UpdateAlias { function, .. } if function == "web")
}

fn rich(change: impl FnOnce(&mut Plan)) -> Plan {
    plan(|plan| {
        let mut twin = plan.backends[0].clone();
        twin.function = "stock".into();
        plan.backends.push(twin);
        plan.backends[0].before = Some("smoke".into());
        plan.backends[1].after = Some("verify".into());
        plan.health.hold = Duration::from_secs(120);
        plan.health.version_alarms = Some(VersionAlarms { errors: 1, minutes: 1 });
        plan.protect = true;
        change(plan);
    })
}

fn rules() -> impl Strategy<Value = Plan> {
    let policies = vec![NotProven::Stop, NotProven::Continue, NotProven::RollBack];
    (proptest::sample::select(policies), prop_oneof![Just(0_u64), Just(20)], any::<bool>()).prop_map(
        |(not_proven, min_requests, compared)| {
            rich(|plan| {
                (plan.health.not_proven, plan.health.min_requests) = (not_proven, min_requests);
                plan.health.comparison = compared.then_some(Comparison { false_alarm: 0.01, tolerance: 0.01 });
            })
        },
    )
}

/// What was seen on the way.
#[derive(Default)]
struct Seen {
    fired: bool,
    baked: bool,
}

impl Seen {
    /// What the next effect may be.
    fn check(&mut self, world: &World) {
        self.baked |= world.told().iter().any(|told| told == "regular: shift");
        let Effect::Call { calls, .. } = &world.state.effect else { return };
        for call in calls {
            assert!(!(self.fired && raises(call)), "a weight rises after an alarm fired: {call:?}");
            assert!(
                self.baked || !is_regular(call),
                "the regular side is touched before the bake has passed: {call:?}"
            );
            let is_known = |part: &Option<(String, Percent)>| part.as_ref().is_none_or(|(version, _)| version == "7");
            if let Call::UpdateAlias { to, .. } = call {
                assert!(["6", "7"].contains(&to.version.as_str()) && is_known(&to.additional), "{to:?}");
            }
        }
    }

    /// Alarms that fire while a release watches them.
    fn hear(&mut self, answers: &[Answer], world: &World) {
        let watches = !matches!(
            world.state.stage,
            Stage::Disarm | Stage::RollBack | Stage::Preflight | Stage::Publish | Stage::Guard
        );
        let fired = |answer: &Answer| match answer {
            Ok(Reply::Alarms(views)) => views.iter().any(|view| view.state == AlarmState::Alarm),
            _ => false,
        };
        self.fired |= watches && answers.iter().any(fired);
    }
}

fn take(world: &mut World, turn: Turn, seen: &mut Seen) {
    let input = match (turn, world.state.effect.clone()) {
        (Turn::Resume, _) => Input::Resume,
        (Turn::Abort, _) => Input::Abort("no".into()),
        (Turn::Promote, _) => Input::Promote("go".into()),
        (Turn::Wrong, _) => Input::Answers(vec![Ok(Reply::Done); 2]),
        (Turn::Clock(seconds), _) => {
            world.now = world.now.checked_add(Duration::from_secs(seconds.unsigned_abs())).expect("a time");
            if seconds < 0 {
                world.now -= Duration::from_secs(2 * seconds.unsigned_abs());
            }
            Input::Woke
        }
        (Turn::Answers { pattern, fault }, Effect::Call { calls, .. }) => {
            let pick = |index: usize| if pattern >> (index % 32) & 1 == 1 { fault } else { Fault::None };
            let answers: Vec<_> =
                calls.iter().enumerate().map(|(index, call)| answer(world, call, pick(index))).collect();
            seen.hear(&answers, world);
            Input::Answers(answers)
        }
        (Turn::Answers { .. }, Effect::Wait { until }) => {
            world.now = world.now.max(until);
            Input::Woke
        }
        (Turn::Answers { .. }, _) => Input::Resume,
    };
    world.input(input);
    seen.check(world);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_aws_answers(plan in rules(), turns in proptest::collection::vec(turn(), 0..120)) {
        let mut world = World::new(plan);
        let mut seen = Seen::default();
        world.input(Input::Resume);
        for turn in turns {
            take(&mut world, turn, &mut seen);
        }
        // From here on AWS is well: the release ends, or stops and says so.
        let mut steps = 0;
        while !matches!(world.state.effect, Effect::Stop { .. }) {
            take(&mut world, Turn::Answers { pattern: 0, fault: Fault::None }, &mut seen);
            steps += 1;
            prop_assert!(steps < 2_000, "it does not end: {:?}", world.state);
        }
        let Effect::Stop { ending } = &world.state.effect else { return Ok(()) };
        let live = || world.aliases.iter().filter(|(name, _)| name.ends_with(":live")).map(|(_, alias)| alias);
        let stands = |version: &str| live().all(|alias| alias.routing == Routing::wholly(version));
        match ending {
            Ending::Released => {
                prop_assert!(world.state.lanes.iter().all(|lane| lane.percent == Percent::ALL));
                prop_assert!(stands("7"), "{:?} {:#?}", world.aliases, world.told());
            }
            Ending::RolledBack(_) | Ending::Refused(_) => {
                prop_assert!(world.state.lanes.iter().all(|lane| lane.percent == Percent::NONE));
                prop_assert!(stands("6"), "{:?} {:#?}", world.aliases, world.told());
            }
            _ => {}
        }
    }
}
