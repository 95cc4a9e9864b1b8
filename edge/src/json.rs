//! JSON text in pieces: a cursor that finds values and leaves them as they came.
//!
//! An event is read once, from its first byte to its last, and only what a handler asks for is decoded. What is skipped
//! is not proven to be JSON: it goes back to CloudFront, which wrote it.

use std::{borrow::Cow, fmt, ops::Range};

use serde::{Deserialize, Deserializer, de::Visitor};

/// A place in a JSON text. Every method is `None` where the text is no JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Where the cursor is.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// Whether an object comes next.
    pub(crate) fn is_at_object(&mut self) -> bool {
        self.peek() == Some(b'{')
    }

    /// Whether nothing but white space is left.
    pub(crate) fn is_done(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The next byte that is no white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    #[inline]
    fn take(&mut self, expected: u8) -> Option<()> {
        (self.peek()? == expected).then(|| self.at += 1)
    }

    /// Skips the rest of a string of which the first quote is behind; says whether something in it is escaped.
    #[inline]
    fn rest_of_string(&mut self) -> Option<bool> {
        let bytes = self.text.as_bytes();
        let mut is_escaped = false;
        loop {
            self.at += quote_or_backslash(bytes.get(self.at..)?)? + 1;
            if bytes[self.at - 1] == b'"' {
                return Some(is_escaped);
            }
            // Whatever is escaped, a quote and a backslash too. The rest of a longer escape is plain text.
            is_escaped = true;
            self.at += 1;
        }
    }

    /// Skips a member's name.
    #[inline]
    fn name(&mut self) -> Option<Name<'a>> {
        self.take(b'"')?;
        let start = self.at;
        let is_escaped = self.rest_of_string()?;
        Some(Name { written: &self.text[start..self.at - 1], is_escaped, start: start - 1 })
    }

    /// Skips a value and returns its place.
    pub(crate) fn value(&mut self) -> Option<Range<usize>> {
        let first = self.peek()?;
        let start = self.at;
        match first {
            b'{' | b'[' | b'"' => self.nested()?,
            _ => {
                let token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
                let rest = &self.text.as_bytes()[self.at..];
                self.at += rest.iter().position(|byte| !token(byte)).unwrap_or(rest.len());
            }
        }
        (self.at > start).then_some(start..self.at)
    }

    /// Skips a string, or an object or a list however deep it is.
    fn nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.at += 1;
            match self.text.as_bytes().get(self.at - 1)? {
                b'"' => {
                    self.rest_of_string()?;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => continue,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Visits the members of an object, in order. The visitor gets a name and has to pass the value.
    pub(crate) fn members(&mut self, mut visit: impl FnMut(Name<'a>, &mut Self) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            return self.take(b'}');
        }
        loop {
            let name = self.name()?;
            self.take(b':')?;
            self.peek()?;
            visit(name, self)?;
            match self.peek()? {
                b',' => self.take(b',')?,
                _ => return self.take(b'}'),
            }
        }
    }

    /// Visits the items of a list, in order. The visitor gets an index and has to pass the item.
    pub(crate) fn items(&mut self, mut visit: impl FnMut(usize, &mut Self) -> Option<()>) -> Option<()> {
        self.take(b'[')?;
        if self.peek()? == b']' {
            return self.take(b']');
        }
        for at in 0.. {
            self.peek()?;
            visit(at, self)?;
            match self.peek()? {
                b',' => self.take(b',')?,
                _ => return self.take(b']'),
            }
        }
        None
    }
}

/// The first `"` or `\`. Most strings of an event are short: the call of a search costs more than the search.
#[inline]
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xFF;
    // The highest bit of every byte of `word` that equals `byte`; above the first such byte there may be others.
    let equal = |word: u64, byte: u8| {
        let zero = word ^ (ONES * u64::from(byte));
        zero.wrapping_sub(ONES) & !zero & (ONES << 7)
    };
    let (words, _) = bytes.as_chunks();
    for (at, word) in words.iter().take(4).enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = equal(word, b'"') | equal(word, b'\\');
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let searched = words.len().min(4) * 8;
    memchr::memchr2(b'"', b'\\', &bytes[searched..]).map(|found| searched + found)
}

/// A member's name as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name<'a> {
    written: &'a str,
    is_escaped: bool,
    /// Where its first quote is.
    start: usize,
}

impl Name<'_> {
    /// Where its first quote is.
    pub(crate) const fn start(self) -> usize {
        self.start
    }

    #[inline]
    pub(crate) fn is(self, name: &str) -> bool {
        if self.is_escaped { unescaped(self.written).as_deref() == Some(name.as_bytes()) } else { self.written == name }
    }
}

/// The place of an object's member. Of several with one name the last counts, as in JavaScript.
pub(crate) fn member(object: &str, name: &str) -> Option<Range<usize>> {
    let mut found = None;
    Cursor::new(object).members(|member, cursor| {
        let value = cursor.value()?;
        if member.is(name) {
            found = Some(value);
        }
        Some(())
    })?;
    found
}

/// The bytes of a JSON string as UTF-8, or nothing from any other value.
///
/// A surrogate that stands alone becomes U+FFFD, as JavaScript's encoder makes it.
///
/// ```
/// assert_eq!(onebox_edge::json_text(r#""7f\u0033a""#).as_deref(), Some(&b"7f3a"[..]));
/// assert_eq!(onebox_edge::json_text("[]"), None);
/// ```
#[must_use]
pub fn text(value: &str) -> Option<Cow<'_, [u8]>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { unescaped(inner) } else { Some(Cow::Borrowed(inner.as_bytes())) }
}

fn unescaped(inner: &str) -> Option<Cow<'static, [u8]>> {
    serde_json::from_str(&["\"", inner, "\""].concat()).ok().map(|Unescaped(bytes)| Cow::Owned(bytes))
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
    fn the_last_member_of_a_name_counts() {
        let object = r#" { "a" : 1.50e1 , "b\n":[ {"a":"]"} ], "\u0061":null } "#;
        let at = |name| member(object, name).map(|place| &object[place]);
        assert_eq!(at("a"), Some("null"));
        assert_eq!(at("b\n"), Some(r#"[ {"a":"]"} ]"#));
        assert_eq!(at("c"), None);
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in [
            "",
            "{",
            "[]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1",
            "{\"a\":1,}",
            "{\"a\":\"\\",
            "{\"a\":\"\\é",
            "{\"a\":[}",
            "1",
            "\"a\"",
        ] {
            assert_eq!(member(text, "a"), None, "{text}");
        }
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
