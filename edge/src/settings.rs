//! A configuration as flat settings: `partition.keys.0` and its value. TOML and JSON both end here.

use std::collections::HashMap;

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
/// let settings = Settings::from_json(r#"{ "partition": { "header": "X-Side" } }"#)?;
/// assert_eq!(settings.get("partition.header"), Some(&Value::Text("X-Side".into())));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    list: Vec<(String, Value)>,
    /// Where the first setting at a path is in the list: a list of crawlers can have thousands of items.
    places: HashMap<String, usize>,
}

impl Settings {
    /// Adds a setting.
    pub fn insert(&mut self, path: String, value: Value) {
        self.places.entry(path.clone()).or_insert(self.list.len());
        self.list.push((path, value));
    }

    /// The setting at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.list.get(*self.places.get(path)?).map(|(_, value)| value)
    }

    /// Every setting, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.list.iter().map(|(path, value)| (path.as_str(), value))
    }

    /// The settings of a JSON object.
    ///
    /// # Errors
    /// The reason why the text is no JSON.
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
