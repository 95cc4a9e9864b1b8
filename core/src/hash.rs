//! XXH32 of a salted key, with the salt absorbed once.
//!
//! twox-hash computes the same function and is what the tests compare with. Its streaming form goes through a buffer in
//! memory, which costs more than the hash of a short key itself; here the up to 15 bytes that wait for a full stripe
//! are held in one integer. The algorithm: <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>.

use core::fmt;

use crate::bucket::Bucket;

const PRIME_1: u32 = 0x9E37_79B1;
const PRIME_2: u32 = 0x85EB_CA77;
const PRIME_3: u32 = 0xC2B2_AE3D;
const PRIME_4: u32 = 0x27D4_EB2F;
const PRIME_5: u32 = 0x1656_67B1;

/// How many bytes are absorbed together.
const STRIPE: usize = 16;

/// `XXH32(seed 0, salt ++ ":" ++ key)`, with the salt and perhaps the first parts of the key absorbed.
///
/// ```
/// use onebox_core::Hash;
/// let salted = Hash::salted("web-2026-11-20");
/// assert_eq!(u32::from(salted.bucket(b"7f3a")), 76_282);
/// assert_eq!(salted.with(b"7f").bucket(b"3a"), salted.bucket(b"7f3a"));
/// ```
#[derive(Clone, Copy)]
pub struct Hash {
    lanes: [u32; 4],
    /// The last `len % STRIPE` bytes, little-endian; zero above them.
    tail: u128,
    len: usize,
}

impl Hash {
    /// A hash that has seen the salt and the colon.
    // Called once: small is better than fast.
    #[cold]
    #[must_use]
    pub fn salted(salt: &str) -> Self {
        let lanes = [PRIME_1.wrapping_add(PRIME_2), PRIME_2, 0, PRIME_1.wrapping_neg()];
        Self { lanes, tail: 0, len: 0 }.with(salt.as_bytes()).with(b":")
    }

    /// This hash after some more bytes of the key.
    #[inline]
    #[must_use]
    pub fn with(&self, bytes: &[u8]) -> Self {
        let mut joined = [0; STRIPE];
        let (lanes, left) = self.absorb(bytes, &mut joined);
        Self { lanes, tail: short(left), len: self.len + bytes.len() }
    }

    /// This hash after one more byte of the key.
    #[inline]
    pub(crate) fn with_byte(&self, byte: u8) -> Self {
        let waiting = self.len % STRIPE;
        let tail = self.tail | behind(u128::from(byte), waiting);
        let (lanes, tail) = if waiting + 1 < STRIPE { (self.lanes, tail) } else { (absorb(self.lanes, tail), 0) };
        Self { lanes, tail, len: self.len + 1 }
    }

    /// The place on the line of a key that ends with these bytes.
    #[must_use]
    pub fn bucket(&self, last: &[u8]) -> Bucket {
        Bucket::from_hash(self.finish(last))
    }

    /// The same, inlined: for the one place in a decision that nearly all visitors pass.
    #[inline(always)]
    pub(crate) fn bucket_inlined(&self, last: &[u8]) -> Bucket {
        Bucket::from_hash(self.finish_long(last).unwrap_or_else(|| self.finish(last)))
    }

    /// Absorbs every full stripe of the waiting bytes and these; returns the lanes and the bytes that are left.
    #[inline]
    fn absorb<'a>(&self, bytes: &'a [u8], joined: &'a mut [u8; STRIPE]) -> ([u32; 4], &'a [u8]) {
        let waiting = self.len % STRIPE;
        let missing = STRIPE - waiting;
        let Some(mut left) = bytes.get(missing..) else {
            *joined = (self.tail | behind(short(bytes), waiting)).to_le_bytes();
            return (self.lanes, &joined[..waiting + bytes.len()]);
        };
        let head = bytes.first_chunk().map_or_else(|| short(&bytes[..missing]), |chunk| u128::from_le_bytes(*chunk));
        let mut lanes = absorb(self.lanes, self.tail | behind(head, waiting));
        while let Some((stripe, rest)) = left.split_first_chunk() {
            lanes = absorb(lanes, u128::from_le_bytes(*stripe));
            left = rest;
        }
        (lanes, left)
    }

    /// The hash of a key that ends with these bytes.
    #[inline(never)]
    fn finish(&self, last: &[u8]) -> u32 {
        let len = self.len + last.len();
        let mut joined = [0; STRIPE];
        let (lanes, left) = self.absorb(last, &mut joined);
        end(if len < STRIPE { PRIME_5 } else { converge(lanes) }, len, left)
    }

    /// The same of at least a stripe's bytes, with fewer cases to tell apart.
    #[inline(always)]
    fn finish_long(&self, last: &[u8]) -> Option<u32> {
        let waiting = self.len % STRIPE;
        let first = last.first_chunk()?;
        let (stripes, left) = last.get(STRIPE - waiting..)?.as_chunks();
        let mut lanes = absorb(self.lanes, self.tail | behind(u128::from_le_bytes(*first), waiting));
        for stripe in stripes {
            lanes = absorb(lanes, u128::from_le_bytes(*stripe));
        }
        Some(end(converge(lanes), self.len + last.len(), left))
    }
}

