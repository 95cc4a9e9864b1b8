//! A TOML document as flat settings, and where each setting stands.

use std::collections::HashMap;

use onebox_edge::{Config, Settings, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::Mistake;

/// Where a configuration has secrets.
const SECRETS: [&str; 2] = ["pin.secret", "override.secret"];

/// Reads a configuration that names no environment variable, and says where its settings stand.
///
/// ```
/// let mistakes = onebox::config::read("[release]\nid = 7\n").unwrap_err();
/// assert_eq!(mistakes[0].to_string(), "1:1: partition.keys: is missing: \
///     a list such as [\"cookie:session\", \"header:user-agent\"]");
/// assert!(mistakes.iter().any(|mistake| mistake.to_string() == "2:1: release.id: expected a text, found a whole number"));
/// ```
///
/// # Errors
/// Every mistake, by place.
pub fn read(text: &str) -> Result<(Config, Places), Vec<Mistake>> {
    read_with(text, &|_| None)
}

/// The same; a secret `env:NAME` is what `variable` gives for NAME.
///
/// # Errors
/// Every mistake, by place. No secret is in them.
pub fn read_with(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<(Config, Places), Vec<Mistake>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut flat = Flat::default();
    flat.members("", document.get_ref());
    let places = Places { text: text.to_owned(), offsets: flat.offsets };

    let mut mistakes: Vec<_> = errors
        .iter()
        .map(|error| places.mistake(error.span().map_or(0, |span| span.start), "", error.message()))
        .collect();
    let broken: Vec<_> = mistakes.iter().map(|mistake| mistake.line).collect();
    let in_the_file: Vec<_> =
        SECRETS.into_iter().filter(|path| flat.settings.get(path).is_some_and(is_bytes)).collect();
    for path in &in_the_file {
        mistakes.push(places.mistake(
            places.nearest(path),
            path,
            "a secret does not belong in a file: put it into an environment variable and write \"env:NAME\"",
        ));
    }
    let config = Config::read_with(&flat.settings, variable);
    for problem in config.as_ref().err().into_iter().flatten() {
        let mistake = places.mistake(places.nearest(&problem.path), &problem.path, &problem.message);
        // Where the TOML is broken, what stands there and what seems to be missing may be a consequence of that.
        let doubtful = !broken.is_empty() && (!places.has(&problem.path) || broken.contains(&mistake.line));
        if !doubtful && !in_the_file.contains(&&*problem.path) {
            mistakes.push(mistake);
        }
    }
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    match config {
        Ok(config) if mistakes.is_empty() => Ok((config, places)),
        _ => Err(mistakes),
    }
}

/// Whether a secret stands there itself, as it does where it is packaged.
fn is_bytes(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.starts_with("hex:"))
}

/// Where the settings of a document stand.
#[derive(Clone, Debug)]
pub struct Places {
    text: String,
    offsets: HashMap<String, usize>,
}

impl Places {
    /// The line and the column of a setting, or of the nearest table around it, both from 1.
    #[must_use]
    pub fn of(&self, path: &str) -> (usize, usize) {
        self.position(self.nearest(path))
    }

    fn has(&self, path: &str) -> bool {
        self.offsets.contains_key(path)
    }

    fn nearest(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            match (self.offsets.get(path), path.rsplit_once('.')) {
                (Some(offset), _) => return *offset,
                (None, Some((outer, _))) => path = outer,
                (None, None) => return 0,
            }
        }
    }

    fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (1 + before.matches('\n').count(), 1 + before[line_start..].chars().count())
    }

    fn mistake(&self, offset: usize, field: &str, message: &str) -> Mistake {
        let (line, column) = self.position(offset);
        Mistake { line, column, field: field.to_owned(), message: message.to_owned() }
    }
}

/// The settings of a document, tables and lists before what is in them.
#[derive(Default)]
struct Flat {
    settings: Settings,
    offsets: HashMap<String, usize>,
}

impl Flat {
    fn members(&mut self, path: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let path =
                if path.is_empty() { shown(name.get_ref()) } else { [path, ".", &shown(name.get_ref())].concat() };
            self.add(path, name.span().start, value.get_ref());
        }
    }

    fn items(&mut self, path: &str, items: &[Spanned<DeValue<'_>>]) {
        for (at, item) in items.iter().enumerate() {
            self.add(format!("{path}.{at}"), item.span().start, item.get_ref());
        }
    }

    fn add(&mut self, path: String, offset: usize, value: &DeValue<'_>) {
        let flat = match value {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Datetime(time) => Value::Text(time.to_string()),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Other, Value::Integer)
            }
            DeValue::Boolean(value) => Value::Boolean(*value),
            DeValue::Float(_) => Value::Other,
            DeValue::Array(items) => Value::List(items.len()),
            DeValue::Table(_) => Value::Table,
        };
        self.settings.insert(path.clone(), flat);
        match value {
            DeValue::Array(items) => self.items(&path, items),
            DeValue::Table(table) => self.members(&path, table),
            _ => {}
        }
        self.offsets.insert(path, offset);
    }
}

/// A name as a part of a path. Quoted where it is no bare key: `"a.b"` is one name, and not `b` in `a`.
fn shown(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { format!("{name:?}") }
}
