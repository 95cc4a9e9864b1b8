//! What a plan may say, and how it is refused.

// Marked as tests, so that clippy lets them unwrap.
#[cfg(test)]
mod plan {
    mod anything;
    mod values;

    use super::with;
}

use std::time::Duration;

use onebox_release::{
    Alarm, CodeDeployGroup, Comparison, Health, Ignored, NotProven, Pause, Percent, Plan, Problem, Shift, Step,
    Strategy, Target, VersionAlarms, Via, plan_template,
};
use serde_json::{Value, json};

#[cfg(test)]
fn tree(text: &str) -> Value {
    toml::from_str(text).unwrap()
}

#[cfg(test)]
fn percent(text: &str) -> Percent {
    text.parse().unwrap()
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// The lines of what is wrong with a plan.
fn problems(tree: &Value) -> Vec<String> {
    Plan::read(tree).err().unwrap_or_default().iter().map(Problem::to_string).collect()
}

/// A plan that is accepted, after a change.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut tree = json!({
        "release": { "id": "web-1", "region": "eu-west-1", "alarms": ["web-5xx", "web-slow"] },
        "health": {},
        "backend": [{ "function": "orders", "alias": "live", "target": "7" }],
    });
    assert_eq!(problems(&tree), [""; 0]);
    change(&mut tree);
    tree
}

/// What is wrong after a field has another value.
fn with(pointer: &str, value: Value) -> Vec<String> {
    problems(&changed(|tree| set(tree, pointer, value)))
}

#[cfg(test)]
fn set(tree: &mut Value, pointer: &str, value: Value) {
    let (outer, name) = pointer.rsplit_once('/').unwrap();
    match tree.pointer_mut(outer).unwrap() {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        table => table[name] = value,
    }
}

#[test]
fn everything_that_a_plan_can_say_is_read() {
    let plan = Plan::read(&tree(
        r#"
        [release]
        id = "web-2026-11-20"
        region = "eu-west-1"
        via = "codedeploy"
        bake = "1h 30m"
        final_bake = "2d"
        poll = "200ms"
        alarms = ["web-5xx", "web-slow"]
        protect = false
        ignored = [{ alarm = "web-slow", because = "this release fixes it" }]
        [health]
        min_requests = 50
        hold = "90s"
        settled = "3m"
        not_proven = "roll-back"
        comparison = { false_alarm = "1%", tolerance = "0.5%" }
        version_alarms = { errors = 2, minutes = 3 }
        [[backend]]
        function = "orders"
        alias = "live"
        target = "7"
        strategy = "LambdaCanary10Percent5Minutes"
        before = "orders-smoke"
        after = "arn:aws:lambda:eu-west-1:123456789012:function:orders-verify:live"
        codedeploy = { application = "shop", group = "orders" }
        [[backend]]
        function = "arn:aws:lambda:eu-west-1:123456789012:function:users"
        alias = "live"
        target = { zip = "users.zip" }
        strategy = { linear = { percent = "33.33%", every = "1m" } }
        codedeploy = { application = "shop", group = "users", config = "Thirds" }
        [one-box]
        function = "web-one-box"
        alias = "live"
        target = "latest"
        codedeploy = { application = "shop", group = "one-box" }
        [regular]
        function = "web"
        alias = "live"
        target = "latest"
        codedeploy = { application = "shop", group = "web" }
        "#,
    ))
    .unwrap();
    let group = |group: &str, config: &str| {
        Some(CodeDeployGroup { application: "shop".into(), group: group.into(), config: config.into() })
    };
    let frontend = |function: &str, name: &str| Shift {
        function: function.into(),
        alias: "live".into(),
        target: Target::Latest,
        strategy: Strategy::AllAtOnce,
        before: None,
        after: None,
        codedeploy: group(name, "CodeDeployDefault.LambdaAllAtOnce"),
    };
    let expected = Plan {
        id: "web-2026-11-20".into(),
        region: Some("eu-west-1".into()),
        account: None,
        via: Via::CodeDeploy,
        backends: vec![
            Shift {
                function: "orders".into(),
                alias: "live".into(),
                target: Target::Version("7".into()),
                strategy: Strategy::Canary { percent: percent("10%"), wait: minutes(5) },
                before: Some("orders-smoke".into()),
                after: Some("arn:aws:lambda:eu-west-1:123456789012:function:orders-verify:live".into()),
                codedeploy: group("orders", "CodeDeployDefault.LambdaCanary10Percent5Minutes"),
            },
            Shift {
                function: "arn:aws:lambda:eu-west-1:123456789012:function:users".into(),
                alias: "live".into(),
                target: Target::Zip { path: "users.zip".into(), sha256: String::new() },
                strategy: Strategy::Linear { percent: percent("33.33%"), every: minutes(1) },
                before: None,
                after: None,
                codedeploy: group("users", "Thirds"),
            },
        ],
        one_box: Some(frontend("web-one-box", "one-box")),
        regular: Some(frontend("web", "web")),
        bake: minutes(90),
        final_bake: minutes(2 * 24 * 60),
        poll: Duration::from_millis(200),
        alarms: vec![Alarm::named("web-5xx"), Alarm::named("web-slow")],
        ignored: vec![Ignored { alarm: "web-slow".into(), region: None, because: "this release fixes it".into() }],
        protect: false,
        health: Health {
            min_requests: 50,
            hold: Duration::from_secs(90),
            settled: minutes(3),
            not_proven: NotProven::RollBack,
            comparison: Some(Comparison { false_alarm: 0.01, tolerance: 0.005 }),
            version_alarms: Some(VersionAlarms { errors: 2, minutes: 3 }),
        },
    };
    assert_eq!(plan, expected);
    assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
}

