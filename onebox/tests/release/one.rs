//! One alias: shifted, or set.

use std::time::Duration;

use onebox_release::{AlarmState, Percent, Routing, VersionState};
use onebox_sim::control::{At, Code, Condition, Fault, FaultPlan, SlowMoves, Trouble};

use crate::{World, lines, now};

const SHIFT: [&str; 8] = ["shift", "orders:live", "--to", "7", "--strategy", "canary:25%:200ms", "--bake", "200ms"];

fn shift<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SHIFT, more, &["--poll", "100ms"]].concat()
}

#[test]
fn one_alias_is_shifted_without_a_plan() {
    let world = World::with("");
    let done = world.run(&shift(&["--alarm", "web-5xx"]));
    done.is(0, &["orders:live: 25 % on version 7, the rest on 6", "released"]);
    assert_eq!(world.routing("orders"), Routing::wholly("7"));
    assert_eq!(world.routing("web"), Routing::wholly("6"));
    world.run(&["release", "status"]).is(0, &["orders-live-2", "released"]);
    world.run(&["shift", "orders:live", "--to", "latest", "--bake", "100ms", "--poll", "100ms"]).is(1, &["orders"]);
}

#[test]
fn an_alarm_puts_it_back_and_can_be_ignored() {
    let world = World::with("");
    world.alarm("web-5xx", AlarmState::Alarm);
    world.run(&shift(&["--alarm", "web-5xx"])).is(1, &["refused", "web-5xx"]);
    let ignoring = shift(&["--alarm", "web-5xx", "--ignore-alarm", "web-5xx", "--because", "fixes it"]);
    world.run(&ignoring).is(0, &["released"]);
}

#[test]
fn mistakes_are_told_by_the_option_that_they_are_in() {
    let world = World::with("");
    for (args, said) in [
        (&["shift", "orders", "--to", "7"][..], "such as orders:live"),
        (&["shift", "orders:live"], "--to"),
        (&["shift", "orders:live", "--to", "seven"], "--to: expected a version"),
        (&["shift", "orders:live", "--to", "7", "--bake", "0s"], "--bake: "),
        (&["shift", "orders:live", "--to", "7", "--strategy", "Canary11Percent"], "--strategy: "),
        (&["shift", "orders:live", "--to", "7", "--strategy", "steps:20%:1m,10%:1m"], "--strategy: "),
        (&["shift", "orders:live", "--to", "nowhere.zip"], "nowhere.zip cannot be read"),
        (&["shift", "orders:live", "--to", "7", "--alarm", "a", "--alarm", "a"], "--alarm: "),
    ] {
        world.run(args).is(64, &[said]);
    }
    assert_eq!(world.server.served(), []);
}

#[test]
fn a_dry_run_only_shows() {
    let world = World::with("");
    world.run(&shift(&["--dry-run"])).is(0, &["orders:live: 25 % on version 7", "2  UpdateAlias"]);
    assert!(!world.path(".onebox").exists());
    assert_eq!(world.moves(), 0);
}

#[test]
fn an_alias_is_created_moved_and_left_alone_in_a_shift() {
    let world = World::with("");
    let set = |more: &[&str]| world.run(&[&["alias", "set", "orders"], more].concat());
    let done = set(&["Feature/Foo_Bar#12", "--version", "3"]);
    done.is(0, &[]);
    assert_eq!(done.out, "feature-foo_bar-12\n");
    let routing = |alias: &str| world.routing_of("orders", alias);
    assert_eq!(routing("feature-foo_bar-12"), Routing::wholly("3"));
    let done = set(&["feature-foo_bar-12", "--version", "4", "--json"]);
    assert_eq!(lines(&done.out)[0]["did"], "updated");
    assert_eq!(routing("feature-foo_bar-12"), Routing::wholly("4"));
    assert_eq!(lines(&set(&["live", "--version", "6", "--json"]).out)[0]["did"], "unchanged");

    let additional = Some(("5".to_owned(), Percent::from_hundredths(2500).unwrap()));
    let weighted = Routing { version: "6".into(), additional };
    world.server.with(|plane| plane.alias("orders", "live", &weighted)).unwrap();
    set(&["live", "--version", "7"]).is(2, &["orders:live is in the middle of a shift: 25 %"]);
    assert_eq!(world.routing("orders"), weighted);
}

