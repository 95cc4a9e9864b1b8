//! A KeyValueStore, which CloudFront Functions read.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-keyvaluestores>
const KEY_LIMIT: usize = 512;
const VALUE_LIMIT: usize = 1024;

/// The keys and values of a KeyValueStore. Clones are the same store: what is put into one is in all, at once.
///
/// ```
/// use onebox_sim::KeyValues;
/// let store = KeyValues::default();
/// store.put("onebox", r#"{"release":{"id":"web-2","share":"5%"}}"#)?;
/// assert!(store.put("onebox", "x".repeat(1025)).is_err());
/// # Ok::<(), onebox_sim::KeyValueError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeyValues(Arc<RwLock<BTreeMap<String, String>>>);

/// A key or a value that a KeyValueStore does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} of {bytes} bytes: a KeyValueStore takes 1 to {limit}")]
pub struct KeyValueError {
    what: &'static str,
    bytes: usize,
    limit: usize,
}

impl KeyValues {
    /// Puts a value under a key.
    ///
    /// # Errors
    ///
    /// When the key or the value is too long, or empty.
    pub fn put(&self, key: impl Into<String>, value: impl Into<String>) -> Result<(), KeyValueError> {
        let (key, value) = (key.into(), value.into());
        for (what, bytes, limit) in [("a key", key.len(), KEY_LIMIT), ("a value", value.len(), VALUE_LIMIT)] {
            if bytes == 0 || bytes > limit {
                return Err(KeyValueError { what, bytes, limit });
            }
        }
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, value);
        Ok(())
    }

    /// Deletes a key.
    pub fn delete(&self, key: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
