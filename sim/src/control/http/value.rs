//! Members of a request's body, with the types that the API's model gives them.

use jiff::Timestamp;
use serde_json::Value;

use crate::control::Refusal;

/// A body that is read member by member.
#[derive(Clone, Copy)]
pub(super) struct Members<'a>(pub(super) &'a Value);

impl<'a> Members<'a> {
    /// A member that is there and not null.
    pub(super) fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn typed<T>(self, name: &str, what: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<Option<T>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(Refusal::new(400, "SerializationException", format!("{name}: expected {what}"))),
            },
        }
    }

    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.typed(name, "a text", Value::as_str)
    }

    pub(super) fn flag(self, name: &str) -> Result<bool, Refusal> {
        Ok(self.typed(name, "true or false", Value::as_bool)?.unwrap_or_default())
    }

    pub(super) fn integer(self, name: &str) -> Result<Option<i64>, Refusal> {
        self.typed(name, "an integer", Value::as_i64)
    }

    pub(super) fn number(self, name: &str) -> Result<Option<f64>, Refusal> {
        self.typed(name, "a number", Value::as_f64)
    }

    pub(super) fn list(self, name: &str) -> Result<&'a [Value], Refusal> {
        Ok(self.typed(name, "a list", Value::as_array)?.map_or(&[], Vec::as_slice))
    }

    pub(super) fn texts(self, name: &str) -> Result<Vec<String>, Refusal> {
        let text = |value: &Value| {
            let text = value.as_str().map(str::to_owned);
            text.ok_or_else(|| Refusal::new(400, "SerializationException", format!("{name}: expected texts")))
        };
        self.list(name)?.iter().map(text).collect()
    }

    /// Seconds since 1970, or RFC 3339.
    pub(super) fn time(self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        self.typed(name, "a time", |value| match value {
            Value::String(text) => text.parse().ok(),
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds, as exact as AWS's own")]
            value => Timestamp::from_millisecond((value.as_f64()? * 1e3).round() as i64).ok(),
        })
    }

    /// A member that has to be there.
    pub(super) fn need(self, name: &str) -> Result<&'a str, Refusal> {
        self.text(name)?.ok_or_else(|| Refusal::constraint("null", name, "not be null"))
    }
}
