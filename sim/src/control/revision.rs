//! Revision ids: a new one with every change, never one twice.

/// Gives out ids in the shape of AWS's, in an order that is the same in every run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Revisions(u64);

impl Revisions {
    /// An id that was not given before.
    pub(crate) fn next(&mut self) -> String {
        self.0 += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.0)
    }
}