#[test]
fn what_is_left_out_has_its_default() {
    let plan = Plan::read(&json!({
        "release": { "id": "a" },
        "regular": { "function": "web", "alias": "live", "target": "1" },
    }))
    .unwrap();
    assert_eq!(plan.via, Via::Lambda);
    assert_eq!([plan.bake, plan.final_bake, plan.poll], [minutes(10), minutes(10), Duration::from_secs(10)]);
    assert_eq!(plan.health, Health::default());
    assert_eq!([plan.health.hold, plan.health.settled], [minutes(30), minutes(2)]);
    assert_eq!((plan.region, plan.alarms.len(), plan.ignored.len(), plan.one_box), (None, 0, 0, None));
    assert_eq!(plan.regular.unwrap().strategy, Strategy::AllAtOnce);
}

#[test]
fn every_shape_of_a_strategy_is_read() {
    let step = |part: &str, then| Step { percent: percent(part), then };
    for (written, expected) in [
        (
            json!({ "canary": { "percent": 2.5, "wait": "5m" } }),
            Strategy::Canary { percent: percent("2.5%"), wait: minutes(5) },
        ),
        (
            json!({ "linear": { "percent": 25, "every": "1m" } }),
            Strategy::Linear { percent: percent("25%"), every: minutes(1) },
        ),
        (
            json!({ "exponential": { "first": 0.01, "factor": 1.01, "every": "1m" } }),
            Strategy::Exponential { first: percent("0.01%"), factor: 101, every: minutes(1) },
        ),
        (
            json!({ "exponential": { "first": "1%", "factor": 2, "every": "1m" } }),
            Strategy::Exponential { first: percent("1%"), factor: 200, every: minutes(1) },
        ),
        (
            json!({ "steps": [
                { "percent": 1, "wait": "10m" }, { "percent": 50, "approval": true }, { "percent": 100 },
            ] }),
            Strategy::Steps(vec![
                step("1%", Pause::For(minutes(10))),
                step("50%", Pause::Approval),
                step("100%", Pause::For(Duration::ZERO)),
            ]),
        ),
    ] {
        let tree = changed(|tree| set(tree, "/backend/0/strategy", written.clone()));
        assert_eq!(Plan::read(&tree).map(|plan| plan.backends[0].strategy.clone()), Ok(expected), "{written}");
    }
}

