//! The specification the slow way: split, compare, concatenate, hash the whole. It shares no code with the crate.

use std::net::{IpAddr, Ipv6Addr};

use onebox_core::Partition;
use sha2::{Digest, Sha256};
use twox_hash::XxHash32;

use crate::visit::Visit;

/// The name of the cookie that pins.
pub(crate) const PIN: &str = "__Host-a";

/// The name of the header and the cookie that force.
pub(crate) const FORCE: &str = "x-force";

/// A policy as data.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) salt: String,
    /// Moments, in milliseconds since 1970, and shares, in thousandths of a percent.
    pub(crate) steps: Vec<(i64, u32)>,
    /// A list of parts for every entry.
    pub(crate) keys: Vec<Vec<String>>,
    /// The release, and the secret of signed pins.
    pub(crate) pins: Option<(String, Option<String>)>,
    /// The secret of override tokens.
    pub(crate) forced: Option<String>,
    pub(crate) crawlers: Vec<String>,
    pub(crate) except: Vec<String>,
}

/// Partition, bucket and source.
pub(crate) type Found = (Partition, Option<u32>, String);

pub(crate) fn decide(rules: &Rules, visit: &Visit, now: i64) -> Found {
    let regular = |source: &str| (Partition::Regular, None, source.to_owned());
    if let Some(side) = rules.forced.as_ref().and_then(|secret| forced(secret, visit, now)) {
        return (side, None, "override".to_owned());
    }
    let share = rules.steps.iter().rfind(|(at, _)| *at <= now).map_or(0, |(_, share)| *share);
    if share == 0 {
        return regular("share-zero");
    }
    let agent = header(visit, "user-agent").unwrap_or_default().to_ascii_lowercase();
    let has_one_of = |parts: &[String]| parts.iter().any(|part| agent.contains(&part.to_ascii_lowercase()));
    if has_one_of(&rules.crawlers) && !has_one_of(&rules.except) {
        return regular("crawler");
    }
    let placed =
        |(bucket, source)| (if bucket < share { Partition::OneBox } else { Partition::Regular }, Some(bucket), source);
    let pinned = rules.pins.as_ref().and_then(|(release, secret)| pinned(release, secret.as_deref(), visit));
    let place = pinned.map(|bucket| (bucket, "pin".to_owned())).or_else(|| key(rules, visit));
    place.map_or_else(|| regular("none"), placed)
}

/// What viewer-response has to write.
pub(crate) fn pin(release: &str, secret: Option<&str>, bucket: u32) -> String {
    let text = format!("{release}.{bucket}");
    secret.map_or_else(|| text.clone(), |secret| format!("{text}.{}", tag(secret, &text, 16)))
}

/// The first digits of HMAC-SHA256, as <https://www.rfc-editor.org/rfc/rfc2104#section-2> has it.
pub(crate) fn tag(secret: &str, text: &str, digits: usize) -> String {
    let mut block = if secret.len() > 64 { Sha256::digest(secret).to_vec() } else { secret.as_bytes().to_vec() };
    block.resize(64, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<_>>();
    let inner = Sha256::digest([padded(0x36), text.as_bytes().to_vec()].concat());
    let outer = Sha256::digest([padded(0x5C), inner.to_vec()].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect::<String>()[..digits].to_owned()
}

fn forced(secret: &str, visit: &Visit, now: i64) -> Option<Partition> {
    [header(visit, FORCE), cookie(&visit.cookies, FORCE)].into_iter().flatten().find_map(|token| {
        let fields: Vec<_> = token.split('.').collect();
        let [side, expiry, sent] = fields[..] else { return None };
        let seconds: i64 = expiry.parse().ok().filter(|_| expiry.len() <= 12)?;
        let is_right = expiry == seconds.to_string() && seconds >= 0 && now < seconds * 1000;
        let is_ours = sent == tag(secret, &format!("{side}.{expiry}"), 32);
        [Partition::OneBox, Partition::Regular].into_iter().find(|each| is_right && is_ours && side == each.as_str())
    })
}

/// What is not what would be written is no pin.
fn pinned(release: &str, secret: Option<&str>, visit: &Visit) -> Option<u32> {
    let sent = cookie(&visit.cookies, PIN)?;
    let bucket = sent.split('.').nth(1)?.parse().ok()?;
    (bucket < 100_000 && sent == pin(release, secret, bucket)).then_some(bucket)
}

/// The bucket and the deciding entry of the key chain.
fn key(rules: &Rules, visit: &Visit) -> Option<(u32, String)> {
    rules.keys.iter().find_map(|parts| {
        let values: Option<Vec<String>> = parts.iter().map(|part| value(part, visit)).collect();
        let hash = XxHash32::oneshot(0, format!("{}:{}", rules.salt, values?.join("\n")).as_bytes());
        Some((u32::try_from(u64::from(hash) * 100_000 / (1 << 32)).unwrap(), parts.join("+")))
    })
}

fn value(part: &str, visit: &Visit) -> Option<String> {
    let value = match part.split_once(':') {
        Some(("cookie", name)) => cookie(&visit.cookies, name),
        Some((_, name)) => header(visit, name),
        None => match part.split_once('/') {
            Some((_, bits)) => visit.client_ip.as_deref().and_then(|address| network(address, bits.parse().unwrap())),
            None => visit.client_ip.clone(),
        },
    };
    value.filter(|value| !value.is_empty())
}

/// As the standard library reads and writes addresses, group by group.
fn network(address: &str, bits: usize) -> Option<String> {
    let IpAddr::V6(address) = address.parse::<IpAddr>().ok()?.to_canonical() else {
        return address.parse::<IpAddr>().ok().map(|address| address.to_canonical().to_string());
    };
    let digits: String = address.segments().iter().map(|group| format!("{group:016b}")).collect();
    let kept = format!("{:0<128}", &digits[..bits]);
    Some(Ipv6Addr::from_bits(u128::from_str_radix(&kept, 2).unwrap()).to_string())
}

fn header(visit: &Visit, name: &str) -> Option<String> {
    Some(visit.headers.get(name)?.first()?.trim_matches([' ', '\t']).to_owned())
}

fn cookie(lines: &[String], name: &str) -> Option<String> {
    let pairs = lines.iter().flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(found, _)| found.trim_matches([' ', '\t']) == name);
    values.next().map(|(_, value)| value.trim_matches([' ', '\t']).to_owned())
}
