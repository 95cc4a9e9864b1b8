//! A guard alias of a release: which version it protects, and whether it exists.

use serde::{Deserialize, Serialize};

use super::is_default;

/// An alias that protects one version of one function from deletion while the release is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Guard {
    /// The function, as the plan names it.
    pub(crate) function: String,
    /// The version that a rollback needs.
    pub(crate) version: String,
    /// Whether the alias exists.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(crate) exists: Exists,
}

/// Whether a guard alias exists, as far as AWS confirmed it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Exists {
    /// It is to be created, or was perhaps created.
    #[default]
    Perhaps,
    /// It exists, and this release created it.
    Yes,
    /// There is none of this release: it was refused, or deleted, or another alias has its name.
    No,
}
