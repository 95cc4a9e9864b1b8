//! The decision.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use crate::{
    bucket::Bucket,
    cookie::{CookieName, trim},
    crawler::Crawlers,
    force::Overrides,
    hash::Hash,
    key::{Entry, Part},
    partition::Partition,
    pin::Pins,
    ramp::Ramp,
    share::Share,
    time::Time,
};

/// What a decision reads of a request. All text is UTF-8 bytes.
///
/// ```
/// use onebox_core::Request;
///
/// /// The headers of some server, in order, with names in lower case; the connection says who is there.
/// struct Headers<'a>(&'a [(&'a str, &'a str)], &'a str);
///
/// impl Request for Headers<'_> {
///     fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
///         self.0.iter().filter(|(name, _)| *name == "cookie").map(|(_, value)| value.as_bytes())
///     }
///     fn header(&self, name: &str) -> Option<&[u8]> {
///         self.0.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_bytes())
///     }
///     fn client_ip(&self) -> Option<&[u8]> {
///         Some(self.1.as_bytes())
///     }
/// }
///
/// let request = Headers(&[("cookie", "a=b"), ("cookie", "session=7f3a")], "198.51.100.7");
/// assert_eq!(request.cookie_lines().count(), 2);
/// ```
pub trait Request {
    /// The value of every Cookie header line, in order.
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]>;
    /// The value of the first line of the header with this lower-case name.
    fn header(&self, name: &str) -> Option<&[u8]>;
    /// The viewer's address, as CloudFront writes it.
    fn client_ip(&self) -> Option<&[u8]>;
}

/// What decided.
///
/// ```
/// use onebox_core::{Entry, Source};
/// let entry: Entry = "client-ip+header:user-agent".parse()?;
/// assert_eq!(Source::Key(&entry).to_string(), "client-ip+header:user-agent");
/// assert_eq!(Source::ShareZero.to_string(), "share-zero");
/// # Ok::<(), onebox_core::EntryError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source<'a> {
    /// A valid override token.
    Override,
    /// The share is 0: everyone is regular, and neither a pin nor a key is read.
    ShareZero,
    /// The User-Agent is a crawler's: regular.
    Crawler,
    /// A valid pin of this release.
    Pin,
    /// The first entry of the key chain that yielded.
    Key(&'a Entry),
    /// No entry yielded: regular.
    None,
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Override => f.write_str("override"),
            Self::ShareZero => f.write_str("share-zero"),
            Self::Crawler => f.write_str("crawler"),
            Self::Pin => f.write_str("pin"),
            Self::Key(entry) => entry.fmt(f),
            Self::None => f.write_str("none"),
        }
    }
}

/// A visitor's side, and why.
///
/// ```
/// # use onebox_core::{Decision, Partition, Policy, Share, Source, Time};
/// # struct Visit(&'static str);
/// # impl onebox_core::Request for Visit {
/// #     fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> { core::iter::once(self.0.as_bytes()) }
/// #     fn header(&self, _name: &str) -> Option<&[u8]> { None }
/// #     fn client_ip(&self) -> Option<&[u8]> { None }
/// # }
/// # let policy = Policy::new("web-1", Share::NONE, vec!["cookie:session".parse()?]);
/// let decision = policy.decide(&Visit("session=7f3a"), Time::MIN);
/// assert_eq!(decision, Decision { partition: Partition::Regular, bucket: None, source: Source::ShareZero });
/// # Ok::<(), onebox_core::EntryError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The side.
    pub partition: Partition,
    /// The visitor's place on the line, where a pin or a key yielded.
    pub bucket: Option<Bucket>,
    /// What decided.
    pub source: Source<'a>,
}

impl<'a> Decision<'a> {
    const fn regular(source: Source<'a>) -> Self {
        Self { partition: Partition::Regular, bucket: None, source }
    }
}

