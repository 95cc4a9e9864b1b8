//! From settings to a configuration: every mistake is collected, none hides another.

use std::collections::{HashMap, HashSet};

use onebox_core::{Entry, Origin, Part, Ramp, RampError, S3Domain, Step, TimeError};

use super::{
    Config, CrawlerTexts, DEFAULT_HEADER, DEFAULT_MAX_AGE, DEFAULT_OVERRIDE, DEFAULT_PIN, Debug, Origins, Override,
    Partitioning, Pin, Release, SecretText, function, own::Own, rules,
};
use crate::{
    reserved,
    settings::{Settings, Value},
};

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
    /// Reads and checks a configuration that names no environment variable, such as a packaged one.
    ///
    /// # Errors
    /// Every mistake, in the order in which a person would write the settings; unknown settings last.
    pub fn read(settings: &Settings) -> Result<Self, Vec<Problem>> {
        Self::read_with(settings, &|_| None)
    }

    /// Reads and checks a configuration; a secret `env:NAME` is what `variable` gives for NAME.
    ///
    /// # Errors
    /// Every mistake, as [`read`](Self::read) lists them.
    pub fn read_with(settings: &Settings, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<Problem>> {
        Reader::new(settings, variable).read()
    }

    /// Reads a packaged configuration.
    ///
    /// # Errors
    /// Every mistake; one with an empty path if the text is no JSON.
    pub fn from_json(text: &str) -> Result<Self, Vec<Problem>> {
        let settings = Settings::from_json(text);
        Self::read(&settings.map_err(|error| vec![Problem { path: String::new(), message: error.to_string() }])?)
    }
}

