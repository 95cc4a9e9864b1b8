//! Trees that nobody would write.

use onebox_release::Plan;
use proptest::prelude::{Just, Strategy as Generator, any, prop, prop_assert, prop_oneof, proptest};
use serde_json::Value;

/// Values of every kind, with the names that a plan knows.
fn any_tree() -> impl Generator<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["5m", "10%", "live", "7", "latest", "codedeploy", "AllAtOnce"]).prop_map(Value::from),
        (0..=100_u8).prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "release",
        "health",
        "backend",
        "one-box",
        "regular",
        "id",
        "via",
        "bake",
        "alarms",
        "ignored",
        "alarm",
        "because",
        "comparison",
        "function",
        "alias",
        "target",
        "strategy",
        "canary",
        "percent",
        "wait",
        "steps",
        "approval",
        "codedeploy",
        "application",
        "group",
        "zip",
        "other",
    ]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let members = prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn any_tree_is_a_plan_or_has_problems(tree in any_tree()) {
        if let Err(problems) = Plan::read(&tree) {
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.iter().all(|problem| !problem.message.is_empty()));
        }
    }
}
