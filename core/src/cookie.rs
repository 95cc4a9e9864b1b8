//! Finding one cookie in a Cookie header line.

use alloc::{boxed::Box, string::String};
use core::fmt;

use memchr::memmem::Finder;

/// The name of a cookie, with a searcher made for it once.
///
/// ```
/// use onebox_core::CookieName;
/// let session = CookieName::new("session");
/// assert_eq!(session.value_in(b"a=b; session = 7f3a ;c=d"), Some(&b"7f3a"[..]));
/// assert_eq!(session.value_in(b"xsession=1; session; SESSION=2"), None);
/// ```
#[derive(Clone)]
pub struct CookieName {
    name: Box<str>,
    finder: Finder<'static>,
}

impl CookieName {
    /// A searcher for the cookie of this name, which is case-sensitive.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into().into_boxed_str();
        let finder = Finder::new(name.as_bytes()).into_owned();
        Self { name, finder }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The trimmed value of the first pair of this name in a Cookie line.
    ///
    /// Pairs are separated by `;`; spaces and tabs around name and value do not count; a pair without `=` is skipped;
    /// quotes and percent signs stand for themselves. It looks for the name and then proves that it stands where a
    /// name stands, so a line is read once, however many pairs it has.
    #[inline]
    #[must_use]
    pub fn value_in<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        if self.name.is_empty() {
            // No cookie is without a name, and a search for nothing would find it here again and again.
            return None;
        }
        let mut rest = line;
        loop {
            let found = self.finder.find(rest)?;
            let before = &line[..line.len() - rest.len() + found];
            rest = &rest[found + self.name.len()..];
            if starts_a_pair(before)
                && let Some(value) = value_after(rest)
            {
                return Some(value);
            }
        }
    }
}

/// Whether only spaces and tabs stand between here and the pair's beginning.
#[inline]
fn starts_a_pair(before: &[u8]) -> bool {
    // Browsers write "; " between pairs: <https://www.rfc-editor.org/rfc/rfc6265#section-5.4>.
    matches!(before, [] | [.., b';', b' ']) || matches!(trim_end(before), [] | [.., b';'])
}

/// The trimmed text between `=` and the pair's end, if `=` is what comes next.
#[inline]
fn value_after(rest: &[u8]) -> Option<&[u8]> {
    let rest = match rest {
        [b'=', rest @ ..] => rest,
        _ => trim_start(rest).strip_prefix(b"=")?,
    };
    let end = semicolon(rest);
    Some(trim(&rest[..end]))
}

/// Where the first `;` is, or the end. Most values are short: the call of a search costs more than the search.
#[inline]
fn semicolon(text: &[u8]) -> usize {
    const BLOCK: usize = 16;
    const NEAR: usize = 3 * BLOCK;
    let near = &text[..text.len().min(NEAR)];
    let (blocks, bytes) = near.as_chunks::<BLOCK>();
    let mut passed = 0;
    for block in blocks {
        // Without a branch in it this is a handful of instructions for all of the block.
        if block.iter().fold(false, |found, byte| found | (*byte == b';')) {
            break;
        }
        passed += BLOCK;
    }
    let bytes = if passed + bytes.len() == near.len() { bytes } else { &near[passed..] };
    match bytes.iter().position(|byte| *byte == b';') {
        Some(found) => passed + found,
        None if text.len() == near.len() => text.len(),
        None => memchr::memchr(b';', &text[NEAR..]).map_or(text.len(), |found| NEAR + found),
    }
}

/// Without the spaces and tabs at both ends: HTTP's optional white space
/// (<https://www.rfc-editor.org/rfc/rfc9110#name-whitespace>).
#[inline]
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    match text {
        [first, .., last] if !is_blank(*first) && !is_blank(*last) => text,
        _ => trim_end(trim_start(text)),
    }
}

fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_blank(*first)
    {
        text = rest;
    }
    text
}

fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., last] = text
        && is_blank(*last)
    {
        text = rest;
    }
    text
}

#[inline]
const fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

impl fmt::Debug for CookieName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CookieName").field(&self.name).finish()
    }
}

impl PartialEq for CookieName {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for CookieName {}
