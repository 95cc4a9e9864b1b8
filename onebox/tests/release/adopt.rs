//! An alias whose release is lost.

use std::{io::Write, process::Stdio};

use onebox_release::{Percent, Routing};
use onebox_sim::control::{At, FaultPlan, Trouble};
use serde_json::Value;

use crate::{Done, ONEBOX, PATIENT, PLAN, World, finished, signal};

/// A release that was killed at 10 %, and whose journal is gone.
fn lost() -> World {
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    signal(&child, "KILL");
    finished(child);
    std::fs::remove_dir_all(world.folder.path().join(".onebox")).unwrap();
    world
}

fn tenth() -> Routing {
    Routing { version: "6".into(), additional: Some(("7".into(), Percent::from_hundredths(1_000).unwrap())) }
}

/// What `--json` shows.
fn shown(world: &World) -> Value {
    let done = world.run(&["release", "adopt", "orders:live", "--json"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    serde_json::from_str(&done.out).unwrap()
}

fn adopt(world: &World, to: &str, revision: &str) -> Done {
    world.run(&["release", "adopt", "orders:live", "--to", to, "--yes", "--revision", revision])
}

#[test]
fn a_split_alias_is_shown_and_finished_or_put_back_under_the_revision_that_was_shown() {
    for target in ["7", "6"] {
        let world = lost();
        let done = world.run(&["release", "adopt", "orders:live"]);
        done.is(0, &[]);
        for expected in
            ["10 % on version 7, published", "90 % on version 6, published", "account 123456789012 in eu-west-1"]
        {
            assert!(done.out.contains(expected), "{expected}: {done:?}");
        }
        let shown = shown(&world);
        let versions: Vec<_> =
            shown["versions"].as_array().unwrap().iter().map(|part| part["percent"].clone()).collect();
        assert_eq!(versions, [90.0, 10.0]);
        assert!(shown["versions"][0]["published"].is_string(), "{shown}");
        let revision = shown["revision"].as_str().unwrap();
        // The command that was shown does it.
        let command =
            format!("onebox release adopt orders:live --to {target} --yes --revision {revision} --region eu-west-1");
        assert!(done.out.contains(&command), "{done:?}");
        assert_eq!(world.routing("orders"), tenth(), "showing changes nothing");
        adopt(&world, target, revision).is(0, &[]);
        assert_eq!(world.routing("orders"), Routing::wholly(target));
        // Another release can begin.
        world.run(&["release", "adopt", "orders:live"]).is(0, &[]);
    }
}

#[test]
fn nothing_is_moved_that_changed_since_it_was_shown() {
    let world = lost();
    let before = shown(&world);
    let revision = before["revision"].as_str().unwrap();
    world.server.with(|plane| plane.alias("orders", "live", &tenth()).unwrap());
    adopt(&world, "7", revision)
        .is(2, &["was changed by somebody else", "aws lambda get-alias --function-name orders"]);
    assert_eq!(world.routing("orders"), tenth());
    // Between the look and the update.
    let now = shown(&world);
    let edited = Trouble::Edited {
        function: "orders".into(),
        alias: "live".into(),
        to: Routing::wholly("5"),
        when: onebox_sim::control::Around::Before,
    };
    world.server.with(|plane| plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 1), edited)));
    adopt(&world, "7", now["revision"].as_str().unwrap()).is(2, &["was changed by somebody else"]);
    assert_eq!(world.routing("orders"), Routing::wholly("5"));
}

#[test]
fn a_lost_answer_is_no_lost_adoption() {
    let world = lost();
    let shown = shown(&world);
    world.server.with(|plane| plane.fail(FaultPlan::once(At::Operation("UpdateAlias", 1), Trouble::LostAnswer)));
    adopt(&world, "7", shown["revision"].as_str().unwrap()).is(0, &[]);
    assert_eq!(world.routing("orders"), Routing::wholly("7"));
}

