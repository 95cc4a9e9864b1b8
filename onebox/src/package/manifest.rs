//! `manifest.json`: what was packaged.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    Artifact,
    functions::{Functions, Held, LeftOut},
};

/// Its name.
pub(crate) const NAME: &str = "manifest.json";

/// What was packaged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The version of onebox.
    pub(crate) onebox: String,
    /// The release id.
    pub(crate) release: String,
    /// The settings whose secrets are in the files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) secrets: Vec<String>,
    /// The commands that put the release into the KeyValueStore, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) store_update: Option<String>,
    /// How many of the crawlers' texts the CloudFront Functions look for, where it is not all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) function_crawlers: Option<Held>,
    /// What is not written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) left_out: Vec<LeftOut>,
    /// Every file, by path.
    pub(crate) files: Vec<Listed>,
}

/// One packaged file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// Its path, with `/` between folders.
    pub(crate) path: String,
    /// Its size in bytes.
    pub(crate) size: usize,
    /// Its hash.
    pub(crate) sha256: Hash,
}

/// A SHA-256 as people and as Lambda write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hash {
    /// In lower-case hexadecimal, as `sha256sum` prints it.
    pub(crate) hex: String,
    /// In base64, as Lambda's `CodeSha256`
    /// (<https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>).
    pub(crate) base64: String,
}

impl Hash {
    /// The hash of a file's content.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        Self { hex: digest.iter().map(|byte| format!("{byte:02x}")).collect(), base64: STANDARD.encode(digest) }
    }
}

impl Manifest {
    /// The manifest of these files.
    pub(crate) fn of(release: &str, artifacts: &[Artifact], secrets: Vec<String>, functions: &Functions) -> Self {
        let listed = |Artifact { path, bytes }: &Artifact| Listed {
            path: path.clone(),
            size: bytes.len(),
            sha256: Hash::of(bytes),
        };
        Self {
            onebox: env!("CARGO_PKG_VERSION").to_owned(),
            release: release.to_owned(),
            secrets,
            store_update: functions.store_update.clone(),
            function_crawlers: functions.crawlers,
            left_out: functions.left_out.clone(),
            files: artifacts.iter().map(listed).collect(),
        }
    }

    /// The manifest as it is written.
    ///
    /// # Errors
    /// None that these types can give.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }
}
