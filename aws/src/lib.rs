//! Performs what a release wants with the AWS SDK.
#![forbid(unsafe_code)]

mod budget;
mod perform;

pub use budget::Budget;
pub use perform::{Calls, Performed, perform};