/// How requests are partitioned during one release.
///
/// ```
/// use onebox_core::{Crawlers, Overrides, Pins, Policy, Secret, Share};
///
/// let policy = Policy::new("web-2026-11-20", "5%".parse::<Share>()?, vec!["cookie:session".parse()?])
///     .with_pins(Pins::new("__Host-onebox", "web-2026-11-20", None))
///     .with_overrides(Overrides::new("onebox-force", Secret::new(b"swordfish")))
///     .with_crawlers(Crawlers::new(vec!["bot".into()]));
///
/// assert_eq!(policy.keys().len(), 1);
/// assert_eq!(policy.ramp().constant(), Some("5%".parse()?));
/// assert_eq!(policy.pins().map(|pins| pins.cookie().as_str()), Some("__Host-onebox"));
/// assert_eq!(policy.overrides().map(|overrides| overrides.header()), Some("onebox-force"));
/// assert!(policy.crawlers().is_some_and(|crawlers| crawlers.contain(b"Googlebot")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    salted: Hash,
    ramp: Ramp,
    keys: Box<[Entry]>,
    pins: Option<Pins>,
    overrides: Option<Overrides>,
    crawlers: Option<Crawlers>,
}

impl Policy {
    /// A policy of a share, or a [`Ramp`] of shares, and a key chain. The salt draws the line anew: keep it for the
    /// whole of a release and change it for the next.
    ///
    /// ```
    /// use onebox_core::{Policy, Ramp, Share, Step};
    /// let keys = vec!["cookie:session".parse()?, "client-ip+header:user-agent".parse()?];
    /// let constant = Policy::new("web-1", "5%".parse::<Share>()?, keys.clone());
    /// let steps = vec![Step { at: "2026-11-20T12:00:00Z".parse()?, share: "1%".parse()? }];
    /// let scheduled = Policy::new("web-1", Ramp::schedule(steps)?, keys);
    /// # let _ = (constant, scheduled);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(salt: &str, share: impl Into<Ramp>, keys: Vec<Entry>) -> Self {
        Self {
            salted: Hash::salted(salt),
            ramp: share.into(),
            keys: keys.into_boxed_slice(),
            pins: None,
            overrides: None,
            crawlers: None,
        }
    }

    /// This policy with pins, which come before the key chain.
    #[must_use]
    pub fn with_pins(mut self, pins: Pins) -> Self {
        self.pins = Some(pins);
        self
    }

    /// This policy with override tokens, which come before everything else.
    #[must_use]
    pub fn with_overrides(mut self, overrides: Overrides) -> Self {
        self.overrides = Some(overrides);
        self
    }

    /// This policy with crawlers, which are regular.
    #[must_use]
    pub fn with_crawlers(mut self, crawlers: Crawlers) -> Self {
        self.crawlers = Some(crawlers);
        self
    }

    /// The share over time.
    #[must_use]
    pub fn ramp(&self) -> &Ramp {
        &self.ramp
    }

    /// The key chain, first entry first.
    #[must_use]
    pub fn keys(&self) -> &[Entry] {
        &self.keys
    }

    /// The pins.
    #[must_use]
    pub fn pins(&self) -> Option<&Pins> {
        self.pins.as_ref()
    }

    /// The override tokens.
    #[must_use]
    pub fn overrides(&self) -> Option<&Overrides> {
        self.overrides.as_ref()
    }

    /// The crawlers.
    #[must_use]
    pub fn crawlers(&self) -> Option<&Crawlers> {
        self.crawlers.as_ref()
    }

    /// Whether decisions change with time: by a schedule, or by a token that expires.
    ///
    /// ```
    /// use onebox_core::{Overrides, Policy, Secret, Share};
    /// let policy = Policy::new("web-1", "5%".parse::<Share>()?, Vec::new());
    /// assert!(!policy.reads_clock());
    /// assert!(policy.with_overrides(Overrides::new("onebox-force", Secret::new(b"swordfish"))).reads_clock());
    /// # Ok::<(), onebox_core::ShareError>(())
    /// ```
    #[must_use]
    pub fn reads_clock(&self) -> bool {
        self.overrides.is_some() || self.ramp.constant().is_none()
    }

    /// Decides for one request: a valid override, then a share of 0, then a crawler, then a valid pin, then the first
    /// key that yields; and regular without one.
    ///
    /// ```
    /// # use onebox_core::{Partition, Pins, Policy, Share, Time};
    /// # struct Visit(&'static str);
    /// # impl onebox_core::Request for Visit {
    /// #     fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> { core::iter::once(self.0.as_bytes()) }
    /// #     fn header(&self, _name: &str) -> Option<&[u8]> { None }
    /// #     fn client_ip(&self) -> Option<&[u8]> { None }
    /// # }
    /// let policy = Policy::new("web-2026-11-20", "80%".parse::<Share>()?, vec!["cookie:session".parse()?])
    ///     .with_pins(Pins::new("__Host-onebox", "web-2026-11-20", None));
    ///
    /// let by_key = policy.decide(&Visit("session=7f3a"), Time::MIN);
    /// assert_eq!((by_key.partition, by_key.bucket.map(u32::from)), (Partition::OneBox, Some(76_282)));
    ///
    /// let by_pin = policy.decide(&Visit("session=7f3a; __Host-onebox=web-2026-11-20.90000"), Time::MIN);
    /// assert_eq!((by_pin.partition, by_pin.source.to_string()), (Partition::Regular, "pin".into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    // Inlined, so that who reads the side alone pays for no more; what most policies do not have is called instead.
    #[inline(always)]
    pub fn decide(&self, request: &impl Request, now: Time) -> Decision<'_> {
        if let Some(partition) = self.overrides.as_ref().and_then(|overrides| forced(overrides, request, now)) {
            return Decision { partition, bucket: None, source: Source::Override };
        }
        let share = self.ramp.share_at(now);
        if share == Share::NONE {
            return Decision::regular(Source::ShareZero);
        }
        if let Some(crawlers) = &self.crawlers
            && request.header("user-agent").is_some_and(|user_agent| crawlers.contain(user_agent))
        {
            return Decision::regular(Source::Crawler);
        }
        if let Some(bucket) = self.pins.as_ref().and_then(|pins| pinned(pins, request)) {
            return Decision { partition: side(share, bucket), bucket: Some(bucket), source: Source::Pin };
        }
        for entry in &self.keys {
            if let Some(bucket) = self.bucket(entry, request) {
                return Decision { partition: side(share, bucket), bucket: Some(bucket), source: Source::Key(entry) };
            }
        }
        Decision::regular(Source::None)
    }

    /// The bucket of an entry's key, if it yields.
    #[inline(always)]
    fn bucket(&self, entry: &Entry, request: &impl Request) -> Option<Bucket> {
        match entry.parts() {
            [part @ (Part::Cookie(_) | Part::Header(_) | Part::ClientIp)] => {
                Some(self.salted.bucket_inlined(value(part, request)?))
            }
            parts => self.composite(parts, request),
        }
    }

    /// The bucket of a composite key, if every part yields: the values joined with a line feed. A network alone is one
    /// of one part.
    #[inline(never)]
    fn composite(&self, parts: &[Part], request: &impl Request) -> Option<Bucket> {
        let mut hash = self.salted;
        for (at, part) in parts.iter().enumerate() {
            let given = value(part, request)?;
            let network;
            let value = match part {
                Part::ClientNetwork(prefix) => {
                    network = prefix.network(given)?;
                    network.as_bytes()
                }
                _ => given,
            };
            if at + 1 == parts.len() {
                return Some(hash.bucket(value));
            }
            hash = hash.with(value).with_byte(b'\n');
        }
        None
    }
}

