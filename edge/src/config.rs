//! What a function is packaged with: `onebox.toml` with every default filled in.

#[cfg(not(target_family = "wasm"))]
mod function;
#[cfg(not(target_family = "wasm"))]
mod own;
mod packed;
#[cfg(not(target_family = "wasm"))]
mod read;
#[cfg(not(target_family = "wasm"))]
mod rules;
mod secret;
#[cfg(not(target_family = "wasm"))]
mod write;

use onebox_core::{Crawlers, Entry, Origin, Overrides, Pins, Policy, Ramp};

#[cfg(not(target_family = "wasm"))]
pub use self::read::Problem;
pub use self::secret::SecretText;

/// The partition header's name where none is configured.
pub const DEFAULT_HEADER: &str = "X-Req-Partition";

/// The pin cookie's name where none is configured.
pub const DEFAULT_PIN: &str = "__Host-onebox";

/// How long a browser keeps a pin where it is not configured: a week, in seconds.
pub const DEFAULT_MAX_AGE: u32 = 7 * 24 * 60 * 60;

/// The name of the header or cookie that carries an override token where none is configured.
pub const DEFAULT_OVERRIDE: &str = "onebox-force";

/// The key in a KeyValueStore that holds the release where none is configured.
pub const DEFAULT_STORE_KEY: &str = "onebox";

/// The configuration of all handlers.
///
/// ```
/// use onebox_edge::{Config, Settings};
/// let config = Config::read(&Settings::from_json(r#"{
///     "release": { "id": "web-1", "share": "5%" },
///     "partition": { "keys": ["cookie:session", ["client-ip", "header:user-agent"]] },
///     "pin": { "cookie": "__Host-onebox" },
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
    /// How visitors are pinned, if they are.
    pub pin: Option<Pin>,
    /// How testers choose a side, if they may.
    pub forced: Option<Override>,
    /// Which User-Agents are regular.
    pub crawlers: CrawlerTexts,
    /// What a CloudFront Function does where it takes the place of a handler.
    pub function: Function,
    /// Help for people who look.
    pub debug: Debug,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name, `[A-Za-z0-9_-]{1,64}`.
    pub id: String,
    /// How many visitors are on the one-box, and when.
    pub share: Ramp,
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
    /// The request header that carries the viewer's host, as it is written on the wire, if one does.
    pub forward_host: Option<String>,
}

/// The two origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    /// Where CloudFront sends requests by itself.
    pub regular: Origin,
    /// The one-box origin as configured; see [`destination`](Self::destination).
    pub one_box: Origin,
}

impl Origins {
    /// Where requests of the one-box go: the one-box origin, with what it does not specify taken from the regular one.
    #[must_use]
    pub fn destination(&self) -> Origin {
        self.one_box.completed_by(&self.regular)
    }
}

/// The cookie that remembers a visitor's bucket; viewer-response writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Its name, which begins with `__Host-`.
    pub cookie: String,
    /// How long a browser keeps it, in seconds.
    pub max_age: u32,
    /// What signs it, if it is signed.
    pub secret: Option<SecretText>,
}

/// The token that puts a tester on a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The name of the header or cookie that carries it.
    pub name: String,
    /// What signs it.
    pub secret: SecretText,
}

/// Which User-Agents are crawlers', and therefore regular: all that hold one text of the first list and none of the second,
/// without regard to ASCII case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrawlerTexts {
    /// What a crawler's User-Agent holds.
    pub contains: Vec<String>,
    /// What the User-Agent of a device holds that would be taken for a crawler's.
    pub except: Vec<String>,
}

/// What a CloudFront Function does where it takes the place of a handler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// Who moves a request of the one-box.
    pub moves: Moves,
    /// Where the function looks for a newer release id and share, if it does.
    pub store: Option<Store>,
}

/// Who moves a request of the one-box to its origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Moves {
    /// The origin-request handler: the function only tags the request.
    #[default]
    Lambda,
    /// The function, to the one-box origin of the configuration.
    Update,
    /// The function, to the origin with this id in the distribution.
    Select(String),
}

/// A key of a CloudFront KeyValueStore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The store's id.
    pub id: String,
    /// The key.
    pub key: String,
}

/// Help for people who look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Debug {
    /// Whether origin-response copies the partition into a response header.
    pub response_header: bool,
}

/// The request header by which viewer-request tells viewer-response of a forced visitor, where both are CloudFront Functions
/// and the first one moves requests; in lower case.
#[cfg(not(target_family = "wasm"))]
#[must_use]
pub fn forced_header(partition: &str) -> String {
    format!("{}-forced", partition.to_ascii_lowercase())
}

impl Config {
    /// The decision that this configuration stands for.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let mut policy = Policy::new(&self.partition.salt, self.release.share.clone(), self.partition.keys.clone());
        if let Some(pin) = &self.pin {
            let secret = pin.secret.as_ref().map(SecretText::secret);
            policy = policy.with_pins(Pins::new(pin.cookie.as_str(), &self.release.id, secret));
        }
        if let Some(forced) = &self.forced {
            policy = policy.with_overrides(Overrides::new(&forced.name, forced.secret.secret()));
        }
        let CrawlerTexts { contains, except } = &self.crawlers;
        if !contains.is_empty() {
            policy = policy.with_crawlers(Crawlers::new(contains.clone()).except(except.clone()));
        }
        policy
    }
}
