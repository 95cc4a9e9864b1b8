//! Any text is a plan or a list of its mistakes, and what is accepted ends.
//!
//! Input: a plan as TOML or JSON. The text itself is a strategy's name, a percentage and a branch, too.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use onebox_release::{Pause, Percent, Plan, Strategy, alias_name};
use serde_json::Value;

fuzz_target!(|input: &str| {
    let trees = [serde_json::from_str(input).ok(), toml::from_str(input).ok()];
    for tree in trees.iter().flatten() {
        read(tree);
    }
    if let Ok(strategy) = input.parse::<Strategy>() {
        let name = strategy.codedeploy_name().expect("what has a name is CodeDeploy's");
        assert_eq!(name.parse(), Ok(strategy));
    }
    if let Ok(percent) = input.parse::<Percent>() {
        assert_eq!(percent.to_string().parse(), Ok(percent));
    }
    if let Ok(name) = alias_name(input) {
        let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        assert!(fits && name.len() <= 128 && name.bytes().any(|byte| !byte.is_ascii_digit()), "{name}");
        assert_eq!(alias_name(&name), Ok(name));
    }
});

fn read(tree: &Value) {
    match Plan::read(tree) {
        Ok(plan) => accepted(&plan),
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            assert!(problems.iter().all(|problem| !problem.message.is_empty()), "a mistake without a message");
        }
    }
}

/// What is accepted moves something, rises, waits and ends; a journal gives it again.
fn accepted(plan: &Plan) {
    const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    assert!(plan.shifts().count() > 0);
    for (_, shift) in plan.shifts() {
        let steps = shift.strategy.steps();
        assert!(steps.windows(2).all(|pair| pair[0].percent < pair[1].percent));
        let (last, before) = steps.split_last().expect("the last step is everything");
        assert_eq!(last.percent, Percent::ALL);
        assert!(before.iter().all(|step| step.percent > Percent::NONE && step.then != Pause::For(Duration::ZERO)));
        assert!(shift.strategy.duration() <= MONTH);
    }
    let spans = [plan.bake, plan.final_bake, plan.poll, plan.health.hold, plan.health.settled];
    assert!(spans.iter().all(|span| !span.is_zero() && *span <= MONTH));
    let journal = serde_json::to_string(plan).expect("a plan is JSON");
    assert_eq!(serde_json::from_str::<Plan>(&journal).expect("what was written is read"), *plan);
}
