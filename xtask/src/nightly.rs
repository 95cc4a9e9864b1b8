//! The steps of `cargo xtask nightly`: the checks that go through random or exhaustive cases, at their full counts.
//!
//! `cargo xtask test` runs the same checks at counts that fit into half an hour.

use std::time::Duration;

use crate::{
    line::{Failure, Line},
    parity, steps,
    steps::Step,
    tools,
};

/// Every step, in order.
pub(crate) const STEPS: &[Step] = &[
    Step { name: "parity", about: "1,000,000 requests through native, Node.js and `onebox decide`", run: parity },
    Step {
        name: "functions",
        about: "200,000 requests through CloudFront Functions in njs and Node.js",
        run: functions,
    },
    Step {
        name: "properties",
        about: "200,000 cases for each property of the decision and of the layer",
        run: properties,
    },
    Step { name: "kills", about: "releases killed at 70 random moments, against moto", run: kills },
    Step { name: "fuzz", about: "every fuzz target, all within twenty minutes", run: fuzz },
];

/// How many random requests every runtime decides.
const REQUESTS: u64 = 1_000_000;

/// How many cases proptest tries for each property.
const CASES: &str = "200000";

/// How long all fuzz targets run together.
const FUZZ_BUDGET: Duration = Duration::from_secs(20 * 60);

fn parity() -> Result<(), Failure> {
    parity::line(REQUESTS, parity::SEED)?.run()
}

fn functions() -> Result<(), Failure> {
    tools::njs()?;
    Line::of("cargo run --quiet --locked --release -p onebox-cff --example parity -- 200000").run()
}

fn properties() -> Result<(), Failure> {
    Line::of("cargo test --locked --release -p onebox-core -p onebox-tower --test properties")
        .env("PROPTEST_CASES", CASES)
        .run()
}

/// The moments are random: another run kills at others. What fails prints its seed.
fn kills() -> Result<(), Failure> {
    tools::moto()?;
    Line::of("cargo test --locked -p onebox --test moto -- --nocapture").run()
}

fn fuzz() -> Result<(), Failure> {
    steps::fuzz_for(FUZZ_BUDGET)
}
