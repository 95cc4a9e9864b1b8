//! Looking for two bytes of a text at their distance, with vector instructions.
//!
//! It finds the places where the text may be. memchr's own search of a whole text, [`memchr::memmem`], is this and more
//! around it, which for a Cookie line costs as much again.

#[cfg(target_arch = "aarch64")]
pub(crate) use memchr::arch::aarch64::neon::packedpair::Finder as PairFinder;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use memchr::arch::wasm32::simd128::packedpair::Finder as PairFinder;
// None without AVX2, or where memchr may not ask for it because it is without std.
#[cfg(target_arch = "x86_64")]
pub(crate) use memchr::arch::x86_64::avx2::packedpair::Finder as PairFinder;

#[cfg(not(any(
    target_arch = "aarch64",
    all(target_arch = "wasm32", target_feature = "simd128"),
    target_arch = "x86_64"
)))]
pub(crate) use none::PairFinder;

/// What stands for it where memchr has none: never made.
#[cfg(not(any(
    target_arch = "aarch64",
    all(target_arch = "wasm32", target_feature = "simd128"),
    target_arch = "x86_64"
)))]
mod none {
    #[derive(Clone)]
    pub(crate) enum PairFinder {}

    impl PairFinder {
        pub(crate) fn new(_needle: &[u8]) -> Option<Self> {
            None
        }

        pub(crate) fn min_haystack_len(&self) -> usize {
            match *self {}
        }

        pub(crate) fn find_prefilter(&self, _haystack: &[u8]) -> Option<usize> {
            match *self {}
        }
    }
}
