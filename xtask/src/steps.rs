//! The steps of `cargo xtask test`: what continuous integration runs, cheapest first.
//!
//! A step brings the tools that it needs, so that each can also be run alone.

use std::{fs, path::Path, time::Duration};

use crate::{
    browser,
    line::{Failure, Line},
    parity, templates, tools,
};

/// One thing that is checked.
pub(crate) struct Step {
    /// Its name in `--only`.
    pub(crate) name: &'static str,
    /// What it does, for its heading.
    pub(crate) about: &'static str,
    /// Does it.
    pub(crate) run: fn() -> Result<(), Failure>,
}

/// Every step, in order.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "setup", about: "the tools that the other steps need", run: setup },
    Step { name: "format", about: "every source is formatted", run: format },
    Step { name: "layout", about: "who may depend on whom, and what every file keeps to", run: layout },
    Step { name: "lint", about: "clippy, natively and for WebAssembly", run: lint },
    Step { name: "doc", about: "the documentation builds without a warning", run: doc },
    Step { name: "test", about: "all tests, with the oldest Node.js", run: test },
    Step { name: "node", about: "the bundles' tests, with every Node.js of Lambda@Edge", run: node },
    Step { name: "client", about: "the packaged functions under AWS's own runtime clients", run: client },
    Step { name: "histories", about: "every history of a release, in an optimised build", run: histories },
    Step { name: "parity", about: "every runtime decides the same", run: parity },
    Step { name: "moto", about: "releases over HTTP against moto, killed, and by Step Functions", run: moto },
    Step {
        name: "browser",
        about: "Chromium walks about in the demo while the share grows, and sees a release go back",
        run: browser::run,
    },
    Step { name: "templates", about: "what is deployed passes CloudFormation's linter", run: templates::run },
    Step { name: "dependencies", about: "licences, sources, duplicates and advisories", run: dependencies },
    Step { name: "fuzz", about: "every fuzz target, all within two minutes", run: fuzz },
    Step { name: "bench", about: "the benchmarks build and give the right answers", run: bench },
];

/// How many random requests every runtime is asked about; `cargo xtask parity` asks about more.
const PARITY_REQUESTS: u64 = 50_000;

/// How long all fuzz targets run together: another target costs the others their time, not the whole run's.
const FUZZ_BUDGET: Duration = Duration::from_secs(120);

/// How long the database of advisories may take to arrive.
const ADVISORIES_LIMIT: Duration = Duration::from_secs(120);

fn setup() -> Result<(), Failure> {
    tools::languages()?;
    tools::wasm_target()?;
    println!("njs: {}", tools::njs()?);
    println!("moto: {}", tools::moto()?);
    println!("Chromium: {}", tools::chromium()?);
    browser::packages()?;
    tools::component("rustfmt", "rustfmt")?;
    tools::component("clippy", "clippy-driver")?;
    for version in tools::NODE_VERSIONS {
        println!("Node.js {version}: {}", tools::node(version)?);
    }
    tools::runtime_clients()?;
    println!("cargo-deny: {}", cargo_deny()?);
    println!("cargo-fuzz: {}", cargo_fuzz()?);
    // cargo-fuzz itself would change a lock file that is out of date, and say nothing.
    Line::of("cargo fetch --locked --manifest-path fuzz/Cargo.toml").run()
}

fn format() -> Result<(), Failure> {
    tools::component("rustfmt", "rustfmt")?;
    Line::of("cargo fmt --all --check").run()?;
    Line::of("cargo fmt --manifest-path fuzz/Cargo.toml --check").run()
}

fn layout() -> Result<(), Failure> {
    Line::of("cargo test --locked --quiet -p xtask").run()
}

fn lint() -> Result<(), Failure> {
    tools::component("clippy", "clippy-driver")?;
    tools::wasm_target()?;
    Line::of("cargo clippy --locked --workspace --all-targets -- -D warnings").run()?;
    // What only WebAssembly compiles is not seen by the line above.
    let handlers = ["viewer-request", "origin-request", "origin-response", "viewer-response"];
    Line::of("cargo clippy --locked --lib --target wasm32-unknown-unknown")
        .args(handlers.iter().flat_map(|handler| ["-p".to_owned(), format!("onebox-{handler}")]))
        .args(["--", "-D", "warnings"])
        .run()
}

fn doc() -> Result<(), Failure> {
    tools::wasm_target()?;
    Line::of("cargo doc --locked --workspace --no-deps").env("RUSTDOCFLAGS", "-D warnings").run()
}

