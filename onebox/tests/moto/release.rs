//! Whole releases by the command: what the journal says happened is what the control plane in process comes to.

use crate::{
    command::World,
    scenario::{PLAN, SCENARIOS, end, events},
};

#[test]
fn the_command_keeps_the_same_journal_whatever_goes_wrong() {
    let regions = ["eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "us-east-1", "us-west-2"];
    std::thread::scope(|threads| {
        for (scenario, region) in SCENARIOS.iter().zip(regions) {
            threads.spawn(move || {
                let world = World::new(PLAN, scenario, region);
                let done = world.run("start");
                let code = match scenario.ends {
                    "released" => 0,
                    "rolled-back" => 1,
                    _ => 2,
                };
                assert_eq!(done.code, Some(code), "{}: {}", scenario.name, done.said);
                let runtime = tokio::runtime::Runtime::new().unwrap();
                let expected = runtime.block_on(scenario.journal());
                let journal = world.journal().unwrap();
                assert_eq!(end(&journal.records), scenario.ends, "{}", scenario.name);
                assert_eq!(events(&journal.records), events(&expected), "{}", scenario.name);
                assert_eq!(world.stands().as_deref(), scenario.stands, "{}", scenario.name);
            });
        }
    });
}
