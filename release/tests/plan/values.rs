//! Every rule that a value has to keep, and what is said where it does not.

use serde_json::json;

use super::with;

#[test]
fn a_wrong_value_is_named_with_its_place() {
    let backend = |name: &str| format!("/backend/0/{name}");
    for (pointer, value, expected) in [
        ("/release/id".into(), json!(7), "release.id: expected a text, found a whole number"),
        ("/release/id".into(), json!("a b"), "release.id: expected 1 to 64 letters, digits, _ and -, found \"a b\""),
        (
            "/release/region".into(),
            json!("Ireland"),
            "release.region: expected a region such as \"eu-west-1\", found \"Ireland\"",
        ),
        ("/release/via".into(), json!("sam"), "release.via: expected \"lambda\" or \"codedeploy\", found \"sam\""),
        (
            "/release/bake".into(),
            json!(30),
            "release.bake: expected a time such as \"90s\", \"10m\" or \"1h 30m\", found a whole number",
        ),
        (
            "/release/bake".into(),
            json!("soon"),
            "release.bake: expected a time such as \"90s\", \"10m\" or \"1h 30m\", found \"soon\"",
        ),
        ("/release/bake".into(), json!("0s"), "release.bake: expected some time, found \"0s\": the least is \"1ms\""),
        ("/release/bake".into(), json!("-5m"), "release.bake: expected a time that is not negative, found \"-5m\""),
        (
            "/release/bake".into(),
            json!("5m ago"),
            "release.bake: expected a time that is not negative, found \"5m ago\"",
        ),
        ("/release/bake".into(), json!("1us"), "release.bake: expected at least \"1ms\", found \"1us\""),
        ("/release/final_bake".into(), json!("31d"), "release.final_bake: expected at most 30 days, found \"31d\""),
        (
            "/release/poll".into(),
            json!("99ms"),
            "release.poll: expected at least \"100ms\": CloudWatch limits how often it is asked",
        ),
        (
            "/release/poll".into(),
            json!("2h"),
            "release.poll: expected at most \"1h\": a release that looks so rarely sees an alarm too late",
        ),
        (
            "/release/alarms".into(),
            json!("web"),
            "release.alarms: expected a list, such as [\"web-5xx\"], found a text",
        ),
        (
            "/release/alarms/1".into(),
            json!("web-5xx"),
            "release.alarms.1: \"web-5xx\" is listed above already: remove it",
        ),
        ("/release/alarms/1".into(), json!(""), "release.alarms.1: expected an alarm's name, found an empty text"),
        (
            "/release/alarms/1".into(),
            json!("x".repeat(256)),
            "release.alarms.1: an alarm's name has at most 255 characters, found 256",
        ),
        (
            "/release/ignored".into(),
            json!([{ "alarm": "other", "because": "it is red" }]),
            "release.ignored.0.alarm: \"other\" is not in release.alarms: nobody looks at it",
        ),
        ("/release/ignored".into(), json!([{ "alarm": "web-5xx" }]), "release.ignored.0.because: is missing"),
        ("/health/min_requests".into(), json!(-1), "health.min_requests: expected a whole number from 0 on, found -1"),
        (
            "/health/min_requests".into(),
            json!(1.5),
            "health.min_requests: expected a whole number from 0 on, found 1.5",
        ),
        ("/health/hold".into(), json!("0m"), "health.hold: expected some time, found \"0m\": the least is \"1ms\""),
        (
            "/health/not_proven".into(),
            json!("rollback"),
            "health.not_proven: expected \"stop\", \"continue\" or \"roll-back\", found \"rollback\"",
        ),
        (
            "/health/comparison".into(),
            json!({ "false_alarm": 1, "tolerance": "1%" }),
            "health.comparison.false_alarm: expected a percentage such as \"1%\", found a whole number",
        ),
        (
            "/health/comparison".into(),
            json!({ "false_alarm": "51%", "tolerance": "1%" }),
            "health.comparison.false_alarm: expected at most \"50%\": more false alarms than a coin gives prove nothing",
        ),
        (
            "/health/comparison".into(),
            json!({ "false_alarm": "1%", "tolerance": "100%" }),
            "health.comparison.tolerance: expected less than \"100%\": every version would be healthy",
        ),
        (
            "/health/version_alarms".into(),
            json!({ "errors": 0, "minutes": 1 }),
            "health.version_alarms.errors: expected a whole number from 1 on, found 0",
        ),
        (
            "/health/version_alarms".into(),
            json!({ "errors": 1, "minutes": 1441 }),
            "health.version_alarms.minutes: expected at most 1440, a day, found 1441",
        ),
        (
            backend("function"),
            json!("orders:live"),
            "backend.0.function: expected a function without a version or an alias, found \"orders:live\"",
        ),
        (
            backend("function"),
            json!("my orders"),
            "backend.0.function: expected a function's name, 1 to 64 letters, digits, _ and -, or its ARN, found \"my orders\"",
        ),
        (
            backend("function"),
            json!("arn:aws:s3:::orders"),
            "backend.0.function: expected a function's name, 1 to 64 letters, digits, _ and -, or its ARN, found \"arn:aws:s3:::orders\"",
        ),
        (
            backend("function"),
            json!("arn:aws:lambda:us-east-1:123456789012:function:orders"),
            "backend.0.function: is in us-east-1, and the release is in eu-west-1",
        ),
        (
            backend("alias"),
            json!("12"),
            "backend.0.alias: expected an alias, found \"12\", which is a version: only an alias can move",
        ),
        (
            backend("alias"),
            json!("feature/x"),
            "backend.0.alias: expected an alias's name, 1 to 128 letters, digits, _ and -, not only digits, found \"feature/x\"",
        ),
        (
            backend("target"),
            json!(7),
            "backend.0.target: expected a version such as \"7\", \"latest\", or { zip = \"orders.zip\" }: write \"7\" with quotes",
        ),
        (
            backend("target"),
            json!("07"),
            "backend.0.target: expected a version such as \"7\", \"latest\", or { zip = \"orders.zip\" }, found \"07\"",
        ),
        (
            backend("target"),
            json!("$LATEST"),
            "backend.0.target: an alias that shifts cannot point to $LATEST: write \"latest\" to publish it first",
        ),
        (backend("target"), json!({}), "backend.0.target.zip: is missing"),
        (
            backend("target"),
            json!({ "zip": "x", "sha256": "abc" }),
            "backend.0.target.sha256: expected a SHA-256 in base64, 44 characters, found \"abc\"",
        ),
        (
            backend("before"),
            json!("orders smoke"),
            "backend.0.before: expected a function that is invoked, its name or its ARN, found \"orders smoke\"",
        ),
        (backend("codedeploy"), json!({ "application": "shop" }), "backend.0.codedeploy.group: is missing"),
        ("/one-box".into(), json!("web"), "one-box: expected a table, found a text"),
        (
            "/backend".into(),
            json!({ "function": "orders" }),
            "backend: expected a list, written [[backend]], found a table",
        ),
        (
            "/regular".into(),
            json!({ "function": "arn:aws:lambda:eu-west-1:123456789012:function:orders", "alias": "live", "target": "1" }),
            "regular.alias: arn:aws:lambda:eu-west-1:123456789012:function:orders:live is moved by backend.0 already",
        ),
    ] {
        let found = with(&pointer, value.clone());
        assert_eq!(found, [expected], "{pointer} {value}");
    }
}

