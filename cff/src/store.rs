//! The release in a CloudFront KeyValueStore.

use onebox_core::Ramp;
use onebox_edge::Config;
use serde_json::{Value, json};

use crate::Refused;

/// The most bytes of a value:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html>.
pub(crate) const MAX_VALUE: usize = 1024;

/// The commands that put a configuration's release id and share into its KeyValueStore, for a shell.
///
/// The service wants the version that is replaced, so that nobody's change is overwritten unseen
/// (<https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_kvs_PutKey.html>), and the store's ARN.
///
/// # Errors
/// [`Refused::NoStore`] without a store, [`Refused::ValueTooLarge`] if a schedule has too many steps.
///
/// ```
/// use onebox_edge::Config;
/// let config = Config::from_json(r#"{ "release": { "id": "web-1", "share": "5%" },
///     "partition": { "keys": ["client-ip"] }, "function": { "store": "a1b2c3" },
///     "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } } }"#).unwrap();
/// let commands = onebox_cff::store_update(&config)?;
/// assert!(commands.contains(r#"--key onebox --value '{"release":{"id":"web-1","share":"5%"}}' --if-match "$ETAG""#));
/// # Ok::<(), onebox_cff::Refused>(())
/// ```
pub fn store_update(config: &Config) -> Result<String, Refused> {
    let store = config.function.store.as_ref().ok_or(Refused::NoStore)?;
    // Nothing in it has to be quoted: a release id, a percentage and a time have neither blanks nor quotes.
    let value = value(config)?;
    let (id, key) = (&store.id, &store.key);
    Ok(format!(
        "ARN=$(aws cloudfront list-key-value-stores \
         --query \"KeyValueStoreList.Items[?Id=='{id}'].ARN\" --output text)\n\
         ETAG=$(aws cloudfront-keyvaluestore describe-key-value-store --kvs-arn \"$ARN\" --query ETag --output text)\n\
         aws cloudfront-keyvaluestore put-key --kvs-arn \"$ARN\" --key {key} --value '{value}' --if-match \"$ETAG\"\n"
    ))
}

/// The value: `{"release":{"id":…,"share":…}}`.
fn value(config: &Config) -> Result<String, Refused> {
    let release = json!({ "release": { "id": config.release.id, "share": share(&config.release.share) } });
    let value = release.to_string();
    if value.len() > MAX_VALUE { Err(Refused::ValueTooLarge { bytes: value.len() }) } else { Ok(value) }
}

fn share(ramp: &Ramp) -> Value {
    match ramp.constant() {
        Some(share) => json!(share.to_string()),
        None => ramp
            .steps()
            .iter()
            .map(|step| json!({ "at": step.at.to_string(), "share": step.share.to_string() }))
            .collect(),
    }
}
