//! The signed token that puts a tester on a side.

use alloc::{boxed::Box, format, string::String};

use crate::{cookie::CookieName, partition::Partition, secret::Secret, time::Time};

/// How override tokens are made and checked: `<partition>.<expiry in unix seconds>.<tag>`, sent as a header or a cookie.
///
/// ```
/// use onebox_core::{Overrides, Partition, Secret, Time};
/// let overrides = Overrides::new("onebox-force", Secret::new(b"swordfish"));
/// let token = overrides.token(Partition::OneBox, 1_800_000_000);
/// assert_eq!(overrides.check(token.as_bytes(), Time::from_unix_seconds(1_799_999_999)), Some(Partition::OneBox));
/// assert_eq!(overrides.check(token.as_bytes(), Time::from_unix_seconds(1_800_000_000)), None);
/// assert_eq!(overrides.check(b"one-box.1900000000.00000000000000000000000000000000", Time::MIN), None);
/// ```
#[derive(Clone, Debug)]
pub struct Overrides {
    header: Box<str>,
    cookie: CookieName,
    secret: Secret,
}

/// More digits than any expiry in seconds needs, and few enough for a number of every language.
const EXPIRY_DIGITS: usize = 12;

impl Overrides {
    /// Tokens in a header or a cookie of this name.
    // Called once: small is better than fast.
    #[cold]
    #[must_use]
    pub fn new(name: &str, secret: Secret) -> Self {
        Self { header: name.to_ascii_lowercase().into_boxed_str(), cookie: CookieName::new(name), secret }
    }

    /// The header that may hold a token, in lower case.
    #[must_use]
    pub fn header(&self) -> &str {
        &self.header
    }

    /// The cookie that may hold a token.
    #[must_use]
    pub fn cookie(&self) -> &CookieName {
        &self.cookie
    }

    /// A token that is valid as long as the time is before `expiry`, in seconds since 1970 (at most 999,999,999,999).
    #[must_use]
    pub fn token(&self, partition: Partition, expiry: u64) -> String {
        let text = format!("{partition}.{expiry}");
        format!("{text}.{}", self.secret.tag::<32>(text.as_bytes()))
    }

    /// The side that a token forces, if it is genuine and has not expired.
    #[must_use]
    pub fn check(&self, token: &[u8], now: Time) -> Option<Partition> {
        let dot = token.iter().position(|byte| *byte == b'.')?;
        let partition = Partition::from_header(&token[..dot])?;
        let rest = &token[dot + 1..];
        let digits = rest.iter().position(|byte| *byte == b'.')?;
        let expiry = seconds(&rest[..digits])?;
        let (text, tag) = (&token[..dot + 1 + digits], &rest[digits + 1..]);
        (now < Time::from_unix_seconds(expiry) && self.secret.tag::<32>(text).is(tag)).then_some(partition)
    }
}

/// One to twelve digits without a leading zero.
fn seconds(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > EXPIRY_DIGITS || (text[0] == b'0' && text.len() > 1) {
        return None;
    }
    text.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}
