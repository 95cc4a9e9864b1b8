//! Random configurations and requests, with what core says to each.

use fastrand::Rng;
use onebox_core::{Decision, Policy, Ramp, Share, Source, Step, Time};
use onebox_edge::Config;
use serde_json::{Value, json};

use super::{Case, config, visit::Visit, visitors::random_visit};

/// Where all schedules are: 2026-11-20T12:00:00Z.
const NOON: i64 = 1_795_176_000_000;

/// A configuration, and its functions' places among all.
pub struct Site {
    pub config: Config,
    pub policy: Policy,
    pub request: usize,
    pub response: Option<usize>,
}

/// What core says: the side, and the pin that is to be written.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    pub side: &'static str,
    pub pin: Option<String>,
}

/// A request at a moment, as cases of the functions, and what is expected of them.
pub struct Question {
    pub cases: Vec<Case>,
    pub expected: Expected,
    /// What decides, with its kind alone.
    pub source: &'static str,
    pub visit: Visit,
}

/// Configurations of every kind, and the functions of all of them.
pub fn sites(rng: &mut Rng, count: usize) -> (Vec<Site>, Vec<String>) {
    let mut functions = Vec::new();
    let mut sites = Vec::new();
    for _ in 0..count {
        let config = random_config(rng);
        let built = onebox_cff::functions(&config).unwrap();
        let request = functions.len();
        functions.push(built.viewer_request);
        let response = built.viewer_response.map(|function| {
            functions.push(function);
            functions.len() - 1
        });
        sites.push(Site { policy: config.policy(), config, request, response });
    }
    (sites, functions)
}

fn random_config(rng: &mut Rng) -> Config {
    let release =
        json!({ "id": pick(rng, &["web-1", "web-2", "w", "Web_2026-11-20-with-a-long-name"]), "share": share(rng) });
    let network = format!("client-ip/{}", rng.u8(16..=128));
    let keys = pick(
        rng,
        &[
            json!(["cookie:session"]),
            json!(["header:user-agent"]),
            json!(["cookie:session", ["client-ip", "header:user-agent"], "header:user-agent"]),
            json!([["cookie:session", "cookie:theme", "header:accept-language"], "client-ip"]),
            json!([["client-ip/64", "header:user-agent"], "client-ip/128", "header:user-agent"]),
            json!([network]),
            json!(["cookie:constructor", "cookie:__proto__", "header:x-visitor", "cookie:session"]),
        ],
    );
    let mut more = json!({});
    if rng.bool() {
        more["partition"] = json!({ "salt": pick(rng, &["s", "fünf", "a salt of more than sixteen bytes", "😀"]) });
    }
    if rng.u8(..) < 170 {
        more["pin"] = json!({ "max_age": "7d" });
        if rng.bool() {
            more["pin"]["secret"] = json!(secret(rng));
        }
    }
    if rng.bool() {
        more["override"] = json!({ "name": pick(rng, &["onebox-force", "X-Force"]), "secret": secret(rng) });
    }
    if rng.bool() {
        let many: Vec<_> = (0..40).map(|at| format!("{}{}", ["bot", "Goo", "spider-"][at % 3], at / 3)).collect();
        let lists = [
            json!(["bot"]),
            json!(["bot", "a/b (c)", "kö", "[^$.*"]),
            json!(["googlebot", "xbot", "a/b"]),
            json!(many),
        ];
        more["crawlers"] = json!({ "contains": pick(rng, &lists) });
        if rng.bool() {
            more["crawlers"]["except"] = pick(rng, &[json!(["GOOGLE"]), json!(["cubot", "[^$.*", "ö"])]);
        }
    }
    if rng.u8(..) < 80 {
        more["function"] = json!({ "store": "a1b2" });
    }
    config(&release, &keys, &more)
}

/// A text, bytes that are none, and one longer than the block of the hash.
fn secret(rng: &mut Rng) -> String {
    let bytes: Vec<u8> = match rng.u8(..3) {
        0 => "a secret of text, schön".into(),
        1 => (0..24).map(|at| 0xFF - at).collect(),
        _ => (0..100).collect(),
    };
    bytes.iter().fold("hex:".into(), |text, byte| format!("{text}{byte:02x}"))
}

