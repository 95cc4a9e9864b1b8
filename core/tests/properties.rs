//! What holds for every policy and request, and for crowds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod naive;
mod visit;

use std::collections::BTreeMap;

use onebox_core::{Bucket, CookieName, Entry, Hash, Partition, Policy, Share, Time, Vary, merge};
use proptest::{collection::vec, option, prelude::*, sample::select};
use visit::Visit;

const PEOPLE: u32 = 100_000;

/// Names that are parts of each other, so that a scan meets what is almost the name.
fn name() -> impl Strategy<Value = String> {
    select(vec!["a", "aa", "ab", "ba", "session", "session2", "xsession", "A", "s.s"]).prop_map(String::from)
}

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => name().prop_map(|name| format!("cookie:{name}")),
        2 => name().prop_map(|name| format!("header:{}", name.to_ascii_lowercase())),
        1 => Just("client-ip".to_owned()),
    ]
}

/// Key chains as lists of lists of parts.
fn keys() -> impl Strategy<Value = Vec<Vec<String>>> {
    vec(vec(part(), 1..4), 0..5)
}

fn line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => name(),
        4 => Just("=".to_owned()),
        3 => Just(";".to_owned()),
        2 => Just("; ".to_owned()),
        2 => "[ \t]{1,3}",
        2 => "[\"%,+\\\\]{1,2}",
        1 => "\\PC{0,12}",
        1 => any::<String>(),
        1 => "[a-z0-9]{0,80}",
    ];
    vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

fn visit() -> impl Strategy<Value = Visit> {
    let header = (name().prop_map(|name| name.to_ascii_lowercase()), vec(line(), 0..3));
    (vec(line(), 0..4), vec(header, 0..4), option::of(line())).prop_map(|(cookies, headers, client_ip)| Visit {
        cookies,
        headers: headers.into_iter().collect::<BTreeMap<_, _>>(),
        client_ip,
    })
}

fn share() -> impl Strategy<Value = Share> {
    prop_oneof![Just(0), Just(1), Just(99_999), Just(100_000), 0..=100_000_u32]
        .prop_map(|thousandths| Share::from_thousandths(thousandths).unwrap())
}

fn policy(salt: &str, share: Share, keys: &[Vec<String>]) -> Policy {
    let entry = |parts: &Vec<String>| Entry::new(parts.iter().map(|part| part.parse().unwrap()).collect()).unwrap();
    Policy::new(salt, share, keys.iter().map(entry).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn the_naive_twin_decides_the_same(salt in "\\PC{0,40}", share in share(), keys in keys(), visit in visit()) {
        let policy = policy(&salt, share, &keys);
        let decision = policy.decide(&visit, Time::MIN);
        let found = (decision.partition, decision.bucket.map(u32::from), decision.source.to_string());
        let expected = match naive::decide(&salt, &keys, &visit) {
            _ if share == Share::NONE => (Partition::Regular, None, "share-zero".to_owned()),
            None => (Partition::Regular, None, "none".to_owned()),
            Some((bucket, source)) => {
                let side = if bucket < share.thousandths() { Partition::OneBox } else { Partition::Regular };
                (side, Some(bucket), source)
            }
        };
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn raising_the_share_never_takes_a_bucket_out(bucket in 0..100_000_u32, one in share(), other in share()) {
        let bucket = Bucket::new(bucket).unwrap();
        let (lower, higher) = (one.min(other), one.max(other));
        prop_assert!(!lower.covers(bucket) || higher.covers(bucket));
    }

    #[test]
    fn raising_the_share_never_moves_a_visitor_back(keys in keys(), visit in visit(), one in share(), other in share()) {
        let side = |share| policy("web-1", share, &keys).decide(&visit, Time::MIN).partition;
        if side(one.min(other)) == Partition::OneBox {
            prop_assert_eq!(side(one.max(other)), Partition::OneBox);
        }
    }

    #[test]
    fn merging_vary_twice_is_merging_it_once(
        value in option::of(vec(select(vec!["Cookie", "X-Side", "x-side", "*", "", " ", "Accept"]), 0..5)),
    ) {
        let value = value.map(|members| members.join(", "));
        let once = match merge(value.as_deref().map(str::as_bytes), "X-Side") {
            Vary::Leave => value.clone().unwrap_or_default(),
            Vary::Set => "X-Side".to_owned(),
            Vary::Append => format!("{}, X-Side", value.clone().unwrap_or_default()),
        };
        prop_assert_eq!(merge(Some(once.as_bytes()), "X-Side"), Vary::Leave);
        prop_assert!(once.contains(value.as_deref().unwrap_or_default().trim_matches([' ', ','])));
    }
}

#[test]
fn a_cookie_without_a_name_is_none() {
    for line in ["=1", " = 1", "a=1; =2", ";", ""] {
        assert_eq!(CookieName::new("").value_in(line.as_bytes()), None, "{line}");
    }
}

fn buckets(salt: &str) -> Vec<u32> {
    let salted = Hash::salted(salt);
    (0..PEOPLE).map(|person| u32::from(salted.bucket(format!("visitor-{person}").as_bytes()))).collect()
}

/// How far two lists are from saying nothing about each other: chi-square of their tenths, 81 degrees of freedom.
fn relation(left: &[u32], right: &[u32]) -> f64 {
    let mut table = [[0_u32; 10]; 10];
    for (left, right) in left.iter().zip(right) {
        table[(left / 10_000) as usize][(right / 10_000) as usize] += 1;
    }
    let rows: Vec<u32> = table.iter().map(|row| row.iter().sum()).collect();
    let columns: Vec<u32> = (0..10).map(|column| table.iter().map(|row| row[column]).sum()).collect();
    let cells = (0..10).flat_map(|row| (0..10).map(move |column| (row, column)));
    let difference = |(row, column): (usize, usize)| {
        let expected = f64::from(rows[row]) * f64::from(columns[column]) / f64::from(PEOPLE);
        (f64::from(table[row][column]) - expected).powi(2) / expected
    };
    cells.map(difference).sum()
}

#[test]
fn two_salts_give_unrelated_assignments() {
    // 81 degrees of freedom exceed 137.0 once in 10,000 draws.
    const LIMIT: f64 = 137.0;
    let salts = ["web-2026-11-20", "web-2026-11-21", "web-2026-11-2", "WEB-2026-11-20", "b", ""];
    let crowds = salts.map(buckets);
    for (at, left) in crowds.iter().enumerate() {
        for (right, salt) in crowds.iter().zip(salts).skip(at + 1) {
            let found = relation(left, right);
            assert!(found < LIMIT, "{:?} and {salt:?}: {found}", salts[at]);
        }
        assert!(relation(left, left) > 100.0 * LIMIT, "the measure does not see a relation");
    }
}

#[test]
fn the_realised_share_is_the_configured_share() {
    for salt in ["web-2026-11-20", "web-2026-11-21", "a"] {
        let crowd = buckets(salt);
        for text in ["0.1%", "1%", "5%", "20%", "50%"] {
            let share: Share = text.parse().unwrap();
            let inside = crowd.iter().filter(|bucket| share.covers(Bucket::new(**bucket).unwrap())).count();
            let (people, fraction) = (f64::from(PEOPLE), f64::from(share.thousandths()) / 100_000.0);
            let deviation = (people * fraction * (1.0 - fraction)).sqrt();
            let off = (inside as f64 - people * fraction).abs();
            assert!(off <= 4.0 * deviation, "{salt} at {text}: {inside}");
            assert!(text != "20%" || off <= 0.005 * people, "{salt} at {text}: {inside}");
        }
    }
}
