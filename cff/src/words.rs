//! The crawlers' texts as a regular expression that is as short as it can be.

use std::collections::{BTreeSet, HashSet};

/// What every third name of a crawler ends with: written once for all of them.
const ENDING: &str = "bot";

/// How many groups are inside one another at most. PCRE, which njs uses, takes 250:
/// <https://www.pcre.org/current/doc/html/pcre2limits.html>.
const DEEPEST: usize = 100;

/// Texts in lower case (as ASCII has it), the shortest first, without those that hold another one: what holds them holds
/// the other one as well.
pub(crate) fn fewest(texts: &[String]) -> Vec<String> {
    let mut sorted: Vec<String> = texts.iter().map(|text| text.to_ascii_lowercase()).collect();
    sorted.sort_by(|left, right| left.len().cmp(&right.len()).then_with(|| left.cmp(right)));
    let mut kept: HashSet<&str> = HashSet::new();
    for text in &sorted {
        // An empty text would be in every other.
        if !text.is_empty() && !parts(text).any(|part| kept.contains(part)) {
            kept.insert(text);
        }
    }
    sorted.iter().filter(|text| kept.remove(text.as_str())).cloned().collect()
}

/// How many texts hold one of these, which are in lower case.
pub(crate) fn found(texts: &[String], these: &[String]) -> usize {
    let these: HashSet<&str> = these.iter().map(String::as_str).collect();
    let holds = |text: &&String| parts(&text.to_ascii_lowercase()).any(|part| these.contains(part));
    texts.iter().filter(holds).count()
}

/// Every part of a text, the text itself included.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().map(|(start, _)| &text[start..]);
    starts.flat_map(|rest| rest.char_indices().map(move |(end, letter)| &rest[..end + letter.len_utf8()]))
}

/// A regular expression that finds one of these texts, or null where there is none.
pub(crate) fn expression(texts: &[String]) -> String {
    let stem = |text: &'_ String| text.strip_suffix(ENDING).is_some_and(|stem| !stem.is_empty());
    let (with, mut without): (BTreeSet<&String>, BTreeSet<&String>) = texts.iter().partition(|text| stem(text));
    let mut found = Vec::new();
    if let [_, _, ..] = with.iter().collect::<Vec<_>>()[..] {
        let stems: Vec<&str> = with.iter().filter_map(|text| text.strip_suffix(ENDING)).collect();
        found.push(any_of(&alternatives(&sorted(stems), 1)) + ENDING);
    } else {
        without.extend(with);
    }
    if !without.is_empty() {
        found.extend(alternatives(&sorted(without.into_iter().map(String::as_str).collect()), 0));
    }
    if found.is_empty() { "null".into() } else { format!("/{}/", found.join("|")) }
}

fn sorted(mut texts: Vec<&str>) -> Vec<&str> {
    texts.sort_unstable();
    texts
}

/// Sorted texts as alternatives, what several of them begin with written once where that is shorter.
fn alternatives(texts: &[&str], depth: usize) -> Vec<String> {
    if depth > DEEPEST {
        return texts.iter().map(|text| escaped(text)).collect();
    }
    let first = |text: &str| text.chars().next();
    let groups = texts.chunk_by(|left, right| first(left) == first(right));
    let one = |group: &[&str]| {
        let start = if group.len() == 1 { group[0] } else { common(group) };
        let rests: Vec<&str> = group.iter().map(|text| &text[start.len()..]).collect();
        let (start, rests) =
            (escaped(start), if group.len() == 1 { Vec::new() } else { alternatives(&rests, depth + 1) });
        match rests.len() {
            0 => vec![start],
            count if start.len() * (count - 1) > "(?:)".len() => vec![start + &any_of(&rests)],
            _ => rests.iter().map(|rest| format!("{start}{rest}")).collect(),
        }
    };
    groups.flat_map(one).collect()
}

/// A group that is not remembered: with hundreds that are, njs takes six times as long.
fn any_of(alternatives: &[String]) -> String {
    format!("(?:{})", alternatives.join("|"))
}

/// What all of these sorted texts begin with: what the first and the last do.
fn common<'a>(sorted: &[&'a str]) -> &'a str {
    let (first, last) = (sorted.first().copied().unwrap_or_default(), sorted.last().copied().unwrap_or_default());
    let same = first.chars().zip(last.chars()).take_while(|(left, right)| left == right);
    &first[..same.map(|(letter, _)| letter.len_utf8()).sum()]
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            // These two end a line of JavaScript.
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            _ => {
                escaped.extend(r"\^$.|?*+()[]{}/".contains(letter).then_some('\\'));
                escaped.push(letter);
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().copied().map(String::from).collect()
    }

    #[test]
    fn what_holds_another_text_is_left_out() {
        let found = fewest(&texts(&["Googlebot", "a b", "BOT", "bot", "", "é", "aébc", "É", "crawler"]));
        assert_eq!(found, ["É", "é", "a b", "bot", "crawler"].map(String::from));
    }

    #[test]
    fn what_texts_have_in_common_is_written_once() {
        for (all, expected) in [
            (&[][..], "null"),
            (&["bot"], "/bot/"),
            (&["a.b"], r"/a\.b/"),
            (&["googlebot"], "/googlebot/"),
            (&["googlebot", "bingbot"], "/(?:bing|google)bot/"),
            (&["googlebot", "google", "goobot", "goozbot"], "/(?:goo(?:|gle|z))bot|google/"),
            (&["spider", "spidex", "crawl"], "/crawl|spide(?:r|x)/"),
            (&["spide/1", "spide/2", "spa"], r"/spa|spide\/(?:1|2)/"),
            (&["xé", "xè"], "/xè|xé/"),
            (&["a\u{2028}"], r"/a\u2028/"),
        ] {
            assert_eq!(expression(&texts(all)), expected, "{all:?}");
        }
    }

    #[test]
    fn groups_are_not_nested_without_an_end() {
        let texts: Vec<String> = (1..400).map(|count| "aaaaaa".repeat(count) + &"1".repeat(1 + count % 2)).collect();
        let expression = expression(&texts);
        let depth = expression.chars().scan(0_usize, |depth, letter| {
            *depth = match letter {
                '(' => *depth + 1,
                ')' => *depth - 1,
                _ => *depth,
            };
            Some(*depth)
        });
        assert!((DEEPEST..250).contains(&depth.max().unwrap()));
    }
}
