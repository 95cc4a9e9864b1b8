//! A request as data.

use std::collections::BTreeMap;

use onebox_core::{Request, Time};
use serde::Deserialize;

/// A request of a vector, or of a generated case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Visit {
    pub(crate) cookies: Vec<String>,
    pub(crate) headers: BTreeMap<String, Vec<String>>,
    pub(crate) client_ip: Option<String>,
    /// When it comes, in milliseconds since 1970.
    pub(crate) now: Option<i64>,
}

impl Visit {
    /// When it comes; before everything else where it does not matter.
    pub(crate) fn time(&self) -> Time {
        self.now.map_or(Time::MIN, Time::from_unix_millis)
    }
}

impl Request for Visit {
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.cookies.iter().map(String::as_bytes)
    }

    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.get(name)?.first().map(String::as_bytes)
    }

    fn client_ip(&self) -> Option<&[u8]> {
        self.client_ip.as_deref().map(str::as_bytes)
    }
}
