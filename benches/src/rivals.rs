//! Other ways to decide: what there is to compare with.

use std::collections::HashMap;

use cookie::Cookie;
use onebox_core::{Partition, Request, Share};
use twox_hash::XxHash32;
use unleash_types::client_features::{ClientFeature, ClientFeatures, Strategy};
use unleash_yggdrasil::{EngineState, UpdateMessage, state::EnrichedContext};

use crate::inputs::Visit;

/// The least that a decision by cookie has to do: look at every byte of the header, and hash the key.
#[derive(Debug)]
pub struct Floor {
    salted: Vec<u8>,
}

impl Floor {
    /// The floor for one key.
    #[must_use]
    pub fn new(salt: &str, key: &str) -> Self {
        Self { salted: format!("{salt}:{key}").into_bytes() }
    }

    /// One memchr pass over the Cookie lines, for a byte that is not in them, and one hash of the salted key.
    #[inline]
    #[must_use]
    pub fn pass_and_hash(&self, visit: &Visit) -> (bool, u32) {
        (visit.cookie_lines().any(|line| memchr::memchr(b'\n', line).is_some()), self.hash())
    }

    /// One memchr pass over the Cookie lines that stops at every separator, and one hash of the salted key.
    #[inline]
    #[must_use]
    pub fn separators_and_hash(&self, visit: &Visit) -> (usize, u32) {
        (visit.cookie_lines().map(|line| memchr::memchr_iter(b';', line).count()).sum(), self.hash())
    }

    /// One hash of the salted key.
    #[inline]
    #[must_use]
    pub fn hash(&self) -> u32 {
        XxHash32::oneshot(0, &self.salted)
    }
}

/// The same decision from the same hash, with a buffer for the salted key that is used again and again.
#[derive(Debug)]
pub struct Hashing {
    salted: Vec<u8>,
    salt: usize,
    share: Share,
}

impl Hashing {
    /// A decision for one salt and share.
    #[must_use]
    pub fn new(salt: &str, share: Share) -> Self {
        let salted = format!("{salt}:").into_bytes();
        Self { salt: salted.len(), salted, share }
    }

    /// The side of a key in these pieces.
    #[inline]
    pub fn side(&mut self, key: &[&[u8]]) -> Partition {
        self.salted.truncate(self.salt);
        for piece in key {
            self.salted.extend_from_slice(piece);
        }
        let bucket = (u64::from(XxHash32::oneshot(0, &self.salted)) * 100_000) >> 32;
        if bucket < u64::from(self.share.thousandths()) { Partition::OneBox } else { Partition::Regular }
    }

    /// The side by a cookie that the `cookie` crate finds.
    #[inline]
    pub fn side_by_cookie(&mut self, name: &str, visit: &Visit) -> Partition {
        match cookie(name, visit) {
            Some(cookie) => self.side(&[cookie.value().as_bytes()]),
            None => Partition::Regular,
        }
    }
}

/// A gradual rollout of Unleash, a widely used engine of feature flags, sticky by session id.
///
/// Its rollout is in whole percents and its hash is another one, so it draws another line of visitors.
pub struct Unleash {
    engine: EngineState,
}

/// The name of the flag.
const FLAG: &str = "one-box";

impl std::fmt::Debug for Unleash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unleash").finish_non_exhaustive()
    }
}

impl Unleash {
    /// An engine with one flag, rolled out to this many percent.
    ///
    /// # Errors
    /// What the engine says of the flag.
    pub fn new(group: &str, percent: u8) -> Result<Self, String> {
        let parameters =
            [("rollout", percent.to_string()), ("stickiness", "sessionId".into()), ("groupId", group.into())];
        let strategy = Strategy {
            name: "flexibleRollout".into(),
            parameters: Some(
                parameters.map(|(name, value)| (name.to_owned(), value)).into_iter().collect::<HashMap<_, _>>(),
            ),
            sort_order: None,
            segments: None,
            constraints: None,
            variants: None,
        };
        let flag =
            ClientFeature { name: FLAG.into(), enabled: true, strategies: Some(vec![strategy]), ..Default::default() };
        let state = ClientFeatures { version: 2, features: vec![flag], segments: None, query: None, meta: None };
        let engine = EngineState::default();
        match engine.take_state(UpdateMessage::FullResponse(state)) {
            None => Ok(Self { engine }),
            Some(warnings) => Err(format!("{warnings:?}")),
        }
    }

    /// The side of a session, by the engine's entry that borrows everything.
    #[inline]
    #[must_use]
    pub fn side(&self, session: &str) -> Partition {
        let context = EnrichedContext {
            user_id: None,
            session_id: Some(session),
            environment: None,
            app_name: None,
            current_time: None,
            remote_address: None,
            properties: None,
            external_results: None,
            toggle_name: FLAG,
            runtime_hostname: None,
        };
        if self.engine.check_enabled(&context) == Some(true) { Partition::OneBox } else { Partition::Regular }
    }

    /// The side by a cookie that the `cookie` crate finds.
    #[inline]
    #[must_use]
    pub fn side_by_cookie(&self, name: &str, visit: &Visit) -> Partition {
        cookie(name, visit).map_or(Partition::Regular, |cookie| self.side(cookie.value()))
    }
}

/// The first cookie of a name, as the `cookie` crate splits and parses; it stops there.
#[inline]
fn cookie<'a>(name: &str, visit: &'a Visit) -> Option<Cookie<'a>> {
    visit
        .cookies
        .iter()
        .flat_map(|line| Cookie::split_parse(line.as_str()))
        .flatten()
        .find(|cookie| cookie.name() == name)
}

#[cfg(test)]
mod tests {
    use std::iter;

    use onebox_core::{Policy, Time};

    use super::*;
    use crate::inputs::{self, SALT, SHARE};

    fn sessions() -> impl Iterator<Item = (String, Visit)> {
        (0..100_000_u32).map(|number| {
            let session = format!("{:08x}", number.wrapping_mul(0x9E37_79B1));
            let line = format!("theme=dark; session={session}; ab=1");
            (session, Visit::new(&[&line]))
        })
    }

    #[test]
    fn the_cookie_crate_with_the_same_hash_decides_the_same() {
        let policy = Policy::new(SALT, SHARE.parse::<Share>().unwrap(), vec!["cookie:session".parse().unwrap()]);
        let mut rival = Hashing::new(SALT, SHARE.parse().unwrap());
        let visits =
            [inputs::cookie(), inputs::cookie_first(), inputs::cookie_without_session(), inputs::long_cookie()];
        let visits = visits.iter().map(|line| Visit::new(&[line])).chain(iter::once(Visit::default()));
        for visit in visits.chain(sessions().map(|(_, visit)| visit)) {
            assert_eq!(
                rival.side_by_cookie("session", &visit),
                policy.decide(&visit, Time::MIN).partition,
                "{visit:?}"
            );
        }
    }

    #[test]
    fn unleash_puts_a_fifth_of_the_sessions_on_the_one_box() {
        let rival = Unleash::new(SALT, 20).unwrap();
        let mut one_box = 0;
        for (session, visit) in sessions() {
            let side = rival.side_by_cookie("session", &visit);
            assert_eq!(side, rival.side(&session), "{session}");
            one_box += u32::from(side == Partition::OneBox);
        }
        assert!((19_500..20_500).contains(&one_box), "{one_box}");
        assert_eq!(rival.side_by_cookie("session", &Visit::default()), Partition::Regular);
    }
}
