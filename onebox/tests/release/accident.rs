//! Accidents with the files of a release while it runs, and orders and releases that are refused.

use std::process::Command;

use onebox_release::Routing;

use crate::{PATIENT, World, finished, pause, signal};

/// A release that stands at 10 % and is driven.
fn driven() -> (World, std::process::Child) {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    world.until("its record", |world| world.journal_text("patient").contains("10 % on version 7"));
    // A file system tells no two changes apart that come within a few milliseconds.
    pause(std::time::Duration::from_millis(50));
    (world, child)
}

/// An accident.
type Accident = fn(&World);

#[test]
fn a_journal_that_is_changed_in_place_is_noticed_at_the_next_record() {
    let accidents: [(&str, Accident); 3] = [
        ("emptied", |world| std::fs::write(world.journal("patient"), "").unwrap()),
        ("cut", |world| {
            let text = world.journal_text("patient");
            std::fs::write(world.journal("patient"), &text[..text.len() - 100]).unwrap();
        }),
        ("a byte", |world| {
            let mut bytes = std::fs::read(world.journal("patient")).unwrap();
            bytes[300] ^= 1;
            std::fs::write(world.journal("patient"), bytes).unwrap();
        }),
    ];
    for (name, accident) in accidents {
        let (world, child) = driven();
        accident(&world);
        signal(&child, "CONT");
        // The next record is written by an order at the latest.
        let orders = world.path(".onebox/patient/orders");
        std::fs::write(orders, "{\"at\":\"2026-11-20T12:00:00Z\",\"order\":\"promote\",\"because\":\"fine\"}\n")
            .unwrap();
        finished(child).is(2, &["was deleted, replaced or changed while the release runs"]);
        assert!(world.routing("orders").additional.is_some(), "{name}: nothing more is done");
    }
}

#[test]
fn what_only_looks_touched_is_written_on() {
    let (world, child) = driven();
    let touched = Command::new("touch").arg(world.journal("patient")).status().unwrap();
    assert!(touched.success());
    world.run(&["release", "promote", "--because", "fine"]).is(0, &[]);
    finished(child).is(0, &["released"]);
}

#[test]
fn no_second_driver_comes_in_where_the_lock_was_deleted() {
    let (world, child) = driven();
    std::fs::remove_file(world.path(".onebox/patient/lock")).unwrap();
    let status = world.run(&["release", "status"]);
    assert!(status.out.contains("It is driven now"), "{status:?}");
    world.run(&["release", "resume"]).is(2, &["another onebox"]);
    world.run(&["release", "abort"]);
    let done = finished(child);
    // It stopped for its lock, or it heard the order.
    assert!(matches!(done.code, Some(1 | 2)), "{done:?}");
    world.run(&["release", "status"]).is(0, &[]);
}

#[test]
fn what_is_no_regular_file_is_never_waited_for() {
    for name in ["journal.jsonl", "orders"] {
        let (world, child) = driven();
        signal(&child, "KILL");
        finished(child);
        let path = world.path(".onebox/patient").join(name);
        let _ = std::fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        if name == "orders" {
            world.run(&["release", "abort"]).is(1, &["rolled back"]);
            continue;
        }
        for verb in ["status", "history", "watch", "resume", "abort", "start"] {
            world.run(&["release", verb]).is(2, &["no regular file of onebox"]);
        }
        world.run(&["release", "adopt", "orders:live"]).is(2, &["no regular file of onebox"]);
    }
}

#[test]
fn an_order_that_was_refused_is_not_carried_out_later() {
    let (world, child) = driven();
    signal(&child, "KILL");
    finished(child);
    let foreign = |args: &[&str]| {
        let mut command = world.command(args);
        command.env("AWS_REGION", "us-east-1");
        crate::ended(&mut command)
    };
    foreign(&["release", "promote", "--because", "fine"]).is(64, &["nothing was done"]);
    foreign(&["release", "abort"]).is(64, &["nothing was done"]);
    let mut nobody = world.command(&["release", "abort"]);
    nobody.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    assert_ne!(crate::ended(&mut nobody).code, Some(0));
    let child = world.spawn(&["release", "resume"]);
    world.until("the second driver", |world| world.journal_text("patient").contains("the release goes on"));
    pause(std::time::Duration::from_millis(500));
    assert!(world.routing("orders").additional.is_some(), "it still waits for its approval");
    world.run(&["release", "promote", "--because", "fine"]).is(0, &[]);
    finished(child).is(0, &["released"]);
}

#[test]
fn an_alias_moves_in_one_release_at_a_time_however_its_function_is_named() {
    let (world, child) = driven();
    for function in ["orders", "arn:aws:lambda:eu-west-1:123456789012:function:orders"] {
        let alias = format!("{function}:live");
        world.run(&["shift", &alias, "--to", "5", "--id", "second"]).is(64, &["the release patient is not over"]);
    }
    assert!(world.routing("orders").additional.is_some());
    signal(&child, "KILL");
    finished(child);
}

#[test]
fn a_function_is_where_its_arn_says_or_nothing_is_done() {
    let world = World::with(PATIENT);
    for place in ["us-east-1:123456789012", "eu-west-1:999999999999", "us-east-1:999999999999"] {
        let arn = format!("arn:aws:lambda:{place}:function:orders");
        let alias = format!("{arn}:live");
        let (region, account) = place.split_once(':').unwrap();
        let said = [region, account, "eu-west-1"];
        world.run(&["shift", &alias, "--to", "7", "--bake", "100ms"]).is(1, &said);
        world.run(&["alias", "set", &arn, "live", "--version", "7"]).is(2, &said);
        world.run(&["alias", "set", &arn, "new", "--version", "7"]).is(2, &said);
        world.run(&["release", "adopt", &alias]).is(2, &said);
        world.write("release.toml", &PATIENT.replace("\"orders\"", &format!("{arn:?}")).replace("patient", "by-arn"));
        world.run(&["release", "start"]).is(1, &said);
        std::fs::remove_dir_all(world.path(".onebox")).unwrap();
    }
    assert_eq!(world.routing("orders"), Routing::wholly("6"));
    // A hook is invoked in the release's own region.
    let hook = "arn:aws:lambda:us-east-1:123456789012:function:smoke";
    world.run(&["shift", "orders:live", "--to", "7", "--before", hook]).is(1, &["the hook", "us-east-1"]);
}

#[test]
fn advice_names_the_folder_of_the_journals() {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start", "--journal", "kept"]);
    world.until_shifted("orders");
    signal(&child, "INT");
    finished(child).is(130, &["onebox release resume --id patient --journal kept"]);
    let status = world.run(&["release", "status", "--journal", "kept"]);
    assert!(status.out.contains("onebox release abort --id patient --journal kept"), "{status:?}");
}

#[test]
fn what_a_person_gives_as_a_reason_obeys_nothing() {
    let (world, child) = driven();
    world.run(&["release", "abort", "--because", "it \u{1b}[35mis\u{7} slow"]);
    finished(child).is(1, &["rolled back: aborted: it [35mis slow"]);
    let journal = world.journal_text("patient");
    assert!(!journal.contains("\\u001b"), "{journal}");
}
