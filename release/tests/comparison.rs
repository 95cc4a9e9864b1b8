//! How often the comparison is wrong, and how many requests it takes. The example `comparison` prints more of it.

#[path = "../examples/comparison/simulation.rs"]
mod simulation;

use onebox_release::{Comparison, Counts, Evidence, Judge, Verdict};
use simulation::{Found, Traffic, quantile, random, run, sorted};

const COMPARISON: Comparison = Comparison { false_alarm: 0.01, tolerance: 0.01 };

fn runs(traffic: Traffic, minutes: u32, aliases: usize, runs: u64) -> Vec<Found> {
    let judge = Judge::new(&COMPARISON, aliases);
    (0..runs).map(|seed| run(traffic, minutes, &judge, &mut random(seed))).collect()
}

/// At most the stated rate, and what chance adds to it once in 30,000 times.
fn allowed(runs: u64) -> usize {
    let mean = runs as f64 * COMPARISON.false_alarm;
    (mean + 4.0 * mean.sqrt()) as usize
}

#[test]
fn a_version_that_is_not_worse_is_not_called_worse_over_a_whole_release() {
    for (rate, requests, share) in
        [(0.01, 100, 0.1), (0.01, 1_000, 0.1), (0.01, 20_000, 0.1), (0.01, 1_000, 0.5), (0.2, 1_000, 0.01)]
    {
        let traffic = Traffic { requests, share, old: rate, new: rate, ..Traffic::USUAL };
        let found = runs(traffic, 60, 1, 1_000);
        let worse = found.iter().filter(|found| found.worse.is_some()).count();
        println!(
            "{rate} against {rate}, {requests} a minute, a share of {share}: {worse} false alarms in 1,000 releases"
        );
        assert!(worse <= allowed(1_000), "{worse} false alarms in 1,000 releases");
    }
}

#[test]
fn an_outage_of_both_versions_is_no_false_alarm() {
    let found = runs(Traffic { outages: 0.2, ..Traffic::USUAL }, 60, 1, 1_000);
    let worse = found.iter().filter(|found| found.worse.is_some()).count();
    println!("an outage of both in every fifth minute: {worse} false alarms in 1,000 releases");
    assert!(worse <= allowed(1_000), "{worse} false alarms in 1,000 releases");
}

#[test]
fn two_hundred_aliases_share_the_false_alarms() {
    let traffic = Traffic { requests: 500, ..Traffic::USUAL };
    let found = runs(traffic, 20, 200, 200 * 50);
    let alarmed = found.chunks(200).filter(|release| release.iter().any(|found| found.worse.is_some())).count();
    println!("{alarmed} false alarms in 50 releases of 200 aliases");
    assert!(alarmed <= allowed(50), "{alarmed} false alarms in 50 releases");
}

#[test]
fn five_percent_against_one_is_found_within_so_many_requests() {
    // The new version's requests, with about a hundred a minute: at most so many in the median, and in 95 of 100.
    for (share, requests, aliases, median, most) in [
        (0.01, 10_000, 1, 400, 750),
        (0.1, 1_000, 1, 400, 750),
        (0.5, 200, 1, 700, 1_200),
        (0.1, 1_000, 200, 600, 1_000),
    ] {
        let traffic = Traffic { requests, share, new: 0.05, ..Traffic::USUAL };
        let found = sorted(runs(traffic, 600, aliases, 400).iter().map(|found| found.worse).collect());
        let (half, nearly) = (quantile(&found, 0.5).unwrap(), quantile(&found, 0.95).unwrap());
        println!("5 % against 1 %, a share of {share}, {aliases} aliases: {half} requests, 95 %: {nearly}");
        assert!(half <= median && nearly <= most, "{half} requests, 95 %: {nearly}");
    }
}

#[test]
fn a_version_that_gets_worse_after_an_hour_is_found() {
    let found = runs(Traffic { new: 0.05, from: 60, ..Traffic::USUAL }, 660, 1, 200);
    let found = sorted(found.iter().map(|found| found.worse).collect());
    let nearly = quantile(&found, 0.95).unwrap();
    println!("5 % against 1 % after an hour: 95 % within {nearly} requests");
    assert!(nearly <= 1_200, "95 % within {nearly} requests");
}