#[test]
fn the_template_is_a_plan_with_and_without_its_comments() {
    let plan = Plan::read(&tree(plan_template())).unwrap();
    assert_eq!((plan.id.as_str(), plan.backends.len(), plan.health), ("web-1", 1, Health::default()));
    // Every line that could be a field is one.
    let field =
        |line: &str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(name, _)| !name.contains(' '));
    let uncommented = |line: &str| line.strip_prefix("# ").filter(|rest| field(rest)).unwrap_or(line).to_owned();
    let all: Vec<_> = plan_template().lines().map(uncommented).collect();
    let plan = Plan::read(&tree(&all.join("\n"))).unwrap();
    assert!(plan.one_box.is_some() && plan.regular.is_some() && plan.health.comparison.is_some());
    assert_eq!((plan.alarms.len(), plan.ignored.len()), (2, 1));
    assert!(plan.backends[0].before.is_some() && plan.backends[0].codedeploy.is_some());
}

#[test]
fn what_codedeploy_cannot_do_is_refused_where_it_moves_the_alias() {
    let via = |change: &dyn Fn(&mut Value)| {
        problems(&changed(|tree| {
            set(tree, "/release/via", json!("codedeploy"));
            set(tree, "/backend/0/codedeploy", json!({ "application": "shop", "group": "orders" }));
            change(tree);
        }))
    };
    assert_eq!(via(&|_| {}), [""; 0]);
    let alarms: Vec<_> = (0..11).map(|at| format!("alarm-{at}")).collect();
    assert_eq!(with("/release/alarms", json!(alarms)), [""; 0]);
    let found = via(&|tree| set(tree, "/release/alarms", json!(alarms)));
    assert_eq!(
        found,
        ["release.alarms: CodeDeploy watches at most 10 alarms, found 11: \
          combine them in a composite alarm, or release via = \"lambda\""]
    );
    let ten = &alarms[..10];
    assert_eq!(via(&|tree| set(tree, "/release/alarms", json!(ten))), [""; 0]);
    let found = via(&|tree| {
        set(tree, "/release/alarms", json!(ten));
        set(tree, "/health/version_alarms", json!({ "errors": 1, "minutes": 1 }));
    });
    assert!(found.len() == 1 && found[0].contains("found 11, with the one of health.version_alarms: "), "{found:?}");
    let found = via(&|tree| {
        set(tree, "/release/alarms", json!(alarms));
        set(tree, "/release/ignored", json!([{ "alarm": "alarm-3", "because": "this release fixes it" }]));
    });
    assert_eq!(found, [""; 0]);
    let found = via(&|tree| {
        tree["backend"][0].as_object_mut().unwrap().remove("codedeploy");
    });
    assert!(found.len() == 1 && found[0].starts_with("backend.0.codedeploy: is missing: "), "{found:?}");
    let custom = json!({ "canary": { "percent": 20, "wait": "5m" } });
    let found = via(&|tree| set(tree, "/backend/0/strategy", custom.clone()));
    assert!(found.len() == 1 && found[0].starts_with("backend.0.codedeploy.config: is missing: "), "{found:?}");
    let approval = json!({ "steps": [{ "percent": 20, "approval": true }] });
    let found = via(&|tree| {
        set(tree, "/backend/0/strategy", approval.clone());
        set(tree, "/backend/0/codedeploy/config", json!("Mine"));
    });
    assert!(
        found.len() == 1 && found[0].starts_with("backend.0.strategy: CodeDeploy waits for no approval"),
        "{found:?}"
    );
}

#[test]
fn two_aliases_of_one_deployment_group_are_refused_where_codedeploy_moves_them() {
    let found = |via: &str, others: [Value; 2]| {
        problems(&changed(|tree| {
            set(tree, "/release/via", json!(via));
            set(tree, "/backend/0/codedeploy", json!({ "application": "shop", "group": "orders" }));
            let [backend, regular] = others;
            let users = json!({ "function": "users", "alias": "live", "target": "7", "codedeploy": backend });
            tree["backend"].as_array_mut().unwrap().push(users);
            tree["regular"] = json!({ "function": "web", "alias": "live", "target": "7", "codedeploy": regular });
        }))
    };
    let at = |application: &str, group: &str| json!({ "application": application, "group": group });
    assert_eq!(found("codedeploy", [at("shop", "users"), at("web", "orders")]), [""; 0]);
    let same = [at("shop", "orders"), at("shop", "orders")];
    assert_eq!(found("lambda", same.clone()), [""; 0]);
    let because = "CodeDeploy runs one deployment of a group at a time, so give every alias its own";
    assert_eq!(
        found("codedeploy", same),
        ["backend.1", "regular"]
            .map(|path| format!("{path}.codedeploy.group: is the one of backend.0 already: {because}"))
    );
}

