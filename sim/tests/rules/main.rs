//! The local CloudFront held to AWS's documentation, over real sockets: every test names its rule and its source.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of it is tests")]

mod cache;
mod cff;
mod cff_moves;
mod cff_results;
mod collapsing;
mod faults;
mod headers;
mod node;
mod origins;
mod policies;
mod props;
mod requests;
mod results;
mod schedules;
mod stage;
mod triggers;
mod viewer_response;