#[test]
fn it_asks_for_the_version_by_its_number_and_does_nothing_where_nobody_can_be_asked() {
    let world = lost();
    world.run(&["release", "adopt", "orders:live", "--to", "7"]).is(64, &["--yes --revision"]);
    world.run(&["release", "adopt", "orders:live", "--to", "7", "--yes"]).is(64, &["--revision"]);
    let revision = shown(&world)["revision"].as_str().unwrap().to_owned();
    for (version, expected) in [("5", "expected 6 or 7"), ("8", "expected 6 or 7")] {
        let command =
            format!("aws lambda update-alias --function-name orders --name live --function-version {version}");
        adopt(&world, version, &revision).is(2, &[expected, &command, &revision]);
    }
    assert_eq!(world.routing("orders"), tenth());
    // On a terminal, which script(1) is: https://man7.org/linux/man-pages/man1/script.1.html
    for (typed, stands) in [("\n", tenth()), ("5\n", tenth()), ("6\n", Routing::wholly("6"))] {
        let command = format!("{ONEBOX} release adopt orders:live");
        let mut script = world.program("script");
        let mut child = script.args(["-qec", &command, "/dev/null"]).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(typed.as_bytes()).unwrap();
        let done = finished(child);
        drop(stdin);
        assert!(done.out.contains("Its number (6 or 7)"), "{done:?}");
        assert_eq!(world.routing("orders"), stands, "{typed:?}: {done:?}");
    }
}

#[test]
fn whoever_knows_more_about_the_alias_is_named() {
    // A release whose journal is here.
    let world = World::with(PATIENT);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    let adopt = ["release", "adopt", "orders:live"];
    world.run(&adopt).is(2, &["moved by the release patient", "it is driven now", "onebox release abort --id patient"]);
    let arn = "arn:aws:lambda:eu-west-1:123456789012:function:orders:live";
    world.run(&["release", "adopt", arn]).is(2, &["moved by the release patient"]);
    // One that is driven although its journal is gone.
    std::fs::remove_file(world.folder.path().join(".onebox/patient/journal.jsonl")).unwrap();
    world.run(&adopt).is(2, &["drives a release whose journal", "stop it"]);
    signal(&child, "KILL");
    finished(child);
    world.run(&adopt).is(0, &[]);

    // CodeDeploy.
    let group = r#"codedeploy = { application = "shop", group = "orders" }"#;
    let plan = PLAN.replace("poll = \"100ms\"", "poll = \"100ms\"\nvia = \"codedeploy\"");
    let (begin, _) = plan.split_once("[[backend]]").unwrap();
    let backend = format!(
        "[[backend]]\nfunction = \"orders\"\nalias = \"live\"\ntarget = \"7\"\nstrategy = \"Canary10Percent30Minutes\"\n{group}\n"
    );
    let world = World::with(&format!("{begin}{backend}"));
    world.server.with(|plane| plane.deployment_group("shop", "orders"));
    let child = world.spawn(&["release", "start"]);
    world.until("the deployment", |world| world.routing("orders") == tenth());
    signal(&child, "KILL");
    finished(child);
    std::fs::remove_dir_all(world.folder.path().join(".onebox")).unwrap();
    world.run(&adopt).is(2, &["CodeDeploy's deployment d-", "aws deploy stop-deployment --deployment-id d-"]);
    // Nothing can be seen: nothing is known to be absent.
    world.server.with(|plane| plane.fail(FaultPlan::once(At::Operation("ListDeployments", 1), Trouble::Denied)));
    world.run(&adopt).is(2, &["cannot be seen", "codedeploy:ListDeployments", "--without-codedeploy"]);
    world.run(&["release", "adopt", "orders:live", "--without-codedeploy"]).is(0, &[]);
    assert_eq!(world.moves(), 0, "nothing was moved");
}

#[test]
fn an_alias_that_is_whole_has_nothing_to_adopt() {
    let world = World::with(PLAN);
    let done = world.run(&["release", "adopt", "orders:live"]);
    done.is(0, &[]);
    assert!(done.out.contains("there is nothing to adopt"), "{done:?}");
    let revision = shown(&world)["revision"].as_str().unwrap().to_owned();
    adopt(&world, "7", &revision).is(2, &["onebox shift orders:live --to 7"]);
    world.run(&["release", "adopt", "orders:prod"]).is(2, &["orders:prod", "a wrong one is a likely cause"]);
    world.run(&["release", "adopt", "orders"]).is(64, &["expected a function and an alias"]);
}
