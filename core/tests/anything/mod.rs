//! Policies and requests of every kind, with names, releases, secrets and moments that meet now and then.

use std::collections::BTreeMap;

use onebox_core::{Crawlers, Entry, Overrides, Pins, Policy, Ramp, Secret, Share, Step, Time};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::{
    naive::{self, FORCE, PIN, Rules},
    visit::Visit,
};

/// Names that are parts of each other, so that a scan meets what is almost the name.
fn name() -> impl Strategy<Value = String> {
    select(vec!["a", "aa", "ab", "ba", "session", "session2", "xsession", "A", "s.s"]).prop_map(String::from)
}

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => name().prop_map(|name| format!("cookie:{name}")),
        2 => name().prop_map(|name| format!("header:{}", name.to_ascii_lowercase())),
        1 => Just("client-ip".to_owned()),
        1 => (16..=128_u8).prop_map(|bits| format!("client-ip/{bits}")),
    ]
}

/// Key chains as lists of lists of parts.
pub(crate) fn keys() -> impl Strategy<Value = Vec<Vec<String>>> {
    prop_oneof![1 => Just(Vec::new()), 6 => vec(vec(part(), 1..4), 1..6)]
}

pub(crate) fn line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => name(),
        4 => Just("=".to_owned()),
        3 => Just(";".to_owned()),
        2 => Just("; ".to_owned()),
        2 => "[ \t]{1,3}",
        2 => "[\"%,+\\\\]{1,2}",
        1 => "\\PC{0,12}",
        1 => any::<String>(),
        1 => "[a-z0-9]{0,80}",
    ];
    vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

pub(crate) fn visit() -> impl Strategy<Value = Visit> {
    let header = prop_oneof![
        3 => (name().prop_map(|name| name.to_ascii_lowercase()), vec(line(), 0..3)),
        1 => (Just("user-agent".to_owned()), vec(agent(), 0..2)),
        1 => (Just(FORCE.to_owned()), vec(token(), 0..3)),
    ];
    let pair = (name(), "[a-z0-9]{0,3}").prop_map(|(name, value)| format!("{name}={value}"));
    let cookies = prop_oneof![
        3 => line(),
        3 => vec(pair, 1..5).prop_map(|pairs| pairs.join("; ")),
        2 => pin().prop_map(|pin| format!("{PIN}={pin}")),
        1 => (line(), pin(), line()).prop_map(|(before, pin, after)| format!("{before}; {PIN} = {pin} ;{after}")),
        2 => token().prop_map(|token| format!("a=b; {FORCE}={token}")),
    ];
    let client_ip = option::of(prop_oneof![1 => line(), 2 => address()]);
    (vec(cookies, 0..4), vec(header, 0..4), client_ip).prop_map(|(cookies, headers, client_ip)| Visit {
        cookies,
        headers: headers.into_iter().collect::<BTreeMap<_, _>>(),
        client_ip,
        now: None,
    })
}

/// An address in one of its spellings, or what is almost one.
fn address() -> impl Strategy<Value = String> {
    let piece =
        select(vec!["0", "0", "0", ":", "::", "ffff", "db8", "0001", "A", "1.2.3.4", ".", "256", "%", "/", " "]);
    prop_oneof![
        2 => any::<std::net::IpAddr>().prop_map(|address| address.to_string()),
        2 => vec(select(vec!["0", "0", "00", "ffff", "DB8", "1"]), 8).prop_map(|groups| groups.join(":")),
        1 => any::<std::net::Ipv4Addr>().prop_map(|address| format!("::ffff:{address}")),
        2 => vec(piece, 0..12).prop_map(|pieces| pieces.concat()),
    ]
}

pub(crate) fn share() -> impl Strategy<Value = Share> {
    prop_oneof![1 => Just(0), 1 => Just(1), 1 => Just(99_999), 1 => Just(100_000), 6 => 0..=100_000_u32]
        .prop_map(|thousandths| Share::from_thousandths(thousandths).unwrap())
}

fn release() -> impl Strategy<Value = String> {
    select(vec!["web-1", "web-1", "web-1", "web-2", "web-", "web-11"]).prop_map(String::from)
}

pub(crate) fn secret() -> impl Strategy<Value = String> {
    select(vec![
        "swordfish",
        "swordfish",
        "swordfish",
        "пароль",
        "a secret of more than sixty-four bytes, which HMAC takes by its hash alone",
    ])
    .prop_map(String::from)
}

/// A moment among those at which shares change and tokens expire.
pub(crate) fn now() -> impl Strategy<Value = i64> {
    prop_oneof![
        12 => (0..8_i64, -1..=1_i64).prop_map(|(second, off)| second * 1000 + off),
        1 => any::<i64>(),
        1 => select(vec![i64::MIN, -1, 4_102_444_800_000, i64::MAX]),
    ]
}

