//! Measurements of onebox beside its rivals, as ratios within one run.
//!
//! A [`Race`] is a list of ways to do the same. Criterion measures each for itself and remembers earlier runs; then the
//! contenders run again in turns, so that a machine that slows down slows all of them, and a table of ratios is printed.

#![forbid(unsafe_code)]

pub mod inputs;
pub mod race;
pub mod report;
pub mod rivals;
pub mod through_value;

pub use race::{Bound, Claim, Contender, Race};
