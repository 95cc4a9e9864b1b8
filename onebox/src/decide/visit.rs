//! A request as a person describes it: `{"headers":{name: value or [values]},"clientIp":…}`.

use std::{borrow::Cow, fmt};

use onebox_core::Request;
use onebox_edge::json_text;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// What a line describes.
#[derive(Debug)]
pub(super) enum Described<'a> {
    /// A request.
    Plain(Plain<'a>),
    /// An event of Lambda@Edge, which has `Records`. It is read by those who know it.
    Event,
}

/// A request: its header lines under their names, in any case, and the viewer's address.
#[derive(Debug)]
pub(super) struct Plain<'a> {
    headers: Vec<(Cow<'a, str>, Vec<Text<'a>>)>,
    client_ip: Option<Text<'a>>,
}

/// A text as UTF-8, which at the edge every text can be made to.
type Text<'a> = Cow<'a, [u8]>;

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(rename = "Records")]
    records: Option<IgnoredAny>,
    #[serde(borrow)]
    headers: Option<Headers<'a>>,
    #[serde(borrow, rename = "clientIp")]
    client_ip: Option<&'a RawValue>,
}

impl<'a> Described<'a> {
    /// Reads a line, or says what was expected.
    pub(super) fn read(line: &'a str) -> Result<Self, String> {
        const EXPECTED: &str = "expected a Lambda@Edge viewer-request event or {\"headers\":{…},\"clientIp\":…}";
        if !line.trim_ascii_start().starts_with('{') {
            return Err(EXPECTED.to_owned());
        }
        let members: Members<'a> = serde_json::from_str(line).map_err(|error| format!("{EXPECTED}; {error}"))?;
        match members {
            Members { records: Some(IgnoredAny), .. } => Ok(Self::Event),
            Members { headers: Some(headers), client_ip, .. } => Plain::read(headers, client_ip).map(Self::Plain),
            Members { headers: None, .. } => Err(EXPECTED.to_owned()),
        }
    }
}

impl<'a> Plain<'a> {
    fn read(headers: Headers<'a>, client_ip: Option<&'a RawValue>) -> Result<Self, String> {
        let line = |(name, value): (Cow<'a, str>, &'a RawValue)| match lines(value.get()) {
            Some(lines) => Ok((name, lines)),
            None => Err(format!("headers.{name}: expected a text or a list of texts")),
        };
        let address = |value: &'a RawValue| json_text(value.get()).ok_or("clientIp: expected a text");
        Ok(Self {
            headers: headers.0.into_iter().map(line).collect::<Result<_, _>>()?,
            client_ip: client_ip.map(address).transpose()?,
        })
    }

    fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = self.headers.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name));
        named.flat_map(|(_, lines)| lines).map(|line| &**line)
    }
}

impl Request for Plain<'_> {
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.lines("cookie")
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.lines(name).next()
    }

    fn client_ip(&self) -> Option<&[u8]> {
        self.client_ip.as_deref()
    }
}

/// The lines of a header: one value, or a list of them.
fn lines(value: &str) -> Option<Vec<Text<'_>>> {
    if !value.starts_with('[') {
        return json_text(value).map(|line| vec![line]);
    }
    let values: Vec<&RawValue> = serde_json::from_str(value).ok()?;
    values.into_iter().map(|value| json_text(value.get())).collect()
}

/// The members of an object in the order of the text. A name may come again: each is a line of its own.
struct Headers<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Headers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of headers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers<'de>, A::Error> {
                let mut headers = Vec::with_capacity(8);
                while let Some((Name(name), value)) = map.next_entry()? {
                    headers.push((name, value));
                }
                Ok(Headers(headers))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
