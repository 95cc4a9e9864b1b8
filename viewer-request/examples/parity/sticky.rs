//! Random schedules, pins and tokens: right ones, and right ones that somebody changed.

use fastrand::Rng;
use onebox_core::{Bucket, Overrides, Partition, Pins, Secret, Time};
use serde_json::{Value, json};

use crate::settings::Settings;

/// The name of the header and the cookie that force a side.
pub(crate) const FORCE: &str = "onebox-force";

const PIN: &str = "__Host-onebox";

/// 2026-11-20T12:00:00Z.
const NOON: i64 = 1_795_176_000_000;

/// Moments around which shares change and tokens expire, in seconds from noon; the first and the last are years away.
const MOMENTS: [i64; 6] = [-800_000_000, -3600, 0, 1, 3600, 2_400_000_000];

/// What belongs to one configuration.
pub(crate) struct Sticky {
    pins: Pins,
    overrides: Overrides,
}

impl Default for Sticky {
    fn default() -> Self {
        Self { pins: Pins::new(PIN, "none", None), overrides: Overrides::new(FORCE, Secret::new(b"")) }
    }
}

/// A schedule whose steps are at some of the moments.
pub(crate) fn schedule(rng: &mut Rng) -> Value {
    let share = |rng: &mut Rng| ["0%", "0.5%", "20%", "50%", "77.7%", "100%"][rng.usize(..6)];
    let kept = rng.usize(..MOMENTS.len());
    let steps = MOMENTS.iter().enumerate().filter(|(at, _)| *at == kept || rng.bool()).map(|(_, moment)| moment);
    let steps: Vec<_> = steps.map(|moment| Time::from_unix_millis(NOON + moment * 1000).to_string()).collect();
    steps.into_iter().map(|at| json!({ "at": at, "share": share(rng) })).collect()
}

impl Sticky {
    /// Pins, overrides and crawlers for these settings, or some of them.
    pub(crate) fn new(rng: &mut Rng, settings: &mut Settings) -> Self {
        let secrets =
            ["correct horse battery staple".to_owned(), "пароль-Größe-\u{1F600}".to_owned(), "xyz0".repeat(25)];
        let secret = |rng: &mut Rng| secrets[rng.usize(..secrets.len())].clone();
        settings.release = ["web-1", "web-2026-11-20", "W_"][rng.usize(..3)].to_owned();
        let (signed, forcing) = (rng.bool().then(|| secret(rng)), secret(rng));
        let signs = signed.as_ref().map(|secret| Secret::new(secret.as_bytes()));
        let made = Self {
            pins: Pins::new(PIN, &settings.release, signs),
            overrides: Overrides::new(FORCE, Secret::new(forcing.as_bytes())),
        };
        if rng.u8(..10) < 7 {
            settings.pin = Some((PIN.to_owned(), signed));
        }
        if rng.u8(..10) < 7 {
            settings.forced = Some((FORCE.to_owned(), forcing));
        }
        if rng.bool() {
            settings.crawlers = vec!["bot".into(), "Прил".into(), "/8.0 DARWIN".into()];
            if rng.bool() {
                settings.except = vec!["goOGle".into()];
            }
        }
        made
    }

    /// A moment at one of those at which something changes, or beside it.
    pub(crate) fn moment(&self, rng: &mut Rng) -> Time {
        let off = [-1, 0][rng.usize(..2)];
        Time::from_unix_millis(NOON + MOMENTS[rng.usize(..MOMENTS.len())] * 1000 + off)
    }

    /// A pair with a pin or a token.
    pub(crate) fn cookie(&self, rng: &mut Rng) -> String {
        if rng.bool() {
            return format!("{FORCE}={}", self.token(rng));
        }
        let bucket = rng.u32(..100_000);
        let pin = Bucket::new(bucket).map(|bucket| self.pins.value(bucket).to_string()).unwrap_or_default();
        format!("{PIN}={}", changed(rng, pin))
    }

    /// A token that is valid at some of the moments.
    pub(crate) fn token(&self, rng: &mut Rng) -> String {
        let expiry = NOON / 1000 + MOMENTS[rng.usize(..MOMENTS.len())];
        let side = if rng.bool() { Partition::OneBox } else { Partition::Regular };
        let token = self.overrides.token(side, expiry.unsigned_abs());
        changed(rng, token)
    }
}

/// Two times in three the text itself.
fn changed(rng: &mut Rng, text: String) -> String {
    let at = rng.usize(..=text.len());
    let parts: Vec<_> = text.split('.').collect();
    match rng.u8(..24) {
        0 => text[..at].to_owned(),
        1 => text[at..].to_owned(),
        2 => format!("{}{}{}", &text[..at], rng.alphanumeric(), &text[at..]),
        3 => parts.iter().rev().copied().collect::<Vec<_>>().join("."),
        4 => text.to_ascii_uppercase(),
        5 => format!("{}0{}", &text[..at], &text[at..]),
        6 => format!("{text}\0"),
        7 => format!("{text}.{}", parts.last().copied().unwrap_or_default()),
        _ => text,
    }
}
