//! The command line.

use std::{ffi::OsString, process::ExitCode};

use anstyle::AnsiColor;
use clap::{Parser, Subcommand};
pub(crate) use onebox_terminal::say;

use crate::{Exit, Failure, alias, check, decide, demo, init, package, release, serve, shift, token};

const EXAMPLES: &str = "\
Examples:
  onebox init                                 write a commented onebox.toml
  onebox check                                list everything that is wrong with it
  onebox decide < requests.jsonl              which side does a request go to, and why?
  onebox token --partition one-box --for 1h   a way in for a tester
  onebox package --out dist                   functions for CloudFront, ready to upload
  onebox serve                                a local CloudFront in front of your origins
  onebox demo                                 see it work, with two releases of a site and a page to watch
  onebox release start                        move aliases to new versions, gradually, with alarms and rollback
  onebox shift orders:live --to 7             the same for one alias
  onebox alias set orders main --version 7    create an alias, or move it at once

Exit codes: 0 done, 1 did not hold, 2 stuck and needs a person, 64 bad usage or configuration.";

/// Keep every visitor on one side of a gradual release: decided at CloudFront's edge, stable, without a server.
#[derive(Debug, Parser)]
#[command(name = "onebox", version, after_help = EXAMPLES, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::Args),
    Check(check::Args),
    Decide(decide::Args),
    Token(token::Args),
    Package(package::Args),
    Serve(serve::Args),
    Demo(demo::Args),
    Release(release::Args),
    Shift(Box<shift::Args>),
    Alias(alias::Args),
}

/// Runs the command with these arguments, of which the first is its own name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let verb = match Cli::try_parse_from(args) {
        Ok(cli) => cli.verb,
        Err(answer) => {
            // Help and version are answers; everything else is a mistake. If it cannot be shown, nobody is there.
            let _ = answer.print();
            return if answer.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    let done = match &verb {
        Verb::Init(args) => init::run(args),
        Verb::Check(args) => check::run(args),
        Verb::Decide(args) => decide::run(args),
        Verb::Token(args) => token::run(args),
        Verb::Package(args) => package::run(args),
        Verb::Serve(args) => serve::run(args),
        Verb::Demo(args) => demo::run(args),
        Verb::Release(args) => release::run(args),
        Verb::Shift(args) => shift::run(args),
        Verb::Alias(args) => alias::run(args),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(Failure { exit, message }) => {
            say(AnsiColor::Red, "error", &message);
            exit.into()
        }
    }
}
