//! The command against moto, patched to keep AWS's rules: whole releases, and releases that are killed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of it is tests")]

mod command;
mod kill;
mod release;
#[path = "../../../aws/tests/moto/scenario.rs"]
mod scenario;
#[path = "../../../aws/tests/moto/server.rs"]
mod server;
