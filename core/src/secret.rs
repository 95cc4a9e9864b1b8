//! Tags that only the holder of a secret can make.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A secret, ready to tag texts with HMAC-SHA256 (<https://www.rfc-editor.org/rfc/rfc2104>).
///
/// ```
/// use onebox_core::Secret;
/// let secret = Secret::new(b"swordfish");
/// assert_eq!(format!("{secret:?}"), "Secret(…)");
/// ```
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl Secret {
    /// The secret with these bytes, of which there may be any number.
    // Called once: small is better than fast.
    #[cold]
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        match Hmac::new_from_slice(bytes) {
            Ok(keyed) => Self(keyed),
            // HMAC takes a key of any length: it hashes a long one and pads a short one.
            Err(_) => Self(Hmac::new(&Default::default())),
        }
    }

    /// The first `N` hexadecimal digits of a text's tag, in lower case. `N` is at most 64.
    pub(crate) fn tag<const N: usize>(&self, text: &[u8]) -> Tag<N> {
        let bytes = self.0.clone().chain_update(text).finalize().into_bytes();
        let mut digits = [b'0'; N];
        for (at, digit) in digits.iter_mut().enumerate() {
            let byte = bytes[at / 2];
            *digit = b"0123456789abcdef"[usize::from(if at % 2 == 0 { byte >> 4 } else { byte & 0xF })];
        }
        Tag(digits)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The first digits of a tag.
pub(crate) struct Tag<const N: usize>([u8; N]);

impl<const N: usize> Tag<N> {
    /// Compares with what somebody sent, in a time that does not tell how much of it is right.
    pub(crate) fn is(&self, sent: &[u8]) -> bool {
        use subtle::ConstantTimeEq;
        self.0.ct_eq(sent).into()
    }
}

impl<const N: usize> fmt::Display for Tag<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| fmt::Write::write_char(f, char::from(*digit)))
    }
}
