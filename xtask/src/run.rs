//! Running steps in order, each with its heading and its time.

use std::{process::ExitCode, time::Instant};

use crate::steps::Step;

/// Runs the steps of a verb of `cargo xtask` up to the first failure and prints how many passed.
pub(crate) fn steps<'a>(verb: &str, steps: impl Iterator<Item = &'a Step>) -> ExitCode {
    let begin = Instant::now();
    let mut passed = 0;
    for step in steps {
        println!("\n== {}: {}", step.name, step.about);
        let step_begin = Instant::now();
        let result = (step.run)();
        let seconds = step_begin.elapsed().as_secs_f64();
        if let Err(failure) = result {
            println!("== {} FAILED after {seconds:.1} s: {failure}", step.name);
            println!("   or the whole step: cargo xtask {verb} --only {}", step.name);
            println!("\n{passed} passed, 1 failed");
            return ExitCode::FAILURE;
        }
        println!("== {} passed in {seconds:.1} s", step.name);
        passed += 1;
    }
    println!("\nall steps took {:.0} s", begin.elapsed().as_secs_f64());
    println!("{passed} passed, 0 failed");
    ExitCode::SUCCESS
}
