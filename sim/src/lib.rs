//! A local CloudFront: one distribution with Lambda@Edge functions, as AWS documents it.
//!
//! A request goes through the triggers in AWS's order: viewer-request, the cache, origin-request, the origin,
//! origin-response, the cache again, the viewer. Functions run in this process or as packaged bundles in Node.js; what
//! they return is held to the same rules as at the edge, and a broken rule gives the status that a viewer would get,
//! with the rule's name and where AWS states it. What cannot be imitated is refused: origin groups, Origin Shield,
//! field-level encryption, gRPC, WebSocket, HTTP/2 toward viewers, origin access identities.

#![forbid(unsafe_code)]

mod admission;
mod body;
mod cache_policy;
mod distribution;
mod event;
mod fetch;
mod fields;
mod fill;
mod flow;
mod forward;
mod freshness;
mod function;
mod message;
mod node;
mod observe;
mod origin;
mod origin_request_policy;
mod policy;
mod range;
mod reply;
mod rule;
mod server;
mod settings;
mod store;
mod validate;

pub use body::{Body, full};
pub use cache_policy::CachePolicy;
pub use distribution::{Distribution, StartError};
pub use event::event;
pub use function::{Fault, Functions, Runtime};
pub use message::{CustomOrigin, Origin, Protocol, Request, Response, S3Origin};
pub use observe::{CacheResult, Nobody, Observer, Record};
pub use origin_request_policy::OriginRequestPolicy;
pub use policy::{PolicyError, Selection};
pub use rule::{Rule, Violation};
pub use server::listen;
pub use settings::{Clock, Limits, RegularOrigin, Settings};
pub use validate::{Outcome, Returned, Sent, validate};
