//! What visitors got, counted: pages, broken pages, and who saw both sides.

use std::collections::HashMap;

use http::{HeaderMap, StatusCode};
use onebox_core::Partition;
use serde::Serialize;

use super::site::ASSETS;

/// The response header in which the demo's origins say which side they are.
pub(super) const SIDE: &str = "x-release-side";

/// Visitors beyond this many are counted as requests only, so that memory stays bounded.
const MOST_VISITORS: usize = 200_000;

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A page that a person opens.
    Page,
    /// What a page loads.
    Asset,
    /// Anything else, such as an icon.
    Other,
}

impl Kind {
    /// Judges by the path, and by the Accept header that browsers send when a person opens a page.
    pub(super) fn of(path: &str, headers: &HeaderMap) -> Self {
        let accepts = headers.get(http::header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if path.starts_with(ASSETS) {
            Self::Asset
        } else if accepts.contains("text/html") {
            Self::Page
        } else {
            Self::Other
        }
    }
}

/// One answer, as a visitor sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// What was asked for.
    pub(super) kind: Kind,
    /// The status; none if the answer did not arrive whole.
    pub(super) status: Option<StatusCode>,
    /// The side that made it, if an origin did.
    pub(super) side: Option<Partition>,
    /// Whether it came out of the cache, asked again or not.
    pub(super) hit: bool,
}

impl Seen {
    /// What the head of an answer says.
    pub(super) fn of(kind: Kind, status: StatusCode, headers: &HeaderMap) -> Self {
        let cache = headers.get("x-cache").map_or(&b""[..], |value| value.as_bytes());
        Self {
            kind,
            status: Some(status),
            side: headers.get(SIDE).and_then(|value| Partition::from_header(value.as_bytes())),
            hit: cache.starts_with(b"Hit ") || cache.starts_with(b"RefreshHit "),
        }
    }

    /// An answer that did not arrive, or not whole.
    pub(super) fn lost(kind: Kind) -> Self {
        Self { kind, status: None, side: None, hit: false }
    }
}

/// The figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    /// Pages that were opened.
    pub(super) pages: u64,
    /// Pages of which something was missing or came from the other release.
    pub(super) broken: u64,
    /// Visitors who came.
    pub(super) visitors: u64,
    /// Of those, who met the one-box first.
    pub(super) one_box_visitors: u64,
    /// Of those, who got answers from both sides.
    pub(super) both_sides: u64,
    /// Requests.
    pub(super) requests: u64,
    /// Of those, which the one-box's release answered.
    pub(super) one_box_requests: u64,
    /// Of those, which came out of the cache.
    pub(super) hits: u64,
}

impl Counts {
    /// Which part of the visitors met the one-box, `0.0..=1.0`.
    pub(super) fn visitor_share(&self) -> f64 {
        ratio(self.one_box_visitors, self.visitors)
    }

    /// Which part of the requests the one-box's release answered, `0.0..=1.0`.
    pub(super) fn request_share(&self) -> f64 {
        ratio(self.one_box_requests, self.requests)
    }

    /// Which part of the requests came out of the cache, `0.0..=1.0`.
    pub(super) fn hit_ratio(&self) -> f64 {
        ratio(self.hits, self.requests)
    }

    /// Whether stickiness held: pages were loaded, none broke and nobody saw both sides.
    pub(super) fn held(&self) -> bool {
        self.pages > 0 && self.broken == 0 && self.both_sides == 0
    }
}

/// A part of a whole; 0 of nothing.
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of a demo, far below 2^53")]
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Counts answers visitor by visitor.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Counts,
    visitors: HashMap<u64, Visitor>,
}

#[derive(Debug, Default)]
struct Visitor {
    one_box: bool,
    regular: bool,
    page: Option<Page>,
}

/// The page that a visitor is loading.
#[derive(Debug)]
struct Page {
    side: Option<Partition>,
    broken: bool,
}

impl Tally {
    /// The figures so far.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Counts one answer to a visitor.
    pub(super) fn add(&mut self, visitor: u64, seen: Seen) {
        self.counts.requests += 1;
        self.counts.one_box_requests += u64::from(seen.side == Some(Partition::OneBox));
        self.counts.hits += u64::from(seen.hit);
        if self.visitors.len() < MOST_VISITORS || self.visitors.contains_key(&visitor) {
            let visitor = self.visitors.entry(visitor).or_default();
            visitor.meets(seen.side, &mut self.counts);
            visitor.loads(seen, &mut self.counts);
        }
    }

    /// Forgets which pages are being loaded: what comes next belongs to none of them.
    pub(super) fn close_pages(&mut self) {
        self.visitors.values_mut().for_each(|visitor| visitor.page = None);
    }
}

impl Visitor {
    fn meets(&mut self, side: Option<Partition>, counts: &mut Counts) {
        let before = (self.one_box, self.regular);
        match side {
            Some(Partition::OneBox) => self.one_box = true,
            Some(Partition::Regular) => self.regular = true,
            None => return,
        }
        let both = (true, true);
        let first = before == (false, false);
        counts.visitors += u64::from(first);
        counts.one_box_visitors += u64::from(first && self.one_box);
        counts.both_sides += u64::from(before != both && (self.one_box, self.regular) == both);
    }