fn share(rng: &mut Rng) -> Value {
    match rng.u8(..8) {
        0 => json!("0%"),
        1 => json!("100%"),
        2..=4 => json!(pick(rng, &["50%", "0.125%", "33.33%", "5%"])),
        _ => {
            let mut at = NOON;
            let steps = (0..rng.usize(1..5)).map(|_| {
                at += rng.i64(1..5000);
                let thousandths = if rng.u8(..5) == 0 { 0 } else { rng.u32(..=100_000) };
                json!({ "at": Time::from_unix_millis(at).to_string(),
                    "share": Share::from_thousandths(thousandths).unwrap().to_string() })
            });
            steps.collect()
        }
    }
}

/// A random request of a random site.
pub fn question(rng: &mut Rng, sites: &[Site]) -> Question {
    let site = &sites[rng.usize(..sites.len())];
    let (store, in_store) = stored(rng, &site.config);
    let policy = in_store.as_ref().map_or(&site.policy, |(_, policy)| policy);
    let now = moment(rng, policy.ramp());
    // Tokens end with a second.
    let now = if policy.overrides().is_some() && rng.bool() { now / 1000 * 1000 } else { now };
    let visit = random_visit(rng, policy, now);
    let decision = policy.decide(&visit, Time::from_unix_millis(now));
    let case = |function, event| Case { function, now, store: store.clone(), event };
    let mut cases = vec![case(site.request, visit.request())];
    cases.extend(site.response.map(|function| case(function, visit.response())));
    Question { cases, expected: expected(policy, decision), source: kind(decision.source), visit }
}

fn expected(policy: &Policy, decision: Decision<'_>) -> Expected {
    let pin = match (decision.source, decision.bucket, policy.pins()) {
        (Source::Key(_), Some(bucket), Some(pins)) => Some(pins.value(bucket).to_string()),
        _ => None,
    };
    Expected { side: decision.partition.as_str(), pin }
}

fn kind(source: Source<'_>) -> &'static str {
    match source {
        Source::Override => "override",
        Source::ShareZero => "share-zero",
        Source::Crawler => "crawler",
        Source::Pin => "pin",
        Source::Key(_) => "key",
        _ => "none",
    }
}

/// What the store holds, and the configuration that it makes of the packaged one, if it is a release.
fn stored(rng: &mut Rng, config: &Config) -> (Option<Value>, Option<(Config, Policy)>) {
    let Some(store) = &config.function.store else { return (None, None) };
    let holding = |value: &str| Some(json!({ "id": store.id, "key": store.key, "value": value }));
    if rng.u8(..3) == 0 {
        return (pick(rng, &[None, holding(""), holding("{}"), holding("{\"release\":{\"id\":\"web-1\"}}")]), None);
    }
    let id = pick(rng, &["web-1", "web-3"]);
    let share = share(rng);
    let mut newer = config.clone();
    if newer.partition.salt == newer.release.id {
        newer.partition.salt = id.into();
    }
    newer.release.id = id.into();
    newer.release.share = ramp(&share);
    let policy = newer.policy();
    (holding(&json!({ "release": { "share": share, "id": id } }).to_string()), Some((newer, policy)))
}

fn ramp(share: &Value) -> Ramp {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match share {
        Value::Array(steps) => Ramp::schedule(
            steps
                .iter()
                .map(|step| Step {
                    at: text(&step["at"]).parse().unwrap(),
                    share: text(&step["share"]).parse().unwrap(),
                })
                .collect(),
        )
        .unwrap(),
        share => text(share).parse::<Share>().unwrap().into(),
    }
}

/// Mostly around a step; sometimes before 1970 or after 2100.
fn moment(rng: &mut Rng, ramp: &Ramp) -> i64 {
    let steps = ramp.steps();
    match rng.u8(..10) {
        0 => -rng.i64(..4_000_000_000_000),
        1 => 4_102_444_800_000 + rng.i64(..4_000_000_000_000),
        _ if ramp.constant().is_none() => steps[rng.usize(..steps.len())].at.unix_millis() + rng.i64(-1..=1),
        _ => NOON + rng.i64(..86_400_000),
    }
}

/// One of these.
pub fn pick<T: Clone>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(..from.len())].clone()
}
