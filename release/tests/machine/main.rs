//! The machine, by scripts: what happens, what it wants then, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of it is tests")]

mod caller;
mod guard;
mod health;
mod last;
mod lost;
mod observed;
mod orders;
mod own_alarms;
mod parts;
mod place;
mod random;
mod ready;
mod refused;
mod settling;
mod whole;
mod world;
