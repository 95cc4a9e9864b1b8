//! origin-request: a request of the one-box moves to the one-box origin, domain and Host header together.
//!
//! ```
//! use onebox_edge::{Config, serve};
//! use onebox_origin_request::OriginRequest;
//!
//! # let config = r#"{ "release": { "id": "web-1", "share": "5%" }, "debug": { "response_header": false },
//! #   "partition": { "keys": ["header:user-agent"], "header": "X-Req-Partition", "salt": "web-1" },
//! #   "origins": { "regular": { "domain": "reg.example.org" }, "one-box": { "domain": "box.example.org" } } }"#;
//! let handler = OriginRequest::new(&Config::from_json(config).unwrap());
//! let event = r#"{"Records":[{"cf":{"request":{
//!     "headers":{"x-req-partition":[{"key":"X-Req-Partition","value":"one-box"}],"host":[{"key":"Host","value":"reg.example.org"}]},
//!     "origin":{"custom":{"domainName":"reg.example.org","port":443}}}}}]}"#;
//! let moved = serve(&handler, event);
//! assert!(moved.contains(r#""domainName":"box.example.org","port":443"#));
//! assert!(moved.contains(r#""host":[{"key":"Host","value":"box.example.org"}]"#));
//! ```

use std::borrow::Cow;

use onebox_core::{Incoming, Origin, Partition, Time};
use onebox_edge::{Answer, Config, Edit, Event, Field, Handler, Trigger};

const LEAVE: Answer = Answer(0);
const MOVE: Answer = Answer(1);
const MOVE_WITH_IDENTITY: Answer = Answer(2);

/// The handler.
#[derive(Debug)]
pub struct OriginRequest {
    header: String,
    regular: Origin,
    /// The move; its last edit is for an S3 origin that is read with an identity, where the region is known.
    to_one_box: Vec<Edit>,
    plain: usize,
}

impl OriginRequest {
    /// A handler for one configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let one_box = &config.origins.one_box;
        // The Host header names the origin: an API or a bucket refuses the name of another.
        let host = one_box.host.as_deref().unwrap_or(&one_box.domain);
        let mut to_one_box = vec![Edit::origin("domainName", &one_box.domain), Edit::header("Host", host)];
        to_one_box.extend(one_box.path.as_deref().map(|path| Edit::origin("path", path)));
        to_one_box.extend(one_box.protocol.as_deref().map(|protocol| Edit::origin("protocol", protocol)));
        to_one_box.extend(one_box.port.map(Edit::port));
        let plain = to_one_box.len();
        to_one_box.extend(bucket_region(&one_box.domain).map(|region| Edit::origin("region", region)));
        Self {
            header: config.partition.header.to_ascii_lowercase(),
            regular: config.origins.regular.clone(),
            to_one_box,
            plain,
        }
    }
}

impl Handler for OriginRequest {
    const TRIGGER: Trigger = Trigger::OriginRequest;
    const FALLBACK: Answer = LEAVE;

    fn fields(&self) -> Vec<Field<'_>> {
        let origin = ["domainName", "path", "port", "protocol", "authMethod"].map(Field::Origin);
        [Field::Header(&self.header)].into_iter().chain(origin).collect()
    }

    fn answer(&self, event: &impl Event, _now: Time) -> Answer {
        let partition = event.get(Field::Header(&self.header)).and_then(Partition::from_header);
        let origin = |name| event.get(Field::Origin(name));
        let incoming = Incoming {
            domain: origin("domainName"),
            path: origin("path"),
            port: origin("port"),
            protocol: origin("protocol"),
        };
        if !self.regular.is_left(partition, incoming) {
            LEAVE
        } else if origin("authMethod") == Some(b"origin-access-identity") {
            MOVE_WITH_IDENTITY
        } else {
            MOVE
        }
    }

    fn edits(&self, answer: Answer) -> Cow<'_, [Edit]> {
        Cow::Borrowed(match answer {
            MOVE => &self.to_one_box[..self.plain],
            MOVE_WITH_IDENTITY => &self.to_one_box,
            _ => &[],
        })
    }
}

/// The region in a bucket's regional domain name, `BUCKET.s3.REGION.amazonaws.com`.
///
/// An S3 origin that is read with an origin access identity has to name its region:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>.
fn bucket_region(domain: &str) -> Option<&str> {
    let (before, region) = domain.strip_suffix(".amazonaws.com")?.rsplit_once('.')?;
    before.ends_with(".s3").then_some(region)
}

#[cfg(target_family = "wasm")]
onebox_edge::export!(OriginRequest);
