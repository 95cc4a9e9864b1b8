//! Another account or region has functions of the same names: nothing there is believed or changed.

use onebox_release::{Call, Effect, Ending, Input, Percent, Place, Routing};

use crate::world::{World, place, plan};

fn others() -> [Place; 2] {
    [Place::new("us-east-1", "123456789012"), Place::new("eu-west-1", "999999999999")]
}

/// A release at 10%, whose driver is gone; what the next one sees is another place, in which `live` is on the old
/// version.
fn left_at_a_tenth(other: &Place) -> World {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::UpdateAlias { .. }));
    world.perform();
    assert_eq!(world.state.lanes[0].percent, Percent::from_hundredths(1_000).unwrap());
    world.calls.clear();
    world.place = other.clone();
    for view in world.aliases.values_mut() {
        (view.routing, view.revision, view.place) = (Routing::wholly("6"), "theirs".into(), other.clone());
    }
    world
}

#[test]
fn in_another_place_nothing_is_believed_or_changed() {
    for other in others() {
        for input in [Input::Resume, Input::Abort("no".into()), Input::Promote("go".into())] {
            let mut world = left_at_a_tenth(&other);
            world.state = world.state.clone().for_another_driver();
            let before = world.state.clone();
            world.input(input.clone());
            let Ending::Stuck(why) = world.run() else { panic!("{input:?} in {other}") };
            assert!(why.contains(&place().to_string()) && why.contains(&other.to_string()), "{why}");
            assert!(world.calls.iter().all(|(_, call)| !call.changes()), "{:?}", world.calls);
            assert!(!onebox_release::worth_keeping(&world.state), "the journal stays as it was");
            assert_eq!((world.state.stage, &world.state.lanes), (before.stage, &before.lanes), "{input:?}");
        }
    }
}

#[test]
fn that_nothing_exists_proves_nothing() {
    let mut world = left_at_a_tenth(&place());
    world.aliases.clear();
    let mut world = world.scripted(|_, call| match call {
        Call::GetVersion { .. } => {
            Some(Err(onebox_release::CallError::new(onebox_release::ErrorKind::NotFound, "none")))
        }
        _ => None,
    });
    world.input(Input::Resume);
    let Ending::Stuck(why) = world.run() else { panic!("expected stuck") };
    assert!(why.contains("nothing that these credentials read shows"), "{why}");
}

#[test]
fn an_answer_from_another_place_in_the_middle_stops_everything() {
    for other in others() {
        let mut world = World::new(plan(|_| {}));
        world.input(Input::Resume);
        world.run_until(|call| matches!(call, Call::UpdateAlias { .. }));
        for view in world.aliases.values_mut() {
            view.place = other.clone();
        }
        world.place = other.clone();
        let Ending::Stuck(why) = world.run() else { panic!("expected stuck") };
        assert!(why.contains(&place().to_string()) && why.contains(&other.to_string()), "{why}");
        assert_eq!(world.state.lanes[0].percent, Percent::NONE, "nothing of it is believed");
    }
}

/// Alarms may be in another region. CloudWatch shows those of one account only.
#[test]
fn alarms_of_another_account_are_not_believed() {
    for (other, is_believed) in
        [(Place::new("eu-west-1", "210987654321"), false), (Place::new("us-east-1", &place().account), true)]
    {
        let mut world = World::new(plan(|_| {}));
        world.input(Input::Resume);
        world.run_until(|call| matches!(call, Call::UpdateAlias { .. }));
        world.alarms_in = other.clone();
        let ending = world.run();
        let is_told = matches!(&ending, Ending::Stuck(why) if why.contains(&other.account) && why.contains("nothing was changed"));
        assert_eq!((ending == Ending::Released, is_told), (is_believed, !is_believed), "{ending:?}");
    }
}

#[test]
fn a_plan_that_names_another_account_or_region_does_not_begin() {
    for (region, account, field) in
        [(Some("us-east-1"), None, "release.region"), (None, Some("999999999999"), "release.account")]
    {
        let mut world = World::new(plan(|plan| {
            (plan.region, plan.account) = (region.map(str::to_owned), account.map(str::to_owned));
        }));
        let Ending::Refused(reasons) = world.start() else { panic!("expected a refusal") };
        assert!(reasons.iter().any(|reason| reason.starts_with(field)), "{reasons:?}");
    }
}

/// Left at 10%, found at 0% under a revision that is not ours: an external change, however it came.
#[test]
fn an_alias_that_another_put_back_is_an_external_change() {
    for crashed in [false, true] {
        let mut world = left_at_a_tenth(&place());
        if crashed {
            world.state = world.state.clone().for_another_driver();
        }
        world.input(Input::Abort("no".into()));
        let Ending::Stuck(why) = world.run() else { panic!("expected stuck: {crashed}") };
        assert!(why.contains("orders:live was changed by someone else: it stands on 6"), "{why}");
        // A person has seen it, and says so.
        world.resume();
        assert_eq!(world.run(), Ending::RolledBack("aborted: no".into()));
    }
}

/// The same where the update back was ours and its answer was lost: not reported as somebody else's.
#[test]
fn our_own_update_back_is_recognised_after_a_crash() {
    let mut world = World::new(plan(|_| {}));
    world.input(Input::Resume);
    world.run_until(|call| matches!(call, Call::UpdateAlias { .. }));
    world.perform();
    world.input(Input::Abort("no".into()));
    let Effect::Call { calls, .. } = world.state.effect.clone() else { panic!("expected calls") };
    for call in &calls {
        let _lost = world.call(call);
    }
    world.resume();
    assert_eq!(world.run(), Ending::RolledBack("aborted: no".into()));
}
