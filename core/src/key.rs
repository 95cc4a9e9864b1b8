//! The key chain: what is hashed.

use alloc::{boxed::Box, string::String, vec::Vec};
use core::{error, fmt, str::FromStr};

use crate::{cookie::CookieName, network::PrefixLen};

/// One place in a request that a key can come from.
///
/// Written `cookie:NAME`, `header:NAME`, `client-ip` or `client-ip/N`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "a policy has a handful of parts, and a decision follows no pointer to them"
)]
///
/// ```
/// use onebox_core::Part;
/// assert_eq!("header:User-Agent".parse(), Ok(Part::Header("user-agent".into())));
/// assert_eq!("client-ip".parse(), Ok(Part::ClientIp));
/// assert_eq!("client-ip/64".parse::<Part>()?.to_string(), "client-ip/64");
/// assert_eq!("cookie:session".parse::<Part>()?.to_string(), "cookie:session");
/// # Ok::<(), onebox_core::EntryError>(())
/// ```
pub enum Part {
    /// The value of the first cookie of this name.
    Cookie(CookieName),
    /// The value of the first line of this header; the name is in lower case.
    Header(Box<str>),
    /// The viewer's address, as it is given.
    ClientIp,
    /// The viewer's network: so many leading bits of an IPv6 address, or an IPv4 address.
    ClientNetwork(PrefixLen),
}

impl FromStr for Part {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, EntryError> {
        let name = |name: &str| {
            if name.is_empty() || !name.bytes().all(is_token) { Err(EntryError::Name) } else { Ok(String::from(name)) }
        };
        if let Some(bits) = text.strip_prefix("client-ip/") {
            return PrefixLen::parse(bits).map(Self::ClientNetwork).ok_or(EntryError::Prefix);
        }
        match text.split_once(':') {
            None if text == "client-ip" => Ok(Self::ClientIp),
            Some(("cookie", cookie)) => Ok(Self::Cookie(CookieName::new(name(cookie)?))),
            Some(("header", header)) => Ok(Self::Header(name(&header.to_ascii_lowercase())?.into_boxed_str())),
            _ => Err(EntryError::Kind),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cookie(name) => write!(f, "cookie:{}", name.as_str()),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::ClientIp => f.write_str("client-ip"),
            Self::ClientNetwork(prefix) => write!(f, "client-ip/{prefix}"),
        }
    }
}

/// An entry of the key chain: one part, or a composite of which every part must yield.
///
/// ```
/// use onebox_core::Entry;
/// let entry: Entry = "client-ip+header:User-Agent".parse()?;
/// assert_eq!(entry.parts().len(), 2);
/// assert_eq!(entry.to_string(), "client-ip+header:user-agent");
/// # Ok::<(), onebox_core::EntryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry(Box<[Part]>);

impl Entry {
    /// An entry of these parts.
    ///
    /// # Errors
    /// [`EntryError::Empty`] without a part.
    ///
    /// ```
    /// use onebox_core::{Entry, EntryError, Part};
    /// let entry = Entry::new(vec![Part::ClientIp, "header:user-agent".parse()?])?;
    /// assert_eq!(entry, "client-ip+header:user-agent".parse()?);
    /// assert_eq!(Entry::new(Vec::new()), Err(EntryError::Empty));
    /// # Ok::<(), EntryError>(())
    /// ```
    pub fn new(parts: Vec<Part>) -> Result<Self, EntryError> {
        if parts.is_empty() { Err(EntryError::Empty) } else { Ok(Self(parts.into_boxed_slice())) }
    }

    /// The parts, in the order in which their values are joined.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.0
    }
}

impl From<Part> for Entry {
    fn from(part: Part) -> Self {
        Self(Box::new([part]))
    }
}

impl FromStr for Entry {
    type Err = EntryError;

    /// Reads an entry as [`Display`](fmt::Display) writes it.
    fn from_str(text: &str) -> Result<Self, EntryError> {
        // A token may hold a "+" itself: a "+" separates only where a new part begins.
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest
                .match_indices('+')
                .map(|(at, _)| at)
                .find(|at| ["cookie:", "header:", "client-ip"].iter().any(|kind| rest[at + 1..].starts_with(kind)))
                .unwrap_or(rest.len());
            parts.push(rest[..end].parse()?);
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        Self::new(parts)
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("+")?;
            }
            part.fmt(f)?;
        }
        Ok(())
    }
}

/// Why a text is no entry of a key chain.
///
/// ```
/// use onebox_core::{Entry, EntryError};
/// assert_eq!("query:id".parse::<Entry>(), Err(EntryError::Kind));
/// assert_eq!("cookie:a b".parse::<Entry>(), Err(EntryError::Name));
/// assert_eq!("client-ip/8".parse::<Entry>(), Err(EntryError::Prefix));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntryError {
    /// An entry without a part.
    Empty,
    /// None of the kinds of parts.
    Kind,
    /// A cookie or header name that HTTP does not allow.
    Name,
    /// A prefix length that is not a number from 16 to 128.
    Prefix,
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an entry needs at least one part",
            Self::Kind => "expected \"cookie:NAME\", \"header:NAME\", \"client-ip\" or \"client-ip/64\"",
            Self::Name => "a cookie or header name is one or more letters, digits or any of !#$%&'*+-.^_`|~",
            Self::Prefix => "expected a prefix length from 16 to 128 behind \"client-ip/\", such as \"client-ip/64\"",
        })
    }
}

impl error::Error for EntryError {}

/// A byte of an HTTP token: <https://www.rfc-editor.org/rfc/rfc9110#name-tokens>.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
