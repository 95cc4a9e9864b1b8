//! CBOR as Smithy's RPC v2 uses it, to and from JSON values.
//!
//! <https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html>

use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

use crate::control::Refusal;

/// The tag of a time in seconds since 1970.
const EPOCH: u64 = 1;

/// A body as a JSON value; times are numbers, bytes are not part of what CloudWatch takes.
///
/// # Errors
///
/// When it is not CBOR.
pub(super) fn decode(body: &[u8]) -> Result<Value, Refusal> {
    if body.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    let serialization = |problem: String| Refusal::new(400, "SerializationException", problem);
    let value = ciborium::from_reader(body).map_err(|error| serialization(error.to_string()))?;
    to_json(value).ok_or_else(|| serialization("expected maps, lists, texts, numbers and times".into()))
}

/// A JSON value as a body; members whose names say that they are times are tagged so.
pub(super) fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A vector takes everything that is written to it.
    let _ = ciborium::into_writer(&to_cbor(value, false), &mut bytes);
    bytes
}

fn to_json(value: Cbor) -> Option<Value> {
    Some(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => value.into(),
        Cbor::Integer(value) => Value::from(i64::try_from(value).ok()?),
        Cbor::Float(value) => Value::Number(Number::from_f64(value)?),
        Cbor::Text(value) => value.into(),
        Cbor::Tag(EPOCH, value) => to_json(*value)?,
        Cbor::Array(values) => Value::Array(values.into_iter().map(to_json).collect::<Option<_>>()?),
        Cbor::Map(entries) => {
            let entry = |(name, value): (Cbor, Cbor)| Some((name.into_text().ok()?, to_json(value)?));
            Value::Object(entries.into_iter().map(entry).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn to_cbor(value: &Value, time: bool) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(value) => Cbor::Bool(*value),
        Value::Number(_) if time => Cbor::Tag(EPOCH, Box::new(to_cbor(value, false))),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Cbor::Integer(integer.into()),
            None => Cbor::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(values) => Cbor::Array(values.iter().map(|value| to_cbor(value, time)).collect()),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                (Cbor::Text(name.clone()), to_cbor(value, name.ends_with("Timestamp") || name == "Timestamps"))
            };
            Cbor::Map(members.iter().map(member).collect())
        }
    }
}
