//! When a request may be moved to the one-box.

use alloc::string::String;

use crate::{
    partition::Partition,
    s3::{S3Domain, same_domain},
};

/// A configured origin. What is not specified is as CloudFront has it, for a one-box as the regular origin has it.
///
/// ```
/// use onebox_core::Origin;
/// let regular = Origin { domain: "reg.example.org".into(), path: Some("/stage".into()), ..Origin::default() };
/// assert_eq!(regular.port, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The domain name that CloudFront connects to.
    pub domain: String,
    /// The Host header, if it is not the domain.
    pub host: Option<String>,
    /// The path that CloudFront puts before the request's: empty, or `/…` without a slash at the end.
    pub path: Option<String>,
    /// The port of a custom origin.
    pub port: Option<u16>,
    /// The protocol of a custom origin, `http` or `https`.
    pub protocol: Option<String>,
}

/// The origin that CloudFront has chosen for a request. A part that an origin does not have is none.
///
/// ```
/// use onebox_core::Incoming;
/// let bucket = Incoming { domain: Some(b"assets.s3.eu-west-1.amazonaws.com"), path: Some(b""), ..Incoming::default() };
/// assert_eq!(bucket.port, None, "an S3 origin has none");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incoming<'a> {
    /// Its domain name.
    pub domain: Option<&'a [u8]>,
    /// Its path.
    pub path: Option<&'a [u8]>,
    /// Its port, in decimal.
    pub port: Option<&'a [u8]>,
    /// Its protocol.
    pub protocol: Option<&'a [u8]>,
}

impl Origin {
    /// Whether a request of this partition leaves `incoming` for the one-box, where `self` is the regular origin.
    ///
    /// Only from the regular origin: an origin group's second try comes with another origin, and moving it would undo
    /// the failover (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/high_availability_origin_failover.html>).
    ///
    /// ```
    /// use onebox_core::{Incoming, Origin, Partition};
    /// let regular = Origin { domain: "reg.example.org".into(), ..Origin::default() };
    /// let incoming = Incoming { domain: Some(b"reg.example.org"), ..Incoming::default() };
    /// assert!(regular.is_left(Some(Partition::OneBox), incoming));
    /// assert!(!regular.is_left(Some(Partition::Regular), incoming));
    /// let failover = Incoming { domain: Some(b"spare.example.org"), ..Incoming::default() };
    /// assert!(!regular.is_left(Some(Partition::OneBox), failover));
    /// ```
    #[must_use]
    pub fn is_left(&self, partition: Option<Partition>, incoming: Incoming<'_>) -> bool {
        partition == Some(Partition::OneBox) && self.is(incoming)
    }

    /// Whether an incoming origin is this one.
    ///
    /// Domain names are compared without case, and buckets by their name in any spelling of [`S3Domain`]; path, port and
    /// protocol count where they are configured and the incoming origin has them.
    ///
    /// [`S3Domain`]: crate::S3Domain
    ///
    /// ```
    /// use onebox_core::{Incoming, Origin};
    /// let regular = Origin { domain: "assets.s3.eu-west-1.amazonaws.com".into(), ..Origin::default() };
    /// assert!(regular.is(Incoming { domain: Some(b"assets.s3.amazonaws.com"), ..Incoming::default() }));
    /// ```
    #[must_use]
    pub fn is(&self, incoming: Incoming<'_>) -> bool {
        let same = |configured: Option<&str>, found: Option<&[u8]>| match (configured, found) {
            (Some(configured), Some(found)) => configured.as_bytes() == found,
            _ => true,
        };
        let port = incoming.port.and_then(|port| core::str::from_utf8(port).ok()?.parse::<u16>().ok());
        incoming.domain.is_some_and(|domain| same_domain(domain, self.domain.as_bytes()))
            && same(self.path.as_deref(), incoming.path)
            && same(self.protocol.as_deref(), incoming.protocol)
            && (self.port.is_none() || incoming.port.is_none() || self.port == port)
    }

    /// This one-box origin with what it does not specify taken from the regular one.
    ///
    /// A protocol of its own without any port means the usual port, and port 80 or 443 of its own without any protocol the
    /// usual protocol. The Host header is the domain unless an origin says otherwise; where the regular origin's is only
    /// its own domain again, that is not taken. What neither specifies stays none: CloudFront has it.
    ///
    /// ```
    /// use onebox_core::Origin;
    /// let regular = Origin { domain: "reg.example.org".into(), port: Some(8080), protocol: Some("http".into()), ..Origin::default() };
    /// let one_box = Origin { domain: "box.example.org".into(), port: Some(8081), ..Origin::default() };
    /// assert_eq!(one_box.completed_by(&regular).connection(), ("http", 8081));
    /// ```
    #[must_use]
    pub fn completed_by(&self, regular: &Self) -> Self {
        let is_own = |host: &&String| !host.eq_ignore_ascii_case(&regular.domain);
        let mut whole = Self {
            // CloudFront takes a bucket's name in lower case alone.
            domain: match S3Domain::of(self.domain.as_bytes()) {
                Some(_) => self.domain.to_ascii_lowercase(),
                None => self.domain.clone(),
            },
            host: self.host.as_ref().or(regular.host.as_ref().filter(is_own)).cloned(),
            path: self.path.as_ref().or(regular.path.as_ref()).cloned(),
            port: self.port.or(regular.port),
            protocol: self.protocol.as_ref().or(regular.protocol.as_ref()).cloned(),
        };
        if whole.port.is_none() && self.protocol.is_some()
            || whole.protocol.is_none() && matches!(self.port, Some(80 | 443))
        {
            let (protocol, port) = whole.connection();
            let protocol = protocol.into();
            (whole.protocol, whole.port) = (Some(protocol), Some(port));
        }
        whole
    }

    /// The Host header that this origin is sent.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.as_deref().unwrap_or(&self.domain)
    }

    /// The protocol and the port of a custom origin. What is not specified is the usual one: HTTP on port 80, otherwise
    /// HTTPS, and 443 for it.
    #[must_use]
    pub fn connection(&self) -> (&str, u16) {
        let usual = if self.port == Some(80) { "http" } else { "https" };
        let protocol = self.protocol.as_deref().unwrap_or(usual);
        (protocol, self.port.unwrap_or(if protocol == "http" { 80 } else { 443 }))
    }

    /// Whether two configured origins are one place, whatever the spelling.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        same_domain(self.domain.as_bytes(), other.domain.as_bytes())
            && same_domain(self.host().as_bytes(), other.host().as_bytes())
            && self.path.as_deref().unwrap_or_default() == other.path.as_deref().unwrap_or_default()
            && self.connection() == other.connection()
    }
}
