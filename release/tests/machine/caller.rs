//! Credentials that expired, and other things that say something about whoever calls: they hold a release, and nothing is
//! concluded from them. And hooks whose answers are lost.

use std::{cell::Cell, rc::Rc};

use onebox_release::{Answer, Call, CallError, Ending, ErrorKind, Event, Input, NotProven, Plan};

use crate::world::{World, plan};

const OF_CALLER: [ErrorKind; 3] = [ErrorKind::Expired, ErrorKind::Skewed, ErrorKind::Unconfigured];

fn refused(kind: ErrorKind) -> Option<Answer> {
    Some(Err(CallError::new(kind, "GetAlias: SomeException: what AWS says")))
}

/// A release whose calls are refused from the `from`th on, `count` of them.
fn failing(kind: ErrorKind, from: usize, count: usize, change: impl FnOnce(&mut Plan)) -> World {
    let mut made = 0;
    World::new(plan(change)).scripted(move |_, _| {
        made += 1;
        if made > from && made <= from + count { refused(kind) } else { None }
    })
}

fn held(world: &World) -> Vec<&String> {
    let held = world.events.iter().filter_map(|event| match event {
        Event::Held { reason } => Some(reason),
        _ => None,
    });
    held.collect()
}

fn hooked(plan: &mut Plan) {
    plan.backends[0].before = Some("smoke".into());
    plan.health.version_alarms = Some(onebox_release::VersionAlarms { errors: 1, minutes: 1 });
}

#[test]
fn a_session_that_expires_for_a_while_changes_nothing_wherever_it_happens() {
    let whole = {
        let mut world = World::new(plan(hooked));
        assert_eq!(world.start(), Ending::Released);
        world.calls.len()
    };
    for kind in OF_CALLER {
        for from in (0..whole).step_by(3) {
            let mut world = failing(kind, from, 12, hooked);
            match world.start() {
                Ending::Released => assert!(
                    !world.events.iter().any(|event| matches!(event, Event::RollingBack { .. })),
                    "{kind:?} from {from}"
                ),
                Ending::Refused(_) => assert!(world.updates().is_empty(), "{kind:?} from {from}"),
                other => panic!("{kind:?} from {from}: {other}"),
            }
        }
    }
}

#[test]
fn a_session_that_stays_expired_needs_attention_and_is_reported_once() {
    for not_proven in [NotProven::Stop, NotProven::RollBack, NotProven::Continue] {
        for from in [13, 20, 40] {
            let over = Rc::new(Cell::new(true));
            let (mut made, login) = (0, Rc::clone(&over));
            let mut world = World::new(plan(|plan| plan.health.not_proven = not_proven)).scripted(move |_, _| {
                made += 1;
                if made > from && login.get() { refused(ErrorKind::Expired) } else { None }
            });
            let ending = world.start();
            let Ending::Stuck(reason) = &ending else { panic!("{not_proven:?} from {from}: {ending}") };
            assert!(reason.contains("your session has expired: log in again, then resume"), "{reason}");
            assert!(!reason.contains("permit") && !reason.contains("IAM"), "{reason}");
            assert_eq!(held(&world).len(), 1, "{not_proven:?} from {from}: {:?}", held(&world));

            over.set(false);
            world.input(Input::Resume);
            assert_eq!(world.run(), Ending::Released, "{not_proven:?} from {from}");
        }
    }
}

#[test]
fn a_rollback_without_credentials_says_what_remains() {
    let over = Rc::new(Cell::new(false));
    let login = Rc::clone(&over);
    let mut world =
        World::new(plan(|_| {})).scripted(move |_, _| if login.get() { refused(ErrorKind::Expired) } else { None });
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::UpdateAlias { .. }));
    world.perform();
    over.set(true);
    world.input(Input::Abort("it is broken".into()));
    let ending = world.run();
    let Ending::Stuck(reason) = &ending else { panic!("{ending}") };
    for part in ["your session has expired", "The rollback is NOT complete", "orders:live stands on", "10 % on 7"] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    over.set(false);
    world.input(Input::Resume);
    assert!(matches!(world.run(), Ending::RolledBack(_)));
}

#[test]
fn a_release_that_has_not_begun_is_refused_with_one_sentence_for_each_kind() {
    let sentences = [
        (ErrorKind::Expired, "your session has expired: log in again"),
        (ErrorKind::Skewed, "this machine's clock differs"),
        (ErrorKind::Unconfigured, "AWS takes no credentials of yours"),
    ];
    for (kind, sentence) in sentences {
        let mut world = failing(kind, 0, usize::MAX, |_| {});
        let ending = world.start();
        let Ending::Refused(reasons) = &ending else { panic!("{ending}") };
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        assert!(reasons[0].starts_with(sentence), "{reasons:?}");
    }
}

#[test]
fn throttling_before_the_start_is_reported_while_it_lasts() {
    let mut world = failing(ErrorKind::Throttled, 0, 40, |_| {});
    assert_eq!(world.start(), Ending::Released);
    assert_eq!(held(&world).len(), 1);
    assert!(held(&world)[0].starts_with("AWS throttles "), "{:?}", held(&world));
}

#[test]
fn a_hook_whose_answer_is_lost_is_invoked_twice_and_no_more() {
    let invoked = |kind: ErrorKind| {
        let mut world = World::new(plan(hooked)).scripted(move |_, call| match call {
            Call::Invoke { .. } => refused(kind),
            _ => None,
        });
        let ending = world.start();
        (world.calls.iter().filter(|(_, call)| matches!(call, Call::Invoke { .. })).count(), ending)
    };
    let (times, ending) = invoked(ErrorKind::Unknown);
    assert_eq!(times, 2);
    assert!(matches!(ending, Ending::RolledBack(_)), "{ending}");
    assert_eq!(invoked(ErrorKind::Invalid).0, 1);
    // It did not run at all: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, ResourceNotReadyException.
    assert_eq!(invoked(ErrorKind::Conflict).0, 5);
}
