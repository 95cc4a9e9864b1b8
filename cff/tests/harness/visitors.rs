//! Random requests, with whatever somebody could send.

use fastrand::Rng;
use onebox_core::{Bucket, Partition, Policy};

use super::{random::pick, visit::Visit};

/// A request with keys, pins and tokens, genuine and forged, as they could be sent at this moment.
pub fn random_visit(rng: &mut Rng, policy: &Policy, now: i64) -> Visit {
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
    visit.client_ip = address(rng);
    visit
}

/// An address, or what is almost one.
fn address(rng: &mut Rng) -> Option<String> {
    let pieces = ["0", "0", "0:0", ":", ":", "::", "ffff", "DB8", "0001", "1.2.3.4", ".", "256", "%eth0", "/64", "["];
    match rng.u8(..8) {
        0 => None,
        1 => Some(pick(rng, &["", "198.51.100.7", "::", "fe80::1%1", "198.51.100.07"]).into()),
        2 => Some((0..rng.usize(1..9)).map(|_| pick(rng, &pieces)).collect()),
        3 => Some(format!("::ffff:{:x}:{:x}", rng.u16(..), rng.u16(..))),
        4 => Some(std::net::Ipv4Addr::from(rng.u32(..)).to_string()),
        5 => Some(std::net::Ipv6Addr::from(rng.u128(..)).to_string()),
        _ => {
            let groups: Vec<_> = (0..8).map(|_| pick(rng, &["0", "0", "0", "0000", "1", "ffff", "A0b"])).collect();
            Some(groups.join(":"))
        }
    }
}

fn agent(rng: &mut Rng) -> String {
    let crawlers = [
        "Googlebot/2.1",
        "gOOGLEBOT",
        "KÖ",
        "Kö",
        "\u{212A}ö",
        "xA/B (C)",
        "a/b c",
        "[^$.*",
        "[^$.",
        "bo",
        "t",
        "CUBOT NOTE",
        "cubot Googlebot",
        "xBOT7",
        "goo1",
        "SPIDER-12",
        "spider-",
    ];
    let browser =
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
    match rng.u8(..3) {
        0 => pick(rng, &crawlers).into(),
        1 => browser.into(),
        _ => format!("{browser} {}", rng.u32(..)),
    }
}

/// The text of a cookie or header: empty, blank, short, long, not ASCII, with control characters.
fn value(rng: &mut Rng) -> String {
    match rng.u8(..12) {
        0 => pick(rng, &["", " ", "\t \t", "\"\"", "=", "a=b", "%00", "\0", "\u{1}\u{7f}", "a\nb", "a\n", "\u{a0}x"])
            .into(),
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
