//! What onebox's commands have in common: how they end, what they say, which clock they go by, and when they are stopped.

#![forbid(unsafe_code)]

mod clock;
mod exit;
mod listen;
mod say;

pub use clock::{machine, time, timestamp};
pub use exit::{Exit, Failure, written};
pub use listen::{listener, stop};
pub use say::say;
