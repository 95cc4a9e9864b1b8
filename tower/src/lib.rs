//! The side of a gradual release as a [tower](https://docs.rs/tower) layer.
//!
//! A service behind [`OneboxLayer`] is told, for every [`http::Request`], which side of the release the visitor is on:
//! by the very decision that `onebox` makes at CloudFront's edge. It works with axum, lambda_http, hyper and whatever
//! else speaks `tower` and `http`; see the two examples beside this crate.
//!
//! ```
//! use http::{Request, Response, header::VARY};
//! use onebox_core::{Policy, Share};
//! use onebox_tower::OneboxLayer;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::new("web-2026-11-20", "80%".parse::<Share>()?, vec!["cookie:session".parse()?]);
//! let side = async |request: Request<()>| {
//!     Ok::<_, std::convert::Infallible>(Response::new(request.headers()["x-req-partition"].clone()))
//! };
//! let service = ServiceBuilder::new().layer(OneboxLayer::new(policy)).service(service_fn(side));
//!
//! let response = service.oneshot(Request::get("/").header("cookie", "session=7f3a").body(())?).await?;
//! assert_eq!(response.headers()[VARY], "x-req-partition");
//! assert_eq!(response.into_body(), "one-box");
//! # Ok(()) }
//! ```
//!
//! # What happens to a request
//!
//! Whatever partition header the visitor sent is replaced by exactly one with the right value. Cookies, headers, pins,
//! override tokens and crawlers are read as [`onebox_core::Policy::decide`] says; the visitor's address comes from a
//! [`ClientIp`] extension, or from wherever [`OneboxLayer::address`] says, and is hashed in its shortest spelling
//! (<https://www.rfc-editor.org/rfc/rfc5952>).
//!
//! Header text that is not UTF-8 counts as ISO-8859-1, as it does for CloudFront
//! (<https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html>):
//! a visitor with such a cookie is on the same side at the edge and here. The request itself keeps its bytes.
//!
//! # What happens to a response
//!
//! The partition header's name is added to `Vary` once. With [`OneboxLayer::write_pins`], a visitor whose bucket came
//! from a key gets the cookie that remembers it, beside the cookies that the service sets. An error of the service
//! passes unchanged.
//!
//! # What it costs
//!
//! A request that has a pin is decided without an allocation of the layer's own: names and values are made once, and
//! the future is not boxed. Two maps that are not the layer's may grow, as for any header: the request's, if it is full
//! already (of 6, 12, 24, … names); and the response's, if it is full or empty. `Vary` is a new text where the service
//! has written another one.
//!
//! The header alone carries the side, because [`http::Extensions`] boxes all that is put into it, up to three
//! allocations for each request. Who wants to know the bucket and what decided asks for that with
//! [`OneboxLayer::extension`], and then finds an [`Assignment`] there.
#![forbid(unsafe_code)]

mod assignment;
mod client_ip;
mod future;
mod layer;
mod rules;
mod service;
mod visit;

pub use assignment::{Assignment, Reason};
pub use client_ip::ClientIp;
pub use future::ResponseFuture;
pub use layer::OneboxLayer;
pub use service::Onebox;

/// The example of the README is a test as well.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
