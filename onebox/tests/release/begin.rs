//! Good releases, and bad ones that go back.

use std::time::Duration;

use onebox_release::{AlarmState, Percent, Routing, Strategy};
use onebox_sim::control::{At, FaultPlan, Script, Trouble};

use crate::{FUNCTIONS, PLAN, World, lines};

#[test]
fn everything_moves_and_every_step_is_told() {
    let world = World::with(PLAN);
    let done = world.run(&["release", "start"]);
    done.is(
        0,
        &[
            "orders:live: 10 % on version 7, the rest on 6",
            "orders:live: 100 % on version 7",
            "web:live: 100 % on version 7",
            "released: everything is on the new versions",
        ],
    );
    assert_eq!(done.err, "");
    world.all_on("7");
    let order: Vec<_> =
        ["search:live: 100", "web-box:live: 100", "web:live: 100"].map(|text| done.out.find(text).unwrap()).to_vec();
    assert!(order.is_sorted(), "{}", done.out);
    // Backends: two steps and one; the others: one each.
    assert_eq!(world.moves(), 5);

    let history = world.run(&["release", "history"]);
    assert_eq!(history.out, done.out);
    world.run(&["release", "history", "--all"]).is(0, &["web-1  released"]);
    let status = world.run(&["release", "status", "--json"]);
    let status = &lines(&status.out)[0];
    assert_eq!((status["over"].as_bool(), status["driven"].as_bool()), (Some(true), Some(false)), "{status}");
    assert_eq!(status["aliases"][0]["percent"], 100.0);
    world.run(&["release", "watch"]).is(0, &["released: everything"]);
}

#[test]
fn the_journal_can_be_read_by_people() {
    let world = World::with(PLAN);
    world.run(&["release", "start"]).is(0, &[]);
    let text = world.journal_text("web-1");
    for (at, line) in text.lines().enumerate() {
        let start = if at == 0 { r#"{"onebox-journal":2,"at":"2"# } else { r#"{"at":"2"# };
        assert!(line.starts_with(start) && line.contains(r#"","text":""#), "{line}");
    }
    // Every change was written down before it was made.
    let pending = text.matches(r#""text":"next: UpdateAlias"#).count();
    assert!(pending <= world.moves(), "{text}");
}

#[test]
fn events_are_lines_of_json_for_machines() {
    let world = World::with(PLAN);
    let done = world.run(&["release", "start", "--json"]);
    done.is(0, &[]);
    let events = lines(&done.out);
    assert_eq!(events[0]["event"], "began");
    let shifted: Vec<_> = events.iter().filter(|event| event["event"] == "shifted").collect();
    assert_eq!((shifted.len(), shifted[0]["release"].as_str()), (5, Some("web-1")));
    assert_eq!((shifted[0]["percent"].as_u64(), shifted[0]["alias"].as_str()), (Some(1000), Some("live")));
    let last = events.last().unwrap();
    assert_eq!((last["event"].as_str(), last["ending"]["ending"].as_str()), (Some("ended"), Some("released")));
    assert!(events.iter().all(|event| event["text"].is_string() && event["seq"].is_u64()));
}

#[test]
fn an_alarm_puts_everything_back() {
    let world = World::with(PLAN);
    let fires = Trouble::Alarm { name: "web-5xx".into(), state: AlarmState::Alarm };
    // The first look is the preflight's; some later one is in the middle of the shift.
    world.server.with(|plane| plane.fail(FaultPlan::once(At::Operation("DescribeAlarms", 2), fires)));
    let done = world.run(&["release", "start"]);
    done.is(1, &["the alarm web-5xx fired", "wholly on version 6 again", "error: web-1: rolled back"]);
    world.all_on("6");
    world.run(&["release", "resume"]).is(64, &["the release web-1 is over"]);
    world.run(&["release", "start"]).is(64, &["the release web-1 is over (rolled back", "another id"]);
}

#[test]
fn a_hook_that_fails_stops_it_before_any_traffic() {
    let plan = PLAN.replace("strategy =", "before = \"smoke\"\nstrategy =");
    let world = World::with(&plan);
    world.server.with(|plane| plane.script("smoke", Script::fails("the basket is empty")));
    world.run(&["release", "start"]).is(1, &["the hook smoke failed: the basket is empty"]);
    world.all_on("6");
    assert_eq!(world.moves(), 0);
}

#[test]
fn a_change_by_somebody_else_is_left_alone_and_said() {
    let world = World::with(PLAN);
    let edited = Trouble::Edited {
        function: "orders".into(),
        alias: "live".into(),
        to: Routing::wholly("3"),
        when: onebox_sim::control::Around::Before,
    };
    world.server.with(|plane| plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 2), edited)));
    let done = world.run(&["release", "start"]);
    done.is(2, &["error: web-1: stuck", "orders:live", "release resume", "release abort"]);
    assert_eq!(world.routing("orders"), Routing::wholly("3"));
    world.run(&["release", "status"]).is(0, &["stuck", "Nobody drives it"]);
    let done = world.run(&["release", "abort"]);
    done.is(2, &["orders:live"]);
    assert_eq!(world.routing("orders"), Routing::wholly("3"));
    assert_eq!(world.routing("search"), Routing::wholly("6"));
}

#[test]
fn an_update_whose_answer_is_lost_is_recognised_as_ours() {
    let world = World::with(PLAN);
    world.server.with(|plane| plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 0), Trouble::LostAnswer)));
    world.run(&["release", "start"]).is(0, &["released"]);
    world.all_on("7");
    assert_eq!(world.moves(), 5);
}

/// CodeDeploy moves the aliases: it is told, and followed.
#[test]
fn codedeploy_is_told_and_followed() {
    let mut plan = PLAN.to_owned();
    for function in FUNCTIONS {
        let named = format!("function = \"{function}\"\n");
        let group = format!("codedeploy = {{ application = \"shop\", group = \"{function}\", config = \"Quick\" }}\n");
        plan = plan.replace(&named, &format!("{named}{group}"));
    }
    let world = World::with(&plan);
    world.server.with(|plane| {
        FUNCTIONS.iter().for_each(|function| plane.deployment_group("shop", function));
        let percent = Percent::from_hundredths(1000).unwrap();
        plane.deployment_config("Quick", Strategy::Canary { percent, wait: Duration::from_millis(400) });
    });
    let done = world.run(&["release", "start", "--via", "codedeploy"]);
    done.is(0, &["web:live: 100 % on version 7", "released"]);
    world.all_on("7");
    // It was CodeDeploy that moved them.
    assert_eq!(world.moves(), 0);
}

/// `script` of util-linux gives it a terminal.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_every_alias_has_a_bar_beside_what_happens() {
    let world = World::with(PLAN);
    let mut script = std::process::Command::new("script");
    let onebox = format!("stty cols 100 rows 30; {} release start", env!("CARGO_BIN_EXE_onebox"));
    script.args(["--quiet", "--return", "--command", &onebox, "/dev/null"]).current_dir(world.folder.path());
    script.env("TERM", "xterm");
    let given = world.command(&[]);
    script.envs(given.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let done = crate::ended(&mut script);
    done.is(0, &["orders:live ", "10 % on version 7 (from 6)", "█", "looks again in", "released"]);
    for line in ["the release begins", "orders:live: 10 % on version 7, the rest on 6"] {
        assert!(done.out.lines().any(|told| told.contains(line) && !told.contains('█')), "{line:?} in {}", done.out);
    }
}
