//! Texts from outside, before a person, a log or a journal gets them.

/// A text without control characters, at most `most` characters long.
///
/// Line feeds and tabs become spaces; everything else that a terminal could obey, escape sequences and the marks that
/// turn the direction of writing round among them, is left out. What was cut ends with `…`.
///
/// ```
/// use onebox_release::plain_text;
///
/// assert_eq!(plain_text("no\nanswer \u{1b}[31mred", 100), "no answer [31mred");
/// assert_eq!(plain_text("12345", 4), "123…");
/// ```
#[must_use]
pub fn plain_text(text: &str, most: usize) -> String {
    let visible = |letter: char| match letter {
        '\n' | '\r' | '\t' => Some(' '),
        // The C0 and C1 controls, and Unicode's line separators and bidirectional controls.
        letter if letter.is_control() => None,
        '\u{061c}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => None,
        letter => Some(letter),
    };
    let mut letters = text.chars().filter_map(visible);
    let mut plain: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        plain.pop();
        plain.push('…');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_that_a_terminal_obeys() {
        for letter in (0..=0x9f).chain([0x061c, 0x200e, 0x2028, 0x202e, 0x2066]).filter_map(char::from_u32) {
            let plain = plain_text(&format!("a{letter}b"), 10);
            assert!(!plain.chars().any(char::is_control), "{letter:?}");
        }
        assert_eq!(plain_text("\u{202e}a\u{061c}bc\u{2066}", 10), "abc");
    }

    #[test]
    fn a_text_is_as_long_as_was_asked() {
        for (text, most, expected) in
            [("", 3, ""), ("äöü", 3, "äöü"), ("äöüß", 3, "äö…"), ("ab", 1, "…"), ("\u{1b}ab", 2, "ab")]
        {
            assert_eq!(plain_text(text, most), expected);
        }
    }
}
