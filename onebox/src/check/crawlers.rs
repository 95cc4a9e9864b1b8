//! Texts of crawlers that never count, or that count everybody.

use onebox_edge::CrawlerTexts;

use super::doubt::{Doubt, doubt};

/// How many texts of one kind are named before a person has seen enough.
const NAMED: usize = 10;

/// The User-Agents of four browsers that most visitors have.
const BROWSERS: [&str; 4] = [
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/143.0.0.0 safari/537.36",
    "mozilla/5.0 (linux; android 10; k) applewebkit/537.36 (khtml, like gecko) chrome/143.0.0.0 mobile safari/537.36",
    "mozilla/5.0 (iphone; cpu iphone os 18_7 like mac os x) applewebkit/605.1.15 (khtml, like gecko) version/26.1 \
     mobile/15e148 safari/604.1",
    "mozilla/5.0 (windows nt 10.0; win64; x64; rv:145.0) gecko/20100101 firefox/145.0",
];

/// Every warning about the two lists.
pub(super) fn all(crawlers: &CrawlerTexts) -> impl Iterator<Item = Doubt> {
    let fold = |texts: &[String]| texts.iter().map(|text| text.to_ascii_lowercase()).collect::<Vec<_>>();
    let (contains, except) = (fold(&crawlers.contains), fold(&crawlers.except));
    let mut doubts = Vec::new();
    for (field, list) in [("crawlers.contains", &contains), ("crawlers.except", &except)] {
        doubts.extend(named(field, list, |text| {
            is_pattern(text).then(|| {
                "looks like a regular expression: a text is looked for as it is written; write the part that all of them have"
                    .to_owned()
            })
        }));
        doubts.extend(named(field, list, |text| {
            let count = BROWSERS.iter().filter(|agent| agent.contains(text)).count();
            let who = match count {
                4 => "practically every",
                3 => "most browsers'",
                _ => return None,
            };
            let effect = if field.ends_with("contains") { "they are all regular" } else { "none of them is a crawler" };
            Some(format!("is in {who} User-Agent, so that {effect}: take a longer text"))
        }));
    }
    doubts.extend(named("crawlers.contains", &contains, |text| {
        let at = except.iter().position(|exception| text.contains(exception.as_str()))?;
        let exception = crawlers.except.get(at)?;
        Some(format!("never counts: whoever has it in the User-Agent has {exception:?} of crawlers.except in it, too"))
    }));
    doubts.into_iter()
}

/// The first texts about which there is something to say, and how many more there are.
fn named(field: &str, texts: &[String], said: impl Fn(&str) -> Option<String>) -> Vec<Doubt> {
    let mut found = texts.iter().enumerate().filter_map(|(at, text)| Some((at, said(text)?)));
    let mut doubts: Vec<_> =
        found.by_ref().take(NAMED).map(|(at, message)| doubt(format!("{field}.{at}"), message)).collect();
    let last = found.next();
    if let Some((_, message)) = last {
        doubts.push(doubt(field, format!("{} more of these texts: the first {message}", 1 + found.count())));
    }
    doubts
}

/// Whether a text is written as a regular expression. Parentheses, dots and plus signs alone are in many User-Agents.
fn is_pattern(text: &str) -> bool {
    let class = |text: &str| {
        let inside = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        inside.is_some_and(|(inside, _)| matches!(inside.len(), 1..=8))
    };
    text.starts_with('^')
        || text.ends_with('$')
        || ["\\", ".*", ".+", "(?", "|"].iter().any(|sign| text.contains(sign))
        || class(text)
}
