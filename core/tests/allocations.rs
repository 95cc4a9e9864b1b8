//! A decision allocates nothing, whatever it reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod visit;

use std::collections::BTreeMap;

use allocation_counter::measure;
use onebox_core::{Policy, Share, Time, merge};
use visit::Visit;

const DECISIONS: usize = 10_000;

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
        ("no key", policy("5%", &chain), visit(&["a=b"], None, Some("198.51.100.7"))),
        ("nothing at all", policy("5%", &chain), Visit::default()),
        ("a share of 0", policy("0%", &chain), visit(&["session=7f3a"], None, None)),
        ("a share of 100 %", policy("100%", &chain), visit(&["session=7f3a"], None, None)),
    ] {
        let mut decided = 0;
        let counted = measure(|| {
            for _ in 0..DECISIONS {
                decided += usize::from(std::hint::black_box(policy.decide(&visit, Time::MIN)).bucket.is_some());
            }
        });
        assert_eq!(counted.count_total, 0, "{name}");
        assert!(decided == 0 || decided == DECISIONS, "{name}: the decision changed");
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
