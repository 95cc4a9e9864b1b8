//! A Cookie header line without one of its cookies.

/// The line without the pairs of this name, which is case-sensitive; none if there are none.
///
/// What a pair is, and what its name, [`CookieName`](onebox_core::CookieName) says as well. The other pairs stay as they
/// are, byte for byte; blanks before the first of them go with what stood there.
pub(crate) fn without_cookie(line: &[u8], name: &str) -> Option<Vec<u8>> {
    let is_kept = |pair: &&[u8]| {
        let equals = pair.iter().position(|byte| *byte == b'=');
        equals.is_none_or(|equals| trimmed(&pair[..equals]) != name.as_bytes())
    };
    let pairs: Vec<&[u8]> = line.split(|byte| *byte == b';').collect();
    let kept: Vec<&[u8]> = pairs.iter().copied().filter(|pair| is_kept(pair)).collect();
    if kept.len() == pairs.len() {
        return None;
    }
    let mut left = kept.join(&b';');
    if pairs.first().is_some_and(|first| !is_kept(first)) {
        let blanks = left.iter().take_while(|byte| is_blank(byte)).count();
        left.drain(..blanks);
    }
    Some(left)
}

fn trimmed(mut text: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = text
        && is_blank(first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_blank(last)
    {
        text = rest;
    }
    text
}

const fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[cfg(test)]
mod tests {
    use onebox_core::CookieName;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_pair_of_the_name_goes_and_the_others_stay_byte_for_byte() {
        for (line, expected) in [
            ("a=1; force=T; b=2", Some("a=1; b=2")),
            ("force=T; a=1;b = 2 ", Some("a=1;b = 2 ")),
            ("a=1;  force=T", Some("a=1")),
            ("force=T", Some("")),
            (" force\t=T ;\tforce=; a=\"x\"", Some("a=\"x\"")),
            ("a=1; b=force=T; xforce=1; forcex=2; FORCE=3; force; =force", None),
            ("", None),
        ] {
            let left = without_cookie(line.as_bytes(), "force").map(|left| String::from_utf8(left).unwrap());
            assert_eq!(left.as_deref(), expected, "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_is_left_has_the_other_cookies_and_not_this_one(line in "([ab\t =\"]{0,5};){0,6}[ab =]{0,5}") {
            let (a, b) = (CookieName::new("a"), CookieName::new("b"));
            let left = without_cookie(line.as_bytes(), "a").unwrap_or_else(|| line.clone().into_bytes());
            prop_assert_eq!(a.value_in(&left), None);
            prop_assert_eq!(b.value_in(&left), b.value_in(line.as_bytes()));
        }
    }
}
