//! Finding one of a few texts, all of them at many places at once.

use alloc::{boxed::Box, vec::Vec};

/// Texts to find in others, without regard to ASCII case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Few {
    parts: Box<[Part]>,
    /// Whether each part has the two bytes that [`Few::may_be_in`] looks for.
    in_pairs: bool,
}

/// A text, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    text: Box<[u8]>,
    /// Its first two bytes as [`folded`], as often as one instruction compares them.
    first: [u8; VECTOR],
    second: [u8; VECTOR],
}

/// How many bytes one instruction handles.
const VECTOR: usize = 16;

/// How many places are looked at together: what is compared with so many of them stays in registers.
const BLOCK: usize = 4 * VECTOR;

impl Few {
    /// Texts in lower case. An empty one would be in every text and is left out.
    pub(crate) fn new(texts: Vec<Box<[u8]>>) -> Self {
        let part = |text: Box<[u8]>| {
            let first = *text.first()?;
            let second = *text.get(1).unwrap_or(&first);
            Some(Part { text, first: [folded(first); _], second: [folded(second); _] })
        };
        let parts: Box<[Part]> = texts.into_iter().filter_map(part).collect();
        let in_pairs = parts.iter().all(|part| part.text.len() > 1);
        Self { parts, in_pairs }
    }

    /// Whether one of them is in a text.
    #[inline]
    pub(crate) fn are_some_in(&self, text: &[u8]) -> bool {
        !self.parts.is_empty() && (!self.in_pairs || self.may_be_in(text)) && self.are_in(text)
    }

    /// Whether a part is in a text, byte by byte.
    #[inline(never)]
    fn are_in(&self, text: &[u8]) -> bool {
        let is_in = |part: &Part| text.windows(part.text.len()).any(|here| here.eq_ignore_ascii_case(&part.text));
        self.parts.iter().any(is_in)
    }

    /// Whether the first two bytes of a part are somewhere in a text, and perhaps if they are not: what lets browsers
    /// through.
    fn may_be_in(&self, text: &[u8]) -> bool {
        if text.len() <= BLOCK {
            return self.may_be_in_short(text);
        }
        let wrong = self.wrong_in(&text[..text.len() - 1], &text[1..]);
        wrong.iter().fold(false, |found, wrong| found | (*wrong == 0))
    }

    /// The same for a text that fills no block.
    #[inline(never)]
    fn may_be_in_short(&self, text: &[u8]) -> bool {
        let mut padded = [0; BLOCK + 1];
        padded.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        self.may_be_in(&padded)
    }

    /// Zero where both bytes of some part are right, all places together: loops without a branch that the compiler turns
    /// into vector instructions, with what it has found in registers until the end.
    ///
    /// The second bytes are a text of their own, one byte on: it would make them out of the first ones with three
    /// instructions, and loads them with one.
    #[inline(never)]
    fn wrong_in(&self, firsts: &[u8], seconds: &[u8]) -> [u8; VECTOR] {
        let mut wrong = [[u8::MAX; VECTOR]; BLOCK / VECTOR];
        let last = firsts.len().saturating_sub(BLOCK);
        let mut from = 0;
        while let Some((firsts, seconds)) = block(firsts, from).zip(block(seconds, from)) {
            let (firsts, seconds) = (firsts.map(folded), seconds.map(folded));
            let (firsts, seconds) = (firsts.as_chunks::<VECTOR>().0, seconds.as_chunks::<VECTOR>().0);
            for part in &self.parts {
                for vector in 0..wrong.len() {
                    for at in 0..VECTOR {
                        let found = (firsts[vector][at] ^ part.first[at]) | (seconds[vector][at] ^ part.second[at]);
                        wrong[vector][at] = wrong[vector][at].min(found);
                    }
                }
            }
            if from == last {
                break;
            }
            // The places behind the last whole block are looked at with those before them once more.
            from = (from + BLOCK).min(last);
        }
        let mut least = [u8::MAX; VECTOR];
        for vector in wrong {
            for at in 0..VECTOR {
                least[at] = least[at].min(vector[at]);
            }
        }
        least
    }
}

/// The block that begins here.
#[inline]
fn block(text: &[u8], from: usize) -> Option<&[u8; BLOCK]> {
    text.get(from..)?.first_chunk()
}

/// A letter in lower case. What is no letter may become something else, so that equal bytes stay equal and no more is
/// said.
#[inline]
const fn folded(byte: u8) -> u8 {
    byte | 0x20
}
