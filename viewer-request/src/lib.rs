//! viewer-request: every request is tagged with its visitor's partition, before the cache is asked.
//!
//! ```
//! use onebox_edge::{Config, serve};
//! use onebox_viewer_request::ViewerRequest;
//!
//! # let config = r#"{ "release": { "id": "web-1", "share": "100%" }, "debug": { "response_header": false },
//! #   "partition": { "keys": ["header:user-agent"], "header": "X-Req-Partition", "salt": "web-1" },
//! #   "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } } }"#;
//! let handler = ViewerRequest::new(&Config::from_json(config).unwrap());
//! let event = r#"{"Records":[{"cf":{"request":{"uri":"/","headers":{
//!     "user-agent":[{"key":"User-Agent","value":"Firefox/145"}]}}}}]}"#;
//! assert!(serve(&handler, event).contains(r#""x-req-partition":[{"key":"X-Req-Partition","value":"one-box"}]"#));
//! ```

use std::borrow::Cow;

use onebox_core::{Decision, Partition, Policy, Time};
use onebox_edge::{Answer, Config, Edit, Event, Field, Handler, Trigger, Visit};

const REGULAR: Answer = Answer(0);
const ONE_BOX: Answer = Answer(1);

/// The handler.
#[derive(Debug)]
pub struct ViewerRequest {
    policy: Policy,
    tags: [Vec<Edit>; 2],
}

impl ViewerRequest {
    /// A handler for one configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        // The whole header is replaced: what a viewer sends under its name never passes.
        let host = config.partition.forward_host.as_deref().map(Edit::forward_host);
        let tag = |partition: Partition| {
            let tag = Edit::header(&config.partition.header, partition.as_str());
            [tag].into_iter().chain(host.clone()).collect()
        };
        Self { policy: config.policy(), tags: [tag(Partition::Regular), tag(Partition::OneBox)] }
    }
}

impl Handler for ViewerRequest {
    const TRIGGER: Trigger = Trigger::ViewerRequest;
    const FALLBACK: Answer = REGULAR;

    fn fields(&self) -> Vec<Field<'_>> {
        Field::of(&self.policy)
    }

    fn reads_clock(&self) -> bool {
        self.policy.reads_clock()
    }

    #[inline]
    fn answer(&self, event: &impl Event, now: Time) -> Answer {
        match self.policy.decide(&Visit(event), now).partition {
            Partition::OneBox => ONE_BOX,
            Partition::Regular => REGULAR,
        }
    }

    fn decide(&self, event: &impl Event, now: Time) -> Option<Decision<'_>> {
        Some(self.policy.decide(&Visit(event), now))
    }

    fn edits(&self, answer: Answer) -> Cow<'_, [Edit]> {
        Cow::Borrowed(self.tags.get(answer.0 as usize).map_or(&[], Vec::as_slice))
    }
}

#[cfg(target_family = "wasm")]
onebox_edge::export!(ViewerRequest);