/// One word of the lanes.
#[inline]
fn converge([a, b, c, d]: [u32; 4]) -> u32 {
    a.rotate_left(1).wrapping_add(b.rotate_left(7)).wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18))
}

/// The hash after the last, fewer than 16 bytes.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "XXH32 counts the length modulo 2^32")]
fn end(start: u32, len: usize, mut left: &[u8]) -> u32 {
    let mut hash = start.wrapping_add(len as u32);
    // Three words and three bytes one after the other: a loop would be unrolled for more.
    for _ in 0..3 {
        let Some((word, rest)) = left.split_first_chunk() else { break };
        hash = hash.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(PRIME_3)).rotate_left(17).wrapping_mul(PRIME_4);
        left = rest;
    }
    for _ in 0..3 {
        let Some((byte, rest)) = left.split_first() else { break };
        hash = hash.wrapping_add(u32::from(*byte).wrapping_mul(PRIME_5)).rotate_left(11).wrapping_mul(PRIME_1);
        left = rest;
    }
    hash = (hash ^ hash >> 15).wrapping_mul(PRIME_2);
    hash = (hash ^ hash >> 13).wrapping_mul(PRIME_3);
    hash ^ hash >> 16
}

/// The lanes after one stripe.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "each lane takes its word of the stripe")]
fn absorb(lanes: [u32; 4], stripe: u128) -> [u32; 4] {
    let round = |lane: u32, word: u128| {
        lane.wrapping_add((word as u32).wrapping_mul(PRIME_2)).rotate_left(13).wrapping_mul(PRIME_1)
    };
    let [a, b, c, d] = lanes;
    [round(a, stripe), round(b, stripe >> 32), round(c, stripe >> 64), round(d, stripe >> 96)]
}

/// Bytes moved behind `count` others (fewer than 16), in halves: a shift of 128 bits is dear, and in WebAssembly a call.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the halves of an integer")]
fn behind(bytes: u128, count: usize) -> u128 {
    let (low, high) = (bytes as u64, (bytes >> 64) as u64);
    let bits = 8 * (count % 8);
    if count >= 8 {
        return u128::from(low << bits) << 64;
    }
    // What leaves the lower half goes to the higher one; two shifts, because one by all 64 bits is not defined.
    u128::from(low << bits) | u128::from(high << bits | low >> 1 >> (63 - bits)) << 64
}

/// At most 15 bytes as an integer: two reads that may overlap, where one would reach too far.
#[inline]
fn short(bytes: &[u8]) -> u128 {
    let above = |width: usize| 8 * (bytes.len() - width);
    if let (Some(low), Some(high)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        u128::from(u64::from_le_bytes(*low)) | u128::from(u64::from_le_bytes(*high)) << above(8)
    } else if let (Some(low), Some(high)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        u128::from(u32::from_le_bytes(*low)) | u128::from(u32::from_le_bytes(*high)) << above(4)
    } else {
        bytes.iter().rev().fold(0, |value, byte| value << 8 | u128::from(*byte))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hash").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::String, vec, vec::Vec};

    use proptest::prelude::*;
    use twox_hash::XxHash32;

    use super::*;

    #[test]
    fn every_length_around_the_stripe_hashes_as_the_reference_does() {
        for salt in 0..40 {
            for key in 0..80_usize {
                let salt: String = "s".repeat(salt);
                let key: Vec<u8> = (0..key).map(|at| 0x80 ^ at as u8).collect();
                let whole = [salt.as_bytes(), b":", &key].concat();
                let expected = XxHash32::oneshot(0, &whole);
                let hash = Hash::salted(&salt);
                assert_eq!(hash.finish(&key), expected, "{} + {}", salt.len(), key.len());
                assert_eq!(hash.finish_long(&key), (key.len() >= STRIPE).then_some(expected));
            }
        }
    }

    proptest! {
        #[test]
        fn a_key_in_parts_hashes_as_the_reference_hashes_the_whole(
            salt in "\\PC{0,40}",
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..70), 0..6),
        ) {
            let mut whole = [salt.as_bytes(), b":"].concat();
            let mut hash = Hash::salted(&salt);
            for part in &parts {
                prop_assert_eq!(hash.finish(part), XxHash32::oneshot(0, &[&whole[..], part].concat()));
                whole.extend_from_slice(part);
                hash = hash.with(part);
            }
            prop_assert_eq!(hash.finish(b""), XxHash32::oneshot(0, &whole));
        }
    }

    #[test]
    fn a_long_key_hashes_as_the_reference_does() {
        let key = vec![0xA5; 1 << 20];
        assert_eq!(Hash::salted("").finish(&key), XxHash32::oneshot(0, &[b":", &key[..]].concat()));
    }
}
