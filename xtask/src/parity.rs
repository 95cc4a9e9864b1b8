//! Asking all runtimes the same: the vectors of the specification and random requests.
//!
//! The asking itself is an example of viewer-request, so that this program stays small.

use crate::{
    line::{Failure, Line},
    tools,
};

/// Where the random requests begin, if nobody says so: the same ones every time.
pub(crate) const SEED: u64 = 1;

/// From how many requests on an optimised build is sooner ready than the asking without it.
const MANY: u64 = 200_000;

/// The command that asks, with everything built that it asks.
///
/// # Errors
/// What does not build.
pub(crate) fn line(requests: u64, seed: u64) -> Result<Line, Failure> {
    tools::languages()?;
    tools::wasm_target()?;
    let (profile, folder) = if requests < MANY { ("dev", "debug") } else { ("release", "release") };
    let profile = ["--profile", profile];
    Line::of("cargo build --quiet --locked -p onebox").args(profile).run()?;
    let onebox = tools::built("onebox", folder)?;
    Ok(Line::of("cargo run --quiet --locked -p onebox-viewer-request --example parity").args(profile).args([
        "--".to_owned(),
        onebox,
        requests.to_string(),
        seed.to_string(),
    ]))
}
