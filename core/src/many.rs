//! Finding one of many texts: one look into a table for every place.

use alloc::{boxed::Box, vec, vec::Vec};

/// How many bytes a look is about; what is shorter cannot be among many.
pub(crate) const WINDOW: usize = 3;

/// Texts to find in others, without regard to ASCII case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Many {
    /// In lower case.
    texts: Box<[Box<[u8]>]>,
    /// For every hash of a window: one of the texts that begin with such a window, counted from 1, or 0.
    heads: Box<[u32]>,
    /// For every text: the next one whose window has the same hash.
    nexts: Box<[u32]>,
}

impl Many {
    /// Texts in lower case of at least [`WINDOW`] bytes.
    pub(crate) fn new(texts: Vec<Box<[u8]>>) -> Self {
        // Four places for each: most windows of a browser's name find nothing.
        let mut heads = vec![0; (4 * texts.len()).next_power_of_two()].into_boxed_slice();
        let nexts = (1..).zip(&texts).map(|(number, text)| {
            let window = text.iter().take(WINDOW).fold(0, |window, byte| pushed(window, *byte));
            core::mem::replace(&mut heads[place(window, heads.len())], number)
        });
        let nexts = nexts.collect();
        Self { texts: texts.into_boxed_slice(), heads, nexts }
    }

    /// Whether one of them is in a text.
    #[inline(never)]
    pub(crate) fn are_some_in(&self, text: &[u8]) -> bool {
        let mut window = 0;
        text.iter().enumerate().any(|(at, byte)| {
            window = pushed(window, byte.to_ascii_lowercase());
            let number = self.heads[place(window, self.heads.len())];
            number > 0 && at + 1 >= WINDOW && self.begin(number, &text[at + 1 - WINDOW..])
        })
    }

    /// Whether this text or one behind it in its list is what another begins with.
    #[inline(never)]
    fn begin(&self, mut number: u32, rest: &[u8]) -> bool {
        while let Some(at) = number.checked_sub(1) {
            let text = &self.texts[at as usize];
            if rest.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text)) {
                return true;
            }
            number = self.nexts[at as usize];
        }
        false
    }
}

/// The window one byte on.
#[inline]
fn pushed(window: u32, byte: u8) -> u32 {
    (window << 8 | u32::from(byte)) & 0xFF_FFFF
}

/// A window's place in a table of so many, a power of two: Fibonacci hashing.
#[inline]
fn place(window: u32, places: usize) -> usize {
    (window.wrapping_mul(0x9E37_79B1) >> 8) as usize & (places - 1)
}
