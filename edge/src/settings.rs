//! A configuration as flat settings: `partition.keys.0` and its value. TOML, JSON and the loader's lines all end here.

/// The value of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// A list of this length; its items are settings of their own.
    List(usize),
    /// A table; its members are settings of their own.
    Table,
    /// Anything else; no setting of ours takes it.
    Other,
}

impl Value {
    /// What a person calls such a value.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table => "a table",
            Self::Other => "something else",
        }
    }
}

/// All settings of a configuration by their paths, in the order in which they are written, tables and lists before
/// what is in them. The items of lists are numbered from 0.
///
/// ```
/// use onebox_edge::{Settings, Value};
/// let settings = Settings::from_lines("partition={\npartition.header=tX-Side\n")?;
/// assert_eq!(settings.get("partition.header"), Some(&Value::Text("X-Side".into())));
/// # Ok::<(), onebox_edge::LineError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<(String, Value)>);

/// A line that is no setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineError {
    /// Its number, from 1.
    pub line: usize,
}

impl std::fmt::Display for LineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {} of the settings is none", self.line)
    }
}

impl std::error::Error for LineError {}

impl Settings {
    /// Adds a setting.
    pub fn insert(&mut self, path: String, value: Value) {
        self.0.push((path, value));
    }

    /// The setting at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.0.iter().find(|(found, _)| found == path).map(|(_, value)| value)
    }

    /// Every setting, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(path, value)| (path.as_str(), value))
    }

    /// Reads what the loader writes: a line `PATH=KVALUE` for every setting, where `K` is `t` for a text, `i` for a
    /// whole number, `b` for true or false, `[` for the length of a list and `{` for a table.
    ///
    /// # Errors
    /// The first line that is no such setting.
    pub fn from_lines(lines: &str) -> Result<Self, LineError> {
        let setting = |line: &str| {
            let (path, value) = line.split_once('=')?;
            let rest = value.get(1..)?;
            let value = match value.as_bytes()[0] {
                b't' => Value::Text(rest.into()),
                b'i' => Value::Integer(rest.parse().ok()?),
                b'b' => Value::Boolean(rest.parse().ok()?),
                b'[' => Value::List(rest.parse().ok()?),
                b'{' => Value::Table,
                _ => return None,
            };
            Some((path.to_owned(), value))
        };
        let numbered = lines.lines().enumerate();
        numbered.map(|(at, line)| setting(line).ok_or(LineError { line: at + 1 })).collect::<Result<_, _>>().map(Self)
    }

    /// The settings of a JSON object.
    ///
    /// # Errors
    /// The reason why the text is no JSON.
    #[cfg(not(target_family = "wasm"))]
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        fn add(settings: &mut Settings, path: String, value: &serde_json::Value) {
            use serde_json::Value as Json;
            let below = |name: &str| if path.is_empty() { name.to_owned() } else { [&path, ".", name].concat() };
            if !path.is_empty() || !value.is_object() {
                let flat = match value {
                    Json::String(text) => Value::Text(text.clone()),
                    Json::Bool(value) => Value::Boolean(*value),
                    Json::Number(number) => number.as_i64().map_or(Value::Other, Value::Integer),
                    Json::Null => Value::Other,
                    Json::Array(items) => Value::List(items.len()),
                    Json::Object(_) => Value::Table,
                };
                settings.insert(path.clone(), flat);
            }
            match value {
                Json::Array(items) => {
                    items.iter().enumerate().for_each(|(at, item)| add(settings, below(&at.to_string()), item));
                }
                Json::Object(members) => {
                    members.iter().for_each(|(name, member)| add(settings, below(name), member));
                }
                _ => {}
            }
        }

        let mut settings = Self::default();
        add(&mut settings, String::new(), &serde_json::from_str(text)?);
        Ok(settings)
    }
}
