//! An event as JSON text: its fields, and its message with edits applied.

use std::{borrow::Cow, error, fmt};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    edit::{Edit, OriginValue, Quoted},
    event::{Event, Field},
    handler::Trigger,
    json::{self, Object},
};

/// An event: the values of the fields that are read, and the message in pieces.
pub(crate) struct NativeEvent<'a> {
    values: Vec<(Field<'a>, Option<Cow<'a, [u8]>>)>,
    message: Object<'a>,
    headers: Object<'a>,
}

/// Why a text is no event of a trigger.
#[derive(Debug)]
pub struct EventError<'a> {
    expected: &'static str,
    message: Option<&'a str>,
}

#[derive(Deserialize)]
struct Outer<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<Record<'a>>,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    cf: Cf<'a>,
}

#[derive(Deserialize)]
struct Cf<'a> {
    #[serde(borrow, default)]
    request: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
}

impl<'a> NativeEvent<'a> {
    pub(crate) fn read(text: &'a str, trigger: Trigger, fields: Vec<Field<'a>>) -> Result<Self, EventError<'a>> {
        let outer: Outer<'a> = serde_json::from_str(text).map_err(|_| EventError::of("an event with Records[0].cf"))?;
        let cf = outer.records.into_iter().next().ok_or(EventError::of("an event with Records[0].cf"))?.cf;
        let (found, expected) = match trigger.message() {
            "request" => (cf.request, "a request with headers"),
            _ => (cf.response, "a response with headers"),
        };
        let found = found.ok_or(EventError::of(expected))?.get();
        let message = Object::read(found).ok_or(EventError { expected, message: Some(found) })?;
        let headers = message.get_as_read("headers").and_then(Object::read);
        let headers = headers.ok_or(EventError { expected, message: Some(found) })?;

        // A response's handler reads the request as well; a request's handler has it in its hands.
        let other = cf.request.filter(|_| trigger.message() == "response").and_then(|text| Object::read(text.get()));
        let other_headers = other.as_ref().and_then(|other| other.get_as_read("headers")).and_then(Object::read);
        let request = other.as_ref().unwrap_or(&message);
        let request_headers = other_headers.as_ref().unwrap_or(&headers);

        let value = |field| match field {
            Field::Cookies => lines(request_headers.get_as_read("cookie")?, ";"),
            Field::Header(name) => first_line(request_headers.get_as_read(name)?),
            Field::ClientIp => json::text(request.get_as_read("clientIp")?),
            Field::Origin(name) => origin_field(request.get_as_read("origin")?, name),
            Field::ResponseHeader(name) => lines(headers.get_as_read(name)?, ", "),
        };
        let values = fields.into_iter().map(|field| (field, value(field))).collect();
        Ok(Self { values, message, headers })
    }

    /// The message as JSON after these edits.
    pub(crate) fn edited(mut self, edits: &[Edit]) -> String {
        for edit in edits {
            match edit {
                Edit::Header { name, key, value } => self.headers.set(name, one_line(key, value)),
                Edit::Append { name, key, value } => {
                    let before = self.headers.get(name).and_then(|text| lines(text, ", ")).unwrap_or_default();
                    let list = [&*String::from_utf8_lossy(&before), ", ", value].concat();
                    self.headers.set(name, one_line(key, &list));
                }
                Edit::Origin { field, value } => {
                    if let Some(origin) = self.message.get("origin").and_then(|origin| with_field(origin, field, value)) {
                        self.message.set("origin", origin);
                    }
                }
            }
        }
        self.message.set("headers", self.headers.to_text());
        self.message.to_text()
    }
}

impl Event for NativeEvent<'_> {
    fn get(&self, field: Field<'_>) -> Option<&[u8]> {
        self.values.iter().find(|(found, _)| *found == field)?.1.as_deref()
    }
}

impl<'a> EventError<'a> {
    const fn of(expected: &'static str) -> Self {
        Self { expected, message: None }
    }

    /// The message as it came, where there is one.
    pub(crate) fn message(&self) -> Option<&'a str> {
        self.message
    }
}

impl fmt::Display for EventError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl error::Error for EventError<'_> {}

/// The value of a header line.
fn line(text: &str) -> Option<Cow<'_, [u8]>> {
    json::text(Object::read(text)?.get_as_read("value")?)
}

fn first_line(text: &str) -> Option<Cow<'_, [u8]>> {
    line(serde_json::from_str::<Vec<&RawValue>>(text).ok()?.first()?.get())
}

/// The values of all header lines, joined.
fn lines<'a>(text: &'a str, separator: &str) -> Option<Cow<'a, [u8]>> {
    let lines: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let mut values = lines.into_iter().filter_map(|text| line(text.get()));
    let mut joined = values.next()?;
    for value in values {
        let joined = joined.to_mut();
        joined.extend_from_slice(separator.as_bytes());
        joined.extend_from_slice(&value);
    }
    Some(joined)
}

/// A field of the one origin in `{"custom": {…}}` or `{"s3": {…}}`.
fn origin_field<'a>(text: &'a str, name: &str) -> Option<Cow<'a, [u8]>> {
    let origin = Object::read(text)?;
    let value = ["custom", "s3"].iter().find_map(|kind| Object::read(origin.get_as_read(kind)?)?.get_as_read(name))?;
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Cow::Borrowed(value.as_bytes()));
    }
    json::text(value)
}

/// The origin with another value in a field that it has.
fn with_field(text: &str, field: &str, value: &OriginValue) -> Option<String> {
    let mut origin = Object::read(text)?;
    for kind in ["custom", "s3"] {
        if let Some(mut fields) = origin.get_as_read(kind).and_then(Object::read)
            && fields.get(field).is_some()
        {
            fields.set(field, value.to_string());
            origin.set(kind, fields.to_text());
        }
    }
    Some(origin.to_text())
}

/// A header of one line.
fn one_line(key: &str, value: &str) -> String {
    format!("[{{\"key\":{},\"value\":{}}}]", Quoted(key), Quoted(value))
}