fn test() -> Result<(), Failure> {
    tools::languages()?;
    tools::njs()?;
    tools::moto()?;
    tools::wasm_target()?;
    let oldest = tools::node(tools::NODE_VERSIONS[0])?;
    Line::of("cargo test --locked --workspace --exclude xtask --no-fail-fast").node(&oldest).run()
}

/// What runs Node.js says so in its name.
fn node() -> Result<(), Failure> {
    tools::njs()?;
    tools::wasm_target()?;
    for version in &tools::NODE_VERSIONS[1..] {
        let program = tools::node(*version)?;
        Line::of("cargo test --locked --workspace --exclude xtask --no-fail-fast --tests node").node(&program).run()?;
    }
    Ok(())
}

/// Left out of the tests above: here it prints how many events each function answered.
fn client() -> Result<(), Failure> {
    tools::wasm_target()?;
    tools::runtime_clients()?;
    let (old, new) = (tools::node(22)?, tools::node(24)?);
    Line::of("cargo test --locked -p onebox --test client -- --nocapture")
        .env("ONEBOX_NODE_22", old)
        .env("ONEBOX_NODE_24", new)
        .run()
}

/// They are left out of the tests above: here they print what they measure.
fn moto() -> Result<(), Failure> {
    tools::moto()?;
    Line::of("cargo test --locked --no-fail-fast -p onebox-aws -p onebox -p onebox-release-lambda --test moto --test machine")
        .args(["--", "--nocapture"])
        .run()
}

fn histories() -> Result<(), Failure> {
    Line::of("cargo test --locked --release -p onebox-sim --test histories -- --nocapture").run()
}

fn parity() -> Result<(), Failure> {
    let newest = tools::node(tools::NODE_VERSIONS[tools::NODE_VERSIONS.len() - 1])?;
    parity::line(PARITY_REQUESTS, parity::SEED)?.node(&newest).run()
}

fn dependencies() -> Result<(), Failure> {
    let deny = cargo_deny()?;
    Line::program(&deny).args(["check", "bans", "licenses", "sources"]).run()?;
    // git must fail rather than ask a person.
    let fetch = Line::program(&deny).args(["fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0");
    if fetch.succeeds_within(ADVISORIES_LIMIT) {
        return Line::program(&deny).args(["check", "--disable-fetch", "advisories"]).run();
    }
    println!("ADVISORIES WERE NOT CHECKED: their database could not be reached.");
    Ok(())
}

fn fuzz() -> Result<(), Failure> {
    fuzz_for(FUZZ_BUDGET)
}

/// Runs every fuzz target; together they take this time, besides what building them takes.
pub(crate) fn fuzz_for(budget: Duration) -> Result<(), Failure> {
    let cargo_fuzz = cargo_fuzz()?;
    let targets = Line::program(&cargo_fuzz).args(["list"]).output();
    let targets = targets.ok_or_else(|| Failure::new("fuzz/Cargo.toml lists no targets: see `cargo fuzz list`"))?;
    // Without a sanitizer no nightly compiler is needed; there is no unsafe code here for one to watch.
    Line::program(&cargo_fuzz).args(["build", "--sanitizer", "none"]).run()?;
    let count = u32::try_from(targets.lines().count()).unwrap_or(u32::MAX).max(1);
    let seconds = (budget / count).as_secs().max(1);
    for target in targets.lines() {
        // What is found is kept in the corpus; the seeds are only read.
        let corpus = Path::new("fuzz/corpus").join(target);
        fs::create_dir_all(&corpus).map_err(|error| Failure::new(format!("{}: {error}", corpus.display())))?;
        Line::program(&cargo_fuzz)
            .args([
                "run",
                "--sanitizer",
                "none",
                target,
                &corpus.display().to_string(),
                &format!("fuzz/seeds/{target}"),
            ])
            .args(["--", "-verbosity=0", "-timeout=10", "-print_final_stats=1", &format!("-max_total_time={seconds}")])
            .run_showing(|line| line.starts_with("stat::"))?;
    }
    Ok(())
}

fn bench() -> Result<(), Failure> {
    tools::wasm_target()?;
    Line::of("cargo bench --locked -p onebox-benches -- --test").run()
}

fn cargo_deny() -> Result<String, Failure> {
    tools::cargo_tool("cargo-deny", "0.20.2")
}

fn cargo_fuzz() -> Result<String, Failure> {
    tools::cargo_tool("cargo-fuzz", "0.13.2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_name_of_its_own() {
        for (at, step) in STEPS.iter().enumerate() {
            assert!(STEPS[at + 1..].iter().all(|other| other.name != step.name), "{}", step.name);
        }
    }
}
