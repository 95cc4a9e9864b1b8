//! The releases that are tried: every strategy, every order of groups, every kind of proof.

use std::time::Duration;

use onebox_release::{Ending, Ignored, Plan, Target};
use onebox_sim::control::{Script, SlowMoves};
use serde_json::{Map, Value, json};

/// Which traffic there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Load {
    /// Requests a minute to each alias.
    pub(crate) requests: u64,
    /// How many in a thousand fail on the old version.
    pub(crate) old_errors: u64,
    /// How many in a thousand fail on the new version.
    pub(crate) new_errors: u64,
}

/// A release.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) plan: Plan,
    pub(crate) load: Option<Load>,
    /// How slowly AWS moves traffic; every alias has provisioned concurrency then.
    pub(crate) slow: Option<SlowMoves>,
    /// What hooks do; those that are not named pass.
    pub(crate) hooks: Vec<(&'static str, Script)>,
    /// How it ends when nothing goes wrong.
    pub(crate) ends: Kind,
}

/// How a release ended, without the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Released,
    RolledBack,
    Refused,
    NotProven,
    Stuck,
}

impl Kind {
    pub(crate) fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Released => Self::Released,
            Ending::RolledBack(_) => Self::RolledBack,
            Ending::Refused(_) => Self::Refused,
            Ending::NotProven(_) => Self::NotProven,
            _ => Self::Stuck,
        }
    }
}

/// The alarm that every plan watches, if it watches any.
pub(crate) const ALARM: &str = "web-5xx";
/// An alarm that has fired already.
pub(crate) const RED: &str = "red";
/// The version that every alias stands on.
pub(crate) const OLD: &str = "6";
/// The version that every alias goes to, where nothing is published.
pub(crate) const NEW: &str = "7";

/// So long AWS takes to move traffic where it is slow: longer than a poll, and shorter than a release waits.
pub(crate) const SLOW: Duration = Duration::from_secs(150);

/// A plan in the making.
struct Draft {
    name: String,
    release: Map<String, Value>,
    health: Map<String, Value>,
    groups: Map<String, Value>,
    load: Option<Load>,
    slow: Option<SlowMoves>,
    hooks: Vec<(&'static str, Script)>,
    ends: Kind,
}

fn draft(name: impl Into<String>) -> Draft {
    let release = json!({ "id": "r1", "bake": "4m", "final_bake": "2m", "poll": "1m", "alarms": [ALARM] });
    let health = json!({ "hold": "4m", "settled": "1m" });
    let map = |value: Value| value.as_object().unwrap().clone();
    let (name, groups) = (name.into(), Map::new());
    let (load, slow, hooks, ends) = (None, None, Vec::new(), Kind::Released);
    Draft { name, release: map(release), health: map(health), groups, load, slow, hooks, ends }
}

impl Draft {
    fn release(mut self, key: &str, value: Value) -> Self {
        self.release.insert(key.into(), value);
        self
    }

    fn health(mut self, key: &str, value: Value) -> Self {
        self.health.insert(key.into(), value);
        self
    }

    fn load(mut self, requests: u64, old_errors: u64, new_errors: u64) -> Self {
        self.load = Some(Load { requests, old_errors, new_errors });
        self
    }

    fn slow(mut self, answered: bool, renewed: bool) -> Self {
        self.slow = Some(SlowMoves { time: SLOW, answered, renewed });
        self
    }

    fn hook(mut self, name: &'static str, script: Script) -> Self {
        self.hooks.push((name, script));
        self
    }

    fn ends(mut self, ends: Kind) -> Self {
        self.ends = ends;
        self
    }

    fn backend(self, function: &str, strategy: Value) -> Self {
        self.backend_with(function, strategy, json!({}))
    }

    fn backend_with(mut self, function: &str, strategy: Value, more: Value) -> Self {
        let list = self.groups.entry("backend").or_insert_with(|| json!([]));
        list.as_array_mut().unwrap().push(shift(function, strategy, more));
        self
    }

    fn one_box(mut self, strategy: Value, more: Value) -> Self {
        self.groups.insert("one-box".into(), shift("box", strategy, more));
        self
    }

    fn regular(mut self, strategy: Value, more: Value) -> Self {
        self.groups.insert("regular".into(), shift("web", strategy, more));
        self
    }

