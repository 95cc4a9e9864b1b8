//! Revision ids: a new one with every change, never one twice.

use onebox_release::Place;

/// Gives out ids in the shape of AWS's, in an order that is the same in every run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Revisions {
    /// Differs from place to place: an id of one is unknown in every other, as AWS's are.
    place: u32,
    last: u64,
}

impl Revisions {
    /// The ids of a place.
    pub(crate) fn of(place: &Place) -> Self {
        // FNV-1a: <http://www.isthe.com/chongo/tech/comp/fnv/>
        let bytes = place.region.bytes().chain(place.account.bytes());
        let place = bytes.fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Self { place, last: 0 }
    }

    /// An id that was not given before.
    pub(crate) fn next(&mut self) -> String {
        self.last += 1;
        format!("{:08x}-0000-4000-8000-{:012x}", self.place, self.last)
    }
}
