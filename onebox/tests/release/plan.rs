//! What will happen, said before it does.

use crate::{PLAN, World, lines};

#[test]
fn a_plan_is_shown_with_its_times_alarms_hooks_and_calls_without_asking_aws() {
    let plan = PLAN.replace("strategy =", "before = \"smoke\"\nstrategy =").replacen("\"300ms\"", "\"30m\"", 1);
    let world = World::with(&plan);
    let done = world.run(&["release", "plan", "--region", "eu-central-1"]);
    done.is(
        0,
        &[
            "web-1: moved by UpdateAlias, in eu-central-1",
            "orders:live: 10 % on version 7",
            "web:live: 100 % on version 7",
            "+30m",
            "web-5xx  +0s to ",
            "smoke  before the traffic of orders",
            "4  CreateAlias",
            "4  DeleteAlias",
            "5  UpdateAlias",
            "DescribeAlarms",
        ],
    );
    assert_eq!(world.server.served(), []);
    let done = world.run(&["release", "plan", "--json"]);
    let plan = &lines(&done.out)[0];
    assert_eq!(plan["calls"]["UpdateAlias"], 5);
    assert_eq!(plan["ending"]["ending"], "released");
    assert_eq!(plan["hooks"][0]["hook"], "smoke");
    assert!(plan["moments"].as_array().unwrap().iter().all(|moment| moment["text"].is_string()));
    assert!(!world.path(".onebox").exists());
}

#[test]
fn the_calls_that_a_plan_counts_are_those_that_are_made() {
    // Each wait is longer than the calls of a poll take, at the rate that a release allows itself: the plan counts with none.
    let plan = PLAN.replace("poll = \"100ms\"", "poll = \"1h\"").replace("300ms", "2s");
    let world = World::with(&plan);
    let done = world.run(&["release", "plan", "--json"]);
    let planned = lines(&done.out)[0]["calls"].clone();
    world.run(&["release", "start"]).is(0, &[]);
    let mut made = std::collections::BTreeMap::<String, u64>::new();
    for call in world.server.served() {
        *made.entry(call.operation).or_default() += 1;
    }
    assert_eq!(serde_json::json!(made), planned);
}

#[test]
fn codedeploy_is_chosen_on_the_command_line() {
    let world = World::with(PLAN);
    let done = world.run(&["release", "plan", "--via", "codedeploy"]);
    done.is(64, &["backend.0.codedeploy: is missing", "regular.codedeploy: is missing"]);
    let group = |at: usize| format!("codedeploy = {{ application = \"shop\", group = \"g{at}\", config = \"c\" }}\n");
    let with_group = |(at, part): (usize, &str)| match part.ends_with("alias = \"live\"\n") {
        true => format!("{part}{}", group(at)),
        false => part.to_owned(),
    };
    let plan: String = PLAN.split_inclusive("alias = \"live\"\n").enumerate().map(with_group).collect();
    world.write("release.toml", &plan);
    let done = world.run(&["release", "plan", "--via", "codedeploy"]);
    done.is(0, &["moved by CodeDeploy", "4  CreateDeployment"]);
}

#[test]
fn the_plan_that_is_written_for_a_beginner_can_be_shown() {
    let world = World::with(PLAN);
    world.run(&["release", "init"]).is(64, &["release.toml is there already"]);
    world.run(&["release", "init", "--force"]).is(0, &["onebox release plan"]);
    world.run(&["release", "plan"]).is(0, &["orders:live: 10 %"]);
}
