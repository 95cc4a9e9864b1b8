//! What a function is packaged with: `onebox.toml` as JSON, with every default filled in.

use std::{error, fmt};

use onebox_core::{Entry, Origin, Policy, Share};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// The configuration of all handlers.
///
/// ```
/// use onebox_edge::Config;
/// let config = Config::from_json(r#"{
///     "release": { "id": "web-1", "share": "5%" },
///     "partition": { "keys": ["cookie:session", ["client-ip", "header:user-agent"]], "header": "X-Req-Partition", "salt": "web-1" },
///     "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } },
///     "debug": { "response_header": false }
/// }"#)?;
/// assert_eq!(config.partition.keys[1].to_string(), "client-ip+header:user-agent");
/// assert_eq!(Config::from_json(&config.to_json())?, config);
/// # Ok::<(), onebox_edge::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The release.
    pub release: Release,
    /// How requests are partitioned.
    pub partition: Partitioning,
    /// Where the partitions are.
    pub origins: Origins,
    /// Help for people who look.
    pub debug: Debug,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Its name, `[A-Za-z0-9_-]{1,64}`.
    pub id: String,
    /// How many visitors are on the one-box.
    #[serde(with = "text")]
    pub share: Share,
}

/// How requests are partitioned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partitioning {
    /// The key chain.
    #[serde(with = "chain")]
    pub keys: Vec<Entry>,
    /// The request header that carries the partition, as it is written on the wire.
    pub header: String,
    /// What draws the line; by default the release id.
    pub salt: String,
}

/// The two origins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origins {
    /// Where CloudFront sends requests by itself.
    #[serde(with = "OriginForm")]
    pub regular: Origin,
    /// Where requests of the one-box go.
    #[serde(rename = "one-box", with = "OriginForm")]
    pub one_box: Origin,
}

/// The form of an [`Origin`] in the file; core knows no serde.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Origin", deny_unknown_fields)]
struct OriginForm {
    domain: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protocol: Option<String>,
}

/// Help for people who look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debug {
    /// Whether origin-response copies the partition into a response header.
    pub response_header: bool,
}

impl Config {
    /// Reads a packaged configuration.
    ///
    /// # Errors
    /// A [`ConfigError`] that names the line and the field.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        serde_json::from_str(text).map_err(ConfigError)
    }

    /// Writes it as it is packaged.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings, numbers and booleans under fixed names: there is nothing in it that JSON cannot say.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// The decision that this configuration stands for.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy::new(&self.partition.salt, self.release.share, self.partition.keys.clone())
    }
}

/// Why a packaged configuration cannot be read. Package anew rather than mend the file.
#[derive(Debug)]
pub struct ConfigError(serde_json::Error);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the packaged configuration cannot be read")
    }
}

impl error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        Some(&self.0)
    }
}

/// A value that is written as it is displayed.
mod text {
    use super::*;

    pub(super) fn serialize<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: std::str::FromStr<Err: fmt::Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A key chain: each entry a text, or a list of texts for a composite.
mod chain {
    use onebox_core::{EntryError, Part};
    use ser::SerializeSeq;

    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Form {
        One(String),
        All(Vec<String>),
    }

    pub(super) fn serialize<S: Serializer>(chain: &[Entry], serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(chain.len()))?;
        for entry in chain {
            list.serialize_element(&match entry.parts() {
                [part] => Form::One(part.to_string()),
                parts => Form::All(parts.iter().map(Part::to_string).collect()),
            })?;
        }
        list.end()
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Entry>, D::Error> {
        let entry = |form| -> Result<Entry, EntryError> {
            let parts = match form {
                Form::One(part) => vec![part],
                Form::All(parts) => parts,
            };
            Entry::new(parts.iter().map(|part| part.parse()).collect::<Result<_, _>>()?)
        };
        Vec::<Form>::deserialize(deserializer)?.into_iter().map(|form| entry(form).map_err(de::Error::custom)).collect()
    }
}
