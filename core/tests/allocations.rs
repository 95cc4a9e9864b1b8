//! A decision allocates nothing, whatever it reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod visit;

use std::collections::BTreeMap;

use allocation_counter::measure;
use onebox_core::{Bucket, Crawlers, Overrides, Partition, Pins, Policy, Ramp, Secret, Share, Step, Time, merge};
use visit::Visit;

const DECISIONS: usize = 10_000;

/// 2026-11-20T12:00:00Z.
const NOON: i64 = 1_795_176_000_000;

fn policy(share: &str, keys: &[&str]) -> Policy {
    Policy::new(
        "web-2026-11-20",
        share.parse::<Share>().unwrap(),
        keys.iter().map(|key| key.parse().unwrap()).collect(),
    )
}

fn visit(cookies: &[&str], agent: Option<&str>, client_ip: Option<&str>) -> Visit {
    Visit {
        cookies: cookies.iter().copied().map(String::from).collect(),
        headers: agent.map(|agent| ("user-agent".to_owned(), vec![agent.to_owned()])).into_iter().collect(),
        client_ip: client_ip.map(String::from),
        now: Some(NOON),
    }
}

#[test]
fn no_kind_of_decision_allocates() {
    let chain = ["cookie:session", "client-ip+header:user-agent", "header:user-agent"];
    let long = format!("session={}", "x".repeat(4_096));
    let crumbs: Vec<_> = (0..400).map(|at| format!("session{at}=v{at}")).collect();
    for (name, policy, visit) in [
        ("a cookie", policy("5%", &chain), visit(&["a=b; session=7f3a; c=d"], None, None)),
        ("the second line", policy("5%", &chain), visit(&["a=b", "session=7f3a"], None, None)),
        ("a long cookie", policy("5%", &chain), visit(&[&long], None, None)),
        ("many pairs", policy("5%", &chain), visit(&[&crumbs.join("; ")], None, None)),
        ("a composite", policy("5%", &chain), visit(&[], Some("Firefox/140"), Some("198.51.100.7"))),
        ("a User-Agent", policy("5%", &chain), visit(&["session="], Some("Приложение/3.2"), None)),
        ("a network", policy("5%", &["client-ip/64"]), visit(&[], None, Some("2001:db8:1:2:aaaa:bbbb:cccc:dddd"))),
        ("networks", policy("5%", &["client-ip/48+client-ip/64"]), visit(&[], None, Some("2001:db8:a:b::1"))),
        ("no network", policy("5%", &["client-ip/64"]), visit(&[], None, Some("[2001:db8::1]:443"))),
        ("no key", policy("5%", &chain), visit(&["a=b"], None, Some("198.51.100.7"))),
        ("nothing at all", policy("5%", &chain), Visit::default()),
        ("a share of 0", policy("0%", &chain), visit(&["session=7f3a"], None, None)),
        ("a share of 100 %", policy("100%", &chain), visit(&["session=7f3a"], None, None)),
    ] {
        let mut decided = 0;
        let counted = measure(|| {
            for _ in 0..DECISIONS {
                decided += usize::from(std::hint::black_box(policy.decide(&visit, visit.time())).bucket.is_some());
            }
        });
        assert_eq!(counted.count_total, 0, "{name}");
        assert!(decided == 0 || decided == DECISIONS, "{name}: the decision changed");
    }
}

/// A policy with everything that there is.
fn whole(secret: Option<&[u8]>) -> Policy {
    let steps = ["1%", "5%", "20%", "50%"].iter().zip(-3..).map(|(share, hours): (&&str, i64)| Step {
        at: Time::from_unix_millis(NOON + hours * 3_600_000),
        share: share.parse().unwrap(),
    });
    let keys = ["cookie:session", "header:user-agent"].map(|key| key.parse().unwrap());
    Policy::new("web-2026-11-20", Ramp::schedule(steps.collect()).unwrap(), keys.into())
        .with_pins(Pins::new("__Host-onebox", "web-2026-11-20", secret.map(Secret::new)))
        .with_overrides(Overrides::new("onebox-force", Secret::new(b"swordfish, swordfish")))
        .with_crawlers(Crawlers::new(["bot", "crawler", "spider"].map(String::from).into()))
}

#[test]
fn neither_pins_nor_tokens_nor_crawlers_nor_schedules_allocate() {
    let agent = Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    for secret in [None, Some(&b"correct horse battery staple"[..]), Some(&[b'x'; 200])] {
        let policy = whole(secret);
        let pin = format!("__Host-onebox={}", policy.pins().unwrap().value(Bucket::new(4711).unwrap()));
        let expiry = NOON.unsigned_abs() / 1000 + 1;
        let token = policy.overrides().unwrap().token(Partition::OneBox, expiry);
        let token = format!("onebox-force={token}");
        let forged = format!("{token}0");
        let stale = format!("{pin}x; session=7f3a");
        for (source, visit) in [
            ("pin", visit(&["a=b; c=d", &pin], agent, None)),
            ("cookie:session", visit(&[&stale], agent, None)),
            ("override", visit(&["a=b", &token], agent, None)),
            ("pin", visit(&[&forged, &pin], agent, None)),
            ("crawler", visit(&[&pin], Some("Mozilla/5.0 (compatible; Googlebot/2.1)"), None)),
            ("header:user-agent", visit(&[], agent, None)),
            ("none", visit(&[], None, None)),
        ] {
            assert_eq!(policy.decide(&visit, visit.time()).source.to_string(), source);
            let counted = measure(|| {
                for _ in 0..DECISIONS {
                    std::hint::black_box(policy.decide(std::hint::black_box(&visit), visit.time()));
                }
            });
            assert_eq!(counted.count_total, 0, "{source}");
        }
    }
}

#[test]
fn no_merge_of_vary_allocates() {
    for value in [None, Some(&b"Accept-Encoding, Cookie"[..]), Some(b"*"), Some(b"x-req-partition")] {
        let counted = measure(|| {
            for _ in 0..DECISIONS {
                std::hint::black_box(merge(value, "X-Req-Partition"));
            }
        });
        assert_eq!(counted.count_total, 0, "{value:?}");
    }
}

#[test]
fn the_counter_counts() {
    let counted = measure(|| drop(std::hint::black_box((Box::new(Share::ALL), BTreeMap::from([(1, 2)])))));
    assert!(counted.count_total >= 2);
}
