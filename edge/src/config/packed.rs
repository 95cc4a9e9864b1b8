//! A configuration as a WebAssembly module reads it.
//!
//! It was checked when it was packaged, and a cold start does not check it again: V8 compiles whatever a start calls,
//! and the code that knows every mistake would be most of that. The fields follow one another as they are declared,
//! numbers with their lowest byte first, texts and lists behind their length, what may be absent behind a 0 or 1.

use onebox_core::{CookieName, Entry, Origin, Part, PrefixLen, Ramp, Share, Step, Time};

use super::{
    Config, CrawlerTexts, Debug, Function, Moves, Origins, Override, Partitioning, Pin, Release, SecretText, Store,
};

/// What a packed configuration begins with: the modules of another version may have other fields.
const VERSION: &str = concat!("onebox ", env!("CARGO_PKG_VERSION"), "\n");

impl Config {
    /// Packs it for the modules of this version. Secrets are in it, as in [`to_json`](Self::to_json).
    ///
    /// ```
    /// # use onebox_edge::{Config, Settings};
    /// # let config = Config::from_json(r#"{ "release": { "id": "web-1", "share": "5%" },
    /// #     "partition": { "keys": ["cookie:session"] }, "origins": { "regular": { "domain": "reg.example.org" },
    /// #     "one-box": { "domain": "box.example.org" } } }"#).unwrap();
    /// assert_eq!(Config::unpack(&config.pack()), Some(config));
    /// ```
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut packed = VERSION.as_bytes().to_vec();
        Packed::pack(self, &mut packed);
        packed
    }

    /// Unpacks what [`pack`](Self::pack) made; none if it was not this version's.
    #[must_use]
    pub fn unpack(packed: &[u8]) -> Option<Self> {
        let mut left = Left { bytes: packed.strip_prefix(VERSION.as_bytes())?, is_broken: false };
        let config = Packed::unpack(&mut left);
        (left.bytes.is_empty() && !left.is_broken).then_some(config)
    }
}

/// What can be packed.
pub(super) trait Packed: Sized {
    /// Adds it to what is packed before it.
    fn pack(&self, into: &mut Vec<u8>);

    /// Takes it from what is left. What is not there is some value, and the rest is broken: to stop in the middle would be
    /// code of its own for every field, to drop those before it.
    fn unpack(left: &mut Left<'_>) -> Self;
}

/// What is left to unpack.
pub(super) struct Left<'a> {
    bytes: &'a [u8],
    is_broken: bool,
}

impl<'a> Left<'a> {
    fn take(&mut self, count: usize) -> &'a [u8] {
        match self.bytes.split_at_checked(count) {
            Some((taken, left)) => {
                self.bytes = left;
                taken
            }
            None => {
                self.is_broken = true;
                &[]
            }
        }
    }

    /// What was made, or this instead, and the rest is broken.
    fn or<T>(&mut self, made: Option<T>, instead: T) -> T {
        self.is_broken |= made.is_none();
        made.unwrap_or(instead)
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Packed for $number {
            fn pack(&self, into: &mut Vec<u8>) {
                into.extend(self.to_le_bytes());
            }

            fn unpack(left: &mut Left<'_>) -> Self {
                let mut bytes = [0; size_of::<Self>()];
                bytes.iter_mut().zip(left.take(size_of::<Self>())).for_each(|(byte, taken)| *byte = *taken);
                Self::from_le_bytes(bytes)
            }
        }
    )*};
}

numbers!(u8 u16 u32 i64);

macro_rules! structs {
    ($($name:ident { $($field:ident)* })*) => {$(
        impl Packed for $name {
            fn pack(&self, into: &mut Vec<u8>) {
                $(self.$field.pack(into);)*
            }

            fn unpack(left: &mut Left<'_>) -> Self {
                Self { $($field: Packed::unpack(left)),* }
            }
        }
    )*};
}

structs! {
    Config { release partition origins pin forced crawlers function debug }
    Release { id share }
    Partitioning { keys header salt forward_host }
    Origins { regular one_box }
    Origin { domain host path port protocol }
    Pin { cookie max_age secret }
    Override { name secret }
    Function { moves store }
    Store { id key }
    CrawlerTexts { contains except }
    Debug { response_header }
    Step { at share }
}

