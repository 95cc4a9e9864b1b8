//! viewer-response: a visitor whose bucket comes from a key gets a cookie that remembers it.
//!
//! The cookie is written here and nowhere else: a Set-Cookie of origin-response would be cached with the object and
//! handed to other visitors (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Cookies.html>).
//!
//! ```
//! use onebox_edge::{Config, serve};
//! use onebox_viewer_response::ViewerResponse;
//!
//! # let config = r#"{ "release": { "id": "web-1", "share": "5%" }, "debug": { "response_header": false }, "pin": {},
//! #   "partition": { "keys": ["cookie:session"], "header": "X-Req-Partition", "salt": "web-2026-11-20" },
//! #   "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } } }"#;
//! let handler = ViewerResponse::new(&Config::from_json(config).unwrap());
//! let event = r#"{"Records":[{"cf":{
//!     "request":{"headers":{"cookie":[{"key":"Cookie","value":"session=7f3a"}]}},
//!     "response":{"status":"200","headers":{}}}}]}"#;
//! assert!(serve(&handler, event).contains("__Host-onebox=web-1.76282; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=604800"));
//! ```

use std::borrow::Cow;

use onebox_core::{Bucket, Pins, Policy, Source, Time};
use onebox_edge::{Answer, Config, Edit, Event, Field, Handler, Trigger, Visit};

const LEAVE: Answer = Answer(0);

/// The handler. Any other answer than to leave the response alone is one more than the bucket to pin.
#[derive(Debug)]
pub struct ViewerResponse {
    policy: Policy,
    /// The cookie's attributes, as they stand behind its value. The cookie crate would write the same, and is what the
    /// tests compare with; but the dates that it can write as well are an eighth of a module.
    attributes: String,
}

impl ViewerResponse {
    /// A handler for one configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let max_age = config.pin.as_ref().map_or(0, |pin| pin.max_age);
        let attributes = "; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=".to_owned() + &max_age.to_string();
        Self { policy: config.policy(), attributes }
    }

    // A cold start that meets a pin does not compile it.
    #[inline(never)]
    fn pin(&self, pins: &Pins, bucket: Bucket) -> Edit {
        Edit::line("Set-Cookie", &format!("{}={}{}", pins.cookie().as_str(), pins.value(bucket), self.attributes))
    }
}

impl Handler for ViewerResponse {
    const TRIGGER: Trigger = Trigger::ViewerResponse;
    const FALLBACK: Answer = LEAVE;

    fn fields(&self) -> Vec<Field<'_>> {
        Field::of(&self.policy)
    }

    fn reads_clock(&self) -> bool {
        self.policy.reads_clock()
    }

    fn answer(&self, event: &impl Event, now: Time) -> Answer {
        if self.policy.pins().is_none() {
            return LEAVE;
        }
        // A valid pin decides before any key: if a key decided, there is none, or a stale one.
        let decision = self.policy.decide(&Visit(event), now);
        match (decision.source, decision.bucket) {
            (Source::Key(_), Some(bucket)) => Answer(u32::from(bucket) + 1),
            _ => LEAVE,
        }
    }

    fn edits(&self, answer: Answer) -> Cow<'_, [Edit]> {
        let bucket = answer.0.checked_sub(1).and_then(Bucket::new);
        self.policy.pins().zip(bucket).map(|(pins, bucket)| self.pin(pins, bucket)).into_iter().collect()
    }
}

#[cfg(target_family = "wasm")]
onebox_edge::export!(ViewerResponse);
