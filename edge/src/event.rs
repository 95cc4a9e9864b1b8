//! The few fields of an event that matter.
//!
//! The event's structure:
//! <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>.

use onebox_core::{Incoming, Part, Policy, Request};

/// A field that a handler reads. Text is UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field<'a> {
    /// All Cookie lines of the request, joined with `;`, which reads like one line.
    Cookies,
    /// The first line of a request header; the name is in lower case.
    Header(&'a str),
    /// The viewer's address.
    ClientIp,
    /// A field of the origin, custom or S3; numbers in decimal.
    Origin(&'a str),
    /// The kind of the origin: `s3` or `custom`; absent where there is no origin.
    OriginKind,
    /// All lines of a response header, joined with `, `, which reads like one line; the name is in lower case.
    ResponseHeader(&'a str),
}

impl<'a> Field<'a> {
    /// The fields that a policy reads, each once.
    #[must_use]
    pub fn of(policy: &'a Policy) -> Vec<Self> {
        let keys = policy.keys().iter().flat_map(|entry| entry.parts()).map(|part| match part {
            Part::Cookie(_) => Self::Cookies,
            Part::Header(name) => Self::Header(name),
            Part::ClientIp | Part::ClientNetwork(_) => Self::ClientIp,
        });
        let pins = policy.pins().map(|_| Self::Cookies);
        let overrides = policy.overrides().map(|overrides| [Self::Header(overrides.header()), Self::Cookies]);
        let crawlers = policy.crawlers().map(|_| Self::Header("user-agent"));
        let mut fields = Vec::new();
        for field in keys.chain(pins).chain(overrides.into_iter().flatten()).chain(crawlers) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        fields
    }
}

/// What a handler sees of an event. A field of the wrong shape is absent.
pub trait Event {
    /// The text of a field.
    fn get(&self, field: Field<'_>) -> Option<&[u8]>;
}

/// The origin of an event's request. It reads the fields `domainName`, `path`, `port` and `protocol`.
pub fn incoming<E: Event>(event: &E) -> Incoming<'_> {
    let origin = |name| event.get(Field::Origin(name));
    Incoming { domain: origin("domainName"), path: origin("path"), port: origin("port"), protocol: origin("protocol") }
}

/// An event as the request that a policy decides.
#[derive(Debug)]
pub struct Visit<'a, E>(pub &'a E);

impl<E: Event> Request for Visit<'_, E> {
    #[inline]
    fn cookie_lines(&self) -> impl Iterator<Item = &[u8]> {
        self.0.get(Field::Cookies).into_iter()
    }

    #[inline]
    fn header(&self, name: &str) -> Option<&[u8]> {
        self.0.get(Field::Header(name))
    }

    #[inline]
    fn client_ip(&self) -> Option<&[u8]> {
        self.0.get(Field::ClientIp)
    }
}