#[test]
fn equal_versions_are_proven_healthy_within_so_many_requests() {
    let found = runs(Traffic::USUAL, 240, 1, 200);
    let found = sorted(found.iter().map(|found| found.healthy).collect());
    let (half, nearly) = (quantile(&found, 0.5).unwrap(), quantile(&found, 0.95).unwrap());
    println!("1 % against 1 %, tolerance 1 point: healthy after {half} requests, 95 %: {nearly}");
    assert!(half <= 2_200 && nearly <= 5_000, "healthy after {half} requests, 95 %: {nearly}");
}

#[test]
fn what_is_beyond_the_tolerance_is_not_called_healthy() {
    // One point above is as bad as it may not be; two points are beyond.
    for new in [0.02, 0.03] {
        let found = runs(Traffic { new, ..Traffic::USUAL }, 240, 1, 1_000);
        let healthy = found.iter().filter(|found| found.healthy.is_some()).count();
        println!("{new} against 0.01: called healthy in {healthy} of 1,000 releases");
        assert!(healthy <= allowed(1_000), "called healthy in {healthy} of 1,000 releases");
    }
}

#[test]
fn nothing_is_proven_without_both_versions() {
    let judge = Judge::new(&COMPARISON, 1);
    for (old, new) in [(Counts::default(), Counts::new(1_000, 1_000)), (Counts::new(1_000, 0), Counts::default())] {
        let mut evidence = Evidence::default();
        for _minute in 0..100 {
            evidence.add(&judge, old, new);
        }
        assert_eq!(evidence.verdict(&judge), Verdict::NotProven);
        assert_eq!(evidence.figures(&judge), "not proven: there was no minute in which both versions had requests");
    }
}

#[test]
fn all_that_fails_and_nothing_that_fails_are_told_apart() {
    let judge = Judge::new(&COMPARISON, 1);
    for (old, new, verdict) in [
        (0, 1_000, Verdict::ProvenWorse),
        (0, 0, Verdict::ProvenHealthy),
        (1_000, 1_000, Verdict::ProvenHealthy),
        (1_000, 0, Verdict::ProvenHealthy),
    ] {
        let mut evidence = Evidence::default();
        for _minute in 0..10 {
            evidence.add(&judge, Counts::new(1_000, old), Counts::new(1_000, new));
        }
        assert_eq!(evidence.verdict(&judge), verdict, "{}", evidence.figures(&judge));
    }
}

#[test]
fn a_journal_in_between_changes_nothing() {
    let judge = Judge::new(&COMPARISON, 1);
    let (mut kept, mut stored) = (Evidence::default(), Evidence::default());
    for minute in 0..200 {
        let (old, new) = (Counts::new(1_000 + minute, 7 + minute % 9), Counts::new(90 + minute % 31, minute % 5));
        kept.add(&judge, old, new);
        stored.add(&judge, old, new);
        stored = serde_json::from_str(&serde_json::to_string(&stored).unwrap()).unwrap();
        assert_eq!(stored, kept);
    }
    let size = serde_json::to_string(&stored).unwrap().len();
    assert!(size < 700, "{size} bytes");
}

#[test]
fn a_sentence_says_what_was_found() {
    let judge = Judge::new(&Comparison { false_alarm: 0.005, tolerance: 0.002_5 }, 1);
    let mut evidence = Evidence::default();
    let figures = |evidence: &Evidence| evidence.figures(&judge);
    evidence.add(&judge, Counts::new(12_345, 4), Counts::new(50, 0));
    assert_eq!(
        figures(&evidence),
        "not proven: 0 % of 50 requests failed on the new version, 0.032 % of 12,345 on the old"
    );
    for _minute in 0..60 {
        evidence.add(&judge, Counts::new(10_000, 4), Counts::new(10_000, 3));
    }
    assert_eq!(
        figures(&evidence),
        "proven healthy: 0.03 % of 600,050 requests failed on the new version, 0.04 % of 612,345 on the old \
         (less than 0.25 points above, wrong at most 0.5 %)"
    );
    for _minute in 0..60 {
        evidence.add(&judge, Counts::new(10_000, 4), Counts::new(10_000, 10_001));
    }
    assert_eq!(
        figures(&evidence),
        "proven worse: 50 % of 1,200,050 requests failed on the new version, 0.04 % of 1,212,345 on the old \
         (false alarm at most 0.5 %)"
    );
}
