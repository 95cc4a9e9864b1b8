//! What a module tells its loader, as JSON.
//!
//! It is written piece by piece and not formatted: a cold start compiles what it calls, and formatting is much code.

use crate::{
    edit::{Edit, quote},
    event::Field,
    handler::Handler,
};

/// What the loader has to know of a handler.
pub(super) fn description<H: Handler>(handler: &H, fields: &[Field<'_>]) -> String {
    let mut json = String::from("{\"trigger\":");
    quote(H::TRIGGER.as_str(), &mut json);
    json.push_str(",\"message\":");
    quote(H::TRIGGER.message(), &mut json);
    json.push_str(if handler.reads_clock() { ",\"clock\":true" } else { ",\"clock\":false" });
    json.push_str(",\"fields\":");
    list(fields, &mut json, field);
    json.push_str(",\"fallback\":");
    edits(&handler.edits(H::FALLBACK), &mut json);
    json.push('}');
    json
}

/// Writes what a message is to be changed by.
pub(super) fn edits(edits: &[Edit], json: &mut String) {
    list(edits, json, edit);
}

/// The kind of a field and its name.
fn field(field: &Field<'_>, json: &mut String) {
    let kind_and_name = match field {
        Field::Cookies => ["cookies", ""],
        Field::Header(name) => ["header", name],
        Field::ClientIp => ["client-ip", ""],
        Field::Origin(name) => ["origin", name],
        Field::OriginKind => ["origin-kind", ""],
        Field::ResponseHeader(name) => ["response-header", name],
    };
    list(kind_and_name, json, quote);
}

fn edit(edit: &Edit, json: &mut String) {
    match edit {
        Edit::Header { name, key, value } => list(["header", name, key, value], json, quote),
        Edit::Append { name, key, value } => list(["append", name, key, value], json, quote),
        Edit::Line { name, key, value } => list(["line", name, key, value], json, quote),
        Edit::ForwardHost { name, key } => list(["forward-host", name, key], json, quote),
        Edit::Remove { name } => list(["remove", name], json, quote),
        Edit::RemoveCookie { name } => list(["remove-cookie", name], json, quote),
        Edit::LogOrigin { text } => list(["log-origin", text], json, quote),
        Edit::Origin { field, value } => {
            json.push_str("[\"origin\",");
            quote(field, json);
            json.push(',');
            value.json(json);
            json.push(']');
        }
    }
}

fn list<T>(items: impl IntoIterator<Item = T>, json: &mut String, write: impl Fn(T, &mut String)) {
    json.push('[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        write(item, json);
    }
    json.push(']');
}
