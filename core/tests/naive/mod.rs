//! The specification the slow way: split, compare, concatenate, hash the whole. It shares no code with the crate.

use twox_hash::XxHash32;

use crate::visit::Visit;

/// The bucket and the deciding entry; the bucket is looked at whatever the share.
pub(crate) fn decide(salt: &str, keys: &[Vec<String>], visit: &Visit) -> Option<(u32, String)> {
    keys.iter().find_map(|parts| {
        let values: Option<Vec<String>> = parts.iter().map(|part| value(part, visit)).collect();
        let key = values?.join("\n");
        let hash = XxHash32::oneshot(0, format!("{salt}:{key}").as_bytes());
        Some((u32::try_from(u64::from(hash) * 100_000 / (1 << 32)).unwrap(), parts.join("+")))
    })
}

fn value(part: &str, visit: &Visit) -> Option<String> {
    let value = match part.split_once(':') {
        Some(("cookie", name)) => cookie(&visit.cookies, name)?,
        Some((_, name)) => visit.headers.get(name)?.first()?.clone(),
        None => return visit.client_ip.clone().filter(|address| !address.is_empty()),
    };
    let value = value.trim_matches([' ', '\t']).to_owned();
    (!value.is_empty()).then_some(value)
}

fn cookie(lines: &[String], name: &str) -> Option<String> {
    let pairs = lines.iter().flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    let mut values =
        pairs.filter(|(found, _)| found.trim_matches([' ', '\t']) == name).map(|(_, value)| value.to_owned());
    values.next()
}
