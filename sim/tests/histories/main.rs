//! Every shape of a release, every fault at every call, a crash at every place: the release always ends, and as it should.
//!
//! A history is a shape, a fault, the call that it strikes, the place of a crash, and, where the release stopped for a
//! person, what the person did. The machine is driven against the strict local control plane, in memory, by a driver
//! that journals as the real one does.

// Marked as tests, so that clippy lets them unwrap.
#[cfg(test)]
mod ends;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod run;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod tally;
#[cfg(test)]
mod tell;
#[cfg(test)]
mod watch;

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tally::Tally;

#[test]
fn every_history_ends_as_it_should() {
    let began = std::time::Instant::now();
    let shapes = shapes::shapes();
    let (next, all) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).min(shapes.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(shape) = shapes.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let tally = tell::histories_of(shape);
                    all.lock().unwrap().add(tally);
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    println!("{all}");
    all.assert_sound();
    println!("{} histories in {:.0?} on {threads} threads", all.count(), began.elapsed());
    assert!(all.count() >= 500_000, "{} histories", all.count());
}
