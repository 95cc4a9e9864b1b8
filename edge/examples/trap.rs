//! A handler that breaks on purpose: with it the loader's tests show that a trap does not poison the next event.

use std::borrow::Cow;

use onebox_core::{Decision, Partition, Source, Time};
use onebox_edge::{Answer, Config, Edit, Event, Field, Handler, Trigger};

/// Tags what has the cookie `side=one-box`, and panics at the cookie `trap=1`.
#[derive(Debug)]
pub struct Trap {
    tags: [[Edit; 1]; 2],
}

impl Trap {
    /// A handler that tags with the configured header.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self { tags: ["regular", "one-box"].map(|side| [Edit::header(&config.partition.header, side)]) }
    }
}

impl Handler for Trap {
    const TRIGGER: Trigger = Trigger::ViewerRequest;
    const FALLBACK: Answer = Answer(0);

    fn fields(&self) -> Vec<Field<'_>> {
        vec![Field::Cookies]
    }

    #[expect(clippy::panic, reason = "this is what it is for")]
    fn answer(&self, event: &impl Event, _now: Time) -> Answer {
        match event.get(Field::Cookies) {
            Some(b"trap=1") => panic!("a trap"),
            Some(b"side=one-box") => Answer(1),
            _ => Answer(0),
        }
    }

    fn decide(&self, event: &impl Event, now: Time) -> Option<Decision<'_>> {
        let partition = if self.answer(event, now) == Answer(1) { Partition::OneBox } else { Partition::Regular };
        Some(Decision { partition, bucket: None, source: Source::Override })
    }

    fn edits(&self, answer: Answer) -> Cow<'_, [Edit]> {
        Cow::Borrowed(self.tags.get(answer.0 as usize).map_or(&[], |tag| tag.as_slice()))
    }
}

#[cfg(target_family = "wasm")]
onebox_edge::export!(Trap);
