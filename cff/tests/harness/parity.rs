//! Asks engines and core the same, in as many processes as there are: njs gives no memory back before its end.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::{
    Engine,
    random::{Question, question, sites},
    run,
};

/// How many requests a process is asked.
const BATCH: usize = 1000;

/// How often each source decided.
pub type Counts = BTreeMap<&'static str, usize>;

/// Asks this many random requests; the answers are a function of the seed.
pub fn agree(engine: Engine, seed: u64, requests: usize) -> Counts {
    let mut counts = Counts::new();
    for (batch, first) in (0..requests).step_by(BATCH).enumerate() {
        let mut rng = Rng::with_seed(seed + batch as u64);
        let (sites, functions) = sites(&mut rng, 12);
        let questions: Vec<Question> =
            (first..requests.min(first + BATCH)).map(|_| question(&mut rng, &sites)).collect();
        let cases: Vec<_> = questions.iter().flat_map(|question| question.cases.iter().cloned()).collect();
        let mut answers = run(engine, &functions, &cases).into_iter();
        for question in &questions {
            let place = format!("{engine:?}, seed {}: {:#?}", seed + batch as u64, question.visit);
            let tagged = answers.next().unwrap();
            let side = &tagged["message"]["headers"]["x-req-partition"];
            assert_eq!(side, &serde_json::json!({ "value": question.expected.side }), "{place}");
            if question.cases.len() > 1 {
                let answer = answers.next().unwrap();
                let cookies = &answer["message"]["cookies"];
                assert_eq!(cookies["__Host-onebox"]["value"].as_str(), question.expected.pin.as_deref(), "{place}");
                assert_eq!(cookies["of-origin"], serde_json::json!({ "value": "1" }), "{place}");
            }
            *counts.entry(question.source).or_default() += 1;
        }
    }
    counts
}
