//! The decision beside what it cannot be faster than, and beside what one would use instead.

use std::{error::Error, hint::black_box};

use onebox_benches::{
    Bound, Race,
    inputs::{self, CLIENT_IP, NOW, PIN, PIN_COOKIE, SALT, SESSION, SHARE, USER_AGENT, Visit},
    report::report,
    rivals::{Floor, Hashing, Unleash},
};
use onebox_core::{Bucket, Crawlers, Partition, Pins, Policy, Ramp, Secret, Share, Step};

const ONEBOX: &str = "onebox";
const FLOOR: &str = "floor: memchr pass + XXH32";
const SEPARATORS: &str = "floor: memchr to every `;` + XXH32";
const COOKIE: &str = "cookie crate + the same hash";
const UNLEASH: &str = "cookie crate + unleash-yggdrasil";
const HASH: &str = "floor: XXH32";
const JOINED: &str = "join + XXH32";
const PLAIN: &str = "plain";
const FULL: &str = "with pins, crawlers and a schedule";

fn main() -> Result<(), Box<dyn Error>> {
    let share: Share = SHARE.parse()?;
    let policy = |share: Share, keys: &[&str]| -> Result<Policy, Box<dyn Error>> {
        Ok(Policy::new(SALT, share, keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?))
    };
    let session = policy(share, &["cookie:session"])?;
    let nobody = policy(Share::NONE, &["cookie:session"])?;
    let user_agent = policy(share, &["header:user-agent"])?;
    let composite = policy(share, &["client-ip+header:user-agent"])?;
    let unleash = Unleash::new(SALT, 20)?;
    let unsigned = full(Pins::new(PIN_COOKIE, SALT, None))?;
    let pins = Pins::new(PIN_COOKIE, SALT, Some(Secret::new(b"sixteen bytes or more")));
    let signature = pins.value(Bucket::new(4711).ok_or("4711 is a bucket")?).to_string();
    let signed = full(pins)?;

    let line = inputs::cookie();
    let last = Visit::new(&[&line]);
    let first = Visit::new(&[&inputs::cookie_first()]);
    let long = Visit::new(&[&inputs::long_cookie()]);
    let (one, two) = line.split_at(line.len() / 2);
    let lines = Visit::new(&[one, two.trim_start()]);
    let without = Visit::new(&[&inputs::cookie_without_session()]);
    let pinned = Visit::new(&[&inputs::cookie_with_pin(PIN)]);
    let pinned_and_signed = Visit::new(&[&inputs::cookie_with_pin(&signature)]);

    let mut races: Vec<_> = [
        ("cookie header of 210 bytes, 7 pairs, the key last", &last, true),
        ("cookie header of 210 bytes, 7 pairs, the key first", &first, false),
        ("cookie header of 1,500 bytes, the key last", &long, false),
        ("cookie header of 210 bytes on two lines", &lines, false),
    ]
    .into_iter()
    .map(|(name, visit, required)| by_cookie(name, &session, &unleash, visit, required))
    .collect();
    races.push(by_one_text("user agent of 110 bytes", &user_agent, USER_AGENT, &last, Bound::AtMost(1.3)));
    races.push(by_two_texts("client address and user agent", &composite, &last));
    races.push(without_key("no key in 210 bytes of cookies", &session, &without));
    races.push(
        Race::new("share 0").with(ONEBOX, || {
            black_box(&nobody).decide(black_box(&last), black_box(NOW)).partition == Partition::OneBox
        }),
    );
    races.extend([
        beside_plain("a visitor with a pin", "pin", &session, &unsigned, &pinned, Bound::AtMost(1.5)),
        beside_plain("a visitor without a pin", "cookie:session", &session, &unsigned, &last, Bound::Shown),
        beside_plain("a visitor with a signed pin", "pin", &session, &signed, &pinned_and_signed, Bound::Shown),
    ]);
    report(&mut races);
    Ok(())
}

/// A policy that looks at all there is to look at: pins, crawlers, and a schedule that is on its way to everybody.
fn full(pins: Pins) -> Result<Policy, Box<dyn Error>> {
    let step =
        |at: &str, share: &str| -> Result<Step, Box<dyn Error>> { Ok(Step { at: at.parse()?, share: share.parse()? }) };
    let ramp = Ramp::schedule(vec![
        step("2026-11-20T06:00:00Z", "1%")?,
        step("2026-11-20T08:00:00Z", "5%")?,
        step("2026-11-20T10:00:00Z", SHARE)?,
        step("2026-11-20T18:00:00Z", "100%")?,
    ])?;
    let crawlers = Crawlers::new(["bot", "crawler", "spider"].map(str::to_owned).into());
    Ok(Policy::new(SALT, ramp, vec!["cookie:session".parse()?]).with_pins(pins).with_crawlers(crawlers))
}

