//! A configuration as data, and as `onebox.toml`.

use serde_json::Value;

/// A site as `onebox` reads it: its `onebox.toml`, and the variables of the environment that hold its secrets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    pub(crate) toml: String,
    pub(crate) secrets: Vec<(&'static str, String)>,
}

/// The settings that a decision depends on.
pub(crate) struct Settings {
    pub(crate) release: String,
    salt: String,
    /// A text, or a list of `{at, share}`.
    share: Value,
    keys: Value,
    /// The cookie's name, and the secret of signed pins.
    pub(crate) pin: Option<(String, Option<String>)>,
    /// The name of the header and the cookie, and the secret.
    pub(crate) forced: Option<(String, String)>,
    pub(crate) crawlers: Vec<Value>,
    /// What the crawlers are not.
    pub(crate) except: Vec<Value>,
}

impl Settings {
    pub(crate) fn new(salt: String, share: Value, keys: Value) -> Self {
        Self {
            release: "parity".to_owned(),
            salt,
            share,
            keys,
            pin: None,
            forced: None,
            crawlers: Vec::new(),
            except: Vec::new(),
        }
    }

    pub(crate) fn site(&self) -> Site {
        let mut secrets = Vec::new();
        let Self { release, keys, .. } = self;
        let (salt, share) = (Value::from(self.salt.as_str()), share(&self.share));
        let mut toml = format!(
            r#"
            [release]
            id = "{release}"
            share = {share}
            [partition]
            keys = {keys}
            salt = {salt}
            [origins.regular]
            domain = "reg.example.org"
            [origins.one-box]
            domain = "box.example.org"
            "#
        );
        if let Some((cookie, secret)) = &self.pin {
            toml += &format!("[pin]\ncookie = \"{cookie}\"\n");
            if let Some(secret) = secret {
                toml += "secret = \"env:PIN_SECRET\"\n";
                secrets.push(("PIN_SECRET", secret.clone()));
            }
        }
        if let Some((name, secret)) = &self.forced {
            toml += &format!("[override]\nname = \"{name}\"\nsecret = \"env:OVERRIDE_SECRET\"\n");
            secrets.push(("OVERRIDE_SECRET", secret.clone()));
        }
        if !self.crawlers.is_empty() {
            toml += &format!("[crawlers]\ncontains = {}\n", Value::from(self.crawlers.clone()));
            if !self.except.is_empty() {
                toml += &format!("except = {}\n", Value::from(self.except.clone()));
            }
        }
        Site { toml, secrets }
    }
}

fn share(share: &Value) -> String {
    let Value::Array(steps) = share else { return share.to_string() };
    let steps: Vec<_> =
        steps.iter().map(|step| format!("{{ at = {}, share = {} }}", step["at"], step["share"])).collect();
    format!("[{}]", steps.join(", "))
}
