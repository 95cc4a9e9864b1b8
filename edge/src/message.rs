//! An event as JSON text: the fields that are read, and its message with edits spliced in.
//!
//! Whatever is not edited stays byte for byte as it came, so a field that CloudFront adds one day survives.

mod error;

use std::{borrow::Cow, ops::Range};

use error::Expected;

pub use error::EventError;

use crate::{
    cookies::without_cookie,
    edit::{Edit, OriginValue, quote},
    event::{Event, Field},
    handler::Trigger,
    json::{self, Cursor, Name},
};

/// An event: the values of the fields that are read, and where the message is in the text.
#[derive(Debug)]
pub struct NativeEvent<'a> {
    text: &'a str,
    message: Message<'a>,
    values: Vec<(Field<'a>, Option<Cow<'a, [u8]>>)>,
}

/// What is read of `Records[0].cf`.
#[derive(Debug, Default)]
struct Parts<'a> {
    event_type: Option<Range<usize>>,
    request: Option<Message<'a>>,
    response: Option<Message<'a>>,
}

/// The places of a request's or response's members that matter.
#[derive(Debug, Default)]
struct Message<'a> {
    whole: Range<usize>,
    headers: Option<Object<'a>>,
    client_ip: Option<Range<usize>>,
    /// The fields of the origin: of a custom one, of an S3 one. There is one of them in any event of CloudFront's.
    origin: [Option<Object<'a>>; 2],
}

/// The places of an object and of every member in it.
#[derive(Debug)]
struct Object<'a> {
    whole: Range<usize>,
    members: Vec<(Name<'a>, Range<usize>)>,
}

impl<'a> NativeEvent<'a> {
    /// Finds these fields of an event.
    ///
    /// # Errors
    /// An [`EventError`] if the text is no event whose message has headers.
    pub fn read(text: &'a str, trigger: Trigger, fields: Vec<Field<'a>>) -> Result<Self, EventError<'a>> {
        let parts = parts(text).ok_or(EventError { expected: Expected::Event, message: None })?;
        let (of, is_request) = (parts.trigger(text), trigger.message() == "request");
        let is_about_request = match of {
            Some(of) => of.message() == "request",
            // An event that does not name its trigger is about the response, if it has one.
            None => parts.response.as_ref().is_none_or(|response| response.object(text).is_none()),
        };
        let (message, other) = if is_about_request { (parts.request, None) } else { (parts.response, parts.request) };
        let came = message.as_ref().and_then(|message| message.object(text));
        if of.is_some_and(|of| of != trigger) || is_about_request != is_request {
            return Err(EventError { expected: Expected::Trigger(trigger), message: came });
        }
        let no_headers = EventError { expected: Expected::Headers(trigger), message: came };
        let Some(message) = message.filter(|_| came.is_some()) else { return Err(no_headers) };
        let Some(headers) = message.headers.as_ref() else { return Err(no_headers) };

