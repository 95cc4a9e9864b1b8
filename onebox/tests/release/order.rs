//! Orders to whoever drives, and a second driver that is kept out.

use onebox_release::{AlarmState, Routing};

use crate::{PATIENT, PLAN, World, finished, lines, signal};

#[test]
fn a_second_driver_is_kept_out() {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    let pid = format!("(pid {})", child.id());
    world.run(&["release", "resume"]).is(2, &["another onebox drives this release", &pid, "onebox release watch"]);
    world.run(&["release", "start"]).is(2, &["another onebox drives this release", &pid]);
    world.write("other.toml", &PLAN.replace("web-1", "other"));
    let other = world.run(&["release", "start", "--plan", "other.toml"]);
    other.is(64, &["the release patient is not over, and it moves orders:live too"]);
    let status = world.run(&["release", "status", "--json"]);
    let status = &lines(&status.out)[0];
    assert_eq!(status["pid"].as_u64(), Some(u64::from(child.id())), "{status}");
    world.run(&["release", "abort", "--because", "lunch"]).is(0, &["the driver has taken the order"]);
    finished(child).is(1, &["abort: lunch", "rolled back"]);
    assert_eq!(world.routing("orders"), Routing::wholly("6"));
    world.run(&["release", "abort"]).is(64, &["the release patient is over"]);
}

#[test]
fn an_approval_is_given_from_outside_while_others_watch() {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start", "--json"]);
    world.until_shifted("orders");
    let watching = world.spawn(&["release", "watch"]);
    let promoted = world.run(&["release", "promote", "--because", "the dashboards are green", "--json"]);
    assert_eq!(lines(&promoted.out)[0]["taken"], true, "{promoted:?}");
    let done = finished(child);
    done.is(0, &["promote: the dashboards are green"]);
    let watched = finished(watching);
    watched.is(0, &["promote: the dashboards are green", "released"]);
    assert_eq!(watched.out, world.run(&["release", "history"]).out);
    world.run(&["release", "promote"]).is(64, &["--because"]);
}

#[test]
fn an_order_without_a_driver_makes_this_one_the_driver() {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    signal(&child, "INT");
    finished(child).is(130, &["everything stays as it is", "onebox release resume --id patient", "abort --id patient"]);
    let promoted = world.run(&["release", "promote", "--because", "fine"]);
    promoted.is(0, &["the release goes on", "promote: fine", "released"]);
    assert_eq!(world.routing("orders"), Routing::wholly("7"));
    assert_eq!(world.moves(), 2);
}

#[test]
fn an_order_that_a_dead_driver_did_not_take_is_taken_by_the_next() {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    signal(&child, "STOP");
    // The driver cannot take it; the order is left, and the driver dies.
    let abort = world.spawn(&["release", "abort", "--because", "enough"]);
    world.until("the order", |world| {
        std::fs::read_to_string(world.path(".onebox/patient/orders")).is_ok_and(|orders| orders.ends_with('\n'))
    });
    signal(&abort, "KILL");
    signal(&child, "KILL");
    assert_eq!((finished(child).code, finished(abort).code), (None, None));
    world.run(&["release", "resume"]).is(1, &["abort: enough", "rolled back"]);
    assert_eq!(world.routing("orders"), Routing::wholly("6"));
}

#[test]
fn an_alarm_is_stronger_than_an_approval() {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    world.alarm("web-5xx", AlarmState::Alarm);
    finished(child).is(1, &["the alarm web-5xx fired"]);
    assert_eq!(world.routing("orders"), Routing::wholly("6"));
}

#[test]
fn one_of_several_releases_is_named_or_the_newest_unfinished_is_meant() {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    signal(&child, "INT");
    finished(child).is(130, &[]);
    let small = PATIENT.replace("patient", "small").replace("\"orders\"", "\"web\"");
    let small = small.replace("percent = 10, approval = true", "percent = 10, wait = \"100ms\"");
    world.write("small.toml", &small);
    world.run(&["release", "start", "--plan", "small.toml"]).is(0, &["released"]);
    world.run(&["release", "status"]).is(0, &["patient: "]);
    world.run(&["release", "start"]).is(64, &["the release patient is under way", "onebox release status"]);
    world.run(&["release", "status", "--id", "small"]).is(0, &["small: released"]);
    world.run(&["release", "status", "--id", "smal"]).is(64, &["has no release smal; it has: patient, small"]);
    world.run(&["release", "status", "--id", "../.onebox/small"]).is(64, &["has no release"]);
    world.run(&["release", "abort"]).is(1, &["rolled back"]);
    world.run(&["release", "status"]).is(0, &["small: released"]);
    world.run(&["release", "status", "--journal", "elsewhere"]).is(64, &["elsewhere has no release"]);
}
