//! What visitors got, counted where they are: pages and what they asked the API for.

use serde::Serialize;

use super::story::Phase;
use crate::tally::{Counts, Seen, Tally, ratio};

/// The counts of a show.
#[derive(Debug, Default)]
pub(super) struct Visits {
    all: Tally,
    pages: Pages,
    orders: Orders,
}

/// What was asked of the API in the parts of the show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Orders {
    /// Before anything moved.
    pub(super) before: Asked,
    /// From the first move until the release was over.
    pub(super) meanwhile: Asked,
    /// When it was over.
    pub(super) after: Asked,
}

/// What was asked, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Asked {
    /// How often.
    pub(super) requests: u64,
    /// How often that failed: a status of 500 or above, or no answer.
    pub(super) failed: u64,
    /// Which part that is, `0.0..=1.0`.
    pub(super) error_rate: f64,
}

/// The pages that were opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Pages {
    /// Those during which nothing changed on their side.
    pub(super) in_one_piece: Loaded,
    /// Those whose side went to another version while they were loading: nothing at the edge can keep these whole.
    pub(super) across_a_change: Loaded,
    /// Visitors who came.
    pub(super) visitors: u64,
    /// Of those, who got answers from both sides.
    pub(super) both_sides: u64,
}

/// So many pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Loaded {
    /// That were opened.
    pub(super) loaded: u64,
    /// Of which something was missing or came from the other side.
    pub(super) broken: u64,
}

impl Visits {
    /// Counts a page: everything that came of it, and whether its side stood still meanwhile.
    pub(super) fn page(&mut self, visitor: u64, seen: &[Seen], whole: bool) {
        let mut alone = Tally::default();
        for seen in seen {
            alone.add(visitor, *seen);
            self.all.add(visitor, *seen);
        }
        let Counts { pages, broken, .. } = alone.counts();
        let loaded = if whole { &mut self.pages.in_one_piece } else { &mut self.pages.across_a_change };
        loaded.loaded += pages;
        loaded.broken += broken;
    }

    /// Counts a request to the API that began in this part.
    pub(super) fn order(&mut self, phase: Phase, seen: Seen) {
        let asked = match phase {
            Phase::Before => &mut self.orders.before,
            Phase::Meanwhile => &mut self.orders.meanwhile,
            Phase::After => &mut self.orders.after,
        };
        asked.requests += 1;
        asked.failed += u64::from(seen.status.is_none_or(|status| status.is_server_error()));
        asked.error_rate = ratio(asked.failed, asked.requests);
    }

    /// The pages so far.
    pub(super) fn pages(&self) -> Pages {
        let Counts { visitors, both_sides, .. } = self.all.counts();
        Pages { visitors, both_sides, ..self.pages }
    }

    /// The API's requests so far.
    pub(super) fn orders(&self) -> Orders {
        self.orders
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use onebox_core::Partition;

    use super::*;
    use crate::tally::Kind;

    fn seen(kind: Kind, status: u16) -> Seen {
        Seen { kind, status: StatusCode::from_u16(status).ok(), side: Some(Partition::OneBox), hit: false }
    }

    #[test]
    fn a_page_whose_side_changed_meanwhile_is_counted_apart() {
        let mut visits = Visits::default();
        let broken = [seen(Kind::Page, 200), seen(Kind::Asset, 404), seen(Kind::Asset, 404)];
        visits.page(1, &broken, false);
        visits.page(1, &[seen(Kind::Page, 200), seen(Kind::Asset, 200)], true);
        visits.page(2, &broken, true);
        let one = Loaded { loaded: 1, broken: 1 };
        let in_one_piece = Loaded { loaded: 2, broken: 1 };
        assert_eq!(visits.pages(), Pages { in_one_piece, across_a_change: one, visitors: 2, both_sides: 0 });
    }

    #[test]
    fn an_order_counts_where_it_began_and_no_answer_is_a_failure() {
        let mut visits = Visits::default();
        visits.order(Phase::Before, seen(Kind::Other, 200));
        visits.order(Phase::Meanwhile, seen(Kind::Other, 500));
        visits.order(Phase::Meanwhile, seen(Kind::Other, 404));
        visits.order(Phase::After, Seen::lost(Kind::Other));
        let asked = |requests, failed, error_rate| Asked { requests, failed, error_rate };
        let Orders { before, meanwhile, after } = visits.orders();
        assert_eq!((before, meanwhile, after), (asked(1, 0, 0.0), asked(2, 1, 0.5), asked(1, 1, 1.0)));
    }
}