        let request = if is_request { Some(&message) } else { other.as_ref() };
        let request_header = |name| request?.headers.as_ref()?.get(text, name);
        let value = |field| match field {
            Field::Cookies => lines(request_header("cookie")?, ";"),
            Field::Header(name) => first_line(request_header(name)?),
            Field::ClientIp => json::text(&text[request?.client_ip.clone()?]),
            Field::Origin(name) => origin_field(text, &request?.origin, name),
            Field::OriginKind => match &request?.origin {
                [_, Some(_)] => Some(Cow::Borrowed(&b"s3"[..])),
                [Some(_), None] => Some(Cow::Borrowed(&b"custom"[..])),
                [None, None] => None,
            },
            Field::ResponseHeader(name) => lines(headers.get(text, name)?, ", "),
        };
        let values = fields.into_iter().map(|field| (field, value(field))).collect();
        Ok(Self { text, values, message })
    }

    /// The message as JSON after these edits.
    #[must_use]
    pub fn edited(&self, edits: &[Edit]) -> String {
        let mut splices = Splices { text: self.text, list: Vec::with_capacity(edits.len()) };
        let mut is_empty = self.remove(&mut splices, edits);
        for edit in edits {
            match edit {
                Edit::Header { name, key, value } => self.set_header(&mut splices, &mut is_empty, name, key, value),
                Edit::Append { name, key, value } => {
                    let before = self.message.headers.as_ref().and_then(|headers| headers.get(self.text, name));
                    let before = before.and_then(|text| lines(text, ", ")).unwrap_or_default();
                    let list = [&*String::from_utf8_lossy(&before), ", ", value].concat();
                    self.set_header(&mut splices, &mut is_empty, name, key, &list);
                }
                Edit::ForwardHost { name, key } => {
                    if let Some(host) = self.host() {
                        self.set_header(&mut splices, &mut is_empty, name, key, &host);
                    }
                }
                Edit::Line { name, key, value } => self.add_line(&mut splices, &mut is_empty, name, key, value),
                Edit::Origin { field, value } => self.set_origin(&mut splices, field, value),
                Edit::Remove { .. } | Edit::RemoveCookie { .. } | Edit::LogOrigin { .. } => {}
            }
        }
        splices.apply(self.message.whole.clone())
    }

    /// Makes the edits that remove; whether no header is left.
    fn remove(&self, splices: &mut Splices<'_>, edits: &[Edit]) -> bool {
        let Some(headers) = &self.message.headers else { return true };
        let mut removed: Vec<&str> = Vec::new();
        for edit in edits {
            match edit {
                Edit::Remove { name } => removed.push(name),
                Edit::ForwardHost { name, .. } if self.host().is_none() => removed.push(name),
                Edit::RemoveCookie { name } => {
                    let Some(place) = headers.place("cookie") else { continue };
                    match lines_without_cookie(&self.text[place.clone()], name) {
                        None => {}
                        Some(left) if left == "[]" => removed.push("cookie"),
                        Some(left) => splices.list.push((place, left)),
                    }
                }
                _ => {}
            }
        }
        let members = &headers.members;
        if removed.is_empty() {
            return members.is_empty();
        }
        let is_removed = |name: Name<'_>| removed.iter().any(|removed| name.is(removed));
        let first = members.iter().position(|(name, _)| !is_removed(*name));
        let kept_from = first.unwrap_or(members.len());
        // With what is first goes the comma behind it, with everything else the one before it.
        if let (Some((name, _)), Some((_, last))) = (members.first(), members.get(..kept_from).and_then(<[_]>::last)) {
            let end = members.get(kept_from).map_or(last.end, |(name, _)| name.start());
            splices.list.push((name.start()..end, String::new()));
        }
        for pair in members.get(kept_from..).unwrap_or_default().windows(2) {
            if is_removed(pair[1].0) {
                splices.list.push((pair[0].1.end..pair[1].1.end, String::new()));
            }
        }
        first.is_none()
    }

    /// The viewer's host, with its port if it has one; none if it is no host, in characters at least.
    fn host(&self) -> Option<String> {
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
        let host = first_line(self.message.headers.as_ref()?.get(self.text, "host")?)?;
        let host = String::from_utf8(host.into_owned()).ok()?;
        (matches!(host.len(), 1..=255) && host.bytes().all(valid)).then_some(host)
    }

    fn set_header(&self, splices: &mut Splices<'_>, is_empty: &mut bool, name: &str, key: &str, value: &str) {
        let Some(headers) = &self.message.headers else { return };
        let mut text = String::with_capacity(name.len() + key.len() + value.len() + 32);
        let place = headers.place(name);
        if place.is_none() {
            text.push_str(if std::mem::take(is_empty) { "" } else { "," });
            quote(name, &mut text);
            text.push(':');
        }
        text.push('[');
        line(key, value, &mut text);
        text.push(']');
        let end = headers.whole.end - 1;
        splices.list.push((place.unwrap_or(end..end), text));
    }

    fn add_line(&self, splices: &mut Splices<'_>, is_empty: &mut bool, name: &str, key: &str, value: &str) {
        let lines = self.message.headers.as_ref().and_then(|headers| headers.place(name));
        let Some(end) = lines.filter(|place| self.text[place.clone()].starts_with('[')).map(|place| place.end - 1)
        else {
            return self.set_header(splices, is_empty, name, key, value);
        };
        let mut text = String::new();
        let is_first = self.text[..end].trim_end().ends_with('[');
        text.push_str(if is_first { "" } else { "," });
        line(key, value, &mut text);
        splices.list.push((end..end, text));
    }

    fn set_origin(&self, splices: &mut Splices<'_>, field: &str, value: &OriginValue) {
        for (kind, fields) in self.message.origin.iter().enumerate() {
            let Some(fields) = fields else { continue };
            let mut text = String::with_capacity(64);
            let place = fields.place(field);
            if place.is_none() {
                if kind != 1 || field != "region" {
                    continue;
                }
                text.push_str(if fields.members.is_empty() { "" } else { "," });
                quote(field, &mut text);
                text.push(':');
            }
            value.json(&mut text);
            let end = fields.whole.end - 1;
            splices.list.push((place.unwrap_or(end..end), text));
        }
    }
}

