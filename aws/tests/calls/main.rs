//! Every call with the real SDK: what goes over the wire, what errors become, and a release against a strict local
//! control plane.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of it is tests")]

mod bounds;
mod budget;
mod endpoint;
mod errors;
mod meanwhile;
mod release;
mod stage;
mod wire;