#[test]
fn a_name_that_aws_accepts_is_kept_and_any_other_is_converted() {
    let world = World::with("");
    let longest = "X".repeat(128);
    let long = format!("feature/{}", "a".repeat(128));
    let tagged = format!("feature-{}-", "a".repeat(103));
    let mut names = Vec::new();
    for (name, expected) in [
        ("PROD", "PROD"),
        ("v2-RC_1", "v2-RC_1"),
        (longest.as_str(), longest.as_str()),
        ("1-2", "1-2"),
        ("feature/Foo#12", "feature-foo-12"),
        ("2026", "b2026"),
        ("PROD.", "prod"),
        (long.as_str(), tagged.as_str()),
    ] {
        let done = world.run(&["alias", "set", "orders", name, "--version", "3"]);
        done.is(0, &[]);
        let printed = done.out.trim_end().to_owned();
        assert!(printed == expected || (name.len() > 128 && printed.starts_with(expected)), "{name}: {printed}");
        assert!(printed.len() <= 128);
        assert_eq!(world.routing_of("orders", &printed), Routing::wholly("3"));
        names.push(printed);
    }
    // PROD and prod are two aliases.
    world.run(&["alias", "set", "orders", "PROD", "--version", "4"]).is(0, &[]);
    assert_eq!(world.routing_of("orders", "prod"), Routing::wholly("3"));
}

#[test]
fn a_weight_of_zero_is_no_shift_and_the_next_update_clears_it() {
    let world = World::with("");
    let zero = Routing { version: "6".into(), additional: Some(("5".to_owned(), Percent::NONE)) };
    let leave = || world.server.with(|plane| plane.alias("orders", "live", &zero)).unwrap();
    let weights = || world.server.with(|plane| plane.alias_of("orders", "live").unwrap().additional.clone());
    leave();
    assert_eq!(weights(), Some(("5".to_owned(), 0.0)));
    world.run(&["alias", "set", "orders", "live", "--version", "6"]).is(0, &[]);
    assert_eq!(weights(), None, "also where the version stays");
    leave();
    world.run(&["alias", "set", "orders", "live", "--version", "5"]).is(0, &[]);
    assert_eq!(world.routing("orders"), Routing::wholly("5"));
    leave();
    world.run(&shift(&[])).is(0, &["released"]);
    assert_eq!(world.routing("orders"), Routing::wholly("7"));
}

#[test]
fn an_alias_that_aws_is_moving_is_waited_for() {
    let world = World::with("");
    let slow = SlowMoves { time: Duration::from_secs(1), answered: false, renewed: true };
    world.server.with(|plane| plane.move_slowly(Some(slow)));
    let set = || world.run(&["alias", "set", "orders", "live", "--version", "7", "--json"]);
    let done = set();
    done.is(0, &["orders:live: AWS is still moving the traffic to version 7; waiting"]);
    assert_eq!(lines(&done.out)[0]["did"], "updated");
    assert_eq!(world.routing("orders"), Routing::wholly("7"));
    assert_eq!(lines(&set().out)[0]["did"], "unchanged");
}

#[test]
fn a_version_that_is_inactive_failed_or_pending_is_reported_with_what_helps() {
    let world = World::with("");
    let tell = |state, code| {
        let condition = Condition::of(state, code, "AWS's words");
        world.server.with(|plane| plane.condition("orders", "7", Some(condition))).unwrap();
    };
    tell(VersionState::Failed, "FunctionError.RuntimeInitError");
    let said = "version 7 of orders failed (FunctionError.RuntimeInitError: AWS's words) and stays so";
    world.run(&shift(&[])).is(1, &[said]);
    tell(VersionState::Inactive, "Idle");
    let advice = "aws lambda invoke --function-name orders --qualifier 7";
    world.run(&shift(&[])).is(0, &["version 7 of orders is inactive (Idle: AWS's words)", advice, "released"]);
}

#[test]
fn a_configuration_that_is_changed_between_the_read_and_the_publication_is_not_released() {
    let world = World::with("");
    world.server.with(|plane| {
        plane.code("orders", Code::new("new"), now()).unwrap();
        let changed = Trouble::Reconfigured { function: "orders".into() };
        plane.fail(FaultPlan::once(At::Operation("PublishVersion", 0), changed));
    });
    let latest = ["shift", "orders:live", "--to", "latest", "--bake", "100ms", "--poll", "100ms"];
    world.run(&latest).is(1, &["orders was changed after it was read", "PreconditionFailedException", "start again"]);
    assert_eq!(world.routing("orders"), Routing::wholly("6"));
    world.run(&latest).is(0, &["released"]);
}

#[test]
fn an_alias_that_is_not_set_says_why() {
    let world = World::with("");
    let set = |args: &[&str]| world.run(&[&["alias", "set"], args].concat());
    set(&["orders", "##", "--version", "3"]).is(64, &["leaves nothing of an alias's name"]);
    set(&["orders", "main", "--version", "$LATEST"]).is(64, &["the number of a published version"]);
    set(&["orders", "main", "--version", "99"])
        .is(2, &["orders:main is not set", "whether the function and the version exist"]);
    set(&["orderz", "main", "--version", "1"]).is(2, &["orderz:main is not set", "region"]);
    let denied = Fault { at: At::Call(0), times: 1000, trouble: Trouble::Denied };
    world.server.with(|plane| plane.fail(FaultPlan(vec![denied])));
    set(&["orders", "main", "--version", "1"]).is(2, &["AccessDenied", "lambda:GetAlias"]);
}