    fn loads(&mut self, seen: Seen, counts: &mut Counts) {
        match seen.kind {
            Kind::Page => {
                // A page that is not there is a page; one that failed is broken.
                let broken = seen.status.is_none_or(|status| status.is_server_error());
                counts.pages += 1;
                counts.broken += u64::from(broken);
                self.page = Some(Page { side: seen.side, broken });
            }
            Kind::Asset => {
                let Some(page) = &mut self.page else { return };
                let whole =
                    matches!(seen.status, Some(StatusCode::OK | StatusCode::NOT_MODIFIED)) && seen.side == page.side;
                counts.broken += u64::from(!whole && !page.broken);
                page.broken |= !whole;
            }
            Kind::Other => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOX: Option<Partition> = Some(Partition::OneBox);
    const REGULAR: Option<Partition> = Some(Partition::Regular);

    fn seen(kind: Kind, status: u16, side: Option<Partition>) -> Seen {
        Seen { kind, status: StatusCode::from_u16(status).ok(), side, hit: false }
    }

    fn counts(answers: &[(u64, Seen)]) -> Counts {
        let mut tally = Tally::default();
        answers.iter().for_each(|(visitor, seen)| tally.add(*visitor, *seen));
        tally.counts()
    }

    #[test]
    fn a_page_breaks_once_however_much_of_it_is_missing() {
        let counts = counts(&[
            (1, seen(Kind::Page, 200, BOX)),
            (1, seen(Kind::Asset, 200, BOX)),
            (1, seen(Kind::Asset, 404, REGULAR)),
            (1, seen(Kind::Asset, 404, REGULAR)),
        ]);
        assert_eq!((counts.pages, counts.broken, counts.both_sides), (1, 1, 1));
    }

    #[test]
    fn an_asset_of_the_other_side_breaks_a_page_even_if_it_is_there() {
        assert_eq!(counts(&[(1, seen(Kind::Page, 200, BOX)), (1, seen(Kind::Asset, 200, REGULAR))]).broken, 1);
        assert_eq!(counts(&[(1, seen(Kind::Page, 200, BOX)), (1, seen(Kind::Asset, 200, BOX))]).broken, 0);
        assert_eq!(counts(&[(1, seen(Kind::Page, 200, BOX)), (1, seen(Kind::Asset, 304, BOX))]).broken, 0);
    }

    #[test]
    fn an_answer_that_does_not_arrive_breaks_the_page() {
        assert_eq!(counts(&[(1, Seen::lost(Kind::Page))]).broken, 1);
        assert_eq!(counts(&[(1, seen(Kind::Page, 502, None))]).broken, 1);
        assert_eq!(counts(&[(1, seen(Kind::Page, 404, BOX))]).broken, 0);
        assert_eq!(counts(&[(1, seen(Kind::Page, 200, BOX)), (1, Seen::lost(Kind::Asset))]).broken, 1);
    }

    #[test]
    fn visitors_are_told_apart_and_counted_where_they_came_first() {
        let counts = counts(&[
            (1, seen(Kind::Page, 200, BOX)),
            (2, seen(Kind::Page, 200, REGULAR)),
            (1, seen(Kind::Other, 200, REGULAR)),
            (1, seen(Kind::Other, 200, REGULAR)),
            (3, Seen::lost(Kind::Page)),
        ]);
        assert_eq!((counts.visitors, counts.one_box_visitors, counts.both_sides), (2, 1, 1));
        assert_eq!((counts.requests, counts.one_box_requests), (5, 1));
    }

    #[test]
    fn an_asset_without_a_page_breaks_nothing() {
        let mut tally = Tally::default();
        tally.add(1, seen(Kind::Page, 200, BOX));
        tally.close_pages();
        tally.add(1, seen(Kind::Asset, 404, BOX));
        assert_eq!(tally.counts().broken, 0);
    }

    #[test]
    fn nothing_loaded_is_nothing_held() {
        assert!(!Counts::default().held());
        assert!(Counts { pages: 1, ..Counts::default() }.held());
        assert!(!Counts { pages: 1, both_sides: 1, ..Counts::default() }.held());
    }

    #[test]
    fn the_head_of_an_answer_says_side_and_cache() {
        let headers = |cache: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-cache", cache.parse().unwrap());
            headers.insert(SIDE, "one-box".parse().unwrap());
            headers
        };
        for (cache, hit) in
            [("Hit from cloudfront", true), ("RefreshHit from cloudfront", true), ("Miss from cloudfront", false)]
        {
            let expected = Seen { kind: Kind::Asset, status: Some(StatusCode::OK), side: BOX, hit };
            assert_eq!(Seen::of(Kind::Asset, StatusCode::OK, &headers(cache)), expected);
        }
    }

    #[test]
    fn a_page_is_what_a_person_opens() {
        let mut headers = HeaderMap::new();
        assert_eq!(Kind::of("/", &headers), Kind::Other);
        headers.insert("accept", "text/html,*/*;q=0.8".parse().unwrap());
        assert_eq!(Kind::of("/", &headers), Kind::Page);
        assert_eq!(Kind::of("/assets/a.1.js", &headers), Kind::Asset);
    }
}