fn agent() -> impl Strategy<Value = String> {
    let piece =
        select(vec!["bot", "BOT", "Bo", "t", "b", "spider", "SPID", "Er", "é", "\u{212A}", "/1.0 (X11; Linux) "]);
    vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// A pin, or what was one before somebody changed it.
pub(crate) fn pin() -> impl Strategy<Value = String> {
    let number = prop_oneof![4 => (0..100_000_u32).prop_map(|it| it.to_string()), 1 => "[0-9+ ]{0,7}"];
    let tagged = |(release, number, secret, digits): (String, String, Option<String>, usize)| {
        let text = format!("{release}.{number}");
        secret.map_or_else(|| text.clone(), |secret| format!("{text}.{}", naive::tag(&secret, &text, digits)))
    };
    let digits = prop_oneof![6 => Just(16_usize), 1 => 0..64_usize];
    changed((release(), number, option::of(secret()), digits).prop_map(tagged))
}

/// A token, or what was one before somebody changed it.
pub(crate) fn token() -> impl Strategy<Value = String> {
    let side = select(vec!["one-box", "regular", "one-box", "regular", "One-Box", ""]);
    let expiry = prop_oneof![
        6 => (0..8_u64).prop_map(|it| it.to_string()),
        1 => (999_999_999_990_u64..1_000_000_000_010).prop_map(|it| it.to_string()),
        1 => "[0-9+ ]{0,4}",
    ];
    changed((side, expiry, secret()).prop_map(|(side, expiry, secret)| {
        let text = format!("{side}.{expiry}");
        format!("{text}.{}", naive::tag(&secret, &text, 32))
    }))
}

/// Mostly the text itself.
fn changed(text: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    prop_oneof![4 => Just(0_u8), 1 => Just(1)].prop_flat_map({
        let text = text.boxed();
        move |changes| if changes == 0 { text.clone() } else { forged(text.clone()).boxed() }
    })
}

/// A text that differs from this one: one character changed, added or taken away, parts re-ordered, or another case.
pub(crate) fn forged(text: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    let change = (text, any::<prop::sample::Index>(), any::<char>(), 0..8_u8);
    change.prop_filter_map("nothing has changed", |(text, at, with, how)| {
        let mut letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len() + 1);
        let mut parts: Vec<&str> = text.split('.').collect();
        let forged: String = match how {
            0 if at < letters.len() => {
                letters[at] = with;
                letters.into_iter().collect()
            }
            1 => {
                letters.insert(at, with);
                letters.into_iter().collect()
            }
            2 => letters.into_iter().take(at).collect(),
            3 => letters.into_iter().skip(at).collect(),
            4 => text.to_uppercase(),
            5 => {
                parts.reverse();
                parts.join(".")
            }
            6 => {
                parts.rotate_left(1);
                parts.join(".")
            }
            _ => [&*text, ".", parts[parts.len() - 1]].concat(),
        };
        (forged != text).then_some(forged)
    })
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let steps = prop_oneof![
        share().prop_map(|share| vec![(i64::MIN, share.thousandths())]),
        prop::collection::btree_map((0..8_i64).prop_map(|second| second * 1000), share(), 1..5)
            .prop_map(|steps| steps.into_iter().map(|(at, share)| (at, share.thousandths())).collect()),
    ];
    let pins = option::of((release(), option::of(secret())));
    let crawlers = vec(select(vec!["bot", "Spider", "k", "é/", "x11; linux"]).prop_map(String::from), 0..3);
    let except = vec(select(vec!["bobot", "ErbOt", "1.0 (x"]).prop_map(String::from), 0..2);
    ("\\PC{0,40}", steps, keys(), pins, option::of(secret()), crawlers, except).prop_map(
        |(salt, steps, keys, pins, forced, crawlers, except)| Rules {
            salt,
            steps,
            keys,
            pins,
            forced,
            crawlers,
            except,
        },
    )
}

/// The policy of these rules.
pub(crate) fn policy(rules: &Rules) -> Policy {
    let entry = |parts: &Vec<String>| Entry::new(parts.iter().map(|part| part.parse().unwrap()).collect()).unwrap();
    let step = |(at, share): &(i64, u32)| Step {
        at: Time::from_unix_millis(*at),
        share: Share::from_thousandths(*share).unwrap(),
    };
    let ramp = Ramp::schedule(rules.steps.iter().map(step).collect()).unwrap();
    let secret = |text: &String| Secret::new(text.as_bytes());
    let mut policy = Policy::new(&rules.salt, ramp, rules.keys.iter().map(entry).collect());
    if let Some((release, signs)) = &rules.pins {
        policy = policy.with_pins(Pins::new(PIN, release, signs.as_ref().map(secret)));
    }
    if let Some(signs) = &rules.forced {
        policy = policy.with_overrides(Overrides::new(FORCE, secret(signs)));
    }
    if rules.crawlers.is_empty() {
        policy
    } else {
        policy.with_crawlers(Crawlers::new(rules.crawlers.clone()).except(rules.except.clone()))
    }
}
