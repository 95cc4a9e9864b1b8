//! The decision.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use crate::{
    bucket::Bucket,
    cookie::trim,
    hash::Hash,
    key::{Entry, Part},
    partition::Partition,
    share::Share,
};

/// What a decision reads of a request. All text is UTF-8 bytes.
pub trait Request {
    /// The value of every Cookie header line, in order.
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]>;
    /// The value of the first line of the header with this lower-case name.
    fn header(&self, name: &str) -> Option<&[u8]>;
    /// The viewer's address, as CloudFront writes it.
    fn client_ip(&self) -> Option<&[u8]>;
}

/// What decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source<'a> {
    /// The share is 0: everyone is regular and no key is read.
    ShareZero,
    /// The first entry of the key chain that yielded.
    Key(&'a Entry),
    /// No entry yielded: regular.
    None,
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShareZero => f.write_str("share-zero"),
            Self::Key(entry) => entry.fmt(f),
            Self::None => f.write_str("none"),
        }
    }
}

/// A visitor's side, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The side.
    pub partition: Partition,
    /// The visitor's place on the line, where a key yielded.
    pub bucket: Option<Bucket>,
    /// What decided.
    pub source: Source<'a>,
}

/// How requests are partitioned during one release.
#[derive(Clone, Debug)]
pub struct Policy {
    salted: Hash,
    share: Share,
    keys: Box<[Entry]>,
}

impl Policy {
    /// A policy. The salt draws the line anew: keep it for the whole of a release and change it for the next.
    #[must_use]
    pub fn new(salt: &str, share: Share, keys: Vec<Entry>) -> Self {
        Self { salted: Hash::salted(salt), share, keys: keys.into_boxed_slice() }
    }

    /// The configured share.
    #[must_use]
    pub fn share(&self) -> Share {
        self.share
    }

    /// The key chain, first entry first.
    #[must_use]
    pub fn keys(&self) -> &[Entry] {
        &self.keys
    }

    /// Decides for one request: a share of 0 before the first key that yields, and regular without a key.
    #[inline]
    pub fn decide(&self, request: &impl Request) -> Decision<'_> {
        if self.share == Share::NONE {
            return Decision { partition: Partition::Regular, bucket: None, source: Source::ShareZero };
        }
        for entry in &self.keys {
            if let Some(bucket) = self.bucket(entry, request) {
                let partition = if self.share.covers(bucket) { Partition::OneBox } else { Partition::Regular };
                return Decision { partition, bucket: Some(bucket), source: Source::Key(entry) };
            }
        }
        Decision { partition: Partition::Regular, bucket: None, source: Source::None }
    }

    /// The bucket of an entry's key, if it yields.
    #[inline]
    fn bucket(&self, entry: &Entry, request: &impl Request) -> Option<Bucket> {
        match entry.parts() {
            [part] => Some(self.salted.bucket(value(part, request)?)),
            parts => self.composite(parts, request),
        }
    }

    /// The bucket of a composite key, if every part yields: the values joined with a line feed.
    #[inline(never)]
    fn composite(&self, parts: &[Part], request: &impl Request) -> Option<Bucket> {
        let (last, before) = parts.split_last()?;
        let mut hash = self.salted;
        for part in before {
            hash = hash.with(value(part, request)?).with(b"\n");
        }
        Some(hash.bucket(value(last, request)?))
    }
}

/// The non-empty value of a part.
#[inline]
fn value<'r>(part: &Part, request: &'r impl Request) -> Option<&'r [u8]> {
    let value = match part {
        Part::Cookie(name) => request.cookie_lines().find_map(|line| name.value_in(line)),
        Part::Header(name) => request.header(name).map(trim),
        Part::ClientIp => request.client_ip(),
    };
    value.filter(|value| !value.is_empty())
}
