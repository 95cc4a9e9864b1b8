//! Which side of a gradual release a visitor is on.
//!
//! A [`Policy`] is built once, from configuration. [`Policy::decide`] then answers for every request: it walks the
//! key chain, hashes the first key that yields and compares the visitor's [`Bucket`] with the [`Share`]. It is a pure
//! function: no clock, no I/O, no lock and no allocation. The written specification is `SPEC.md` beside this crate,
//! with test vectors for other languages.
//!
//! ```
//! use onebox_core::{Partition, Policy, Request, Share, Time};
//!
//! struct Visit<'a> { cookie: &'a str }
//!
//! impl Request for Visit<'_> {
//!     fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
//!         core::iter::once(self.cookie.as_bytes())
//!     }
//!     fn header(&self, _name: &str) -> Option<&[u8]> { None }
//!     fn client_ip(&self) -> Option<&[u8]> { None }
//! }
//!
//! let policy = Policy::new("web-2026-11-20", "20%".parse::<Share>()?, vec!["cookie:session".parse()?]);
//! let decision = policy.decide(&Visit { cookie: "theme=dark; session=7f3a" }, Time::MIN);
//!
//! assert_eq!(decision.source.to_string(), "cookie:session");
//! assert_eq!(decision.bucket.map(u32::from), Some(76_282));
//! assert_eq!(decision.partition, Partition::Regular);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

/// The example of the README is a test as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod bucket;
mod cookie;
mod crawler;
mod decide;
mod few;
mod force;
mod hash;
mod key;
mod many;
mod network;
mod origin;
mod pair;
mod partition;
mod pin;
mod ramp;
mod s3;
mod secret;
mod share;
mod time;
mod vary;

pub use bucket::{BUCKETS, Bucket};
pub use cookie::CookieName;
pub use crawler::Crawlers;
pub use decide::{Decision, Policy, Request, Source};
pub use force::Overrides;
pub use hash::Hash;
pub use key::{Entry, EntryError, Part};
pub use network::PrefixLen;
pub use origin::{Incoming, Origin};
pub use partition::Partition;
pub use pin::Pins;
pub use ramp::{Ramp, RampError, Step};
pub use s3::S3Domain;
pub use secret::Secret;
pub use share::{Share, ShareError};
pub use time::{Time, TimeError};
pub use vary::{Vary, merge};
