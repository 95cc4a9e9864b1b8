//! Do all runtimes decide the same? Natively, in the packaged Node.js bundle and in `onebox decide`.
//!
//! `cargo xtask parity --requests 1000000` builds what it needs and runs it. It asks every vector of the specification
//! and then random requests of random configurations, prints how many it asked, and every difference.

mod random;
mod runtimes;
mod settings;
mod sticky;
mod vectors;

use std::{env, error::Error, path::PathBuf, process::ExitCode};

use onebox_core::Time;
use random::Random;
use runtimes::Runtimes;

/// How many random requests share a configuration.
const BATCH: u64 = 2_000;

/// After how many random requests a line is printed.
const PROGRESS: u64 = 50_000;

/// How many differences are shown.
const SHOWN: usize = 10;

/// Something that no runtime can be asked about.
type Trouble = Box<dyn Error + Send + Sync>;

/// A request in the two forms in which it can be asked about, one line of JSON each.
struct Question {
    event: String,
    /// When it comes.
    now: Time,
    /// For `onebox decide` alone.
    plain: Option<String>,
    /// The decision, where it is known beforehand.
    expected: Option<String>,
}

fn main() -> ExitCode {
    let args: Vec<_> = env::args().skip(1).collect();
    let done = match &args[..] {
        [onebox, requests, seed] => match (requests.parse(), seed.parse()) {
            (Ok(requests), Ok(seed)) => run(onebox.into(), requests, seed),
            _ => Err("expected whole numbers of requests and for the seed".into()),
        },
        _ => Err("expected the path of `onebox`, how many random requests, and a seed".into()),
    };
    match done {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("parity: {error}");
            ExitCode::from(64)
        }
    }
}

/// Asks everything; the number of differences.
fn run(onebox: PathBuf, requests: u64, seed: u64) -> Result<usize, Trouble> {
    let mut runtimes = Runtimes::new(onebox)?;
    let (mut vectors, mut configurations, mut asked) = (0, 0, 0);
    let mut differences = Vec::new();

    for (site, questions) in vectors::read()? {
        vectors += questions.len();
        differences.extend(runtimes.differences(&site, &questions)?);
    }
    println!("{vectors} vectors: {} differences", differences.len());

    let mut random = Random::new(seed);
    while asked < requests {
        let count = BATCH.min(requests - asked);
        let site = random.configuration();
        let questions: Vec<_> = (0..count).map(|_| random.question()).collect();
        differences.extend(runtimes.differences(&site, &questions)?);
        (asked, configurations) = (asked + count, configurations + 1);
        if asked % PROGRESS == 0 || asked == requests {
            println!("{asked} random requests, {configurations} configurations: {} differences", differences.len());
        }
    }
    println!("{}", runtimes.counted());
    differences.iter().take(SHOWN).for_each(|difference| println!("\n{difference}"));
    Ok(differences.len())
}
