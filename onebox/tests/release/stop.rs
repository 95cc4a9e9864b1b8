//! Somebody who stops the driver.

use std::{io::Write, process::Stdio, time::Duration};

use onebox_release::{AlarmState, Routing};
use onebox_sim::control::{At, FaultPlan, Trouble};

use crate::{ONEBOX, PATIENT, World, finished, pause, signal};

#[test]
fn it_stops_after_the_call_that_is_under_way_and_goes_on_later() {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until("the preflight", |world| !world.server.served().is_empty());
    world.server.set_latency(Duration::from_millis(700));
    world.until_shifted("orders");
    // The update is applied, and its answer is still under way, or the poll after it.
    signal(&child, "INT");
    finished(child).is(130, &["everything stays as it is"]);
    world.server.set_latency(Duration::ZERO);
    let child = world.spawn(&["release", "resume"]);
    world.until("the second driver", |world| world.journal_text("patient").contains("the release goes on"));
    world.run(&["release", "promote", "--because", "fine"]).is(0, &[]);
    finished(child).is(0, &["released"]);
    assert_eq!(world.moves(), 2);
}

#[test]
fn a_system_that_shuts_down_stops_it_too() {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    signal(&child, "TERM");
    finished(child).is(130, &["everything stays as it is"]);
}

/// A pipe is full after 64 KiB at most: a release does not wait for whoever reads it.
#[test]
fn nobody_has_to_read_what_it_says() {
    let world = World::with(PATIENT);
    let mut full = world.command(&["release", "start", "--json"]);
    let (_reader, mut writer) = std::io::pipe().unwrap();
    fill(&mut writer);
    let mut child = full.stdin(Stdio::null()).stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    world.until_shifted("orders");
    world.alarm("web-5xx", AlarmState::Alarm);
    world.until("the way back", |world| world.routing("orders") == Routing::wholly("6"));
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

/// Writes until the pipe takes no more.
fn fill(writer: &mut std::io::PipeWriter) {
    let mut writer = writer.try_clone().unwrap();
    let (filled, full) = std::sync::mpsc::channel();
    std::thread::spawn(move || while writer.write_all(&[b'\n'; 1024]).is_ok() && filled.send(()).is_ok() {});
    while full.recv_timeout(Duration::from_millis(300)).is_ok() {}
}

/// The answer of the update is lost with the driver: it is found out before everything goes back.
#[test]
fn a_driver_that_died_in_the_middle_of_an_update_is_followed_by_one_that_puts_it_back() {
    let world = World::with(PATIENT);
    world.server.with(|plane| plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 0), Trouble::LostAnswer)));
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    signal(&child, "KILL");
    finished(child);
    world.server.with(|plane| plane.fail(FaultPlan::default()));
    pause(Duration::from_millis(50));
    world.run(&["release", "abort"]).is(1, &["rolled back"]);
    assert_eq!(world.routing("orders"), Routing::wholly("6"));
}

/// A job of CI that is cancelled gets SIGINT, then SIGTERM:
/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation>
#[test]
fn a_cancelled_job_puts_everything_back_where_that_is_wanted() {
    for signals in [&["INT", "TERM"][..], &["TERM"], &["HUP"]] {
        let world = World::with(PATIENT);
        let mut start = world.program("env");
        let start = start.args(["--default-signal=HUP", ONEBOX, "release", "start", "--on-stop", "roll-back"]);
        let child = start.spawn().unwrap();
        world.until_shifted("orders");
        // The answer to the call under way takes longer than the system waits.
        world.server.set_latency(Duration::from_millis(300));
        signals.iter().for_each(|name| signal(&child, name));
        finished(child).is(1, &["rolled back: aborted: the command was stopped (--on-stop roll-back)"]);
        assert_eq!(world.routing("orders"), Routing::wholly("6"), "{signals:?}");
    }
    // One that resumes does so too.
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    signal(&child, "KILL");
    finished(child);
    let child = world.spawn(&["release", "resume", "--on-stop", "roll-back"]);
    world.until("the second driver", |world| world.journal_text("patient").contains("the release goes on"));
    signal(&child, "INT");
    finished(child).is(1, &["rolled back"]);
    assert_eq!(world.routing("orders"), Routing::wholly("6"));
}
