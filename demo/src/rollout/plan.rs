//! The plan of the demo's release: fitted to the time that a person has.

use std::time::Duration;

use onebox_core::Partition;
use onebox_release::Plan;
use serde_json::json;

use super::pace::span;
use onebox_terminal::Failure;

/// The function behind the API.
pub(super) const BACKEND: &str = "orders";
/// The alias that everybody calls.
pub(super) const ALIAS: &str = "live";
/// The version before the release, and the one it brings.
pub(super) const OLD: &str = "1";
pub(super) const NEW: &str = "2";

/// How often alarms and traffic are read, on this machine's clock.
const POLL: Duration = Duration::from_millis(200);
/// How much longer than planned a step is held for want of proof, likewise.
const HOLD: Duration = Duration::from_secs(30);
/// An alarm fires at so many errors a minute: more than a healthy version has here, even with all of the traffic.
const ERRORS: u32 = 2;

/// The function behind a side of the site.
pub(super) const fn frontend(side: Partition) -> &'static str {
    match side {
        Partition::OneBox => "web-one-box",
        Partition::Regular => "web-regular",
    }
}

/// How long the parts of a show take, on this machine's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    /// Before the release begins, so that there is something to compare with; and after it has ended.
    pub(super) around: Duration,
    first: Duration,
    step: Duration,
    bake: Duration,
}

/// How long the first step lasts at least. An alarm knows nothing before the minute after the one in which it is made:
/// the new version is to get more than a few requests only then.
const FIRST: Duration = Duration::from_millis(1500);

impl Times {
    /// Parts that together take about so long.
    pub(super) fn within(time: Duration) -> Self {
        Self { around: time / 10, first: (time / 20).max(FIRST), step: time * 9 / 50, bake: time * 3 / 20 }
    }
}

/// The release: the backend step by step, then the one-box, then everyone else, with everything armed that there is.
pub(super) fn plan(times: Times) -> Result<Plan, Failure> {
    let frontend = |side| json!({ "function": frontend(side), "alias": ALIAS, "target": NEW, "strategy": "AllAtOnce" });
    let step = |percent: u32, wait| json!({ "percent": percent, "wait": span(wait) });
    let plan = json!({
        "release": {
            "id": "demo",
            "bake": span(times.bake),
            "final_bake": span(times.bake),
            "poll": span(POLL),
        },
        "health": {
            "min_requests": 2,
            "hold": span(HOLD),
            "comparison": { "false_alarm": "1%", "tolerance": "5%" },
            "version_alarms": { "errors": ERRORS, "minutes": 1 },
        },
        "backend": [{
            "function": BACKEND,
            "alias": ALIAS,
            "target": NEW,
            "strategy": { "steps": [step(1, times.first), step(10, times.step), step(50, times.step), { "percent": 100 }] },
        }],
        "one-box": frontend(Partition::OneBox),
        "regular": frontend(Partition::Regular),
    });
    let mut plan = Plan::read(&plan).map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        Failure::stuck(format!("the demo's plan does not fit into this time: {}", problems.join("; ")))
    })?;
    // Here metrics are never late: the running minute counts as well.
    plan.health.settled = Duration::ZERO;
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_fits_into_short_and_long_shows() {
        for seconds in [8, 20, 60, 3600] {
            let plan = plan(Times::within(Duration::from_secs(seconds))).unwrap();
            let shifting = plan.backends[0].strategy.duration();
            let all = (shifting + plan.bake + plan.final_bake) / super::super::pace::FASTER;
            assert!(all < Duration::from_secs(seconds), "{all:?} of {seconds} s");
            assert!(plan.health.settled.is_zero() && plan.health.version_alarms.is_some());
        }
    }
}