impl Event for NativeEvent<'_> {
    fn get(&self, field: Field<'_>) -> Option<&[u8]> {
        self.values.iter().find(|(found, _)| *found == field)?.1.as_deref()
    }
}

/// What matters in `Records[0].cf`. The whole text is read, so what is cut off is no event.
fn parts(text: &str) -> Option<Parts<'_>> {
    let mut found = None;
    let mut cursor = Cursor::new(text);
    cursor.members(|name, cursor| {
        if !name.is("Records") {
            return cursor.value().map(drop);
        }
        found = None;
        cursor.items(|at, cursor| match at {
            0 => cursor.members(|name, cursor| match name.is("cf") {
                false => cursor.value().map(drop),
                true => {
                    found = Some(Parts::read(cursor)?);
                    Some(())
                }
            }),
            _ => cursor.value().map(drop),
        })
    })?;
    if cursor.is_done() { found } else { None }
}

impl<'a> Parts<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        let mut parts = Self::default();
        cursor.members(|name, cursor| {
            if name.is("request") {
                parts.request = Some(Message::read(cursor)?);
            } else if name.is("response") {
                parts.response = Some(Message::read(cursor)?);
            } else if name.is("config") {
                parts.event_type = event_type(cursor)?;
            } else {
                cursor.value()?;
            }
            Some(())
        })?;
        Some(parts)
    }

    /// The trigger that the event names, if it is one of CloudFront's.
    fn trigger(&self, text: &str) -> Option<Trigger> {
        let name = json::text(&text[self.event_type.clone()?])?;
        Trigger::ALL.into_iter().find(|trigger| trigger.as_str().as_bytes() == &*name)
    }
}

fn event_type(cursor: &mut Cursor<'_>) -> Option<Option<Range<usize>>> {
    let mut found = None;
    if !cursor.is_at_object() {
        cursor.value()?;
        return Some(found);
    }
    cursor.members(|name, cursor| {
        let value = cursor.value()?;
        if name.is("eventType") {
            found = Some(value);
        }
        Some(())
    })?;
    Some(found)
}

impl<'a> Message<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        if !cursor.is_at_object() {
            return Some(Self { whole: cursor.value()?, ..Self::default() });
        }
        let start = cursor.at();
        let mut message = Self::default();
        cursor.members(|name, cursor| {
            if name.is("headers") {
                message.headers = Object::read(cursor)?;
            } else if name.is("origin") {
                message.origin = origin(cursor)?;
            } else {
                let value = cursor.value()?;
                if name.is("clientIp") {
                    message.client_ip = Some(value);
                }
            }
            Some(())
        })?;
        message.whole = start..cursor.at();
        Some(message)
    }

    /// The message's text, if it is an object at all.
    fn object(&self, text: &'a str) -> Option<&'a str> {
        Some(&text[self.whole.clone()]).filter(|text| text.starts_with('{'))
    }
}

impl<'a> Object<'a> {
    /// Reads an object; nothing from another value.
    fn read(cursor: &mut Cursor<'a>) -> Option<Option<Self>> {
        if !cursor.is_at_object() {
            return cursor.value().map(|_| None);
        }
        let start = cursor.at();
        let mut members = Vec::with_capacity(16);
        cursor.members(|name, cursor| {
            members.push((name, cursor.value()?));
            Some(())
        })?;
        Some(Some(Self { whole: start..cursor.at(), members }))
    }

    fn place(&self, name: &str) -> Option<Range<usize>> {
        self.members.iter().rev().find(|(found, _)| found.is(name)).map(|(_, place)| place.clone())
    }

    fn get(&self, text: &'a str, name: &str) -> Option<&'a str> {
        self.place(name).map(|place| &text[place])
    }
}

/// A header line as JSON.
fn line(key: &str, value: &str, out: &mut String) {
    out.push_str("{\"key\":");
    quote(key, out);
    out.push_str(",\"value\":");
    quote(value, out);
    out.push('}');
}

/// New texts for places of a text.
struct Splices<'a> {
    text: &'a str,
    list: Vec<(Range<usize>, String)>,
}

