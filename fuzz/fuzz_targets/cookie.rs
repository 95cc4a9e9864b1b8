//! The cookie scan gives what splitting the line gives.
//!
//! Input: the cookie's name, a line feed, and the Cookie header line.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use onebox_core::Part;

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some(at) = input.iter().position(|byte| *byte == b'\n') else { return Corpus::Reject };
    let (name, line) = (&input[..at], &input[at + 1..]);
    let part = std::str::from_utf8(name).ok().and_then(|name| format!("cookie:{name}").parse().ok());
    let Some(Part::Cookie(cookie)) = part else { return Corpus::Reject };

    assert_eq!(cookie.value_in(line), by_splitting(name, line));
    Corpus::Keep
});

/// The specification, word by word.
fn by_splitting<'a>(name: &[u8], line: &'a [u8]) -> Option<&'a [u8]> {
    line.split(|byte| *byte == b';').find_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        (trimmed(&pair[..equals]) == name).then(|| trimmed(&pair[equals + 1..]))
    })
}

/// Without the spaces and tabs at both ends.
fn trimmed(text: &[u8]) -> &[u8] {
    let kept = |byte: &u8| *byte != b' ' && *byte != b'\t';
    let Some(first) = text.iter().position(kept) else { return &[] };
    let last = text.iter().rposition(kept).unwrap_or(first);
    &text[first..=last]
}
