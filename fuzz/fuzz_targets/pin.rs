//! Pins, tokens and times: what is read is what would be written, and nothing else.
//!
//! Input: any text; it is read as each of them.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use onebox_core::{Overrides, Partition, Pins, Secret, Time};

fn secret() -> Secret {
    Secret::new(b"correct horse battery staple")
}

static PINS: LazyLock<[Pins; 2]> =
    LazyLock::new(|| [None, Some(secret())].map(|secret| Pins::new("__Host-onebox", "web-1", secret)));
static OVERRIDES: LazyLock<Overrides> = LazyLock::new(|| Overrides::new("onebox-force", secret()));

fuzz_target!(|input: &[u8]| {
    for pins in &*PINS {
        if let Some(bucket) = pins.read(input) {
            assert_eq!(pins.value(bucket).to_string().as_bytes(), input, "read, but not what is written");
        }
    }
    pinned(input);
    forced(input);
    if let Ok(text) = std::str::from_utf8(input) {
        timed(text);
    }
});

/// The first bytes as a bucket's number: what is written for it is read, and nothing that is one byte off.
fn pinned(input: &[u8]) {
    let Some((number, rest)) = input.split_first_chunk() else { return };
    let Some(bucket) = onebox_core::Bucket::new(u32::from_le_bytes(*number) % 100_000) else { return };
    for pins in &*PINS {
        let pin = pins.value(bucket).to_string();
        assert_eq!(pins.read(pin.as_bytes()), Some(bucket));
        let mut changed = pin.clone().into_bytes();
        let [at, byte] = [rest.first(), rest.get(1)].map(|byte| byte.copied().unwrap_or(b'x'));
        let at = usize::from(at) % changed.len();
        changed[at] = byte;
        // Without a tag another digit is another visitor's pin.
        assert!(changed == pin.as_bytes() || pins.read(&changed) != Some(bucket));
    }
}

/// A token is valid until its expiry and is exactly the one that is made for it.
fn forced(input: &[u8]) {
    if let Some(partition) = OVERRIDES.check(input, Time::MIN) {
        let text = std::str::from_utf8(input).expect("what is made is ASCII");
        let expiry: u64 = text.split('.').nth(1).and_then(|expiry| expiry.parse().ok()).expect("an expiry");
        assert_eq!(OVERRIDES.token(partition, expiry), text);
    }
    let Some((number, _)) = input.split_first_chunk() else { return };
    let expiry = u64::from_le_bytes(*number) % 1_000_000_000_000;
    for partition in [Partition::OneBox, Partition::Regular] {
        let token = OVERRIDES.token(partition, expiry);
        let millis = i64::try_from(expiry * 1000).expect("a time");
        assert_eq!(OVERRIDES.check(token.as_bytes(), Time::from_unix_millis(millis - 1)), Some(partition));
        assert_eq!(OVERRIDES.check(token.as_bytes(), Time::from_unix_millis(millis)), None);
    }
}

/// A time that is read is written and read again as the same one, if its year has four digits in UTC.
fn timed(text: &str) {
    let Ok(time) = text.parse::<Time>() else { return };
    let written = time.to_string();
    if (-62_167_219_200_000..=253_402_300_799_999).contains(&time.unix_millis()) {
        assert_eq!(written.parse(), Ok(time), "{written}");
    }
}
