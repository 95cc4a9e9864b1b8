//! A request as a person describes it: `{"headers":{name: value or [values]},"clientIp":…}`.

use std::{borrow::Cow, fmt};

use onebox_core::Request;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// What a line describes.
#[derive(Debug)]
pub(super) enum Described<'a> {
    /// A request.
    Plain(Plain<'a>),
    /// An event of Lambda@Edge, as far as its first member says; it is not read here.
    Event,
}

/// A request.
#[derive(Debug)]
pub(super) struct Plain<'a> {
    headers: Headers<'a>,
    client_ip: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(rename = "Records")]
    records: Option<IgnoredAny>,
    #[serde(borrow)]
    headers: Option<Headers<'a>>,
    #[serde(borrow, rename = "clientIp")]
    client_ip: Option<Text<'a>>,
}

impl<'a> Described<'a> {
    /// Reads a line, or says what was expected.
    pub(super) fn read(line: &'a str) -> Result<Self, String> {
        const EXPECTED: &str = "expected a Lambda@Edge viewer-request event or {\"headers\":{…},\"clientIp\":…}";
        if !line.trim_ascii_start().starts_with('{') {
            return Err(EXPECTED.to_owned());
        }
        match serde_json::from_str(line) {
            Ok(Members { records: Some(IgnoredAny), .. }) => Ok(Self::Event),
            Ok(Members { headers: Some(headers), client_ip, .. }) => Ok(Self::Plain(Plain { headers, client_ip })),
            Ok(Members { headers: None, .. }) => Err(EXPECTED.to_owned()),
            Err(error) => Err(format!("{EXPECTED}; {error}")),
        }
    }
}

impl Request for Plain<'_> {
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.headers.lines("cookie")
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.lines(name).next()
    }

    fn client_ip(&self) -> Option<&[u8]> {
        self.client_ip.as_ref().map(|Text(text)| &**text)
    }
}

/// Names in any case, each with its lines, in the order of the text; a name may come again.
#[derive(Debug)]
struct Headers<'a>(Vec<(Cow<'a, str>, Lines<'a>)>);

impl Headers<'_> {
    fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = self.0.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name));
        named.flat_map(|(_, Lines(lines))| lines).map(|Text(text)| &**text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Headers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of headers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers<'de>, A::Error> {
                let mut headers = Vec::with_capacity(8);
                while let Some((Name(name), lines)) = map.next_entry()? {
                    headers.push((name, lines));
                }
                Ok(Headers(headers))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// The lines of a header: one value, or a list.
#[derive(Debug)]
struct Lines<'a>(Vec<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Lines<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Lines<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of texts")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Lines(vec![Text::plain(bytes)]))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Lines(vec![Text::unescaped(bytes)]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut lines = Vec::with_capacity(2);
                while let Some(line) = seq.next_element()? {
                    lines.push(line);
                }
                Ok(Lines(lines))
            }
        }

        // As bytes, because a text with a lone surrogate is none that a `str` could hold.
        deserializer.deserialize_bytes(OneOrMany)
    }
}

/// A text as UTF-8. A surrogate that stands alone is U+FFFD, as it is at the edge.
#[derive(Debug)]
struct Text<'a>(Cow<'a, [u8]>);

impl<'a> Text<'a> {
    const fn plain(bytes: &'a [u8]) -> Self {
        Self(Cow::Borrowed(bytes))
    }

    fn unescaped(bytes: &[u8]) -> Self {
        let mut bytes = bytes.to_vec();
        // serde_json writes a lone surrogate in three bytes for which UTF-8 has no other use.
        for at in 0..bytes.len().saturating_sub(2) {
            if bytes[at] == 0xED && bytes[at + 1] >= 0xA0 {
                bytes[at..at + 3].copy_from_slice("\u{FFFD}".as_bytes());
            }
        }
        Self(Cow::Owned(bytes))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;

        impl<'de> Visitor<'de> for One {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
                Ok(Text::plain(bytes))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Text::unescaped(bytes))
            }
        }

        deserializer.deserialize_bytes(One)
    }
}
