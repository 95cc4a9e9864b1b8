//! The project's chores: `cargo xtask …`.
//!
//! Each needs Rust, Node.js and Python, and installs whatever else it needs into the target directory.

mod apt;
mod browser;
mod line;
mod nightly;
mod parity;
mod run;
mod steps;
mod templates;
mod tools;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand, builder::PossibleValuesParser};

use crate::{
    line::{Failure, Line},
    steps::{STEPS, Step},
};

/// The chores of the onebox project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Args {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run everything that continuous integration runs, in its order, up to the first failure.
    Test {
        /// Run this step only; may be given more than once.
        #[arg(long, value_name = "STEP", value_parser = PossibleValuesParser::new(STEPS.iter().map(|step| step.name)))]
        only: Vec<String>,
        /// Print the steps and run none.
        #[arg(long)]
        list: bool,
    },
    /// Run the random and exhaustive checks at their full counts: about an hour and a half on 2 cores.
    Nightly {
        /// Run this step only; may be given more than once.
        #[arg(long, value_name = "STEP", value_parser = PossibleValuesParser::new(nightly::STEPS.iter().map(|step| step.name)))]
        only: Vec<String>,
    },
    /// Install what the tests need, and run none.
    Setup,
    /// Ask the native handler, the Node.js bundle and `onebox decide` the same, and print what they do not agree on.
    Parity {
        /// How many random requests, besides the vectors of the specification.
        #[arg(long, default_value_t = 1_000_000)]
        requests: u64,
        /// Where the random requests begin; a seed gives the same ones always.
        #[arg(long, default_value_t = parity::SEED)]
        seed: u64,
    },
    /// Measure, natively and in Node.js. With arguments, which go to Criterion, natively only.
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    let chore = Args::parse().chore;
    // Every path and every command below is relative to the checkout, wherever cargo was called. Cargo says where it is
    // when it runs: two checkouts may share a target directory, and then one of them compiles for both.
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let checkout = package.as_deref().and_then(Path::parent);
    if checkout.is_none_or(|checkout| env::set_current_dir(checkout).is_err()) {
        eprintln!("xtask: where is the checkout? Run it with `cargo xtask` inside it");
        return ExitCode::FAILURE;
    }
    match chore {
        Chore::Test { list: true, .. } => {
            STEPS.iter().for_each(|step| println!("{:12} {}", step.name, step.about));
            ExitCode::SUCCESS
        }
        Chore::Test { only, .. } => run::steps("test", chosen(STEPS, &only)),
        Chore::Nightly { only } => run::steps("nightly", chosen(nightly::STEPS, &only)),
        Chore::Setup => run::steps("test", STEPS.iter().take(1)),
        Chore::Parity { requests, seed } => or_said(parity::line(requests, seed).and_then(|line| line.become_it())),
        Chore::Bench { args } => or_said(bench(args)),
    }
}

/// The steps of these names; all where none is named.
fn chosen<'a>(steps: &'a [Step], only: &'a [String]) -> impl Iterator<Item = &'a Step> {
    steps.iter().filter(move |step| only.is_empty() || only.iter().any(|name| name == step.name))
}

fn bench(args: Vec<String>) -> Result<ExitCode, Failure> {
    tools::wasm_target()?;
    let native = Line::of("cargo bench --locked -p onebox-benches -p onebox-tower --").args(args.clone());
    if !args.is_empty() {
        return native.become_it();
    }
    native.run()?;
    Line::of("node benches/node/run.mjs").become_it()
}

/// Says why there is no exit code.
fn or_said(code: Result<ExitCode, Failure>) -> ExitCode {
    code.unwrap_or_else(|failure| {
        eprintln!("xtask: {failure}");
        ExitCode::FAILURE
    })
}