#[test]
fn a_strategy_that_does_not_rise_wait_or_end_is_refused() {
    let strategy = "backend.0.strategy";
    for (written, place, expected) in [
        (json!("Canary1"), "", "\"Canary1\" is no strategy: expected one of AllAtOnce, "),
        (json!(10), "", "expected a strategy's name or a table with its shape, found a whole number"),
        (json!({}), "", "expected one of canary, linear, exponential, steps, found 0 of them"),
        (
            json!({ "canary": { "percent": 1, "wait": "1m" }, "linear": { "percent": 1, "every": "1m" } }),
            "",
            "expected one of canary, linear, exponential, steps, found 2 of them",
        ),
        (json!({ "canary": { "percent": 0, "wait": "1m" } }), ".canary.percent", "expected more than 0 %, found 0"),
        (json!({ "canary": { "percent": 101, "wait": "1m" } }), ".canary.percent", "expected at most 100 %, found 101"),
        (json!({ "canary": { "percent": 100, "wait": "1m" } }), ".canary.percent", "expected less than 100 %: "),
        (
            json!({ "canary": { "percent": 0.125, "wait": "1m" } }),
            ".canary.percent",
            "expected a percentage with up to two decimals",
        ),
        (
            json!({ "canary": { "percent": -1, "wait": "1m" } }),
            ".canary.percent",
            "expected a percentage with up to two decimals",
        ),
        (
            json!({ "canary": { "percent": "10", "wait": "1m" } }),
            ".canary.percent",
            "expected a percentage with up to two decimals",
        ),
        (
            json!({ "canary": { "percent": true, "wait": "1m" } }),
            ".canary.percent",
            "expected a percentage such as 10 or \"12.5%\", found true or false",
        ),
        (json!({ "canary": { "percent": 10 } }), ".canary.wait", "is missing"),
        (json!({ "canary": { "percent": 10, "wait": "0s" } }), ".canary.wait", "expected some time"),
        (json!({ "linear": { "percent": 10, "every": "0s" } }), ".linear.every", "expected some time"),
        (json!({ "linear": { "percent": 0.01, "every": "1d" } }), "", "takes 9999 days: expected at most 30"),
        (
            json!({ "exponential": { "first": 1, "factor": 1, "every": "1m" } }),
            ".exponential.factor",
            "expected a factor above 1",
        ),
        (
            json!({ "exponential": { "first": 1, "factor": 0.5, "every": "1m" } }),
            ".exponential.factor",
            "expected a factor above 1",
        ),
        (
            json!({ "exponential": { "first": 1, "factor": 1.005, "every": "1m" } }),
            ".exponential.factor",
            "expected a factor above 1",
        ),
        (
            json!({ "exponential": { "first": 1, "factor": 101, "every": "1m" } }),
            ".exponential.factor",
            "expected a factor above 1",
        ),
        (
            json!({ "exponential": { "first": 1, "factor": "2", "every": "1m" } }),
            ".exponential.factor",
            "expected a factor above 1",
        ),
        (json!({ "steps": [] }), ".steps", "expected at least one step"),
        (json!({ "steps": [5] }), ".steps.0", "expected a table, found a whole number"),
        (
            json!({ "steps": [{ "percent": 50, "wait": "1m" }, { "percent": 50, "wait": "1m" }] }),
            ".steps.1.percent",
            "expected more than the 50 % before it",
        ),
        (
            json!({ "steps": [{ "percent": 50, "wait": "1m" }, { "percent": 10, "wait": "1m" }] }),
            ".steps.1.percent",
            "expected more than the 50 % before it",
        ),
        (
            json!({ "steps": [{ "percent": 50 }] }),
            ".steps.0.wait",
            "is missing: a wait such as \"10m\", or approval = true",
        ),
        (json!({ "steps": [{ "percent": 50, "wait": "0s" }] }), ".steps.0.wait", "expected some time"),
        (
            json!({ "steps": [{ "percent": 50, "wait": "1m", "approval": true }] }),
            ".steps.0.approval",
            "stands beside a wait",
        ),
        (
            json!({ "steps": [{ "percent": 50, "approval": false }] }),
            ".steps.0.approval",
            "expected true: leave it out",
        ),
        (
            json!({ "steps": [{ "percent": 100, "approval": true }] }),
            ".steps.0.approval",
            "comes after everything has moved",
        ),
        (json!({ "steps": [{ "percent": 100, "wait": "1m" }] }), ".steps.0.wait", "comes after everything has moved"),
    ] {
        let found = with("/backend/0/strategy", written.clone());
        let expected = format!("{strategy}{place}: {expected}");
        assert!(found.len() == 1 && found[0].starts_with(&expected), "{written}: {found:#?}, not {expected}");
    }
}
