//! The local CloudFront held to AWS's documentation, over real sockets: every test names its rule and its source.

mod cache;
mod collapsing;
mod headers;
mod node;
mod origins;
mod requests;
mod results;
mod stage;
mod triggers;
