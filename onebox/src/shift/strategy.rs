//! A strategy in one word, as the tree that a plan would have.

use serde_json::{Value, json};

/// Reads a strategy: one of CodeDeploy's names, or a shape and its figures. Whether they make sense, the plan's reader says.
pub(super) fn tree(text: &str) -> Result<Value, String> {
    let Some((shape, figures)) = text.split_once(':') else { return Ok(json!(text)) };
    let parts: Vec<_> = figures.split(':').collect();
    match (shape, parts.as_slice()) {
        ("canary", [percent, wait]) => Ok(json!({ "canary": { "percent": percent, "wait": wait } })),
        ("linear", [percent, every]) => Ok(json!({ "linear": { "percent": percent, "every": every } })),
        ("exponential", [first, factor, every]) => {
            let factor: f64 = factor.parse().map_err(|_| format!("expected a factor such as 2, found {factor:?}"))?;
            Ok(json!({ "exponential": { "first": first, "factor": factor, "every": every } }))
        }
        ("steps", _) => {
            figures.split(',').map(step).collect::<Result<Vec<_>, _>>().map(|steps| json!({ "steps": steps }))
        }
        ("canary", _) => Err("expected canary:PERCENT:WAIT, such as canary:10%:5m".to_owned()),
        ("linear", _) => Err("expected linear:PERCENT:EVERY, such as linear:10%:1m".to_owned()),
        ("exponential", _) => Err("expected exponential:FIRST:FACTOR:EVERY, such as exponential:1%:2:10m".to_owned()),
        _ => Err(format!("expected canary, linear, exponential or steps before the colon, found {shape:?}")),
    }
}

fn step(text: &str) -> Result<Value, String> {
    match text.split_once(':') {
        Some((percent, "approval")) => Ok(json!({ "percent": percent, "approval": true })),
        Some((percent, wait)) => Ok(json!({ "percent": percent, "wait": wait })),
        None => Err(format!("expected steps such as 1%:10m,50%:approval, found {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use onebox_release::Plan;

    use super::*;

    /// The steps of a strategy, after the plan's reader has seen it.
    fn steps(text: &str) -> Vec<String> {
        let shift = json!({ "function": "f", "alias": "a", "target": "7", "strategy": tree(text).unwrap() });
        let plan = Plan::read(&json!({ "release": { "id": "r" }, "backend": [shift] })).unwrap();
        plan.backends[0].strategy.steps().iter().map(|step| step.percent.to_string()).collect()
    }

    #[test]
    fn every_shape_is_read() {
        for (text, expected) in [
            ("AllAtOnce", vec!["100 %"]),
            ("Canary10Percent5Minutes", vec!["10 %", "100 %"]),
            ("canary:2.5%:5m", vec!["2.5 %", "100 %"]),
            ("linear:40%:1m", vec!["40 %", "80 %", "100 %"]),
            ("exponential:10%:3:10m", vec!["10 %", "30 %", "90 %", "100 %"]),
            ("steps:1%:10m,50%:approval", vec!["1 %", "50 %", "100 %"]),
        ] {
            assert_eq!(steps(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_strategy_says_what_one_looks_like() {
        for (text, said) in [
            ("canary:10%", "canary:10%:5m"),
            ("linear:1:2:3", "linear:10%:1m"),
            ("exponential:1%:x:1m", "a factor such as 2"),
            ("exponential:1%", "exponential:1%:2:10m"),
            ("steps:10%", "1%:10m,50%:approval"),
            ("cubic:1", "canary, linear, exponential or steps"),
        ] {
            let error = tree(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
