//! How often the comparison is wrong, and how many requests it takes: simulated, as one table.
//!
//! `cargo run --release -p onebox-release --example comparison`

mod simulation;

use onebox_release::{Comparison, Judge};
use simulation::{Found, Traffic, quantile, random, run, sorted};

/// The first run's seed; every run has its own.
const SEED: u64 = 20_261_120;
/// Of the version that a release moves.
const COMPARISON: Comparison = Comparison { false_alarm: 0.01, tolerance: 0.01 };

fn main() {
    println!(
        "false alarm {} %, tolerance {} point, peeked at every minute, seeds from {SEED}",
        100.0 * COMPARISON.false_alarm,
        100.0 * COMPARISON.tolerance
    );
    false_alarms();
    detection();
    late();
    health();
    many_aliases();
    outages();
    clusters();
}

fn false_alarms() {
    println!("\nFalse alarms: both versions alike, over a whole release");
    println!(
        "{:>6} {:>10} {:>6} {:>8} {:>6} {:>6} {:>10}",
        "rate", "a minute", "share", "minutes", "runs", "worse", "part"
    );
    for (rate, requests, share, minutes, runs) in [
        (0.01, 100, 0.1, 60, 20_000),
        (0.01, 1_000, 0.1, 60, 20_000),
        (0.01, 10_000, 0.1, 60, 20_000),
        (0.01, 100_000, 0.1, 60, 20_000),
        (0.01, 1_000, 0.01, 60, 20_000),
        (0.01, 1_000, 0.5, 60, 20_000),
        (0.01, 1_000, 0.1, 1_440, 2_000),
        (0.000_5, 1_000, 0.1, 60, 20_000),
        (0.2, 1_000, 0.1, 60, 20_000),
    ] {
        let traffic = Traffic { requests, share, old: rate, new: rate, ..Traffic::USUAL };
        let found = runs_of(traffic, minutes, 1, runs);
        let worse = found.iter().filter(|found| found.worse.is_some()).count();
        println!(
            "{:>6} {requests:>10} {:>6} {minutes:>8} {runs:>6} {worse:>6} {:>10}",
            percent(rate),
            percent(share),
            format!("{:.2} %", 100.0 * worse as f64 / f64::from(runs))
        );
    }
}

fn detection() {
    println!("\nDetection: the new version's requests until it is proven worse, within 1,440 minutes");
    println!(
        "{:>6} {:>6} {:>10} {:>6} {:>8} {:>6} {:>8} {:>8} {:>8} {:>6}",
        "old", "new", "a minute", "share", "aliases", "runs", "median", "95 %", "99 %", "never"
    );
    for (old, new, requests, share, aliases) in [
        (0.01, 0.05, 10_000, 0.01, 1),
        (0.01, 0.05, 1_000, 0.1, 1),
        (0.01, 0.05, 200, 0.5, 1),
        (0.01, 0.05, 100, 0.1, 1),
        (0.01, 0.05, 10_000, 0.1, 1),
        (0.01, 0.05, 1_000, 0.1, 200),
        (0.01, 0.02, 1_000, 0.1, 1),
        (0.01, 0.5, 1_000, 0.1, 1),
        (0.001, 0.01, 1_000, 0.1, 1),
        (0.000_1, 0.05, 1_000, 0.1, 1),
        (0.1, 0.2, 1_000, 0.1, 1),
    ] {
        let runs = 2_000;
        let traffic = Traffic { requests, share, old, new, ..Traffic::USUAL };
        let found = sorted(runs_of(traffic, 1_440, aliases, runs).iter().map(|found| found.worse).collect());
        println!(
            "{:>6} {:>6} {requests:>10} {:>6} {aliases:>8} {runs:>6} {}",
            percent(old),
            percent(new),
            percent(share),
            spread(&found)
        );
    }
}

fn late() {
    println!("\nAs good as the old version at first, 5 % against 1 % later: the new version's requests from then on");
    println!(
        "{:>10} {:>6} {:>8} {:>6} {:>8} {:>8} {:>8} {:>6}",
        "a minute", "share", "from", "runs", "median", "95 %", "99 %", "never"
    );
    for from in [10, 60, 600] {
        let runs = 1_000;
        let traffic = Traffic { new: 0.05, from, ..Traffic::USUAL };
        let found = runs_of(traffic, from + 600, 1, runs).iter().map(|found| found.worse).collect();
        println!(
            "{:>10} {:>6} {from:>8} {runs:>6} {}",
            traffic.requests,
            percent(traffic.share),
            spread(&sorted(found))
        );
    }
}

