//! `cargo demo`: the demo alone, with the functions in this process.

use std::process::ExitCode;

use anstyle::AnsiColor;
use clap::Parser;
use onebox_demo::{Native, Show, run};
use onebox_terminal::say;

/// Show what sticky one-box routing is good for, on this machine
///
/// Two built-in origins serve two releases of a small shop, a local CloudFront with onebox's functions stands in front, and
/// the page at /__onebox/ shows what happens. `onebox demo` also runs the packaged functions, in Node.js or njs.
#[derive(Debug, Parser)]
#[command(name = "cargo demo --", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    show: Show,
}

fn main() -> ExitCode {
    match run(&Cli::parse().show, Box::new(Native)) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            say(AnsiColor::Red, "error", &failure.message);
            failure.exit.into()
        }
    }
}
