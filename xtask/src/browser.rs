//! The demo before a real browser.

use crate::{
    line::{Failure, Line},
    tools,
};

/// The scripts that walk about in the demo, and what they need.
const FOLDER: &str = "onebox/tests/browser";

/// What a person does at the demo's own page, and what a visitor of the shop meets while the share grows; then what a
/// person sees of a release that fails. Each with what its demo is started with.
const WALKS: [(&[&str], &[&str]); 2] =
    [(&["--no-crowd"], &["page.mjs", "ramp.mjs"]), (&["--release", "--fail"], &["release.mjs"])];

/// What starts a distribution of its own: new visitors' first pages, with what `onebox init` writes.
const FIRST: &str = "first.mjs";

/// Starts the demo on a free port, has the browser walk about in it, and stops it; then once more with a release. Then
/// new visitors open their first pages.
///
/// # Errors
/// What is missing, or what the browser saw.
pub(crate) fn run() -> Result<(), Failure> {
    tools::languages()?;
    tools::wasm_target()?;
    let chromium = tools::chromium()?;
    packages()?;
    Line::of("cargo build --quiet --locked --release -p onebox").run()?;
    let program = tools::built("onebox", "release")?;
    WALKS.iter().try_for_each(|(args, scripts)| walk(&program, args, scripts, &chromium))?;
    Line::of("node").args([format!("{FOLDER}/{FIRST}"), program]).env("CHROMIUM", chromium).run()
}

fn walk(program: &str, args: &[&str], scripts: &[&str], chromium: &str) -> Result<(), Failure> {
    let demo = Line::program(program).args(["demo", "--port", "0"]).args(args.iter().copied()).start()?;
    let site = address(demo.greeting())
        .ok_or_else(|| Failure::new(format!("the demo names no address: {:?}", demo.greeting())))?;
    scripts.iter().try_for_each(|script| {
        Line::of("node").args([format!("{FOLDER}/{script}"), site.to_owned()]).env("CHROMIUM", chromium).run()
    })
}

/// Brings what the script's `package-lock.json` names.
///
/// # Errors
/// If npm cannot install it.
pub(crate) fn packages() -> Result<(), Failure> {
    if Line::of("npm ls --prefix").args([FOLDER]).output().is_some() {
        return Ok(());
    }
    Line::of("npm ci --ignore-scripts --no-audit --no-fund --loglevel=error --prefix").args([FOLDER]).run()
}

/// The root of the site in a line such as `watch http://127.0.0.1:8080/__onebox/`.
fn address(line: &str) -> Option<&str> {
    let begin = line.find("http://")?;
    let host = line.get(begin + "http://".len()..)?;
    let length = host.find(|end: char| end == '/' || end.is_whitespace()).unwrap_or(host.len());
    line.get(begin..begin + "http://".len() + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_is_what_comes_before_the_path() {
        assert_eq!(address("look at http://127.0.0.1:8080/__onebox/ now"), Some("http://127.0.0.1:8080"));
        assert_eq!(address("http://127.0.0.1:8080\n"), Some("http://127.0.0.1:8080"));
        assert_eq!(address("error: the port is taken"), None);
    }
}