impl Splices<'_> {
    /// The text of a range with all places in it replaced.
    fn apply(mut self, range: Range<usize>) -> String {
        self.list.sort_by_key(|(place, _)| place.start);
        let added: usize = self.list.iter().map(|(_, new)| new.len()).sum();
        let mut out = String::with_capacity(range.len() + added);
        let mut at = range.start;
        for (place, new) in &self.list {
            out.push_str(&self.text[at..place.start]);
            out.push_str(new);
            at = place.end;
        }
        out.push_str(&self.text[at..range.end]);
        out
    }
}

/// The value of every header line, or nothing for a line that has none.
fn values<'a>(lines: &'a str, mut visit: impl FnMut(usize, Option<Cow<'a, [u8]>>)) -> Option<()> {
    Cursor::new(lines).items(|at, cursor| {
        let line = &lines[cursor.value()?];
        visit(at, json::member(line, "value").and_then(|place| json::text(&line[place])));
        Some(())
    })
}

fn first_line(lines: &str) -> Option<Cow<'_, [u8]>> {
    let mut first = None;
    values(lines, |at, value| {
        if at == 0 {
            first = value;
        }
    })?;
    first
}

/// Cookie lines without a cookie, as JSON; none if there is no such cookie. A line of which nothing is left goes too.
fn lines_without_cookie(lines: &str, name: &str) -> Option<String> {
    let mut left = String::from("[");
    let mut is_changed = false;
    Cursor::new(lines).items(|_, cursor| {
        let line = &lines[cursor.value()?];
        let place = json::member(line, "value");
        let value = place.clone().and_then(|place| json::text(&line[place]));
        let shorter = value.and_then(|value| without_cookie(&value, name));
        is_changed |= shorter.is_some();
        if shorter.as_ref().is_some_and(Vec::is_empty) {
            return Some(());
        }
        left.push_str(if left.len() > 1 { "," } else { "" });
        match place.zip(shorter) {
            None => left.push_str(line),
            Some((place, shorter)) => {
                left.push_str(&line[..place.start]);
                quote(&String::from_utf8_lossy(&shorter), &mut left);
                left.push_str(&line[place.end..]);
            }
        }
        Some(())
    })?;
    left.push(']');
    is_changed.then_some(left)
}

/// The values of all header lines, joined.
fn lines<'a>(lines: &'a str, separator: &str) -> Option<Cow<'a, [u8]>> {
    let mut joined: Option<Cow<'a, [u8]>> = None;
    values(lines, |_, value| match (&mut joined, value) {
        (Some(joined), Some(value)) => {
            let joined = joined.to_mut();
            joined.extend_from_slice(separator.as_bytes());
            joined.extend_from_slice(&value);
        }
        (None, value) => joined = value,
        (Some(_), None) => {}
    })?;
    joined
}

/// The fields of the origin in `{"custom": {…}}` or `{"s3": {…}}`.
fn origin<'a>(cursor: &mut Cursor<'a>) -> Option<[Option<Object<'a>>; 2]> {
    let mut kinds = [None, None];
    if !cursor.is_at_object() {
        cursor.value()?;
        return Some(kinds);
    }
    cursor.members(|name, cursor| {
        if name.is("custom") {
            kinds[0] = Object::read(cursor)?;
        } else if name.is("s3") {
            kinds[1] = Object::read(cursor)?;
        } else {
            cursor.value()?;
        }
        Some(())
    })?;
    Some(kinds)
}

/// A field of the origin that has it.
fn origin_field<'a>(text: &'a str, origin: &[Option<Object<'a>>], name: &str) -> Option<Cow<'a, [u8]>> {
    let mut values = origin.iter().flatten().filter_map(|fields| fields.get(text, name));
    let value = values.find(|value| *value != "null")?;
    if value.len() < 16 && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Cow::Borrowed(value.as_bytes()));
    }
    json::text(value).or_else(|| whole_number(value))
}

/// A whole number in decimal, however it is written: JavaScript does not know 443 from 443.0.
fn whole_number(value: &str) -> Option<Cow<'_, [u8]>> {
    const SAFE: f64 = 9_007_199_254_740_991.0;
    let number: f64 = value.parse().ok()?;
    let is_whole = (0.0..=SAFE).contains(&number) && number.fract() == 0.0;
    // What is added takes the sign from a zero.
    is_whole.then(|| Cow::Owned(format!("{:.0}", number + 0.0).into_bytes()))
}
