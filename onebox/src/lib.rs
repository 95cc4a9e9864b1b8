//! The command `onebox`: it checks, explains, packages and tries out sticky one-box routing at CloudFront's edge.
//!
//! Every verb is a module with its `Args` and a `run`. Results go to standard output, everything else to standard
//! error; the exit code is an [`Exit`]. What a verb needs of `onebox.toml` it gets from the package `onebox-config`.

#![forbid(unsafe_code)]

mod alias;
mod bundle;
mod check;
mod cli;
mod clock;
mod config;
mod decide;
mod demo;
mod file;
mod init;
mod package;
mod release;
mod serve;
mod shift;
mod token;

pub use cli::run;
pub use onebox_terminal::{Exit, Failure};
