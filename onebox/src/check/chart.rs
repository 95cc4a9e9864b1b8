//! The share over time, drawn for a terminal.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use onebox_core::{Ramp, Share, Step, Time};

/// How many cells 100% has.
const WIDTH: u32 = 20;

/// A line for every step: its time, its share and a bar; the one in force is marked.
pub(super) fn draw(out: &mut impl Write, ramp: &Ramp, now: Time) -> io::Result<()> {
    let bold = Style::new().fg_color(Some(AnsiColor::Cyan.into()));
    let in_force = ramp.steps().iter().rposition(|step| step.at <= now);
    for (index, Step { at, share }) in ramp.steps().iter().enumerate() {
        let label = if index == 0 { "share" } else { "" };
        let mark = if Some(index) == in_force { "  now" } else { "" };
        let bar = bar(*share);
        writeln!(out, "  {label:<9} {:<24} {:>7}  {bold}{bar}{bold:#}{mark}", at.to_string(), share.to_string())?;
    }
    Ok(())
}

/// Eighths of cells, rounded up: a share above 0 is seen.
fn bar(share: Share) -> String {
    let eighths = (share.thousandths() * WIDTH * 8).div_ceil(Share::ALL.thousandths());
    let whole = "█".repeat((eighths / 8) as usize);
    let rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][(eighths % 8) as usize];
    whole + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        for (share, expected) in [
            ("0%", ""),
            ("0.001%", "▏"),
            ("1%", "▎"),
            ("5%", "█"),
            ("12.5%", "██▌"),
            ("50%", "██████████"),
            ("99.999%", "████████████████████"),
            ("100%", "████████████████████"),
        ] {
            assert_eq!(bar(share.parse().unwrap()), expected, "{share}");
        }
    }
}
