//! What is refused: each with a sentence, and nothing half done.

use onebox_release::{AlarmState, Percent, Routing};
use onebox_sim::control::{At, Fault, FaultPlan, Trouble};

use crate::{PLAN, World, bare, ended};

/// Starts a release in an account that was changed, and expects that nothing is.
fn refused(change: impl FnOnce(&World), plan: &str, said: &[&str]) {
    let world = World::with(plan);
    change(&world);
    world.moves();
    let done = world.run(&["release", "start"]);
    done.is(1, &[&["error: web-1: refused, nothing was changed"], said].concat());
    assert_eq!(world.moves(), 0);
}

#[test]
fn what_is_not_as_the_plan_says_is_refused_before_anything_is_changed() {
    refused(|_| {}, &PLAN.replace("\"search\"", "\"serach\""), &["serach", "region"]);
    refused(|_| {}, &PLAN.replace("[\"web-5xx\"]", "[\"web-5xx\", \"web-4xx\"]"), &["web-4xx"]);
    refused(|_| {}, &PLAN.replace("target = \"7\"", "target = \"9\""), &["9"]);
    refused(|_| {}, &PLAN.replace("target = \"7\"\n[one-box]", "target = \"6\"\n[one-box]"), &["search:live", "6"]);
    refused(|_| {}, &PLAN.replacen("\"live\"", "\"main\"", 1), &["orders:main", "onebox alias set"]);
    refused(|world| world.alarm("web-5xx", AlarmState::Alarm), PLAN, &["web-5xx", "--ignore-alarm"]);
    let weighted = |world: &World| {
        let additional = Some(("5".to_owned(), Percent::from_hundredths(2500).unwrap()));
        let to = Routing { version: "6".into(), additional };
        world.server.with(|plane| plane.alias("orders", "live", &to)).unwrap();
    };
    refused(weighted, PLAN, &["orders:live", "25 %", "5"]);
    let denied = |world: &World| {
        let fault = Fault { at: At::Call(0), times: 1000, trouble: Trouble::Denied };
        world.server.with(|plane| plane.fail(FaultPlan(vec![fault])));
    };
    refused(denied, PLAN, &["AccessDenied"]);
}

#[test]
fn what_was_refused_can_be_started_again_and_a_red_alarm_can_be_ignored_with_a_reason() {
    let world = World::with(PLAN);
    world.alarm("web-5xx", AlarmState::Alarm);
    world.run(&["release", "start"]).is(1, &["web-5xx"]);
    world.run(&["release", "start"]).is(1, &["web-5xx"]);
    let done = world.run(&["release", "start", "--ignore-alarm", "web-5xx", "--because", "this release fixes it"]);
    done.is(0, &["released"]);
    assert!(world.journal_text("web-1").contains(r#""because":"this release fixes it""#));
    world.all_on("7");
    assert!(world.path(".onebox/web-1/refused-2.jsonl").is_file());
}

#[test]
fn alarms_are_ignored_by_name_and_with_a_reason() {
    let world = World::with(PLAN);
    let start = |args: &[&str]| world.run(&[&["release", "start"], args].concat());
    start(&["--ignore-alarm", "web-5xx"]).is(64, &["--because"]);
    start(&["--because", "why not"]).is(64, &["--ignore-alarm"]);
    start(&["--ignore-alarm", "web-6xx", "--because", "typo"]).is(64, &["\"web-6xx\" is not in release.alarms"]);
    let twice =
        ["--ignore-alarm", "a", "--ignore-alarm", "b", "--ignore-alarm", "c", "--because", "x", "--because", "y"];
    start(&twice).is(64, &["3 alarms are ignored, for 2 reasons"]);
    assert!(!world.path(".onebox").exists());
}

#[test]
fn a_plan_is_refused_with_everything_that_is_wrong_and_its_lines() {
    let plan = r#"[release]
id = "web 1"
bake = "0s"
polls = "1s"
[[backend]]
function = "orders"
alias = "live"
target = "7"
strategy = { steps = [{ percent = 20, wait = "1m" }, { percent = 10, wait = "0s" }] }
[[backend]]
function = "orders"
alias = "live"
target = "7"
[regular]
function = "web"
alias = "live"
target = 7
"#;
    let world = World::with(plan);
    for verb in ["plan", "start"] {
        let done = world.run(&["release", verb]);
        done.is(64, &[]);
        for said in [
            "release.toml:2:1: release.id: expected 1 to 64 letters",
            "release.toml:3:1: release.bake: ",
            "release.toml:4:1: release.polls: is unknown: did you mean poll?",
            "release.toml:9:",
            "release.toml:12:1: backend.1.alias: orders:live is moved by backend.0 already",
            "release.toml:17:1: regular.target: ",
        ] {
            assert!(done.err.contains(said), "{said:?} is not in {}", done.err);
        }
        assert_eq!(done.out, "");
    }
    assert!(!world.path(".onebox").exists());
    world.write("release.toml", "[release\nid = 1\n");
    world.run(&["release", "plan"]).is(64, &["release.toml:1:"]);
    world
        .run(&["release", "plan", "--plan", "other.toml"])
        .is(64, &["other.toml cannot be read", "onebox release init"]);
}

#[test]
fn without_credentials_or_a_region_nothing_begins() {
    let world = World::with(PLAN);
    let url = world.server.url();
    let start = ["release", "start", "--endpoint-url", &url];
    let folder = world.folder.path();
    let done = ended(bare(folder).args(start).args(["--region", "eu-west-1"]));
    done.is(64, &["expected AWS credentials", "--profile"]);
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "example")];
    let done = ended(bare(folder).args(start).envs(keys));
    done.is(64, &["expected an AWS region", "--region"]);
    let done =
        ended(bare(folder).args(["release", "start", "--endpoint-url", "here", "--region", "eu-west-1"]).envs(keys));
    done.is(64, &["expected --endpoint-url to be a URL"]);
    let done = ended(bare(folder).args(start).args(["--region", "eu-west-1", "--profile", "nobody"]).envs(keys));
    done.is(64, &["nobody"]);
    assert!(!world.path(".onebox").exists());
}

#[test]
fn a_zip_file_is_found_beside_the_plan_and_pinned() {
    let world = World::with("");
    std::fs::create_dir(world.path("plans")).unwrap();
    world.write("plans/zip.toml", ZIP);
    let start = ["release", "start", "--plan", "plans/zip.toml"];
    for command in ["plan", "start"] {
        let asked = ["release", command, "--plan", "plans/zip.toml"];
        world.run(&asked).is(64, &["orders: plans/orders.zip cannot be read"]);
    }
    world.write("plans/orders.zip", "no zip");
    world.run(&start).is(1, &["Could not unzip uploaded file"]);
    let mut zip = zip::ZipWriter::new(std::fs::File::create(world.path("plans/orders.zip")).unwrap());
    zip.start_file("bootstrap", zip::write::SimpleFileOptions::default()).unwrap();
    zip.finish().unwrap();
    world.run(&start).is(0, &["orders: published version 8", "released"]);
    assert_eq!(world.routing("orders"), Routing::wholly("8"));
}

/// A release of code that is in a file.
const ZIP: &str = r#"[release]
id = "zip"
final_bake = "100ms"
poll = "100ms"
[[backend]]
function = "orders"
alias = "live"
target = { zip = "orders.zip" }
"#;
