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

use onebox_core::{Incoming, Origin, Partition, S3Domain, Time};
use onebox_edge::{Answer, Config, Edit, Event, Field, Handler, Trigger, incoming};

const LEAVE: Answer = Answer(0);
const MOVE: Answer = Answer(1);
const MOVE_WITH_IDENTITY: Answer = Answer(2);
const LEAVE_AND_LOG: Answer = Answer(3);

/// What is logged of a request of the one-box that is neither moved nor there already.
const UNKNOWN: &str = "onebox: origin-request: a one-box request has an origin that is neither origins.regular nor \
                       origins.one-box, or an S3 origin while the one-box is no bucket, and stays there; is it another \
                       spelling, or an origin group's failover? Logged once";

/// The handler.
#[derive(Debug)]
pub struct OriginRequest {
    header: String,
    regular: Origin,
    one_box: Origin,
    /// Every edit: the line for the log, then what every request loses, then the move; the last edit of the move is for an
    /// S3 origin that is read with an identity, where the region is known.
    edits: Vec<Edit>,
    /// How many of them there are before the move.
    lost: usize,
    /// How many of them there are before the region.
    plain: usize,
    /// Whether the one-box is a bucket. Nothing else can be an S3 origin.
    is_bucket: bool,
}

impl OriginRequest {
    /// A handler for one configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let one_box = config.origins.destination();
        let regular = &config.origins.regular;
        let bucket = S3Domain::of(one_box.domain.as_bytes());
        let mut edits = vec![Edit::LogOrigin { text: UNKNOWN.into() }];
        // A token that forces a partition is no concern of an origin: whoever reads it could use it.
        if let Some(forced) = &config.forced {
            edits.push(Edit::remove(&forced.name));
            edits.push(Edit::RemoveCookie { name: forced.name.clone() });
        }
        let lost = edits.len();
        edits.push(Edit::origin("domainName", &one_box.domain));
        // The Host header names the origin: an API or a bucket refuses the name of another.
        edits.push(Edit::header("Host", one_box.host()));
        edits.extend(one_box.path.as_deref().map(|path| Edit::origin("path", path)));
        edits.extend(one_box.protocol.as_deref().map(|protocol| Edit::origin("protocol", protocol)));
        edits.extend(one_box.port.map(Edit::port));
        let plain = edits.len();
        edits.extend(bucket.and_then(|bucket| region(bucket, regular)).map(|region| Edit::origin("region", region)));
        Self {
            is_bucket: bucket.is_some(),
            header: config.partition.header.to_ascii_lowercase(),
            regular: regular.clone(),
            one_box,
            edits,
            lost,
            plain,
        }
    }

    // Rare: a cold start does not compile it with the rest.
    #[inline(never)]
    fn is_unknown(&self, partition: Option<Partition>, incoming: Incoming<'_>) -> bool {
        partition == Some(Partition::OneBox) && incoming.domain.is_some() && !self.one_box.is(incoming)
    }
}

impl Handler for OriginRequest {
    const TRIGGER: Trigger = Trigger::OriginRequest;
    const FALLBACK: Answer = LEAVE;

    fn fields(&self) -> Vec<Field<'_>> {
        let origin = ["domainName", "path", "port", "protocol"].map(Field::Origin);
        let kind = if self.is_bucket { Field::Origin("authMethod") } else { Field::OriginKind };
        [Field::Header(&self.header)].into_iter().chain(origin).chain([kind]).collect()
    }

    fn answer(&self, event: &impl Event, _now: Time) -> Answer {
        let partition = event.get(Field::Header(&self.header)).and_then(Partition::from_header);
        let incoming = incoming(event);
        if !self.regular.is_left(partition, incoming) {
            if self.is_unknown(partition, incoming) { LEAVE_AND_LOG } else { LEAVE }
        } else if self.is_bucket {
            // A custom origin can have a bucket's domain name: it is spoken to as any other.
            match event.get(Field::Origin("authMethod")) {
                Some(b"origin-access-identity") => MOVE_WITH_IDENTITY,
                _ => MOVE,
            }
        } else if event.get(Field::OriginKind) == Some(b"s3") {
            LEAVE_AND_LOG
        } else {
            MOVE
        }
    }

    fn edits(&self, answer: Answer) -> Cow<'_, [Edit]> {
        Cow::Borrowed(match answer {
            LEAVE => &self.edits[1..self.lost],
            LEAVE_AND_LOG => &self.edits[..self.lost],
            MOVE => &self.edits[1..self.plain],
            MOVE_WITH_IDENTITY => &self.edits[1..],
            _ => &[],
        })
    }
}

/// The Region of a bucket, unless it is the bucket that the request comes with. Where neither name tells a Region, both are
/// taken to be in the one that CloudFront knows: us-east-1, for which a global name stands, is the rarer case.
///
/// An S3 origin that is read with an origin access identity has to name its region; without one it need not:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>.
fn region<'a>(bucket: S3Domain<'a>, regular: &Origin) -> Option<&'a str> {
    let regular = S3Domain::of(regular.domain.as_bytes());
    let stays =
        regular.is_some_and(|regular| regular.is_same(bucket) || (!regular.names_region() && !bucket.names_region()));
    if stays { None } else { core::str::from_utf8(bucket.region()?).ok() }
}

#[cfg(target_family = "wasm")]
onebox_edge::export!(OriginRequest);
