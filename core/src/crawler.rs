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
pub struct Crawlers(Box<[Part]>);

/// A text that a crawler's User-Agent contains, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    text: Box<[u8]>,
    /// Its first and its last byte as [`folded`], as often as they are compared at once.
    first: [u8; BLOCK],
    last: [u8; BLOCK],
}

/// How many places are looked at together.
const BLOCK: usize = 32;

impl Crawlers {
    /// Crawlers by parts of their User-Agent. An empty part would be in every text and is left out.
    #[must_use]
    pub fn new(parts: Vec<String>) -> Self {
        let part = |text: String| {
            let text = text.to_ascii_lowercase().into_bytes().into_boxed_slice();
            let (first, last) = (*text.first()?, *text.last()?);
            Some(Part { text, first: [folded(first); BLOCK], last: [folded(last); BLOCK] })
        };
        Self(parts.into_iter().filter_map(part).collect())
    }

    /// Whether a User-Agent is a crawler's.
    #[inline]
    #[must_use]
    pub fn contain(&self, user_agent: &[u8]) -> bool {
        self.0.iter().any(|part| part.is_in(user_agent))
    }
}

impl Part {
    /// Whether a text contains it.
    ///
    /// First and last byte are compared at many places at once, in a loop without a branch that the compiler turns into
    /// vector instructions; only where both are right is the rest looked at.
    #[inline]
    fn is_in(&self, text: &[u8]) -> bool {
        let Some(lasts) = text.get(self.text.len() - 1..) else { return false };
        let firsts = &text[..lasts.len()];
        let is_at = |at: usize| text[at..at + self.text.len()].eq_ignore_ascii_case(&self.text);
        let is_near = |(firsts, lasts): (&[u8; BLOCK], &[u8; BLOCK]), at: usize| {
            let mut found = 0;
            for place in 0..BLOCK {
                let wrong = (folded(firsts[place]) ^ self.first[place]) | (folded(lasts[place]) ^ self.last[place]);
                found |= u8::from(wrong == 0);
            }
            found != 0 && (at..at + BLOCK).any(is_at)
        };
        let blocks = firsts.as_chunks().0.iter().zip(lasts.as_chunks().0);
        // The places behind the last whole block are looked at once more, with those before them.
        match firsts.last_chunk().zip(lasts.last_chunk()) {
            Some(block) => {
                blocks.enumerate().any(|(at, block)| is_near(block, at * BLOCK)) || is_near(block, firsts.len() - BLOCK)
            }
            None => (0..firsts.len()).any(is_at),
        }
    }
}

/// A letter in lower case. What is no letter may become something else, so that equal bytes stay equal and no more is
/// said.
#[inline]
const fn folded(byte: u8) -> u8 {
    byte | 0x20
}
