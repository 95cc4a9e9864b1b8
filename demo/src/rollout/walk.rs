//! A visitor's walk: a page with everything in it, then what its script asks the API for.

use std::{sync::atomic::Ordering, time::Duration};

use onebox_core::Partition;

use super::{API, Rollout};
use crate::{crowd::Crowd, tally::Seen};

/// So many walk about at once.
pub(crate) const WALKERS: usize = 12;
/// How long each stops between two pages.
const PAUSE: Duration = Duration::from_millis(250);
/// What a page asks the API for: one request for each tea on its shelf.
const TEAS: [&str; 4] = ["Sencha", "Assam", "Oolong", "Rooibos"];

/// Walks for ever.
pub(crate) async fn walk(crowd: Crowd, rollout: std::sync::Arc<Rollout>, mut random: fastrand::Rng) {
    loop {
        tokio::time::sleep(PAUSE.mul_f32(0.5 + random.f32())).await;
        let visitor = random.usize(..crowd.len());
        rollout.visit(&crowd, visitor, random.usize(..)).await;
        for tea in TEAS {
            let phase = rollout.story().phase();
            let seen = crowd.ask_api(visitor, &format!("{API}?tea={tea}")).await;
            rollout.visits().order(phase, seen);
        }
    }
}

impl Rollout {
    async fn visit(&self, crowd: &Crowd, visitor: usize, visit: usize) {
        let turns = || [Partition::OneBox, Partition::Regular].map(|side| self.turns_of(side).load(Ordering::SeqCst));
        let (before, mut number, mut answers) = (turns(), 0, Vec::<Seen>::new());
        crowd
            .open(visitor, visit, |of, seen| {
                number = of;
                answers.push(seen);
            })
            .await;
        let [one_box, regular] = [0, 1].map(|side| before[side] == turns()[side]);
        // A page that no origin answered belongs to no side: then either may have changed.
        let whole = match answers.first().and_then(|page| page.side) {
            Some(Partition::OneBox) => one_box,
            Some(Partition::Regular) => regular,
            None => one_box && regular,
        };
        self.visits().page(number, &answers, whole);
    }
}
