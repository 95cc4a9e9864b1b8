//! Killed with SIGKILL at any moment, and resumed: the release ends as it would have, and no step is lost or doubled.
//!
//! Half of the moments are times; the other half are the worst there are: a call has arrived and is not applied yet, or
//! is applied and not answered. Each of them is drawn by a seed that is printed, and can be given by `ONEBOX_SEED`.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use fastrand::Rng;
use onebox_release::{Event, Record};
use serde_json::{Value, json};

use crate::{
    command::{Done, World, ended},
    scenario::{PLAN, SCENARIOS, Scenario, events},
    server::moto,
};

/// So many moments of a release that goes well, and of one that an alarm sends back.
const MOMENTS: [(usize, usize); 2] = [(0, 50), (1, 20)];

/// Each has an account of its own, so that they do not wait for one another.
const REGIONS: [&str; 4] = ["ap-south-1", "ca-central-1", "sa-east-1", "ap-southeast-2"];

/// A kill.
#[derive(Clone, Debug)]
enum Moment {
    After(Duration),
    /// This one of an operation's calls, counted from 0, before it is applied or after.
    Call(String, u64, &'static str),
}

/// What an undisturbed release is like.
struct Undisturbed {
    /// In milliseconds.
    lasts: u64,
    /// How many calls of each operation it makes.
    calls: BTreeMap<String, u64>,
    /// Each alias's changes, in its order.
    moves: BTreeMap<String, Vec<Value>>,
    /// The same, as the journal tells them.
    steps: BTreeMap<String, Vec<String>>,
    done: Done,
    stands: Option<String>,
}

#[test]
fn killed_at_any_moment_and_resumed_it_ends_as_it_would_have() {
    let seed = std::env::var_os("ONEBOX_SEED")
        .map_or_else(|| fastrand::u64(..), |seed| seed.to_str().unwrap().parse().unwrap());
    println!("ONEBOX_SEED={seed}");
    for (scenario, moments) in MOMENTS {
        let scenario = &SCENARIOS[scenario];
        let like = undisturbed(scenario, REGIONS[0]);
        let rng = Mutex::new(Rng::with_seed(seed));
        let (left, struck, missed) = (AtomicUsize::new(moments), AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|threads| {
            for region in REGIONS {
                let (rng, like, left, struck, missed) = (&rng, &like, &left, &struck, &missed);
                threads.spawn(move || {
                    while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
                        // One that ended before its moment came was not killed: another moment is drawn for it.
                        while !one(scenario, like, region, rng) {
                            assert!(missed.fetch_add(1, Ordering::SeqCst) < 4 * moments, "hardly any moment is hit");
                        }
                        struck.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        println!(
            "{}: killed {} times; {} more moments came too late",
            scenario.name,
            struck.into_inner(),
            missed.into_inner()
        );
    }
}

/// The release with shorter waits: the rest of it is where it matters.
fn plan() -> String {
    PLAN.replace("\"2s\"", "\"600ms\"").replace("\"1s\"", "\"300ms\"")
}

fn undisturbed(scenario: &Scenario, region: &'static str) -> Undisturbed {
    let world = World::new(&plan(), scenario, region);
    let done = world.run("start");
    let journal = world.journal().unwrap();
    let (first, last) = (journal.header.at, journal.records.last().unwrap().at);
    let lasts = u64::try_from(last.duration_since(first).as_millis()).unwrap();
    let mut calls = BTreeMap::new();
    for call in moto().look(region, "calls")["calls"].as_array().unwrap() {
        *calls.entry(call["operation"].as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    let (moves, steps, stands) = (moves(region), steps(&journal.records), world.stands());
    println!("{}, undisturbed: {lasts} ms, {calls:?}", scenario.name);
    Undisturbed { lasts, calls, moves, steps, done, stands }
}

/// One release that is killed; whether it was.
fn one(scenario: &Scenario, like: &Undisturbed, region: &'static str, rng: &Mutex<Rng>) -> bool {
    let moment = drawn(like, &mut rng.lock().unwrap());
    let world = World::new(&plan(), scenario, region);
    let mut child = world.spawn("start");
    match &moment {
        Moment::After(time) => {
            pause(*time);
            child.kill().unwrap();
        }
        Moment::Call(operation, call, when) => {
            let mut faults = scenario.faults();
            let kill =
                json!({ "operation": operation, "call": call, "trouble": "killed", "when": when, "pid": child.id() });
            faults.as_array_mut().unwrap().push(kill);
            moto().tell(region, "faults", &faults);
        }
    }
    let done = ended(child);
    if done.code.is_some() {
        return false;
    }
    // Killed before it had a journal, it had done nothing.
    let (verb, records) = match world.journal() {
        Some(journal) => ("resume", journal.records),
        None => ("start", Vec::new()),
    };
    if records.last().is_some_and(|record| record.ending().is_some()) {
        return false;
    }
    let done = world.run(verb);
    let context = format!("{}, killed at {moment:?}, after {} records: {done:?}", scenario.name, records.len());
    assert_eq!(done.code, like.done.code, "{context}");
    assert_eq!(world.stands(), like.stands, "{context}");
    let journal = world.journal().unwrap();
    assert!(journal.is_over() && !journal.cut, "{context}");
    // What was written before is still there, and the numbers have no gap.
    assert_eq!(journal.records[..records.len()], records[..], "{context}");
    assert_eq!(steps(&journal.records), like.steps, "{context}: {:#?}", events(&journal.records));
    assert_eq!(moves(region), like.moves, "{context}");
    true
}

fn drawn(like: &Undisturbed, rng: &mut Rng) -> Moment {
    if rng.bool() {
        return Moment::After(Duration::from_millis(rng.u64(..like.lasts)));
    }
    // Half of these strike an update: of those there are few, and they matter most.
    let updates = like.calls.get_key_value("UpdateAlias").filter(|_| rng.bool());
    let (operation, calls) = updates.or_else(|| like.calls.iter().nth(rng.usize(..like.calls.len()))).unwrap();
    Moment::Call(operation.clone(), rng.u64(..*calls), if rng.bool() { "before" } else { "after" })
}

/// The changes of each alias that moto saw; one that changes nothing is none.
fn moves(region: &str) -> BTreeMap<String, Vec<Value>> {
    let mut moves: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for update in moto().look(region, "account")["moves"].as_array().unwrap() {
        let of = moves.entry(update["alias"].as_str().unwrap().to_owned()).or_default();
        if of.last() != Some(update) {
            of.push(update.clone());
        }
    }
    moves
}

/// The steps of each alias, as a journal tells them.
fn steps(records: &[Record]) -> BTreeMap<String, Vec<String>> {
    let mut steps: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in records.iter().flat_map(Record::events) {
        if let Event::Shifted { function, .. } | Event::PutBack { function, .. } = event {
            steps.entry(function.clone()).or_default().push(event.to_string());
        }
    }
    steps
}

fn pause(time: Duration) {
    let (_keep, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(time);
}
