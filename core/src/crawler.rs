//! Visitors that are always regular.

use alloc::{boxed::Box, string::String, vec::Vec};

/// The User-Agents that are crawlers: those that contain one of these texts, without regard to ASCII case.
///
/// ```
/// use onebox_core::Crawlers;
/// let crawlers = Crawlers::new(vec!["bot".into(), "spider".into()]);
/// assert!(crawlers.contain(b"Mozilla/5.0 (compatible; Googlebot/2.1)"));
/// assert!(crawlers.contain(b"BOT"));
/// assert!(!crawlers.contain(b"Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crawlers(Box<[Box<[u8]>]>);

/// How many places are looked at together.
const BLOCK: usize = 32;

impl Crawlers {
    /// Crawlers by parts of their User-Agent. An empty part would be in every text and is left out.
    #[must_use]
    pub fn new(parts: Vec<String>) -> Self {
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        Self(parts.map(|part| part.to_ascii_lowercase().into_bytes().into_boxed_slice()).collect())
    }

    /// Whether a User-Agent is a crawler's.
    #[inline]
    #[must_use]
    pub fn contain(&self, user_agent: &[u8]) -> bool {
        self.0.iter().any(|part| contains(user_agent, part))
    }
}

/// Whether a text contains a part, which is in lower case.
///
/// First and last byte of the part are compared at many places at once, in a loop without a branch that the compiler
/// turns into vector instructions; only where both are right is the rest looked at.
#[inline]
fn contains(text: &[u8], part: &[u8]) -> bool {
    let [first, ..] = part else { return true };
    let Some(ends) = text.get(part.len() - 1..) else { return false };
    let starts = &text[..ends.len()];
    let (first, last) = (first | 0x20, part[part.len() - 1] | 0x20);
    let is_at = |at: usize| text[at..at + part.len()].eq_ignore_ascii_case(part);
    let is_in = |(starts, ends): (&[u8; BLOCK], &[u8; BLOCK]), at: usize| {
        let mut found = 0;
        for (start, end) in starts.iter().zip(ends) {
            found |= u8::from(start | 0x20 == first) & u8::from(end | 0x20 == last);
        }
        found != 0 && (at..at + BLOCK).any(is_at)
    };
    let blocks = starts.as_chunks().0.iter().zip(ends.as_chunks().0);
    // The places behind the last whole block are looked at once more, with those before them.
    match starts.last_chunk().zip(ends.last_chunk()) {
        Some(block) => {
            blocks.enumerate().any(|(at, block)| is_in(block, at * BLOCK)) || is_in(block, starts.len() - BLOCK)
        }
        None => (0..starts.len()).any(is_at),
    }
}