#[inline]
fn side(share: Share, bucket: Bucket) -> Partition {
    if share.covers(bucket) { Partition::OneBox } else { Partition::Regular }
}

/// The bucket in the visitor's pin.
#[inline(never)]
fn pinned(pins: &Pins, request: &impl Request) -> Option<Bucket> {
    pins.read(cookie(pins.cookie(), request)?)
}

/// The side that the header or else the cookie forces.
#[inline(never)]
fn forced(overrides: &Overrides, request: &impl Request, now: Time) -> Option<Partition> {
    let header = request.header(overrides.header()).map(trim).and_then(|token| overrides.check(token, now));
    header.or_else(|| overrides.check(cookie(overrides.cookie(), request)?, now))
}

/// The value of the first cookie of this name.
#[inline(always)]
fn cookie<'r>(name: &CookieName, request: &'r impl Request) -> Option<&'r [u8]> {
    for line in request.cookie_lines() {
        if let Some(value) = name.value_in(line) {
            return Some(value);
        }
    }
    None
}

/// The non-empty text that a part reads: its value, or the address whose network is the value.
#[inline(always)]
fn value<'r>(part: &Part, request: &'r impl Request) -> Option<&'r [u8]> {
    let value = match part {
        Part::Cookie(name) => cookie(name, request),
        Part::Header(name) => request.header(name).map(trim),
        Part::ClientIp | Part::ClientNetwork(_) => request.client_ip(),
    };
    value.filter(|value| !value.is_empty())
}