/// Reads settings and collects what is wrong with them.
pub(super) struct Reader<'a> {
    settings: &'a Settings,
    variable: &'a dyn Fn(&str) -> Option<String>,
    /// Every path that was asked for.
    known: Vec<String>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(settings: &'a Settings, variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { settings, variable, known: Vec::new(), problems: Vec::new() }
    }

    pub(super) fn read(mut self) -> Result<Config, Vec<Problem>> {
        let config = self.config();
        self.refuse_unknown();
        match config {
            Some(config) if self.problems.is_empty() => Ok(config),
            _ => Err(self.problems),
        }
    }

    fn config(&mut self) -> Option<Config> {
        self.tables(&["release", "partition", "origins", "origins.regular", "origins.one-box"]);
        self.tables(&["pin", "override", "crawlers", "function", "debug"]);
        let id = self.required("release.id", rules::release_id);
        let share = self.share();
        let header =
            self.optional("partition.header", rules::header_name).map_or_else(|| DEFAULT_HEADER.into(), str::to_owned);
        let own = Own::of(self.settings, &header);
        let keys = self.keys(&own);
        let salt = self.optional("partition.salt", rules::salt).map(str::to_owned);
        let forward_host = self.optional("partition.forward_host", rules::forward_host).map(str::to_owned);
        if let Some(refusal) = own.forward_host_refusal() {
            self.problem("partition.forward_host", refusal);
        }
        let regular = self.origin("origins.regular");
        let one_box = self.origin("origins.one-box");
        let pin = self.pin();
        let forced = self.forced();
        if let Some(refusal) = own.override_refusal() {
            self.problem("override.name", refusal);
        }
        let crawlers = self.crawlers();
        let function = function::read(self);
        let response_header = self.boolean("debug.response_header");
        if let (Some(regular), Some(one_box)) = (&regular, &one_box)
            && one_box.completed_by(regular).is_same(regular)
        {
            self.problem("origins.one-box", "is the regular origin: name where the one-box is");
        }
        if let (Some(regular), Some(one_box)) = (&regular, &one_box) {
            self.kinds(regular, one_box);
        }
        let id = id?.to_owned();
        Some(Config {
            partition: Partitioning { keys, header, salt: salt.unwrap_or_else(|| id.clone()), forward_host },
            release: Release { id, share: share? },
            origins: Origins { regular: regular?, one_box: one_box? },
            pin,
            forced,
            crawlers,
            function,
            debug: Debug { response_header },
        })
    }

    fn tables(&mut self, paths: &[&str]) {
        for path in paths {
            if let Some(value) = self.get(path)
                && *value != Value::Table
            {
                self.wrong_kind(path, "a table", value);
            }
        }
    }

    fn share(&mut self) -> Option<Ramp> {
        let path = "release.share";
        match self.get(path) {
            Some(Value::List(count)) => self.schedule(path, *count),
            Some(other) if !matches!(other, Value::Text(_)) => {
                self.wrong_kind(path, "a text such as \"5%\", or a list of steps", other);
                None
            }
            _ => self.required(path, rules::share).map(Ramp::from),
        }
    }

    fn schedule(&mut self, path: &str, count: usize) -> Option<Ramp> {
        let steps: Vec<_> = (0..count).map(|at| self.step(&format!("{path}.{at}"))).collect();
        match Ramp::schedule(steps.into_iter().collect::<Option<_>>()?) {
            Ok(ramp) => Some(ramp),
            Err(RampError::Order(at)) => {
                self.problem(&format!("{path}.{at}.at"), "has to come after the step before it");
                None
            }
            Err(error) => {
                self.problem(path, &error.to_string());
                None
            }
        }
    }

    fn step(&mut self, path: &str) -> Option<Step> {
        match self.get(path) {
            Some(Value::Table) => {}
            _ => {
                self.problem(path, "expected a table such as { at = \"2026-11-20T12:00:00Z\", share = \"5%\" }");
                return None;
            }
        }
        let at =
            self.required(&format!("{path}.at"), |text| text.parse().map_err(|error: TimeError| error.to_string()));
        let share = self.required(&format!("{path}.share"), rules::share);
        Some(Step { at: at?, share: share? })
    }

    fn pin(&mut self) -> Option<Pin> {
        self.get("pin")?;
        let cookie = self.optional("pin.cookie", rules::pin_cookie).unwrap_or(DEFAULT_PIN).to_owned();
        let max_age = self.optional("pin.max_age", rules::max_age).unwrap_or(DEFAULT_MAX_AGE);
        let secret = self.get("pin.secret").and_then(|_| self.secret("pin.secret"));
        Some(Pin { cookie, max_age, secret })
    }

    fn forced(&mut self) -> Option<Override> {
        self.get("override")?;
        let name = self.optional("override.name", rules::header_name).unwrap_or(DEFAULT_OVERRIDE).to_owned();
        let secret = self.secret("override.secret")?;
        Some(Override { name, secret })
    }

    fn secret(&mut self, path: &str) -> Option<SecretText> {
        let variable = self.variable;
        self.required(path, |text| SecretText::read(text, variable))
    }

    fn crawlers(&mut self) -> CrawlerTexts {
        if self.get("crawlers").is_none() {
            return CrawlerTexts::default();
        }
        let contains = self.texts("crawlers.contains", "[\"bot\", \"crawler\", \"spider\"]");
        let has_exceptions = self.get("crawlers.except").is_some();
        let except = if has_exceptions { self.texts("crawlers.except", "[\"CUBOT\"]") } else { Vec::new() };
        CrawlerTexts { contains, except }
    }

    /// Some texts that are looked for in others.
    fn texts(&mut self, path: &str, example: &str) -> Vec<String> {
        let Some(Value::List(count @ 1..)) = self.get(path) else {
            self.problem(path, &format!("expected a list of texts such as {example}"));
            return Vec::new();
        };
        let part = |text: &'a str| rules::crawler(text).map(str::to_owned);
        (0..*count).filter_map(|at| self.required(&format!("{path}.{at}"), part)).collect()
    }

    fn keys(&mut self, own: &Own<'_>) -> Vec<Entry> {
        let path = "partition.keys";
        let count = match self.get(path) {
            Some(Value::List(count)) if *count > 0 => *count,
            None => {
                self.problem(path, "is missing: a list such as [\"cookie:session\", \"header:user-agent\"]");
                return Vec::new();
            }
            Some(other) => {
                let found = if *other == Value::List(0) { "an empty one" } else { other.kind() };
                self.problem(path, &format!("expected a list of at least one entry, found {found}"));
                return Vec::new();
            }
        };
        let (mut keys, mut known): (Vec<Entry>, HashSet<String>) = Default::default();
        for at in 0..count {
            let path = format!("{path}.{at}");
            let Some(entry) = self.entry(&path, own) else { continue };
            if !known.insert(entry.to_string()) {
                self.problem(&path, "is listed above already and would never be asked: remove it");
            }
            keys.push(entry);
        }
        keys
    }

    fn entry(&mut self, path: &str, own: &Own<'_>) -> Option<Entry> {
        let parts = match self.get(path)? {
            Value::List(count) => {
                let parts: Vec<_> = (0..*count).map(|at| self.part(&format!("{path}.{at}"), own)).collect();
                parts.into_iter().collect::<Option<Vec<_>>>()?
            }
            _ => vec![self.part(path, own)?],
        };
        Entry::new(parts).map_err(|error| self.problem(path, &error.to_string())).ok()
    }

    fn part(&mut self, path: &str, own: &Own<'_>) -> Option<Part> {
        let part = self.required(path, |text| {
            text.parse::<Part>().map_err(|error| match text.strip_prefix("cookie:") {
                // https://httpwg.org/specs/rfc6265.html#sane-set-cookie: a name is a token. Some frameworks do otherwise.
                Some(name) if name.contains(':') => {
                    format!("{error}: a cookie with another name, such as {name}, cannot be a key; give it one without \":\"")
                }
                _ => error.to_string(),
            })
        })?;
        if let Some(refusal) = own.refusal(&part) {
            self.problem(path, refusal);
        } else if let Part::Header(name) = &part
            && let Some(reason) = reserved::reason_against_key(name)
        {
            self.problem(path, reason);
        }
        Some(part)
    }

    fn origin(&mut self, path: &str) -> Option<Origin> {
        let at = |name: &str| format!("{path}.{name}");
        let domain = self.required(&at("domain"), rules::domain);
        let host = self.optional(&at("host"), rules::host).map(str::to_owned);
        let origin_path = self.optional(&at("path"), rules::origin_path).map(str::to_owned);
        let port = self.port(&at("port"));
        let protocol = self.optional(&at("protocol"), rules::protocol).map(str::to_owned);
        Some(Origin { domain: domain?.to_owned(), host, path: origin_path, port, protocol })
    }

    /// A bucket with a port or a protocol is reached as a custom origin. Lambda@Edge keeps the kind of the regular origin, and
    /// an S3 origin has neither:
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>.
    fn kinds(&mut self, regular: &Origin, one_box: &Origin) {
        let is_bucket = |origin: &Origin| S3Domain::of(origin.domain.as_bytes()).is_some();
        let is_s3 = is_bucket(regular) && regular.port.is_none() && regular.protocol.is_none();
        if !is_s3 || !is_bucket(one_box) {
            return;
        }
        for (name, is_said) in [("port", one_box.port.is_some()), ("protocol", one_box.protocol.is_some())] {
            if is_said {
                self.problem(
                    &format!("origins.one-box.{name}"),
                    "an S3 origin has no protocol or port: remove it, or say it for origins.regular, too, if both buckets are \
                     reached as custom origins",
                );
            }
        }
    }

    /// The ports that CloudFront connects to:
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>.
    fn port(&mut self, path: &str) -> Option<u16> {
        let value = self.get(path)?;
        let port = match value {
            Value::Integer(number) => u16::try_from(*number).ok().filter(|port| matches!(port, 80 | 443 | 1024..)),
            _ => None,
        };
        if port.is_none() {
            self.problem(path, "expected 80, 443 or a number from 1024 to 65535");
        }
        port
    }

    fn boolean(&mut self, path: &str) -> bool {
        match self.get(path) {
            None => false,
            Some(Value::Boolean(value)) => *value,
            Some(other) => {
                self.wrong_kind(path, "true or false", other);
                false
            }
        }
    }

    fn required<T>(&mut self, path: &str, read: impl FnOnce(&'a str) -> Result<T, String>) -> Option<T> {
        if self.get(path).is_none() {
            self.problem(path, "is missing");
        }
        self.optional(path, read)
    }

    pub(super) fn optional<T>(&mut self, path: &str, read: impl FnOnce(&'a str) -> Result<T, String>) -> Option<T> {
        match self.get(path)? {
            Value::Text(text) => read(text).map_err(|message| self.problem(path, &message)).ok(),
            other => {
                self.wrong_kind(path, "a text", other);
                None
            }
        }
    }

    pub(super) fn get(&mut self, path: &str) -> Option<&'a Value> {
        self.known.push(path.to_owned());
        self.settings.get(path)
    }

    fn refuse_unknown(&mut self) {
        let known: HashSet<&str> = self.known.iter().map(String::as_str).collect();
        let mut refused: HashSet<String> = self.problems.iter().map(|problem| problem.path.clone()).collect();
        let mut names: HashMap<&str, Vec<&str>> = HashMap::new();
        for (table, name) in known.iter().map(|path| parted(path)) {
            // The items of a list have numbers, which nobody misspells.
            if !name.starts_with(|first: char| first.is_ascii_digit()) {
                names.entry(table).or_default().push(name);
            }
        }
        for (path, _) in self.settings.iter() {
            // What is below an unknown table, or below a value of the wrong kind, has been said with it.
            let is_inside = path.match_indices('.').any(|(dot, _)| refused.contains(&path[..dot]));
            if !known.contains(path) && !is_inside {
                refused.insert(path.to_owned());
                self.problems.push(unknown(path, &names));
            }
        }
    }

    fn wrong_kind(&mut self, path: &str, expected: &str, found: &Value) {
        self.problem(path, &format!("expected {expected}, found {}", found.kind()));
    }

    pub(super) fn problem(&mut self, path: &str, message: &str) {
        self.problems.push(Problem { path: path.to_owned(), message: message.to_owned() });
    }
}

