//! Merging a name into `Vary` names it, says nothing else, and says it once.
//!
//! Input: the header's name, a line feed, and the value of `Vary`; without a line feed there is no such header.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use onebox_core::{Part, Vary, merge};

fuzz_target!(|input: &str| -> Corpus {
    let (name, value) = input.split_once('\n').map_or((input, None), |(name, value)| (name, Some(value)));
    if !matches!(format!("header:{name}").parse(), Ok(Part::Header(_))) {
        return Corpus::Reject;
    }

    let before = members(value);
    let merged = match merge(value.map(str::as_bytes), name) {
        Vary::Leave => value.map(str::to_owned),
        Vary::Set => Some(name.to_owned()),
        Vary::Append => value.map(|value| [value, ", ", name].concat()),
    };
    let after = members(merged.as_deref());

    let named = before.iter().any(|member| member == "*" || *member == name.to_ascii_lowercase());
    let added = if named { Vec::new() } else { vec![name.to_ascii_lowercase()] };
    assert_eq!(after, [before, added].concat());
    assert_eq!(merge(merged.as_deref().map(str::as_bytes), name), Vary::Leave);
    Corpus::Keep
});

/// The names in a list, in lower case.
fn members(value: Option<&str>) -> Vec<String> {
    let white = |c: char| c.is_ascii_whitespace();
    let list = value.unwrap_or_default().split(',').map(|member| member.trim_matches(white).to_ascii_lowercase());
    list.filter(|member| !member.is_empty()).collect()
}