#[test]
fn entries_that_are_not_whole_are_compared_as_far_as_they_go() {
    let group = json!({ "application": "shop", "group": "orders" });
    let tree = json!({
        "release": { "id": "web-1", "region": "eu-west-1", "via": "codedeploy" },
        "backend": [
            { "function": "orders", "alias": "live", "codedeploy": group },
            { "function": "orders", "alias": "live", "target": "7", "codedeploy": group },
            { "function": "arn:aws:lambda:us-east-1:123456789012:function:users", "codedeploy": { "group": "users" } },
        ],
    });
    let target = "expected a version such as \"7\", \"latest\", or { zip = \"orders.zip\" }";
    assert_eq!(
        problems(&tree),
        [
            format!("backend.0.target: is missing: {target}"),
            "backend.1.alias: orders:live is moved by backend.0 already".to_owned(),
            "backend.1.codedeploy.group: is the one of backend.0 already: CodeDeploy runs one deployment of a group at \
             a time, so give every alias its own"
                .to_owned(),
            "backend.2.alias: is missing".to_owned(),
            format!("backend.2.target: is missing: {target}"),
            "backend.2.codedeploy.application: is missing".to_owned(),
            "backend.2.function: is in us-east-1, and the release is in eu-west-1".to_owned(),
        ]
    );
}

#[test]
fn every_problem_is_told_in_one_run() {
    let tree = json!({
        "release": { "id": "", "polls": "5s", "alarms": ["a", "a"] },
        "health": { "min-requests": 5, "zzz": 1 },
        "backends": [],
        "backend": [{ "function": "a:b", "alias": "live", "strategy": { "linear": { "percent": 0, "every": "0s" } } }],
        "a.b": 1,
    });
    let mut found = problems(&tree);
    found.sort();
    assert_eq!(
        found,
        [
            "\"a.b\": is unknown: remove it; known here are release, health, backend, one-box, regular",
            "backend.0.function: expected a function without a version or an alias, found \"a:b\"",
            "backend.0.strategy.linear.every: expected some time, found \"0s\": the least is \"1ms\"",
            "backend.0.strategy.linear.percent: expected more than 0 %, found 0",
            "backend.0.target: is missing: expected a version such as \"7\", \"latest\", or { zip = \"orders.zip\" }",
            "backends: is unknown: did you mean backend?",
            "health.min-requests: is unknown: did you mean min_requests?",
            "health.zzz: is unknown: remove it; known here are min_requests, hold, settled, not_proven, comparison, \
             version_alarms",
            "release.alarms.1: \"a\" is listed above already: remove it",
            "release.id: expected 1 to 64 letters, digits, _ and -, found \"\"",
            "release.polls: is unknown: did you mean poll?",
        ]
    );
}

#[test]
fn a_plan_without_a_release_or_an_alias_is_refused() {
    assert_eq!(problems(&json!([])), ["expected a table, found a list"]);
    let found = problems(&json!({}));
    assert_eq!(
        found,
        [
            "no alias moves: add a [[backend]], a [one-box] or a [regular]",
            "release: is missing: [release] with an id such as \"web-2026-11-20\"",
        ]
        .into_iter()
        .rev()
        .collect::<Vec<_>>()
    );
    assert_eq!(problems(&json!({ "release": {}, "regular": {} }))[0], "release.id: is missing");
}

#[test]
fn five_hundred_backends_are_the_most() {
    let backends = |count: usize| -> Value {
        (0..count).map(|at| json!({ "function": format!("f-{at}"), "alias": "live", "target": "2" })).collect()
    };
    assert_eq!(with("/backend", backends(500)), [""; 0]);
    assert_eq!(with("/backend", backends(501)), ["backend: expected at most 500 backends, found 501"]);
}
