//! A visitor stays where the first answer put it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod service;

use std::time::Duration;

use http::{Request, Response};
use onebox_core::{Bucket, Crawlers, Overrides, Partition, Pins, Policy, Secret, Share, Time};
use onebox_tower::{Assignment, OneboxLayer};
use proptest::prelude::*;
use service::ask;

const RELEASE: &str = "web-2026-11-20";

fn pins(release: &str, secret: Option<&[u8]>) -> Pins {
    Pins::new("__Host-onebox", release, secret.map(Secret::new))
}

fn layer(share: &str, secret: Option<&[u8]>) -> OneboxLayer {
    let keys = ["cookie:session", "header:user-agent"].map(|key| key.parse().unwrap()).to_vec();
    let policy = Policy::new(RELEASE, share.parse::<Share>().unwrap(), keys)
        .with_pins(pins(RELEASE, secret))
        .with_crawlers(Crawlers::new(vec!["bot".into()]))
        .with_overrides(Overrides::new("onebox-force", Secret::new(b"swordfish")));
    OneboxLayer::new(policy).extension(true).write_pins(Duration::from_secs(7 * 24 * 60 * 60)).clock(|| Time::MIN)
}

fn told(response: &Response<Request<()>>) -> &Assignment {
    response.body().extensions().get().unwrap()
}

/// The pair that a browser sends back.
fn pinned(response: &Response<Request<()>>) -> Option<String> {
    let mut lines = response.headers().get_all("set-cookie").iter();
    let line = lines.next()?.to_str().unwrap();
    assert_eq!(lines.next(), None, "one cookie");
    let (pair, attributes) = line.split_once(';').unwrap();
    assert_eq!(attributes, " HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=604800");
    Some(pair.to_owned())
}

proptest! {
    #[test]
    fn the_first_and_the_second_request_land_on_the_same_side(
        share in 1..=100_000_u32, session in "[!-:<-~]{1,40}", signed: bool,
    ) {
        let share = Share::from_thousandths(share).unwrap().to_string();
        let layer = layer(&share, signed.then_some(b"swordfish"));
        let first = ask(&layer, &[("cookie", format!("session={session}").as_bytes())]);
        let pin = pinned(&first).unwrap();
        // Another network, another browser, another session: only the pin is the same.
        let second = ask(&layer, &[("cookie", format!("session=other; {pin}").as_bytes()), ("user-agent", b"New")]);
        prop_assert_eq!(told(&second).reason.to_string(), "pin");
        prop_assert_eq!(told(&second).bucket, told(&first).bucket);
        prop_assert_eq!(told(&second).partition, told(&first).partition);
        prop_assert_eq!(pinned(&second), None);
    }
}

#[test]
fn only_a_key_pins() {
    let token = Overrides::new("onebox-force", Secret::new(b"swordfish")).token(Partition::OneBox, 4_000_000_000);
    let session = ("cookie", &b"session=7f3a"[..]);
    for (share, lines, reason, pin) in [
        ("5%", &[session][..], "cookie:session", Some("__Host-onebox=web-2026-11-20.76282")),
        ("5%", &[session, ("onebox-force", token.as_bytes())], "override", None),
        ("5%", &[session, ("user-agent", b"Googlebot")], "crawler", None),
        ("5%", &[("cookie", b"session=7f3a; __Host-onebox=web-2026-11-20.7")], "pin", None),
        ("5%", &[], "none", None),
        ("0%", &[session], "share-zero", None),
    ] {
        let response = ask(&layer(share, None), lines);
        assert_eq!(told(&response).reason.to_string(), reason, "{lines:?}");
        assert_eq!(pinned(&response).as_deref(), pin, "{lines:?}");
    }
}

#[test]
fn a_pin_is_honoured_but_not_written_unless_that_is_asked_for() {
    let policy = Policy::new(RELEASE, Share::ALL, vec!["cookie:session".parse().unwrap()]);
    let reads = OneboxLayer::new(policy.clone().with_pins(pins(RELEASE, None))).extension(true);
    let response = ask(&reads, &[("cookie", b"__Host-onebox=web-2026-11-20.7")]);
    assert_eq!(told(&response).reason.to_string(), "pin");
    let has_none = OneboxLayer::new(policy).extension(true).write_pins(Duration::from_secs(1));
    for layer in [reads, has_none] {
        let response = ask(&layer, &[("cookie", b"session=7f3a")]);
        assert_eq!(told(&response).reason.to_string(), "cookie:session");
        assert_eq!(pinned(&response), None);
    }
}

#[test]
fn a_pin_that_is_not_genuine_is_ignored_and_rewritten() {
    let secret = Some(&b"swordfish"[..]);
    let genuine = pins(RELEASE, secret).value(Bucket::new(7).unwrap()).to_string();
    let other_secret = pins(RELEASE, Some(b"sardine")).value(Bucket::new(7).unwrap()).to_string();
    let other_release = pins("web-2026-11-19", secret).value(Bucket::new(7).unwrap()).to_string();
    let (text, tag) = genuine.rsplit_once('.').unwrap();
    let layer = layer("50%", secret);
    let why = |pin: &str| {
        let response = ask(&layer, &[("cookie", format!("__Host-onebox={pin}; session=7f3a").as_bytes())]);
        (told(&response).reason.to_string(), pinned(&response).is_some())
    };
    assert_eq!(why(&genuine), ("pin".to_owned(), false));
    for forged in [
        "",
        text,
        &format!("{text}."),
        &genuine[..genuine.len() - 1],
        &format!("{genuine}0"),
        &format!("{genuine}.{tag}"),
        &genuine.replace(".7.", ".8."),
        &genuine.replace(".7.", ".07."),
        &genuine.replace(".7.", ".+7."),
        &format!("{tag}.{text}"),
        &genuine.to_uppercase(),
        &other_secret,
        &other_release,
        "web-2026-11-20.99999999999999999999.0000000000000000",
    ] {
        assert_eq!(why(forged), ("cookie:session".to_owned(), true), "{forged}");
    }
    assert_eq!(why(&format!("x; __Host-onebox={genuine}")).0, "cookie:session", "the first of two counts");
}

#[test]
fn raising_the_share_moves_no_pinned_visitor_out_and_zero_frees_everyone() {
    let cookie = |bucket: u32| format!("__Host-onebox={RELEASE}.{bucket}");
    for bucket in [0, 4_999, 5_000, 50_000, 99_999] {
        let sides = ["0.001%", "5%", "5.001%", "50%", "100%"]
            .map(|share| told(&ask(&layer(share, None), &[("cookie", cookie(bucket).as_bytes())])).partition);
        assert!(sides.is_sorted_by_key(|side| *side == Partition::OneBox), "{bucket}: {sides:?}");
        assert_eq!(sides[4], Partition::OneBox);
        let freed = ask(&layer("0%", None), &[("cookie", cookie(bucket).as_bytes())]);
        assert_eq!(told(&freed).partition, Partition::Regular);
    }
}
