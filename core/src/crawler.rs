//! Visitors that are always regular.

use alloc::{boxed::Box, string::String, vec::Vec};

use crate::{
    few::Few,
    many::{Many, WINDOW},
};

/// The User-Agents that are crawlers: those that contain one of these texts, and none that says otherwise, without regard
/// to ASCII case.
///
/// ```
/// use onebox_core::Crawlers;
/// let crawlers = Crawlers::new(vec!["bot".into(), "spider".into()]).except(vec!["CUBOT".into()]);
/// assert!(crawlers.contain(b"Mozilla/5.0 (compatible; Googlebot/2.1)"));
/// assert!(crawlers.contain(b"BOT"));
/// assert!(!crawlers.contain(b"Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"));
/// assert!(!crawlers.contain(b"Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 20) Chrome/142.0.0.0"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crawlers {
    contained: Texts,
    except: Texts,
}

/// From how many texts on a table is faster than to compare with each.
const MANY: usize = 6;

/// Texts to find in others: a few, many, or, where some of many are too short, both.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Texts {
    few: Few,
    many: Option<Many>,
}

impl Crawlers {
    /// Crawlers by parts of their User-Agent. An empty part would be in every text and is left out.
    // Called once: small is better than fast.
    #[cold]
    #[must_use]
    pub fn new(parts: Vec<String>) -> Self {
        Self { contained: Texts::new(parts), except: Texts::new(Vec::new()) }
    }

    /// These crawlers without the User-Agents that contain one of these parts: devices have names such as CUBOT.
    #[cold]
    #[must_use]
    pub fn except(mut self, parts: Vec<String>) -> Self {
        self.except = Texts::new(parts);
        self
    }

    /// Whether a User-Agent is a crawler's.
    #[inline(never)]
    #[must_use]
    pub fn contain(&self, user_agent: &[u8]) -> bool {
        self.contained.are_some_in(user_agent) && !self.except.are_some_in(user_agent)
    }
}

impl Texts {
    fn new(parts: Vec<String>) -> Self {
        let is_many = parts.len() >= MANY;
        let texts = parts.into_iter().map(|part| part.to_ascii_lowercase().into_bytes().into_boxed_slice());
        let (many, few): (Vec<Box<[u8]>>, _) = texts.partition(|text| is_many && text.len() >= WINDOW);
        Self { few: Few::new(few), many: (!many.is_empty()).then(|| Many::new(many)) }
    }

    #[inline]
    fn are_some_in(&self, text: &[u8]) -> bool {
        self.few.are_some_in(text) || self.many.as_ref().is_some_and(|many| many.are_some_in(text))
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![4 => "[abAB]{0,6}", 1 => "[a-cA-C@`\\[{ /.]{0,9}", 1 => "[é\u{212A}k\u{0}a]{0,4}"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn many_texts_are_found_as_each_of_them_is(
            parts in vec(text(), 0..40), except in vec(text(), 0..20), agent in vec(text(), 0..12),
        ) {
            let agent = agent.concat();
            let is_in = |part: &String| {
                !part.is_empty() && agent.to_ascii_lowercase().contains(&part.to_ascii_lowercase())
            };
            let expected = parts.iter().any(is_in) && !except.iter().any(is_in);
            prop_assert_eq!(Crawlers::new(parts.clone()).except(except.clone()).contain(agent.as_bytes()), expected);
        }
    }

    #[test]
    fn each_of_two_thousand_texts_is_found_at_every_place() {
        let parts: Vec<String> = (0..2_000_u32).map(|at| format!("{:x}/Bot", at.wrapping_mul(0x9E37_79B1))).collect();
        let crawlers = Crawlers::new(parts.clone());
        for part in &parts {
            let almost = &part[..part.len() - 1];
            for (agent, expected) in [
                (part.to_string(), true),
                (format!("Mozilla/5.0 ({})", part.to_ascii_uppercase()), true),
                (format!("  {part}"), true),
                (format!("Mozilla/5.0 ({almost})"), false),
            ] {
                assert_eq!(crawlers.contain(agent.as_bytes()), expected, "{agent}");
            }
        }
    }
}
