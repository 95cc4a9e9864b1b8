//! Drives a release: performs what it wants, one effect at a time, and hands in what that gave.
//!
//! What a release does is decided in `onebox-release`; whoever performs its calls is a [`Calls`]: AWS's SDK in
//! `onebox-aws`, or the local control plane of `onebox-sim`.

#![forbid(unsafe_code)]

mod perform;

pub use perform::{Calls, Performed, perform};