    fn shape(self) -> Shape {
        let mut tree = self.groups;
        tree.insert("release".into(), self.release.into());
        tree.insert("health".into(), self.health.into());
        let mut plan = Plan::read(&tree.into()).unwrap_or_else(|problems| panic!("{}: {problems:?}", self.name));
        for backend in &mut plan.backends {
            if let Target::Zip { sha256, .. } = &mut backend.target {
                *sha256 = "of the zip".into();
            }
        }
        let because = "it is red because of the old version";
        let ignored = || Ignored { alarm: RED.into(), region: None, because: because.into() };
        plan.ignored = plan.alarms.iter().filter(|alarm| alarm.name == RED).map(|_| ignored()).collect();
        Shape { name: self.name, plan, load: self.load, slow: self.slow, hooks: self.hooks, ends: self.ends }
    }
}

fn shift(function: &str, strategy: Value, more: Value) -> Value {
    let mut shift = json!({ "function": function, "alias": "live", "target": NEW, "strategy": strategy });
    for (key, value) in more.as_object().unwrap() {
        shift[key] = value.clone();
    }
    shift
}

fn canary() -> Value {
    json!({ "canary": { "percent": 10, "wait": "2m" } })
}

fn all() -> Value {
    json!("AllAtOnce")
}

/// CodeDeploy's names, with a poll that fits their waits.
const NAMES: [(&str, &str); 9] = [
    ("AllAtOnce", "1m"),
    ("Canary10Percent5Minutes", "150s"),
    ("Canary10Percent10Minutes", "5m"),
    ("Canary10Percent15Minutes", "5m"),
    ("Canary10Percent30Minutes", "10m"),
    ("Linear10PercentEvery1Minute", "1m"),
    ("Linear10PercentEvery2Minutes", "1m"),
    ("Linear10PercentEvery3Minutes", "3m"),
    ("Linear10PercentEvery10Minutes", "10m"),
];

/// Every shape.
pub(crate) fn shapes() -> Vec<Shape> {
    let mut drafts: Vec<_> = NAMES
        .iter()
        .map(|(name, poll)| draft(*name).release("poll", json!(poll)).backend("orders", json!(name)))
        .collect();
    drafts.extend(strategies());
    drafts.extend(orders());
    drafts.extend(proofs());
    drafts.extend(targets());
    drafts.extend(deployments());
    drafts.extend(slow());
    drafts.into_iter().map(Draft::shape).collect()
}

fn strategies() -> Vec<Draft> {
    let exponential = json!({ "exponential": { "first": 1, "factor": 4, "every": "2m" } });
    let steps = json!({ "steps": [{ "percent": 1, "wait": "2m" }, { "percent": "12.5%", "wait": "1m" }, { "percent": 50, "wait": "3m" }] });
    let approval = json!({ "steps": [{ "percent": 5, "approval": true }, { "percent": 50, "wait": "2m" }] });
    vec![
        draft("custom canary").backend("orders", json!({ "canary": { "percent": 25, "wait": "3m" } })),
        draft("custom linear").backend("orders", json!({ "linear": { "percent": 30, "every": "2m" } })),
        draft("exponential").backend("orders", exponential),
        draft("steps").backend("orders", steps),
        draft("approval").backend("orders", approval),
        draft("no alarms").release("alarms", json!([])).backend("orders", canary()),
        draft("not protected").release("protect", json!(false)).backend("orders", canary()),
        draft("short poll").release("poll", json!("20s")).backend("orders", canary()),
    ]
}

fn orders() -> Vec<Draft> {
    let hooks = json!({ "before": "smoke", "after": "verify" });
    let linear = json!({ "linear": { "percent": 50, "every": "1m" } });
    vec![
        draft("two backends").backend("orders", canary()).backend("stock", linear.clone()),
        draft("three backends at once").backend("orders", all()).backend("stock", all()).backend("mail", all()),
        draft("not protected, one-box, regular")
            .release("protect", json!(false))
            .one_box(all(), json!({}))
            .regular(canary(), json!({})),
        draft("one-box alone").one_box(all(), json!({})),
        draft("regular alone").regular(canary(), json!({})),
        draft("one-box, regular").one_box(all(), json!({})).regular(canary(), json!({})),
        draft("backend, one-box, regular")
            .backend("orders", canary())
            .one_box(all(), json!({}))
            .regular(all(), json!({})),
        draft("everything, with hooks")
            .backend_with("orders", canary(), hooks.clone())
            .backend("stock", linear)
            .one_box(canary(), hooks.clone())
            .regular(all(), json!({ "after": "verify" })),
        draft("hooks").backend_with("orders", canary(), hooks.clone()),
        draft("a hook before fails")
            .backend_with("orders", canary(), hooks.clone())
            .hook("smoke", Script::fails("404"))
            .ends(Kind::RolledBack),
        draft("a hook after throws")
            .backend_with("orders", canary(), hooks)
            .hook("verify", Script::Throws("no".into()))
            .ends(Kind::RolledBack),
        draft("the last hook fails")
            .backend("orders", canary())
            .one_box(all(), json!({}))
            .regular(all(), json!({ "after": "verify" }))
            .hook("verify", Script::fails("500"))
            .ends(Kind::RolledBack),
    ]
}

fn proofs() -> Vec<Draft> {
    let comparison = json!({ "false_alarm": "1%", "tolerance": "5%" });
    let alarms = json!({ "errors": 5, "minutes": 1 });
    let slow = json!({ "canary": { "percent": 50, "wait": "6m" } });
    vec![
        draft("min requests").health("min_requests", json!(50)).backend("orders", canary()).load(6_000, 0, 0),
        draft("min requests, no traffic")
            .health("min_requests", json!(50))
            .backend("orders", canary())
            .ends(Kind::NotProven),
        draft("min requests, no traffic, continue")
            .health("min_requests", json!(50))
            .health("not_proven", json!("continue"))
            .backend("orders", canary()),
        draft("min requests, no traffic, roll back")
            .health("min_requests", json!(50))
            .health("not_proven", json!("roll-back"))
            .backend("orders", canary())
            .ends(Kind::RolledBack),
        draft("version alarms")
            .health("version_alarms", alarms.clone())
            .backend("orders", canary())
            .one_box(all(), json!({}))
            .load(600, 0, 0),
        draft("a version alarm fires")
            .health("version_alarms", alarms)
            .backend("orders", canary())
            .load(6_000, 1, 500)
            .ends(Kind::RolledBack),
        draft("comparison, healthy")
            .health("comparison", comparison.clone())
            .backend("orders", slow.clone())
            .load(60_000, 10, 10),
        draft("comparison, worse")
            .health("comparison", comparison.clone())
            .backend("orders", slow.clone())
            .load(60_000, 10, 300)
            .ends(Kind::RolledBack),
        draft("comparison, no traffic").health("comparison", comparison).backend("orders", slow).ends(Kind::NotProven),
    ]
}

fn targets() -> Vec<Draft> {
    vec![
        draft("latest").backend_with("fresh", canary(), json!({ "target": "latest" })),
        draft("zip").backend_with("orders", canary(), json!({ "target": { "zip": "orders.zip" } })),
        draft("zip, and a version")
            .backend_with("orders", all(), json!({ "target": { "zip": "orders.zip" } }))
            .backend("stock", canary()),
        draft("ignored alarm").release("alarms", json!([ALARM, RED])).backend("orders", canary()),
    ]
}

fn deployments() -> Vec<Draft> {
    let group = |function: &str| json!({ "codedeploy": { "application": "shop", "group": function } });
    let hooks =
        json!({ "codedeploy": { "application": "shop", "group": "orders" }, "before": "smoke", "after": "verify" });
    let via = |name: &str| draft(format!("CodeDeploy: {name}")).release("via", json!("codedeploy"));
    vec![
        via("canary").release("poll", json!("150s")).backend_with(
            "orders",
            json!("Canary10Percent5Minutes"),
            group("orders"),
        ),
        via("linear").backend_with("orders", json!("Linear10PercentEvery1Minute"), group("orders")),
        via("two at once, with hooks").backend_with("orders", all(), hooks.clone()).backend_with(
            "stock",
            all(),
            group("stock"),
        ),
        via("a hook fails")
            .backend_with("orders", all(), hooks)
            .hook("verify", Script::fails("500"))
            .ends(Kind::RolledBack),
        via("one-box, regular").one_box(all(), group("box")).regular(all(), group("web")),
    ]
}

/// AWS moves traffic slowly, and shows that in the answer to the update or only later.
fn slow() -> Vec<Draft> {
    let hooks = json!({ "after": "verify" });
    let one_box = |name: &str| draft(name).one_box(all(), json!({}));
    vec![
        draft("slow AWS").backend("orders", canary()).slow(true, true),
        one_box("slow AWS, seen late").regular(all(), json!({})).slow(false, true),
        one_box("slow AWS, the last hook fails")
            .regular(all(), hooks)
            .hook("verify", Script::fails("500"))
            .slow(false, false)
            .ends(Kind::RolledBack),
    ]
}