/// What is wrong with a path that nothing asks for.
fn unknown(path: &str, known: &HashMap<&str, Vec<&str>>) -> Problem {
    let message = match nearest(path, known) {
        Some(known) => format!("is unknown: did you mean {known}?"),
        None => "is unknown: remove it".to_owned(),
    };
    Problem { path: path.to_owned(), message }
}

/// The known path beside an unknown one whose last name differs in at most two letters.
fn nearest(path: &str, known: &HashMap<&str, Vec<&str>>) -> Option<String> {
    let (table, name) = parted(path);
    let beside = known.get(table)?.iter().filter(|known| known.len().abs_diff(name.len()) <= 8);
    let (_, found) =
        beside.map(|known| (distance(name, known), *known)).filter(|(distance, _)| *distance <= 2).min()?;
    Some(if table.is_empty() { found.to_owned() } else { format!("{table}.{found}") })
}

/// The table that a setting is in, and its name.
fn parted(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

/// How many letters have to be added, removed or changed (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (above, from) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], above + 1);
        for (at, to) in right.chars().enumerate() {
            let changed = diagonal + usize::from(from != to);
            diagonal = row[at + 1];
            row[at + 1] = changed.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row.pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::json;

    use crate::Config;

    /// The problems of a pair of origins.
    fn problems(regular: &serde_json::Value, one_box: &serde_json::Value) -> Vec<String> {
        let config = json!({ "release": { "id": "web-1", "share": "5%" }, "partition": { "keys": ["client-ip"] },
            "origins": { "regular": regular, "one-box": one_box } });
        let problems = Config::from_json(&config.to_string()).err().unwrap_or_default();
        problems.into_iter().map(|problem| problem.path).collect()
    }

    #[test]
    fn a_bucket_with_a_port_or_a_protocol_beside_one_without_is_refused() {
        let reg = |more: serde_json::Value| with("reg.s3.eu-west-1.amazonaws.com", more);
        let web = |more: serde_json::Value| with("web.s3.amazonaws.com", more);
        fn with(domain: &str, mut more: serde_json::Value) -> serde_json::Value {
            more["domain"] = json!(domain);
            more
        }
        let (none, http) = (json!({}), json!({ "protocol": "http" }));
        let both = json!({ "protocol": "http", "port": 80 });
        for (regular, one_box, expected) in [
            (reg(none.clone()), web(none.clone()), &[][..]),
            (reg(none.clone()), web(http.clone()), &["origins.one-box.protocol"]),
            (reg(none.clone()), web(json!({ "port": 443 })), &["origins.one-box.port"]),
            (reg(none.clone()), web(both.clone()), &["origins.one-box.port", "origins.one-box.protocol"]),
            (reg(http.clone()), web(both.clone()), &[]),
            (reg(json!({ "port": 80 })), web(http.clone()), &[]),
            (reg(http), web(none.clone()), &[]),
            (with("reg.example.org", none.clone()), web(both.clone()), &[]),
            (reg(none), with("box.example.org", both), &[]),
        ] {
            assert_eq!(problems(&regular, &one_box), expected, "{regular} {one_box}");
        }
    }

    /// A megabyte of settings, good or bad, is read as quickly as it is long: each of these took minutes when every setting was
    /// looked for in all others. (Nothing is timed: a test that takes minutes is noticed.)
    #[test]
    fn a_long_configuration_is_read_in_time_that_grows_with_its_length() {
        let config = |crawlers: &str, more: &str| {
            format!(
                r#"{{ "release": {{ "id": "web-1", "share": "5%" }}, "partition": {{ "keys": ["client-ip"] }},
                "origins": {{ "regular": {{ "domain": "reg.example.org" }}, "one-box": {{ "domain": "box.example.org" }} }},
                "crawlers": {{ "contains": [{crawlers}] }}{more} }}"#
            )
        };
        let list = |item: &dyn Fn(usize) -> String| (0..60_000).map(item).collect::<Vec<_>>().join(",");
        let read = Config::from_json(&config(&list(&|at| format!("\"crawler{at:06}\"")), "")).unwrap();
        assert_eq!(read.crawlers.contains.len(), 60_000);
        let problems = Config::from_json(&config(&list(&|_| "[1]".to_owned()), "")).unwrap_err();
        assert_eq!(problems.len(), 60_000);
        let mut more = String::new();
        (0..60_000).for_each(|at| write!(more, ",\"name{at}\":{{\"x\":1}}").unwrap());
        assert_eq!(Config::from_json(&config("\"bot\"", &more)).unwrap_err().len(), 60_000);
    }
}