/// What a full policy costs beside one that only has a share and a key.
fn beside_plain<'a>(
    name: &'static str,
    source: &str,
    plain: &'a Policy,
    full: &'a Policy,
    visit: &'a Visit,
    bound: Bound,
) -> Race<'a> {
    assert_eq!(plain.decide(visit, NOW).source.to_string(), "cookie:session", "{name}");
    assert_eq!(full.decide(visit, NOW).source.to_string(), source, "{name}");
    Race::new(name)
        .with(PLAIN, move || black_box(plain).decide(black_box(visit), black_box(NOW)).partition)
        .with(FULL, move || black_box(full).decide(black_box(visit), black_box(NOW)).partition)
        .claim(FULL, PLAIN, bound)
}

/// Everybody decides by the value of the session cookie.
fn by_cookie<'a>(
    name: &'static str,
    policy: &'a Policy,
    unleash: &'a Unleash,
    visit: &'a Visit,
    required: bool,
) -> Race<'a> {
    let mut hashing = Hashing::new(SALT, policy.ramp().share_at(NOW));
    let floor = Floor::new(SALT, SESSION);
    let floor_too = Floor::new(SALT, SESSION);
    let decision = policy.decide(visit, NOW);
    assert_eq!(decision.source.to_string(), "cookie:session", "{name}");
    assert_eq!(decision.bucket.map(u32::from), Some(bucket_of(floor.hash())), "{name}");
    assert_eq!(hashing.side_by_cookie("session", visit), decision.partition, "{name}");
    assert_eq!(unleash.side_by_cookie("session", visit), unleash.side(SESSION), "{name}");
    assert!(!floor.pass_and_hash(visit).0, "{name}: the pass has to reach the end");

    let bound = |bound| if required { bound } else { Bound::Shown };
    Race::new(name)
        .with(FLOOR, move || black_box(&floor).pass_and_hash(black_box(visit)))
        .with(SEPARATORS, move || black_box(&floor_too).separators_and_hash(black_box(visit)))
        .with(ONEBOX, move || black_box(policy).decide(black_box(visit), black_box(NOW)).partition)
        .with(COOKIE, move || black_box(&mut hashing).side_by_cookie(black_box("session"), black_box(visit)))
        .with(UNLEASH, move || black_box(unleash).side_by_cookie(black_box("session"), black_box(visit)))
        .claim(ONEBOX, FLOOR, bound(Bound::AtMost(1.4)))
        .claim(ONEBOX, SEPARATORS, Bound::Shown)
        .claim(COOKIE, ONEBOX, bound(Bound::AtLeast(10.0)))
        .claim(UNLEASH, ONEBOX, bound(Bound::AtLeast(12.0)))
}

/// The key stands there as a whole: nothing is left to do but to hash it.
fn by_one_text<'a>(name: &'static str, policy: &'a Policy, text: &str, visit: &'a Visit, bound: Bound) -> Race<'a> {
    let floor = Floor::new(SALT, text);
    assert_eq!(policy.decide(visit, NOW).bucket.map(u32::from), Some(bucket_of(floor.hash())), "{name}");
    Race::new(name)
        .with(HASH, move || black_box(&floor).hash())
        .with(ONEBOX, move || black_box(policy).decide(black_box(visit), black_box(NOW)).partition)
        .claim(ONEBOX, HASH, bound)
}

/// The key is joined of two texts.
fn by_two_texts<'a>(name: &'static str, policy: &'a Policy, visit: &'a Visit) -> Race<'a> {
    let mut hashing = Hashing::new(SALT, policy.ramp().share_at(NOW));
    let floor = Floor::new(SALT, &[CLIENT_IP, USER_AGENT].join("\n"));
    assert_eq!(policy.decide(visit, NOW).bucket.map(u32::from), Some(bucket_of(floor.hash())), "{name}");
    let mut side = move |visit: &Visit| match (&visit.client_ip, &visit.user_agent) {
        (Some(address), Some(agent)) => hashing.side(&[address.as_bytes(), b"\n", agent.as_bytes()]),
        _ => Partition::Regular,
    };
    assert_eq!(side(visit), policy.decide(visit, NOW).partition, "{name}");
    Race::new(name)
        .with(HASH, move || black_box(&floor).hash())
        .with(JOINED, move || side(black_box(visit)))
        .with(ONEBOX, move || black_box(policy).decide(black_box(visit), black_box(NOW)).partition)
        .claim(ONEBOX, HASH, Bound::Shown)
        .claim(JOINED, ONEBOX, Bound::Shown)
}

/// No entry yields.
fn without_key<'a>(name: &'static str, policy: &'a Policy, visit: &'a Visit) -> Race<'a> {
    let mut hashing = Hashing::new(SALT, policy.ramp().share_at(NOW));
    assert_eq!(policy.decide(visit, NOW).bucket, None, "{name}");
    assert_eq!(hashing.side_by_cookie("session", visit), Partition::Regular, "{name}");
    Race::new(name)
        .with(ONEBOX, move || black_box(policy).decide(black_box(visit), black_box(NOW)).partition)
        .with(COOKIE, move || black_box(&mut hashing).side_by_cookie(black_box("session"), black_box(visit)))
        .claim(COOKIE, ONEBOX, Bound::Shown)
}

/// The specification's bucket of a hash.
fn bucket_of(hash: u32) -> u32 {
    u32::try_from((u64::from(hash) * 100_000) >> 32).unwrap_or(u32::MAX)
}
