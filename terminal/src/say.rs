//! Lines for people.

use anstyle::{AnsiColor, Style};

/// A line for a person, on standard error; coloured where that is wanted (<https://no-color.org>).
pub fn say(color: AnsiColor, kind: &str, message: &str) {
    let style = Style::new().fg_color(Some(color.into())).bold();
    anstream::eprintln!("{style}{kind}:{style:#} {message}");
}
