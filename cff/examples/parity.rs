//! Asks finished functions and core the same random requests, in njs and in Node.js, and prints how many agreed:
//! `cargo run --release -p onebox-cff --example parity -- 200000`. The first difference ends it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that meets the unexpected fails")]

#[path = "../tests/harness/mod.rs"]
mod harness;

use std::{env, thread};

use harness::{ENGINES, parity::agree};

fn main() {
    let requests: usize = env::args().nth(1).map_or(200_000, |count| count.parse().expect("a number of requests"));
    // Two processes of each engine at a time.
    let half = requests.div_ceil(2);
    for engine in ENGINES {
        let halves = [(1_u64, half), (1 << 32, requests - half)];
        let running = halves.map(|(seed, count)| thread::spawn(move || agree(engine, seed, count)));
        let mut counts = harness::parity::Counts::new();
        for part in running {
            for (source, count) in part.join().expect("no difference") {
                *counts.entry(source).or_default() += count;
            }
        }
        println!("{engine:?}: {} random requests, 0 differences: {counts:?}", counts.values().sum::<usize>());
    }
}
