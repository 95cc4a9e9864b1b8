//! Tables of a plan, read field by field: every problem is collected, none hides another.

use std::fmt;

use serde_json::{Map, Value};

/// A mistake in a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field's path, such as `backend.0.alias`. What is missing is named as if it were there.
    pub path: String,
    /// What was expected, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// The mistakes so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem { path: path.into(), message: message.into() });
    }

    pub(super) fn into_inner(self) -> Vec<Problem> {
        self.0
    }

    /// What was read, or `None` and one more mistake.
    pub(super) fn checked<T>(&mut self, path: &str, read: Result<T, impl fmt::Display>) -> Option<T> {
        read.map_err(|error| self.add(path, error.to_string())).ok()
    }
}

/// A table that is being read.
pub(super) struct Table<'a> {
    path: String,
    members: &'a Map<String, Value>,
    /// Every name that was asked for.
    known: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// The table that stands at a path.
    pub(super) fn open(path: impl Into<String>, value: &'a Value, problems: &mut Problems) -> Option<Self> {
        let path = path.into();
        let Value::Object(members) = value else {
            problems.add(path, format!("expected a table, found {}", kind(value)));
            return None;
        };
        Some(Self { path, members, known: Vec::new() })
    }

    /// The path of one of its fields.
    pub(super) fn at(&self, name: &str) -> String {
        joined(&self.path, name)
    }

    /// A field as it stands.
    pub(super) fn get(&mut self, name: &'static str) -> Option<&'a Value> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.members.get(name)
    }

    /// A field that has to be there.
    pub(super) fn required<T>(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(&'a Value) -> Result<T, String>,
    ) -> Option<T> {
        if !self.members.contains_key(name) {
            problems.add(self.at(name), "is missing");
        }
        self.optional(name, problems, read)
    }

    /// A field that may be there.
    pub(super) fn optional<T>(
        &mut self,
        name: &'static str,
        problems: &mut Problems,
        read: impl FnOnce(&'a Value) -> Result<T, String>,
    ) -> Option<T> {
        let read = read(self.get(name)?);
        problems.checked(&self.at(name), read)
    }

    /// A table in it that may be there.
    pub(super) fn table(&mut self, name: &'static str, problems: &mut Problems) -> Option<Self> {
        let value = self.get(name)?;
        Self::open(self.at(name), value, problems)
    }

    /// A list in it that may be there, each item with its path.
    pub(super) fn list(
        &mut self,
        name: &'static str,
        example: &str,
        problems: &mut Problems,
    ) -> Vec<(String, &'a Value)> {
        let path = self.at(name);
        match self.get(name) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                items.iter().enumerate().map(|(at, item)| (format!("{path}.{at}"), item)).collect()
            }
            Some(other) => {
                problems.add(path, format!("expected a list, {example}, found {}", kind(other)));
                Vec::new()
            }
        }
    }

    /// Refuses every field that nobody asked for.
    pub(super) fn close(self, problems: &mut Problems) {
        for name in self.members.keys().filter(|name| !self.known.contains(&name.as_str())) {
            let near = nearest(name, &self.known);
            let message = match near {
                Some(near) => format!("is unknown: did you mean {near}?"),
                None => format!("is unknown: remove it; known here are {}", self.known.join(", ")),
            };
            problems.add(self.at(name), message);
        }
    }
}

/// A text.
pub(super) fn text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("expected a text, found {}", kind(value)))
}

/// True or false.
pub(super) fn flag(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("expected true or false, found {}", kind(value)))
}

/// A whole number from `least` on.
pub(super) fn count<T: TryFrom<u64>>(least: u64) -> impl Fn(&Value) -> Result<T, String> {
    move |value| {
        let number = value.as_u64().filter(|number| *number >= least).and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| match value {
            Value::Number(number) => format!("expected a whole number from {least} on, found {number}"),
            other => format!("expected a whole number from {least} on, found {}", kind(other)),
        })
    }
}

/// What a value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a decimal number",
        Value::Number(_) => "a whole number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

/// A path and one name more. Quoted where it is no bare key: `"a.b"` is one name, and not `b` in `a`.
fn joined(path: &str, name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let quoted = name.is_empty() || !name.bytes().all(bare);
    let name = if quoted { format!("{name:?}") } else { name.to_owned() };
    if path.is_empty() { name } else { [path, ".", &name].concat() }
}

/// The known name that differs in at most two letters from an unknown one, and not in most of them.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = |known: &&'k str| {
        let distance = strsim::damerau_levenshtein(name, known);
        (distance <= 2 && 2 * distance < known.len()).then_some((distance, *known))
    };
    known.iter().filter_map(near).min().map(|(_, known)| known)
}
