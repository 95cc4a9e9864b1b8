//! What holds for crowds: shares are met, and salts have nothing to do with each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

mod visit;

use onebox_core::{Bucket, Hash, Partition, Pins, Policy, Secret, Share, Source};
use visit::Visit;

const PEOPLE: u32 = 100_000;

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
            assert_has_share(inside, PEOPLE as usize, share, &format!("{salt} at {text}"));
            let off = inside.abs_diff(20_000);
            assert!(text != "20%" || off <= 500, "{salt} at {text}: {inside}");
        }
    }
}

/// Within four standard deviations.
fn assert_has_share(inside: usize, people: usize, share: Share, what: &str) {
    let (people, fraction) = (people as f64, f64::from(share.thousandths()) / 100_000.0);
    let deviation = (people * fraction * (1.0 - fraction)).sqrt();
    assert!((inside as f64 - people * fraction).abs() <= 4.0 * deviation, "{what}: {inside} of {people}");
}

#[test]
fn another_release_draws_everybody_anew_whatever_they_are_pinned_to() {
    let share: Share = "20%".parse().unwrap();
    let release = |id| {
        let policy = Policy::new(id, share, vec!["cookie:session".parse().unwrap()]);
        policy.with_pins(Pins::new("__Host-onebox", id, Some(Secret::new(b"0123456789abcdef"))))
    };
    let (old, new) = (release("web-2026-11-20"), release("web-2026-11-21"));
    let (mut stayed, mut one_box) = (0, 0);
    for person in 0..PEOPLE {
        let mut visit = Visit { cookies: vec![format!("session=visitor-{person}")], ..Visit::default() };
        let before = old.decide(&visit, visit.time());
        let pin = old.pins().unwrap().value(before.bucket.unwrap());
        visit.cookies.insert(0, format!("__Host-onebox={pin}"));
        assert_eq!(old.decide(&visit, visit.time()).source, Source::Pin);

        let after = new.decide(&visit, visit.time());
        assert_eq!(after.source.to_string(), "cookie:session");
        if before.partition == Partition::OneBox {
            one_box += 1;
            stayed += usize::from(after.partition == Partition::OneBox);
        }
    }
    assert_has_share(stayed, one_box, share, "of the old one-box");
}
