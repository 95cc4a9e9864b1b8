//! Every line carries a hash of itself and of the line before, against accidents: a changed byte, a line that was lost,
//! copied or moved. It keeps nobody out who means harm.
//!
//! SHA-256, because this package has it already; half of it is more than accidents need.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What stands between a line's content and its hash.
const MARK: &str = ",\"hash\":\"";
/// What stands behind the hash.
const END: &str = "\"}";
/// So many hexadecimal digits: 128 bits.
const DIGITS: usize = 32;

/// The lines so far: what the next one is chained to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    last: String,
}

impl Chain {
    /// The next line, with its hash and its end, and the chain after it. Until the line is on the disk, the chain is as it
    /// was.
    ///
    /// # Errors
    /// What stands in the way of writing it as JSON.
    pub fn seal(&self, content: &impl Serialize) -> serde_json::Result<(String, Self)> {
        let mut line = serde_json::to_string(content)?;
        line.pop();
        let last = self.hash(line.as_bytes());
        line.extend([MARK, &last, END, "\n"]);
        Ok((line, Self { last }))
    }

    /// What a line holds, without its end, and the chain after it; `None` where it does not belong here as it is.
    #[must_use]
    pub fn open(&self, line: &[u8]) -> Option<(Value, Self)> {
        let content = line.len().checked_sub(MARK.len() + DIGITS + END.len())?;
        let (content, rest) = line.split_at(content);
        let last = self.hash(content);
        if rest != [MARK, &last, END].concat().as_bytes() {
            return None;
        }
        let value = serde_json::from_slice(line).ok()?;
        Some((value, Self { last }))
    }

    fn hash(&self, content: &[u8]) -> String {
        let digest = Sha256::new().chain_update(&self.last).chain_update(content).finalize();
        digest.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
    }
}
