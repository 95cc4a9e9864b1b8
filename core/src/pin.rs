//! The cookie that remembers a visitor's bucket.

use alloc::{borrow::ToOwned, boxed::Box, format, string::String};
use core::fmt;

use crate::{bucket::Bucket, cookie::CookieName, secret::Secret};

/// How pins are read and written: `<release id>.<bucket>`, or `<release id>.<bucket>.<tag>` with a secret.
///
/// A pin holds the bucket, not the verdict, so raising or emptying the share reaches everybody; and it holds no
/// identifier. A pin of another release does not count.
///
/// ```
/// use onebox_core::{Bucket, Pins};
/// let pins = Pins::new("__Host-onebox", "web-1", None);
/// let bucket = Bucket::new(4711).unwrap();
/// assert_eq!(pins.value(bucket).to_string(), "web-1.4711");
/// assert_eq!(pins.read(b"web-1.4711"), Some(bucket));
/// assert_eq!(pins.read(b"web-0.4711"), None);
/// assert_eq!(pins.read(b"web-1.04711"), None);
/// ```
#[derive(Clone, Debug)]
pub struct Pins {
    cookie: CookieName,
    /// The release id and the dot behind it.
    release: Box<str>,
    secret: Option<Secret>,
}

impl Pins {
    /// Pins of one release in a cookie of this name.
    #[must_use]
    pub fn new(cookie: impl Into<String>, release: &str, secret: Option<Secret>) -> Self {
        Self { cookie: CookieName::new(cookie), release: (release.to_owned() + ".").into_boxed_str(), secret }
    }

    /// The cookie that holds a pin.
    #[must_use]
    pub fn cookie(&self) -> &CookieName {
        &self.cookie
    }

    /// The bucket in a pin, if it is one of this release and nobody has changed it.
    #[inline]
    #[must_use]
    pub fn read(&self, pin: &[u8]) -> Option<Bucket> {
        let rest = pin.strip_prefix(self.release.as_bytes())?;
        match &self.secret {
            None => number(rest),
            Some(secret) => {
                let dot = rest.iter().position(|byte| *byte == b'.')?;
                let bucket = number(&rest[..dot])?;
                let tagged = self.release.len() + dot;
                secret.tag::<16>(&pin[..tagged]).is(&rest[dot + 1..]).then_some(bucket)
            }
        }
    }

    /// The pin for a bucket.
    pub fn value(&self, bucket: Bucket) -> impl fmt::Display {
        let pin = format!("{}{bucket}", self.release);
        match &self.secret {
            None => pin,
            Some(secret) => format!("{pin}.{}", secret.tag::<16>(pin.as_bytes())),
        }
    }
}

/// A bucket's number, in one to five digits without a leading zero.
#[inline]
fn number(text: &[u8]) -> Option<Bucket> {
    if text.is_empty() || text.len() > 5 || (text[0] == b'0' && text.len() > 1) {
        return None;
    }
    let number = text.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')));
    number.and_then(Bucket::new)
}
