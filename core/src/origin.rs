//! When a request may be moved to the one-box.

use alloc::string::String;

use crate::partition::Partition;

/// A configured origin. What is not given stays as CloudFront has it.
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
    /// Domain names are compared without case; path, port and protocol count where they are configured and the
    /// incoming origin has them.
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
        let same = |configured: Option<&str>, found: Option<&[u8]>| match (configured, found) {
            (Some(configured), Some(found)) => configured.as_bytes() == found,
            _ => true,
        };
        let port = incoming.port.and_then(|port| core::str::from_utf8(port).ok()?.parse::<u16>().ok());
        partition == Some(Partition::OneBox)
            && incoming.domain.is_some_and(|domain| domain.eq_ignore_ascii_case(self.domain.as_bytes()))
            && same(self.path.as_deref(), incoming.path)
            && same(self.protocol.as_deref(), incoming.protocol)
            && (self.port.is_none() || incoming.port.is_none() || self.port == port)
    }
}
