//! What a function is packaged with: `onebox.toml` with every default filled in.

mod read;
mod rules;

use onebox_core::{Entry, Origin, Policy, Share};

use crate::settings::Settings;

/// The partition header's name where none is configured.
pub const DEFAULT_HEADER: &str = "X-Req-Partition";

/// The configuration of all handlers.
///
/// ```
/// use onebox_edge::{Config, Settings};
/// let config = Config::read(&Settings::from_json(r#"{
///     "release": { "id": "web-1", "share": "5%" },
///     "partition": { "keys": ["cookie:session", ["client-ip", "header:user-agent"]] },
///     "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } }
/// }"#)?).unwrap();
/// assert_eq!(config.partition.salt, "web-1");
/// assert_eq!(config.partition.keys[1].to_string(), "client-ip+header:user-agent");
/// assert_eq!(Config::from_json(&config.to_json()).as_ref(), Ok(&config));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name, `[A-Za-z0-9_-]{1,64}`.
    pub id: String,
    /// How many visitors are on the one-box.
    pub share: Share,
}

/// How requests are partitioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partitioning {
    /// The key chain.
    pub keys: Vec<Entry>,
    /// The request header that carries the partition, as it is written on the wire.
    pub header: String,
    /// What draws the line; by default the release id.
    pub salt: String,
}

/// The two origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    /// Where CloudFront sends requests by itself.
    pub regular: Origin,
    /// Where requests of the one-box go.
    pub one_box: Origin,
}

/// Help for people who look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Debug {
    /// Whether origin-response copies the partition into a response header.
    pub response_header: bool,
}

/// A mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The setting's path, such as `partition.keys.0`. What is missing is named as if it were there.
    pub path: String,
    /// What was expected, and what to do.
    pub message: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

impl Config {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// Every mistake, in the order in which a person would write the settings; unknown settings last.
    pub fn read(settings: &Settings) -> Result<Self, Vec<Problem>> {
        read::Reader::new(settings).read()
    }

    /// Reads a packaged configuration.
    ///
    /// # Errors
    /// Every mistake; one with an empty path if the text is no JSON.
    #[cfg(not(target_family = "wasm"))]
    pub fn from_json(text: &str) -> Result<Self, Vec<Problem>> {
        let settings = Settings::from_json(text);
        Self::read(&settings.map_err(|error| vec![Problem { path: String::new(), message: error.to_string() }])?)
    }

    /// Writes it as it is packaged.
    #[cfg(not(target_family = "wasm"))]
    #[must_use]
    pub fn to_json(&self) -> String {
        use onebox_core::Part;
        use serde_json::{Map, Value as Json, json};

        let origin = |origin: &Origin| {
            let optional = [
                ("host", origin.host.as_deref().map(Json::from)),
                ("path", origin.path.as_deref().map(Json::from)),
                ("port", origin.port.map(Json::from)),
                ("protocol", origin.protocol.as_deref().map(Json::from)),
            ];
            let mut members = Map::from_iter([("domain".to_owned(), Json::from(origin.domain.as_str()))]);
            members.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
            Json::Object(members)
        };
        let entry = |entry: &Entry| match entry.parts() {
            [part] => json!(part.to_string()),
            parts => parts.iter().map(Part::to_string).collect(),
        };
        let config = json!({
            "release": { "id": self.release.id, "share": self.release.share.to_string() },
            "partition": {
                "keys": self.partition.keys.iter().map(entry).collect::<Vec<_>>(),
                "header": self.partition.header,
                "salt": self.partition.salt,
            },
            "origins": { "regular": origin(&self.origins.regular), "one-box": origin(&self.origins.one_box) },
            "debug": { "response_header": self.debug.response_header },
        });
        format!("{config:#}\n")
    }

    /// The decision that this configuration stands for.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy::new(&self.partition.salt, self.release.share, self.partition.keys.clone())
    }
}
