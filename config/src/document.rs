//! A TOML document as flat settings, and where each setting stands.

use std::collections::{HashMap, HashSet};

use onebox_edge::{Config, Settings, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::Mistake;

/// Where a configuration has secrets.
const SECRETS: [&str; 2] = ["pin.secret", "override.secret"];

/// Reads a configuration that names no environment variable, and says where its settings stand.
///
/// ```
/// let mistakes = onebox_config::read("[release]\nid = 7\n").unwrap_err();
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
    let places = Places::new(text, flat.offsets);

    let mut mistakes: Vec<_> = errors
        .iter()
        .map(|error| places.mistake(error.span().map_or(0, |span| span.start), "", error.message()))
        .collect();
    let broken: HashSet<_> = mistakes.iter().map(|mistake| mistake.line).collect();
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
        if !places.doubts(&problem.path, mistake.line, &broken) && !in_the_file.contains(&&*problem.path) {
            mistakes.push(mistake);
        }
    }
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    match config {
        Ok(config) if mistakes.is_empty() => Ok((config, places)),
        _ => Err(mistakes),
    }
}

/// Reads any document as a tree of values, and says where they stand. What is broken is left out of the tree.
#[must_use]
pub fn tree(text: &str) -> (serde_json::Value, Places, Vec<Mistake>) {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut flat = Flat::default();
    flat.members("", document.get_ref());
    let places = Places::new(text, flat.offsets);
    let mistakes =
        errors.iter().map(|error| places.mistake(error.span().map_or(0, |span| span.start), "", error.message()));
    let mistakes = mistakes.collect();
    (members(document.get_ref()), places, mistakes)
}

fn members(table: &DeTable<'_>) -> serde_json::Value {
    table.iter().map(|(name, value)| (name.get_ref().to_string(), value_of(value.get_ref()))).collect()
}

fn value_of(value: &DeValue<'_>) -> serde_json::Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Datetime(time) => time.to_string().into(),
        // A number that no field can hold stays what it is: a text that says so.
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or_else(|_| number.as_str().into(), serde_json::Value::from),
        DeValue::Float(number) => {
            number.as_str().parse::<f64>().map_or_else(|_| number.as_str().into(), serde_json::Value::from)
        }
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Array(items) => items.iter().map(|item| value_of(item.get_ref())).collect(),
        DeValue::Table(table) => members(table),
    }
}

/// Whether a secret stands there itself, as it does where it is packaged.
fn is_bytes(value: &Value) -> bool {
    matches!(value, Value::Text(text) if text.starts_with("hex:"))
}

/// Where the settings of a document stand.
#[derive(Clone, Debug)]
pub struct Places {
    offsets: HashMap<String, usize>,
    /// Where every line begins.
    lines: Vec<usize>,
    /// Where every character begins that is not one byte: a file of thousands of mistakes is read once.
    wide: Vec<(usize, usize)>,
}

impl Places {
    fn new(text: &str, offsets: HashMap<String, usize>) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut more = 0;
        let wide = text.char_indices().filter(|(_, letter)| letter.len_utf8() > 1).map(|(at, letter)| {
            more += letter.len_utf8() - 1;
            (at, more)
        });
        Self { wide: wide.collect(), lines, offsets }
    }

    /// Whether there is such a setting or table.
    #[must_use]
    pub fn has(&self, path: &str) -> bool {
        self.offsets.contains_key(path)
    }

    /// The line and the column of a setting, or of the nearest table around it, both from 1.
    #[must_use]
    pub fn of(&self, path: &str) -> (usize, usize) {
        self.position(self.nearest(path))
    }

    /// Whether a problem may be a consequence of broken TOML: what stands on its lines, and what seems to be missing.
    fn doubts(&self, path: &str, line: usize, broken: &HashSet<usize>) -> bool {
        !broken.is_empty() && (!self.offsets.contains_key(path) || broken.contains(&line))
    }

    /// These problems of fields, with their places, beside the mistakes of the text itself; by place.
    #[must_use]
    pub fn with_problems<'p>(
        &self,
        mut mistakes: Vec<Mistake>,
        problems: impl IntoIterator<Item = (&'p str, &'p str)>,
    ) -> Vec<Mistake> {
        let broken: HashSet<_> = mistakes.iter().map(|mistake| mistake.line).collect();
        for (path, message) in problems {
            let mistake = self.mistake(self.nearest(path), path, message);
            if !self.doubts(path, mistake.line, &broken) {
                mistakes.push(mistake);
            }
        }
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
        mistakes
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
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|at| self.lines.get(at)).copied().unwrap_or_default();
        (line, 1 + self.letters(offset) - self.letters(start))
    }

    /// How many characters are before a place.
    fn letters(&self, offset: usize) -> usize {
        let wide = self.wide.partition_point(|(at, _)| *at < offset);
        offset - wide.checked_sub(1).and_then(|at| self.wide.get(at)).map_or(0, |(_, more)| *more)
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