fn health() {
    println!("\nHealth: the new version's requests until it is proven healthy, within 1,440 minutes");
    println!(
        "{:>6} {:>6} {:>10} {:>6} {:>8} {:>6} {:>8} {:>8} {:>8} {:>6}",
        "old", "new", "a minute", "share", "aliases", "runs", "median", "95 %", "99 %", "never"
    );
    for (old, new, requests, share, aliases, runs) in [
        (0.01, 0.01, 10_000, 0.01, 1, 1_000),
        (0.01, 0.01, 1_000, 0.1, 1, 1_000),
        (0.01, 0.01, 200, 0.5, 1, 1_000),
        (0.01, 0.01, 1_000, 0.1, 200, 1_000),
        (0.001, 0.001, 1_000, 0.1, 1, 1_000),
        (0.05, 0.05, 1_000, 0.1, 1, 1_000),
        // On the edge: as bad as it may not be.
        (0.01, 0.02, 1_000, 0.1, 1, 5_000),
        (0.01, 0.03, 1_000, 0.1, 1, 5_000),
    ] {
        let traffic = Traffic { requests, share, old, new, ..Traffic::USUAL };
        let found = sorted(runs_of(traffic, 1_440, aliases, runs).iter().map(|found| found.healthy).collect());
        println!(
            "{:>6} {:>6} {requests:>10} {:>6} {aliases:>8} {runs:>6} {}",
            percent(old),
            percent(new),
            percent(share),
            spread(&found)
        );
    }
}

fn many_aliases() {
    println!("\nA release of 200 aliases, 1 % against 1 %, 1,000 requests a minute each, 10 % for 60 minutes");
    let (aliases, releases) = (200, 500);
    let found = runs_of(Traffic::USUAL, 60, aliases, releases * 200);
    let alarmed = found.chunks(aliases).filter(|release| release.iter().any(|found| found.worse.is_some())).count();
    println!(
        "{releases} releases, {alarmed} with a false alarm: {:.2} %",
        100.0 * alarmed as f64 / f64::from(releases)
    );
}

fn outages() {
    println!("\nOutages: in some minutes 30 % of both versions' requests fail; 1 % against 1 % otherwise, 60 minutes");
    println!("{:>10} {:>6} {:>6} {:>10}", "minutes", "runs", "worse", "part");
    for outages in [0.02, 0.1, 0.5] {
        let runs = 5_000;
        let traffic = Traffic { outages, ..Traffic::USUAL };
        let worse = runs_of(traffic, 60, 1, runs).iter().filter(|found| found.worse.is_some()).count();
        println!(
            "{:>10} {runs:>6} {worse:>6} {:>10}",
            percent(outages),
            format!("{:.2} %", 100.0 * worse as f64 / f64::from(runs))
        );
    }
}

fn clusters() {
    println!(
        "\nNot independent: one cause makes several requests of one version fail; 1 % against 1 %, 10 % for 60 minutes"
    );
    println!("{:>10} {:>12} {:>6} {:>6} {:>10}", "at once", "false alarm", "runs", "worse", "part");
    for (cluster, power) in [(1, 1), (2, 1), (3, 1), (10, 1), (2, 2), (3, 3), (10, 10)] {
        let runs = 5_000_u32;
        let traffic = Traffic { cluster, ..Traffic::USUAL };
        let judge = Judge::new(&Comparison { false_alarm: COMPARISON.false_alarm.powi(power), ..COMPARISON }, 1);
        let found = (0..runs).map(|at| run(traffic, 60, &judge, &mut random(SEED + u64::from(at))));
        let worse = found.filter(|found| found.worse.is_some()).count();
        println!(
            "{cluster:>10} {:>12} {runs:>6} {worse:>6} {:>10}",
            format!("{:.0e}", judge.false_alarm()),
            format!("{:.2} %", 100.0 * worse as f64 / f64::from(runs))
        );
    }
}

fn runs_of(traffic: Traffic, minutes: u32, aliases: usize, runs: u32) -> Vec<Found> {
    let judge = Judge::new(&COMPARISON, aliases);
    (0..runs).map(|at| run(traffic, minutes, &judge, &mut random(SEED + u64::from(at)))).collect()
}

fn spread(sorted: &[Option<u64>]) -> String {
    let text = |part| quantile(sorted, part).map_or_else(|| String::from("never"), |requests| requests.to_string());
    let never = sorted.iter().filter(|requests| requests.is_none()).count();
    format!("{:>8} {:>8} {:>8} {never:>6}", text(0.5), text(0.95), text(0.99))
}

fn percent(part: f64) -> String {
    format!("{} %", (part * 100_000.0).round() / 1_000.0)
}
