//! JSON objects whose values stay as they came.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::edit::Quoted;

/// An object: its names, and its values as text. What is not touched is written as it was read.
#[derive(Debug)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Object<'a> {
    /// Reads an object, or nothing from any other value.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text of a member. Of several with one name the last counts, as in JavaScript.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(found, _)| found == name).map(|(_, value)| &**value)
    }

    /// The text of a member, as long as the text that was read.
    pub(crate) fn get_as_read(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(found, _)| found == name).and_then(|(_, value)| match value {
            Cow::Borrowed(value) => Some(*value),
            Cow::Owned(_) => None,
        })
    }

    /// Sets a member, in its place or at the end.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        match self.0.iter().position(|(found, _)| found == name) {
            Some(at) => {
                self.0[at].1 = Cow::Owned(value);
                let mut index = 0;
                self.0.retain(|(found, _)| {
                    index += 1;
                    index <= at + 1 || found != name
                });
            }
            None => self.0.push((Cow::Owned(name.to_owned()), Cow::Owned(value))),
        }
    }

    /// Writes the object.
    pub(crate) fn write(&self, out: &mut String) {
        let mut separator = '{';
        for (name, value) in &self.0 {
            out.push(separator);
            separator = ',';
            // Writing into a String does not fail.
            let _ = write!(out, "{}:{value}", Quoted(name));
        }
        out.push_str(if self.0.is_empty() { "{}" } else { "}" });
    }

    /// The object as text.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::with_capacity(self.0.iter().map(|(name, value)| name.len() + value.len() + 4).sum());
        self.write(&mut out);
        out
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(Cow<'de, str>, Cow<'de, str>)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push((name, Cow::Borrowed(value.get())));
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Members).map(Object)
    }
}

/// A name, borrowed where it holds no escape.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The bytes of a JSON string as UTF-8, or nothing from any other value.
///
/// A surrogate that stands alone becomes U+FFFD, as JavaScript's encoder makes it.
pub(crate) fn text(value: &str) -> Option<Cow<'_, [u8]>> {
    let plain = value.strip_prefix('"')?.strip_suffix('"')?;
    if !plain.contains('\\') {
        return Some(Cow::Borrowed(plain.as_bytes()));
    }
    serde_json::from_str(value).ok().map(|Unescaped(bytes)| Cow::Owned(bytes))
}

struct Unescaped(Vec<u8>);

impl<'de> Deserialize<'de> for Unescaped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                let mut bytes = bytes.to_vec();
                // Read as bytes, serde_json writes a lone surrogate in three bytes that UTF-8 has no other use for.
                for at in 0..bytes.len().saturating_sub(2) {
                    if bytes[at] == 0xED && bytes[at + 1] >= 0xA0 {
                        bytes[at..at + 3].copy_from_slice("\u{FFFD}".as_bytes());
                    }
                }
                Ok(bytes)
            }
        }

        deserializer.deserialize_bytes(Bytes).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_written_as_it_was_read() {
        let mut object = Object::read(r#"{"a": 1.50e1, "b\n":[ 1 ],"a":null}"#).unwrap();
        assert_eq!(object.get("a"), Some("null"));
        assert_eq!(object.to_text(), r#"{"a":1.50e1,"b\n":[ 1 ],"a":null}"#);
        object.set("a", "true".into());
        object.set("c", "0".into());
        assert_eq!(object.to_text(), r#"{"a":true,"b\n":[ 1 ],"c":0}"#);
        assert_eq!(Object::read("{}").unwrap().to_text(), "{}");
        assert!(Object::read("[]").is_none());
    }

    #[test]
    fn a_text_is_utf8_with_lone_surrogates_replaced() {
        for (json, expected) in [
            (r#""plain""#, Some("plain")),
            (r#""a\u00e9\n""#, Some("aé\n")),
            (r#""\ud83d\ude00""#, Some("😀")),
            (r#""\ud83d""#, Some("\u{FFFD}")),
            (r#""\ude00x\ud83d\ud83d""#, Some("\u{FFFD}x\u{FFFD}\u{FFFD}")),
            (r#""\ud7ff\\""#, Some("\u{d7ff}\\")),
            ("1", None),
            ("null", None),
            (r#"["a"]"#, None),
        ] {
            assert_eq!(text(json).as_deref(), expected.map(str::as_bytes), "{json}");
        }
    }
}
