//! origin-response: the response says that it varies by partition, before the cache stores it.
//!
//! CloudFront itself separates the partitions by its cache policy, not by `Vary`; the header is for the shared caches
//! behind and before it.
//!
//! ```
//! use onebox_edge::{Config, serve};
//! use onebox_origin_response::OriginResponse;
//!
//! # let config = r#"{ "release": { "id": "web-1", "share": "5%" }, "debug": { "response_header": false },
//! #   "partition": { "keys": ["header:user-agent"], "header": "X-Req-Partition", "salt": "web-1" },
//! #   "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } } }"#;
//! let handler = OriginResponse::new(&Config::from_json(config).unwrap());
//! let event = r#"{"Records":[{"cf":{"response":{"status":"200","headers":{
//!     "vary":[{"key":"Vary","value":"Accept-Encoding"}]}}}}]}"#;
//! assert!(serve(&handler, event).contains(r#""value":"Accept-Encoding, X-Req-Partition""#));
//! ```

use std::borrow::Cow;

use onebox_core::{Partition, Time, Vary, merge};
use onebox_edge::{Answer, Config, Edit, Event, Field, Handler, Origins, Trigger, incoming};

/// The handler.
#[derive(Debug)]
pub struct OriginResponse {
    header: String,
    name: String,
    debug: Option<Origins>,
}

/// What an answer's number stands for: `Vary` in its lowest digit to the base of 3, the shown partition above it.
#[derive(Clone, Copy)]
struct Found {
    vary: Vary,
    shown: Option<Partition>,
}

impl OriginResponse {
    /// A handler for one configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let header = config.partition.header.clone();
        let Origins { regular, .. } = &config.origins;
        let origins = || Origins { regular: regular.clone(), one_box: config.origins.destination() };
        Self { name: header.to_ascii_lowercase(), header, debug: config.debug.response_header.then(origins) }
    }

    /// The partition whose origin has served the response. Another origin than the one-box's, such as an origin group's
    /// failover, is where CloudFront sends requests by itself: regular, whatever the request says.
    ///
    /// In a response event the request is as it was sent to the origin:
    /// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>. Where there is no
    /// origin in it, or the two differ in nothing but the Host header, it is what the request says.
    #[inline(never)]
    fn served(&self, origins: &Origins, event: &impl Event) -> Option<Partition> {
        let tagged = event.get(Field::Header(&self.name)).and_then(Partition::from_header)?;
        let incoming = incoming(event);
        Some(match (origins.one_box.is(incoming), origins.regular.is(incoming)) {
            _ if incoming.domain.is_none() => tagged,
            (true, true) => tagged,
            (true, false) => Partition::OneBox,
            (false, _) => Partition::Regular,
        })
    }
}

impl Handler for OriginResponse {
    const TRIGGER: Trigger = Trigger::OriginResponse;
    const FALLBACK: Answer = Answer(0);

    fn fields(&self) -> Vec<Field<'_>> {
        let served = ["domainName", "path", "port", "protocol"].map(Field::Origin);
        let served = [Field::Header(&self.name)].into_iter().chain(served);
        let served = self.debug.iter().flat_map(|_| served.clone());
        [Field::ResponseHeader("vary")].into_iter().chain(served).collect()
    }

    fn answer(&self, event: &impl Event, _now: Time) -> Answer {
        let vary = merge(event.get(Field::ResponseHeader("vary")), &self.header);
        Found { vary, shown: self.debug.as_ref().and_then(|origins| self.served(origins, event)) }.into()
    }

    fn edits(&self, answer: Answer) -> Cow<'_, [Edit]> {
        let Found { vary, shown } = answer.into();
        let vary = match vary {
            Vary::Leave => None,
            Vary::Set => Some(Edit::header("Vary", &self.header)),
            Vary::Append => Some(Edit::append("Vary", &self.header)),
        };
        let shown = shown.map(|partition| Edit::header(&self.header, partition.as_str()));
        vary.into_iter().chain(shown).collect()
    }
}

impl From<Found> for Answer {
    fn from(found: Found) -> Self {
        let vary = match found.vary {
            Vary::Leave => 0,
            Vary::Set => 1,
            Vary::Append => 2,
        };
        let shown = match found.shown {
            None => 0,
            Some(Partition::Regular) => 1,
            Some(Partition::OneBox) => 2,
        };
        Self(vary + 3 * shown)
    }
}

impl From<Answer> for Found {
    fn from(answer: Answer) -> Self {
        let vary = match answer.0 % 3 {
            0 => Vary::Leave,
            1 => Vary::Set,
            _ => Vary::Append,
        };
        let shown = match answer.0 / 3 {
            1 => Some(Partition::Regular),
            2 => Some(Partition::OneBox),
            _ => None,
        };
        Self { vary, shown }
    }
}

#[cfg(target_family = "wasm")]
onebox_edge::export!(OriginResponse);
