//! Journals that are cut, broken, newer, on a full disk, or somebody else's.

use std::process::Command;

use onebox_release::Routing;

use crate::{PATIENT, PLAN, World, ended, finished, signal};

/// A release whose driver was killed at 10 %.
fn killed() -> World {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    world.until("its record", |world| world.journal_text("patient").contains("10 % on version 7"));
    signal(&child, "KILL");
    assert_eq!(finished(child).code, None);
    world
}

#[test]
fn a_driver_that_was_killed_is_resumed() {
    let world = killed();
    world.run(&["release", "status"]).is(0, &["10 % on version 7, the rest on 6", "Nobody drives it", "resume"]);
    world.run(&["release", "watch"]).is(2, &["nobody drives the release patient", "onebox release resume"]);
    let resumed = world.spawn(&["release", "resume"]);
    world.until("the second driver", |world| world.journal_text("patient").contains("the release goes on"));
    world.run(&["release", "promote", "--because", "looks good"]).is(0, &["patient: the driver has taken the order"]);
    finished(resumed).is(0, &["the release goes on", "promote: looks good", "released"]);
    assert_eq!(world.routing("orders"), Routing::wholly("7"));
    assert_eq!(world.moves(), 2);
}

#[test]
fn a_line_that_was_cut_is_dropped_and_said() {
    let world = killed();
    let text = world.journal_text("patient");
    std::fs::write(world.journal("patient"), format!("{text}{{\"at\":\"2026-11-")).unwrap();
    let done = world.run(&["release", "abort"]);
    done.is(1, &["warning: the journal's last line was cut", "rolled back: "]);
    assert_eq!(world.routing("orders"), Routing::wholly("6"));
    let healed = world.journal_text("patient");
    assert!(healed.starts_with(&text) && healed.lines().all(|line| line.ends_with('}')), "{healed}");
}

#[test]
fn a_journal_that_is_broken_or_newer_is_not_gone_on_from() {
    let world = killed();
    let text = world.journal_text("patient");
    let before = world.routing("orders");
    let refused = |text: String, said: &[&str]| {
        std::fs::write(world.journal("patient"), &text).unwrap();
        for verb in ["resume", "abort", "status"] {
            world.run(&["release", verb, "--id", "patient"]).is(2, said);
        }
        assert_eq!(world.journal_text("patient"), text);
        assert_eq!(world.routing("orders"), before);
    };
    refused(text.replacen("\n{\"at\"", "\n{\"a", 1), &["journal.jsonl: line 2 of the journal is broken"]);
    refused(text.replacen("10 % on", "90 % on", 1), &["its hash is wrong"]);
    refused(text.replacen("journal\":2", "journal\":1", 1), &["written by an older onebox"]);
    refused(text.replacen("journal\":2", "journal\":3", 1), &["written by a newer onebox", "update onebox"]);
    // Which release is meant cannot be known.
    for verb in ["status", "history", "watch", "resume", "abort"] {
        world.run(&["release", verb]).is(2, &["newer onebox", "--id"]);
    }
    world.run(&["release", "history", "--all"]).is(2, &["newer onebox"]);
    world.run(&["release", "start"]).is(2, &["newer onebox"]);
}

/// A journal is there with its first line, or not at all: what is less is left by an accident, and is not overwritten.
#[test]
fn a_journal_that_was_emptied_is_no_release_that_never_began() {
    let world = killed();
    for left in ["", "{\"onebox-jour"] {
        std::fs::write(world.journal("patient"), left).unwrap();
        for verb in ["status", "history", "watch", "resume", "abort", "start"] {
            let id: &[&str] = if verb == "start" { &[] } else { &["--id", "patient"] };
            world.run(&[&["release", verb], id].concat()).is(2, &["it was emptied, or cut", "onebox release adopt"]);
        }
        assert_eq!(world.journal_text("patient"), left);
    }
    // Half of a beginning is none.
    let world = World::with(PLAN);
    std::fs::create_dir_all(world.path(".onebox/web-1")).unwrap();
    std::fs::write(world.path(".onebox/web-1/journal.new"), "{\"onebox-jour").unwrap();
    world.run(&["release", "start"]).is(0, &["released"]);
}

#[test]
fn line_feeds_that_git_converted_are_named() {
    let world = killed();
    let text = world.journal_text("patient").replace('\n', "\r\n");
    std::fs::write(world.journal("patient"), text).unwrap();
    world.run(&["release", "status"]).is(2, &["CRLF", "autocrlf"]);
}

/// `ulimit -f` makes writes beyond so many KiB fail; without its signal, they fail as on a full disk.
#[test]
fn on_a_full_disk_nothing_is_done_that_is_not_written_down() {
    let world = World::with(PLAN);
    let mut failed = 0;
    for kib in (1..).step_by(5) {
        let onebox = env!("CARGO_BIN_EXE_onebox");
        let script = format!("trap '' XFSZ; ulimit -f {kib}; exec {onebox} release start || exit 99");
        let plan = PLAN.replace("web-1", &format!("web-{kib}"));
        world.write("release.toml", &plan);
        let mut limited = Command::new("bash");
        let inner = world.command(&[]);
        limited.args(["-c", &script]).current_dir(world.folder.path());
        limited.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let done = ended(&mut limited);
        if done.code == Some(0) {
            break;
        }
        failed += 1;
        done.is(2, &["journal.jsonl cannot be written", "Nothing was done that is not in it", "onebox release resume"]);
        let journal = world.journal_text(&format!("web-{kib}"));
        let written = journal.matches("next: UpdateAlias").count() + journal.matches("% on version").count();
        assert!(written > 0 || world.moves() == 0, "{journal}");
        if journal.is_empty() {
            continue;
        }
        // With room again it goes to its end, and nothing that was done is done again.
        world.run(&["release", "abort"]).is(1, &["rolled back"]);
        world.all_on("6");
        world.moves();
    }
    assert!(failed > 1);
    world.all_on("7");
}
