//! What the service is told, by tables.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod service;

use std::net::{IpAddr, Ipv6Addr};

use http::{HeaderName, HeaderValue, Request};
use onebox_core::{Crawlers, Overrides, Partition, Policy, Ramp, Secret, Share, Step, Time};
use onebox_tower::{Assignment, ClientIp, OneboxLayer, Reason};
use service::{ask, headers, send};

const NAME: &str = "x-req-partition";

fn policy(share: &str, keys: &[&str]) -> Policy {
    let share: Share = share.parse().unwrap();
    Policy::new("web-2026-11-20", share, keys.iter().map(|key| key.parse().unwrap()).collect())
}

fn layer(policy: Policy) -> OneboxLayer {
    OneboxLayer::new(policy).extension(true)
}

fn told(request: &Request<()>) -> (&str, String) {
    let mut lines = request.headers().get_all(NAME).iter();
    let line = lines.next().unwrap().to_str().unwrap();
    assert_eq!(lines.next(), None, "one line");
    let assignment = request.extensions().get::<Assignment>().unwrap();
    assert_eq!(line, assignment.partition.as_str());
    let bucket = assignment.bucket.map_or("-".to_owned(), |bucket| bucket.to_string());
    (line, format!("{bucket} {}", assignment.reason))
}

/// The session 7f3a is in bucket 76,282, Safari in 31,490.
#[test]
fn a_request_is_told_its_side_by_the_first_key_that_yields() {
    let layer = layer(policy("50%", &["cookie:session", "header:user-agent"]));
    for (lines, partition, why) in [
        (&[("cookie", &b"session=7f3a"[..])][..], "regular", "76282 cookie:session"),
        (&[("cookie", b"a=b"), ("cookie", b"c=d; session=7f3a; session=x")], "regular", "76282 cookie:session"),
        (&[("cookie", b"session=")], "regular", "- none"),
        (&[], "regular", "- none"),
        (&[("cookie", b"session="), ("user-agent", b" \tSafari ")], "one-box", "31490 header:user-agent"),
        (&[("user-agent", b"Safari"), ("user-agent", b"Chrome")], "one-box", "31490 header:user-agent"),
    ] {
        assert_eq!(told(ask(&layer, lines).body()), (partition, why.to_owned()), "{lines:?}");
    }
}

#[test]
fn whatever_partition_the_visitor_sent_is_replaced_by_one() {
    for sent in [&[][..], &[&b"one-box"[..]], &[b"regular", b"one-box", b""], &[b"\xff"]] {
        let mut lines: Vec<_> = sent.iter().map(|value| (NAME, *value)).collect();
        lines.push(("cookie", b"session=7f3a"));
        let response = ask(&layer(policy("50%", &["cookie:session"])), &lines);
        assert_eq!(told(response.body()).0, "regular", "{sent:?}");
    }
}

#[test]
fn another_header_carries_the_side_if_it_is_named() {
    let layer = OneboxLayer::new(policy("100%", &["cookie:session"])).header(HeaderName::from_static("x-side"));
    let response = ask(&layer, &[("cookie", b"session=7f3a"), ("x-req-partition", b"mine")]);
    assert_eq!(response.body().headers()["x-side"], "one-box");
    assert_eq!(response.body().headers()[NAME], "mine");
    assert_eq!(response.headers()["vary"], "x-side");
}

#[test]
fn without_being_asked_it_leaves_the_extensions_alone() {
    let layer = OneboxLayer::new(policy("100%", &["cookie:session"]));
    assert!(ask(&layer, &[("cookie", b"session=7f3a")]).body().extensions().is_empty());
}

#[test]
fn every_reason_is_told_as_core_tells_it() {
    let secret = || Secret::new(b"swordfish");
    let overrides = Overrides::new("onebox-force", secret());
    let token = overrides.token(Partition::OneBox, 2_000);
    let now = Time::from_unix_seconds(1_999);
    let with = |share| {
        let crawlers = Crawlers::new(vec!["bot".into()]);
        let policy = policy(share, &["cookie:session"]).with_crawlers(crawlers).with_overrides(overrides.clone());
        layer(policy).clock(move || now)
    };
    let cookie = format!("a=b; onebox-force={token}; session=7f3a");
    let forged = token.replace("one-box", "regular");
    let session = ("cookie", &b"session=7f3a"[..]);
    for (share, lines, partition, why) in [
        ("0%", &[("onebox-force", token.as_bytes()), session][..], "one-box", "- override"),
        ("5%", &[("cookie", cookie.as_bytes())], "one-box", "- override"),
        ("100%", &[("onebox-force", forged.as_bytes()), session], "one-box", "76282 cookie:session"),
        ("5%", &[("onebox-force", forged.as_bytes()), ("cookie", cookie.as_bytes())], "one-box", "- override"),
        ("0%", &[session], "regular", "- share-zero"),
        ("100%", &[session, ("user-agent", b"GoogleBot/2.1")], "regular", "- crawler"),
        ("100%", &[session], "one-box", "76282 cookie:session"),
        ("100%", &[], "regular", "- none"),
    ] {
        assert_eq!(told(ask(&with(share), lines).body()), (partition, why.to_owned()), "{share} {lines:?}");
    }
    let late = with("0%").clock(|| Time::from_unix_seconds(2_000));
    assert_eq!(told(ask(&late, &[("onebox-force", token.as_bytes())]).body()).1, "- share-zero");
}

