//! A session that expires, a clock that is wrong, and AWS that does not answer: each has a message of its own, and none
//! says anything about a version.

use std::time::Duration;

use onebox_release::Routing;
use onebox_sim::control::{At, Fault, FaultPlan, Trouble};

use crate::{PATIENT, World, finished};

fn always(trouble: Trouble) -> FaultPlan {
    FaultPlan(vec![Fault { at: At::Call(0), times: 1_000_000, trouble }])
}

#[test]
fn a_session_that_expires_during_a_release_holds_it_and_after_a_login_it_goes_on() {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    let tenth = world.routing("orders");
    world.server.with(|plane| plane.fail(always(Trouble::Expired)));
    world.until("the hold", |world| world.journal_text("patient").contains("your session has expired"));
    assert_eq!(world.routing("orders"), tenth, "nothing goes back");
    world.server.with(|plane| plane.fail(FaultPlan::default()));
    world.until("the login", |world| world.journal_text("patient").contains("takes the credentials again"));
    world.run(&["release", "promote", "--because", "fine"]).is(0, &[]);
    let done = finished(child);
    done.is(0, &["released", "log in again, then resume"]);
    assert_eq!(done.out.matches("your session has expired").count(), 1, "{}", done.out);
    assert!(!done.out.contains("permit") && !done.out.contains("everything goes back"), "{}", done.out);
    assert_eq!(world.routing("orders"), Routing::wholly("7"));
}

#[test]
fn a_session_that_stays_expired_ends_the_driver_and_resume_goes_on() {
    let world = World::with(&format!("{PATIENT}[health]\nhold = \"300ms\"\n"));
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    world.server.with(|plane| plane.fail(always(Trouble::Expired)));
    finished(child).is(2, &["your session has expired: log in again, then resume", "orders:live stands on"]);
    world.server.with(|plane| plane.fail(FaultPlan::default()));
    let child = world.spawn(&["release", "resume"]);
    world.until("the second driver", |world| world.journal_text("patient").contains("the release goes on"));
    world.run(&["release", "promote", "--because", "fine"]).is(0, &[]);
    finished(child).is(0, &["released"]);
}

#[test]
fn a_release_without_valid_credentials_is_refused_with_a_sentence_of_its_own() {
    for (trouble, said) in [
        (Trouble::Expired, "your session has expired: log in again"),
        (Trouble::Skewed, "this machine's clock differs from AWS's"),
    ] {
        let world = World::with(PATIENT);
        world.server.with(|plane| plane.fail(always(trouble)));
        let done = world.run(&["release", "start"]);
        done.is(1, &[said, "nothing was changed"]);
        assert!(!done.err.contains("permit"), "{done:?}");
        assert_eq!(world.routing("orders"), Routing::wholly("6"));
    }
}

#[test]
fn a_profile_that_is_not_there_is_named() {
    let world = World::with(PATIENT);
    let config = world.path("config");
    std::fs::write(&config, "[profile shop]\nregion = eu-west-1\n").unwrap();
    let mut command = world.command(&["release", "start", "--profile", "shoop"]);
    let done = crate::ended(command.env("AWS_CONFIG_FILE", &config));
    done.is(64, &["no profile shoop", "shop"]);
}

#[test]
fn aws_that_does_not_answer_is_waited_for_aloud() {
    let world = World::with(PATIENT);
    world.server.set_latency(Duration::from_secs(11));
    let child = world.spawn(&["release", "start"]);
    crate::pause(Duration::from_secs(12));
    crate::signal(&child, "TERM");
    finished(child).is(130, &["waiting for AWS: no answer to DescribeAlarms for 10 s"]);
}

#[test]
fn credentials_that_end_before_the_plan_does_are_warned_of() {
    let plan = PATIENT.replace("final_bake = \"200ms\"", "final_bake = \"3h\"");
    for (minutes, warned) in [(60, true), (600, false)] {
        let world = World::with(&plan);
        let expires = crate::now() + jiff::SignedDuration::from_mins(minutes);
        let mut command = world.command(&["release", "start"]);
        command.env("AWS_CREDENTIAL_EXPIRATION", expires.to_string());
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
        let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        world.until_shifted("orders");
        crate::signal(&child, "TERM");
        let done = finished(child);
        assert_eq!(done.err.contains("the credentials are valid until"), warned, "{done:?}");
    }
}
