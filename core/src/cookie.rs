//! Finding one cookie in a Cookie header line.

use alloc::{boxed::Box, string::String};
use core::fmt;

use memchr::arch::all::is_prefix;

use crate::pair::PairFinder;

/// The name of a cookie, with what finds it made once.
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
    opening: Option<Opening>,
    pairs: Option<PairFinder>,
}

impl CookieName {
    /// A searcher for the cookie of this name, which is case-sensitive.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self::with(name.into().into_boxed_str())
    }

    // Called once: small is better than fast.
    #[cold]
    fn with(name: Box<str>) -> Self {
        let opening = Opening::new(&name);
        let pairs = PairFinder::new(name.as_bytes());
        Self { name, opening, pairs }
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
    #[inline(never)]
    #[must_use]
    pub fn value_in<'a>(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let at = self.candidate(line)?;
        if let Some(opening) = &self.opening
            && opening.is_around(line, at)
        {
            return Some(value(&line[at + self.name.len() + 1..]));
        }
        self.value_from(line, at)
    }

    /// The value of the first pair whose name begins here or behind it.
    #[inline(never)]
    fn value_from<'a>(&self, line: &'a [u8], mut at: usize) -> Option<&'a [u8]> {
        loop {
            let (before, here) = line.split_at_checked(at)?;
            if is_prefix(here, self.name.as_bytes())
                && starts_a_pair(before)
                && let Some(value) = value_after(&here[self.name.len()..])
            {
                return Some(value);
            }
            at += 1;
            at += self.candidate(line.get(at..)?)?;
        }
    }

    /// The first place where the name may begin.
    #[inline]
    fn candidate(&self, text: &[u8]) -> Option<usize> {
        match &self.pairs {
            Some(pairs) if text.len() >= pairs.min_haystack_len() => pairs.find_prefilter(text),
            _ => self.first_byte(text),
        }
    }

    /// Where its first byte is, in a text that is too short for pairs. No cookie is without a name.
    #[inline(never)]
    fn first_byte(&self, text: &[u8]) -> Option<usize> {
        memchr::memchr(*self.name.as_bytes().first()?, text)
    }
}

/// `; name=`, as browsers write all pairs but the first (<https://www.rfc-editor.org/rfc/rfc6265#section-5.4>), to
/// be compared at once. What is written otherwise is looked at byte by byte.
#[derive(Clone)]
struct Opening {
    text: Window,
    /// The bits that count.
    mask: Window,
}

/// Bytes of a line that are compared as one integer.
type Window = [u8; 16];

impl Opening {
    /// The opening of a pair, unless its name is longer than 13 bytes.
    fn new(name: &str) -> Option<Self> {
        let (mut text, mut mask) = (Window::default(), Window::default());
        let written = b"; ".iter().chain(name.as_bytes()).chain(b"=");
        mask.get_mut(..name.len() + b"; =".len())?.fill(u8::MAX);
        text.iter_mut().zip(written).for_each(|(to, from)| *to = *from);
        Some(Self { text, mask })
    }

    /// Whether it stands around a name that begins here.
    #[inline]
    fn is_around(&self, line: &[u8], name: usize) -> bool {
        let window = line.get(name.wrapping_sub("; ".len())..).and_then(<[u8]>::first_chunk);
        let [text, mask] = [self.text, self.mask].map(u128::from_le_bytes);
        window.is_some_and(|window| (u128::from_le_bytes(*window) ^ text) & mask == 0)
    }
}

/// Whether only spaces and tabs stand between here and the pair's beginning.
#[inline]
fn starts_a_pair(before: &[u8]) -> bool {
    // Browsers write "; " between pairs: <https://www.rfc-editor.org/rfc/rfc6265#section-5.4>.
    matches!(before, [] | [.., b';', b' ']) || matches!(trim_end(before), [] | [.., b';'])
}

/// The trimmed text between `=` and the pair's end, if `=` is what comes next.
#[inline(never)]
fn value_after(rest: &[u8]) -> Option<&[u8]> {
    trim_start(rest).strip_prefix(b"=").map(value)
}

/// The trimmed text before the pair's end.
#[inline(always)]
fn value(rest: &[u8]) -> &[u8] {
    trim(&rest[..semicolon(rest)])
}

/// Where the first `;` is, or the end. Most values are short: the call of a search costs more than the search.
#[inline(always)]
fn semicolon(text: &[u8]) -> usize {
    let mut rest = text;
    while let Some((block, after)) = rest.split_first_chunk::<32>()
        && is_clear(block)
    {
        rest = after;
    }
    if let Some((block, after)) = rest.split_first_chunk::<16>()
        && is_clear(block)
    {
        rest = after;
    }
    text.len() - rest.len() + rest.iter().position(|byte| *byte == b';').unwrap_or(rest.len())
}

/// Whether no `;` is in a block. Without a branch in it this is a handful of instructions for all of it.
#[inline]
fn is_clear<const N: usize>(block: &[u8; N]) -> bool {
    !block.iter().fold(false, |found, byte| found | (*byte == b';'))
}

/// Without the spaces and tabs at both ends: HTTP's optional white space
/// (<https://www.rfc-editor.org/rfc/rfc9110#name-whitespace>).
#[inline]
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    match text {
        // Both blanks are below every byte that is read often.
        [first, .., last] if *first > b' ' && *last > b' ' => text,
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
