//! Random configurations and requests, with what core says to each.

use fastrand::Rng;
use onebox_core::{Bucket, Decision, Partition, Policy, Ramp, Share, Source, Step, Time};
use onebox_edge::Config;
use serde_json::{Value, json};

use super::{Case, config, visit::Visit};

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
    let release = json!({ "id": pick(rng, &["web-1", "web-2", "w", "Web_2026-11-20-with-a-long-name"]), "share": share(rng) });
    let keys = pick(
        rng,
        &[
            json!(["cookie:session"]),
            json!(["header:user-agent"]),
            json!(["cookie:session", ["client-ip", "header:user-agent"], "header:user-agent"]),
            json!([["cookie:session", "cookie:theme", "header:accept-language"], "client-ip"]),
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
        more["crawlers"] = json!({ "contains": pick(rng, &[json!(["bot"]), json!(["bot", "a/b (c)", "kö", "[^$.*"])]) });
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
                .map(|step| Step { at: text(&step["at"]).parse().unwrap(), share: text(&step["share"]).parse().unwrap() })
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

fn random_visit(rng: &mut Rng, policy: &Policy, now: i64) -> Visit {
    let mut pairs = Vec::new();
    for name in ["session", "theme", "constructor", "__proto__", "other"] {
        for _ in 0..pick(rng, &[0, 1, 1, 2]) {
            pairs.push(format!("{name}{}{}", pick(rng, &["=", " = ", "=\t", ""]), value(rng)));
        }
    }
    let mut visit = Visit::default();
    if let Some(pins) = policy.pins() {
        for _ in 0..pick(rng, &[0, 1, 1, 1, 2]) {
            let pin = pins.value(Bucket::new(rng.u32(..100_000)).unwrap()).to_string();
            pairs.push(format!("{}={}", pins.cookie().as_str(), maybe_changed(rng, &pin)));
        }
    }
    if let Some(overrides) = policy.overrides() {
        // The clock stands just before, at or after the end of a token that has an end after 1970.
        let expiry = u64::try_from(now / 1000 + rng.i64(-1..=2)).unwrap_or(0);
        let token = overrides.token(pick(rng, &[Partition::OneBox, Partition::Regular]), expiry);
        let header = overrides.header().to_owned();
        match rng.u8(..6) {
            0 => drop(visit.headers.insert(header, vec![maybe_changed(rng, &token), "second".into()])),
            1 => pairs.push(format!("{}={}", overrides.cookie().as_str(), maybe_changed(rng, &token))),
            2 => {
                visit.headers.insert(header, vec![format!(" {}\t", maybe_changed(rng, &token))]);
                pairs.push(format!("{}={token}", overrides.cookie().as_str()));
            }
            _ => {}
        }
    }
    rng.shuffle(&mut pairs);
    let middle = rng.usize(..=pairs.len());
    visit.cookies = vec![pairs[..middle].join("; "), pairs[middle..].join(";")];
    for name in ["user-agent", "accept-language", "x-visitor"] {
        if rng.u8(..5) > 0 {
            let text = if name == "user-agent" { agent(rng) } else { value(rng) };
            visit.headers.insert(name.into(), if rng.bool() { vec![text] } else { vec![text, value(rng)] });
        }
    }
    if rng.bool() {
        visit.headers.insert("x-req-partition".into(), vec!["one-box".into(), "one-box".into()]);
    }
    visit.client_ip = pick(rng, &[None, Some("198.51.100.7"), Some("2001:db8::1"), Some("")]).map(str::to_owned);
    visit
}

fn agent(rng: &mut Rng) -> String {
    let crawlers = ["Googlebot/2.1", "gOOGLEBOT", "KÖ", "Kö", "\u{212A}ö", "xA/B (C)", "a/b c", "[^$.*", "[^$.", "bo", "t"];
    let browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
    match rng.u8(..3) {
        0 => pick(rng, &crawlers).into(),
        1 => browser.into(),
        _ => format!("{browser} {}", rng.u32(..)),
    }
}

/// The text of a cookie or header: empty, blank, short, long, not ASCII, with control characters.
fn value(rng: &mut Rng) -> String {
    match rng.u8(..12) {
        0 => pick(rng, &["", " ", "\t \t", "\"\"", "=", "a=b", "%00", "\0", "\u{1}\u{7f}", "a\nb", "a\n", "\u{a0}x"]).into(),
        1 => {
            let len = rng.usize(1..600);
            (0..len).map(|_| rng.char('\u{a1}'..)).filter(|letter| *letter != ';').collect()
        }
        2 => {
            let len = rng.usize(1000..2000);
            (0..len).map(|_| rng.alphanumeric()).collect()
        }
        _ => {
            let len = rng.usize(1..70);
            (0..len).map(|_| rng.alphanumeric()).collect()
        }
    }
}

/// A pin or token as it is, or as somebody could send it.
fn maybe_changed(rng: &mut Rng, text: &str) -> String {
    let parts: Vec<&str> = text.split('.').collect();
    match rng.u8(..20) {
        0 => text[..rng.usize(..text.len())].into(),
        1 => {
            let at = rng.usize(..text.len());
            format!("{}{}{}", &text[..at], pick(rng, &["0", "f", ".", "-", "é", "\0"]), &text[at + 1..])
        }
        2 => text.to_uppercase(),
        3 => parts.iter().rev().copied().collect::<Vec<_>>().join("."),
        4 => format!("{text}{}", pick(rng, &["0", ".", ".0", "\n", "\0", " x"])),
        5 => format!("{}{text}", pick(rng, &["0", ".", "+", "\""])),
        6 => text.replacen('.', pick(rng, &["..", ".0", ".+", ".-", ". "]), 1),
        7 => format!("{}.99999999999999999999.{}", parts[0], parts[parts.len() - 1]),
        8 => format!("{}.{}", parts[0], parts[1]),
        9 => format!("web-9.{}", parts[1..].join(".")),
        _ => text.into(),
    }
}

fn pick<T: Clone>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.usize(..from.len())].clone()
}
