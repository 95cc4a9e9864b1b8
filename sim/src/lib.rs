//! A local CloudFront: one distribution with Lambda@Edge functions or CloudFront Functions, as AWS documents it.
//!
//! A request goes through the triggers in AWS's order: viewer-request, the cache, origin-request, the origin,
//! origin-response, the cache again, viewer-response, the viewer. Lambda@Edge functions run in this process or as packaged
//! bundles in Node.js, CloudFront Functions in njs or in Node.js; what they return is held to the same rules as at the edge,
//! and a broken rule gives the status that a viewer would get, with the rule's name and where AWS states it.
//!
//! ```no_run
//! # async fn run(config: onebox_edge::Config) -> Result<(), Box<dyn std::error::Error>> {
//! use std::sync::Arc;
//! use onebox_sim::{Distribution, Nobody, Runtime, Settings, listen};
//!
//! let mut settings = Settings::new(config);
//! settings.resolve.insert("reg.example.org".into(), "127.0.0.1:9000".parse()?);
//! let distribution = Distribution::start(settings, Runtime::Native, Arc::new(Nobody)).await?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! listen(listener, distribution, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Beside it, [`control`] is a strict local control plane: the Lambda, CloudWatch and CodeDeploy that a release talks to.
//!
//! # What is not imitated
//!
//! Refused: headers that CloudFront computes (`CloudFront-*`) in a policy, WebSocket, gRPC, origin access identities, TLS
//! before 1.2 toward origins, a replaced request body; of the helpers of CloudFront Functions origin groups, Origin Shield,
//! origin access control, server name indication and connection times. Not there to be configured: origin groups, Origin Shield,
//! field-level encryption, custom error pages, response headers policies, several behaviours.
//!
//! Different: viewers speak HTTP/1.1; a head of more than 64 KiB gets 431 instead of 413; header names in events are
//! written `Like-This` whatever the viewer wrote; nothing is compressed; a range that is not in the cache passes without
//! being kept; a viewer's `If-None-Match` and `If-Modified-Since` are answered here and not forwarded; a CloudFront Function
//! that does not parse is refused at the start instead of answering every request with 503, has far more time and memory
//! than at the edge, and in Node.js a newer JavaScript than CloudFront's. Where AWS is silent: `Set-Cookie` and `Vary` are
//! filtered after origin-response, a stale object says `Hit`, whether viewer-response runs is up to the status after
//! origin-response, and a CloudFront Function at viewer-response sees the request as viewer-request left it.

#![forbid(unsafe_code)]

mod admission;
mod body;
mod cache_policy;
mod cff;
pub mod control;
mod deliver;
mod distribution;
mod event;
mod fetch;
mod fields;
mod fill;
mod flow;
mod forward;
mod freshness;
mod function;
mod keep;
mod key_values;
mod live;
mod message;
mod node;
mod observe;
mod origin;
mod origin_request_policy;
mod policy;
mod pool;
mod range;
mod reply;
mod rule;
mod server;
mod settings;
mod start_error;
mod store;
mod validate;

pub use body::{Body, full};
pub use cache_policy::CachePolicy;
pub use cff::Engine;
pub use distribution::Distribution;
pub use event::event;
pub use function::{Fault, Functions, Runtime};
pub use key_values::{KeyValueError, KeyValues};
pub use message::{CustomOrigin, Origin, Protocol, Request, Response, S3Origin};
pub use observe::{CacheResult, Nobody, Observer, Record};
pub use origin_request_policy::OriginRequestPolicy;
pub use policy::{PolicyError, Selection};
pub use rule::{Rule, Violation};
pub use server::listen;
pub use settings::{Clock, Limits, RegularOrigin, SeenRequest, Settings};
pub use start_error::StartError;
pub use validate::{Outcome, Returned, Sent, validate};
