//! What outlives the driver of a release: its journal, and the orders that are left for it.

use onebox_release::{Input, Record};

use super::{
    folder::Pen,
    orders::{Order, Unread},
};
use crate::Failure;

/// Where a driver writes down what it does, and finds what it is told. It is written before anything is done, so that
/// another driver can go on from there.
pub(super) trait Store {
    /// The number of the next record.
    fn next_number(&self) -> u64;

    /// Writes a record down. When this returns, it outlives this process.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or when what was written before is no longer there: then nothing may be done any more.
    fn write(&mut self, record: &Record) -> Result<(), Failure>;

    /// How many orders are carried out.
    fn orders_taken(&self) -> u64;

    /// The next order. One that puts everything back comes before those that were given earlier.
    fn next_order(&mut self) -> Option<Input>;

    /// The next order that puts everything back; those that were given before it have lost their meaning.
    fn next_abort(&mut self) -> Option<Input>;
}

/// A folder of this machine.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) pen: Pen,
    pub(super) orders: Unread,
    /// An order of the command that drives, which nobody else hears.
    pub(super) given: Option<Input>,
}

impl Store for Local {
    fn next_number(&self) -> u64 {
        self.pen.next()
    }

    fn write(&mut self, record: &Record) -> Result<(), Failure> {
        self.pen.write(record)
    }

    fn orders_taken(&self) -> u64 {
        self.orders.taken()
    }

    fn next_order(&mut self) -> Option<Input> {
        self.given.take().or_else(|| self.orders.next())
    }

    fn next_abort(&mut self) -> Option<Input> {
        self.orders.abort().map(Order::input)
    }
}