#[test]
fn a_schedule_is_read_from_the_clock_that_is_handed_in() {
    let noon: Time = "2026-11-20T12:00:00Z".parse().unwrap();
    let ramp = Ramp::schedule(vec![Step { at: noon, share: Share::ALL }]).unwrap();
    let policy = Policy::new("web-2026-11-20", ramp, vec!["cookie:session".parse().unwrap()]);
    for (before, partition, why) in [(1, "regular", "- share-zero"), (0, "one-box", "76282 cookie:session")] {
        let layer = layer(policy.clone()).clock(move || Time::from_unix_millis(noon.unix_millis() - before));
        assert_eq!(told(ask(&layer, &[("cookie", b"session=7f3a")]).body()), (partition, why.to_owned()));
    }
}

#[test]
fn a_schedule_follows_the_machines_clock_by_default() {
    let steps = |at: &str| vec![Step { at: at.parse().unwrap(), share: Share::ALL }];
    for (at, reason) in [("1971-01-01T00:00:00Z", "none"), ("9999-12-31T00:00:00Z", "share-zero")] {
        let layer = layer(Policy::new("web-1", Ramp::schedule(steps(at)).unwrap(), Vec::new()));
        assert_eq!(told(ask(&layer, &[]).body()).1, format!("- {reason}"));
    }
}

#[test]
fn the_clock_is_not_read_for_decisions_that_never_change() {
    let layer = layer(policy("5%", &["cookie:session"])).clock(|| panic!("read"));
    assert_eq!(told(ask(&layer, &[]).body()).1, "- none");
}

#[test]
fn the_address_comes_from_an_extension_or_from_where_it_is_said() {
    let told_of = |layer: &OneboxLayer, address: Option<IpAddr>| {
        let mut request = Request::new(());
        *request.headers_mut() = headers(&[("x-real-ip", b"198.51.100.7")]);
        request.extensions_mut().extend(
            address
                .map(|address| {
                    let mut extensions = http::Extensions::new();
                    extensions.insert(ClientIp(address));
                    extensions
                })
                .unwrap_or_default(),
        );
        told(send(layer, request, &http::HeaderMap::new()).body()).1
    };
    let by_extension = layer(policy("50%", &["client-ip"]));
    let v4 = IpAddr::from([198, 51, 100, 7]);
    let mapped = IpAddr::from(Ipv6Addr::from([0, 0, 0, 0, 0, 0xffff, 0xc633, 0x6407]));
    let expected = told_of(&by_extension, Some(v4));
    assert!(expected.ends_with(" client-ip"), "{expected}");
    assert_eq!(told_of(&by_extension, Some(mapped)), expected, "as a socket for both families sees it");
    assert_eq!(told_of(&by_extension, None), "- none");
    let by_header = by_extension.address(|headers, _| headers.get("x-real-ip")?.to_str().ok()?.parse().ok());
    assert_eq!(told_of(&by_header, None), expected);
}

#[test]
fn text_that_is_not_utf_8_counts_as_iso_8859_1_and_stays_as_it_is() {
    let layer = layer(policy("50%", &["cookie:session", "header:user-agent"]));
    for (raw, utf_8) in [
        (("cookie", &b"session=caf\xe9"[..]), ("cookie", "session=café")),
        (("cookie", b"a=\xff; session=\xc3\xa9"), ("cookie", "a=ÿ; session=Ã©")),
        (("user-agent", b"\xa0Caf\xe9\xa0"), ("user-agent", "\u{a0}Café\u{a0}")),
    ] {
        let response = ask(&layer, &[("cookie", b"first=\xe9"), raw]);
        let converted = ask(&layer, &[("cookie", "first=é".as_bytes()), (utf_8.0, utf_8.1.as_bytes())]);
        assert_eq!(told(response.body()), told(converted.body()), "{raw:?}");
        assert!(!told(response.body()).1.starts_with('-'), "{raw:?}");
        let kept = response.body().headers().get_all(raw.0).iter().next_back().unwrap();
        assert_eq!(kept.as_bytes(), raw.1);
    }
}

#[test]
fn a_request_with_no_room_for_one_more_name_has_none_that_the_visitor_chose() {
    let mut request = Request::new(());
    request.headers_mut().insert(NAME, HeaderValue::from_static("one-box"));
    for at in 0.. {
        let name: HeaderName = format!("x-{at}").parse().unwrap();
        if request.headers_mut().try_insert(name, HeaderValue::from_static("")).is_err() {
            break;
        }
    }
    let layer = OneboxLayer::new(policy("0%", &[]));
    let found = send(&layer, request, &http::HeaderMap::new());
    assert!(found.body().headers().get(NAME).is_none_or(|line| line == "regular"));
}

#[test]
fn a_key_with_several_parts_is_named_in_full() {
    let layer = layer(policy("50%", &["cookie:none", "header:a+header:b"]));
    let response = ask(&layer, &[("a", b"1"), ("b", b"2")]);
    let reason = &response.body().extensions().get::<Assignment>().unwrap().reason;
    assert_eq!(*reason, Reason::Key("header:a+header:b".into()));
}