/// Types that are made of another one: how it is got from a reference, and how they are made of it.
macro_rules! made_of {
    ($($name:ident of $part:ty: $get:expr, $make:expr;)*) => {$(
        impl Packed for $name {
            fn pack(&self, into: &mut Vec<u8>) {
                let get: fn(&Self) -> $part = $get;
                get(self).pack(into);
            }

            fn unpack(left: &mut Left<'_>) -> Self {
                let make: fn($part, &mut Left<'_>) -> Self = $make;
                let part = Packed::unpack(left);
                make(part, left)
            }
        }
    )*};
}

made_of! {
    bool of u8: |is| u8::from(*is), |is, left| left.or((is <= 1).then_some(is == 1), false);
    Share of u32: |share| share.thousandths(), |share, left| left.or(Share::from_thousandths(share), Share::NONE);
    Time of i64: |time| time.unix_millis(), |millis, _| Time::from_unix_millis(millis);
    Ramp of Vec<Step>: |ramp| ramp.steps().to_vec(), |steps, left| left.or(Ramp::schedule(steps).ok(), Share::NONE.into());
    Entry of Vec<Part>: |entry| entry.parts().to_vec(), |parts, left| left.or(Entry::new(parts).ok(), Part::ClientIp.into());
    Moves of Option<Option<String>>: moved_by, |by, _| by.map_or(Moves::Lambda, |id| id.map_or(Moves::Update, Moves::Select));
    SecretText of Vec<u8>: |secret| secret.bytes().to_vec(), |bytes, _| SecretText::of(bytes);
}

/// The function, if it moves requests, and the origin that it selects, if it selects one.
fn moved_by(moves: &Moves) -> Option<Option<String>> {
    match moves {
        Moves::Lambda => None,
        Moves::Update => Some(None),
        Moves::Select(id) => Some(Some(id.clone())),
    }
}

impl Packed for String {
    fn pack(&self, into: &mut Vec<u8>) {
        length(self.len()).pack(into);
        into.extend(self.as_bytes());
    }

    fn unpack(left: &mut Left<'_>) -> Self {
        let length = u32::unpack(left);
        let text = std::str::from_utf8(left.take(length as usize)).ok();
        left.or(text, "").to_owned()
    }
}

impl<T: Packed> Packed for Option<T> {
    fn pack(&self, into: &mut Vec<u8>) {
        self.is_some().pack(into);
        self.iter().for_each(|value| value.pack(into));
    }

    fn unpack(left: &mut Left<'_>) -> Self {
        bool::unpack(left).then(|| T::unpack(left))
    }
}

impl<T: Packed> Packed for Vec<T> {
    fn pack(&self, into: &mut Vec<u8>) {
        length(self.len()).pack(into);
        self.iter().for_each(|item| item.pack(into));
    }

    fn unpack(left: &mut Left<'_>) -> Self {
        let length = u32::unpack(left) as usize;
        // Every item takes a byte at least.
        let length = left.or((length <= left.bytes.len()).then_some(length), 0);
        (0..length).map(|_| T::unpack(left)).collect()
    }
}

/// No text or list of a configuration comes near 4 GiB; one that did would not unpack.
fn length(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

impl Packed for Part {
    fn pack(&self, into: &mut Vec<u8>) {
        let (kind, name): (u8, &str) = match self {
            Self::ClientIp => (0, ""),
            Self::Cookie(name) => (1, name.as_str()),
            Self::Header(name) => (2, name),
            // A prefix length is a kind of its own: none is below 16.
            Self::ClientNetwork(prefix) => (prefix.bits(), ""),
        };
        kind.pack(into);
        name.to_owned().pack(into);
    }

    fn unpack(left: &mut Left<'_>) -> Self {
        let (kind, name) = (u8::unpack(left), String::unpack(left));
        match kind {
            0 if name.is_empty() => Self::ClientIp,
            1 => Self::Cookie(CookieName::new(name)),
            2 => Self::Header(name.into()),
            _ => {
                let prefix = PrefixLen::new(kind).filter(|_| name.is_empty());
                left.or(prefix.map(Self::ClientNetwork), Self::ClientIp)
            }
        }
    }
}
