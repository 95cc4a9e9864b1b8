//! Orders that a person leaves for whoever drives a release: lines in a file, each of them taken once.
//!
//! A record of the journal says how many of them are carried out. So an order that was left for a driver that died is
//! taken by the next one, and none is taken twice.

use std::{
    fs::OpenOptions,
    io::{self, Read, Seek, SeekFrom, Write},
    path::PathBuf,
};

use jiff::Timestamp;
use onebox_release::Input;
use serde::{Deserialize, Serialize};

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    /// When it was given.
    pub(super) at: Timestamp,
    /// What.
    pub(super) order: What,
    /// Why.
    pub(super) because: String,
}

/// What can be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum What {
    /// Put everything back.
    Abort,
    /// Skip the wait.
    Promote,
}

impl Order {
    /// What the release hears.
    pub(super) fn input(self) -> Input {
        match self.order {
            What::Abort => Input::Abort(self.because),
            What::Promote => Input::Promote(self.because),
        }
    }
}

/// The file.
#[derive(Clone, Debug)]
pub(super) struct Orders {
    path: PathBuf,
}

impl Orders {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Forgets all orders: those of a release that never began mean nothing to the next one.
    pub(super) fn clear(&self) -> io::Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Leaves an order; it is on the disk when this returns. Gives its number, from 1.
    pub(super) fn leave(&self, order: &Order) -> io::Result<u64> {
        let mut line = serde_json::to_string(order)?;
        line.push('\n');
        let mut file = super::folder::own(OpenOptions::new().read(true).append(true).create(true), &self.path)?;
        // One who gives an order at the same time must not write into this one.
        file.lock()?;
        let mut before = Vec::new();
        file.read_to_end(&mut before)?;
        // Half an order that a crash left is a line of its own, and none that can be read.
        if before.last().is_some_and(|byte| *byte != b'\n') {
            line.insert(0, '\n');
            before.push(b'\n');
        }
        file.write_all(line.as_bytes())?;
        file.sync_all()?;
        Ok(lines(&before) + 1)
    }

    /// Looks through the orders after the first `taken`.
    pub(super) const fn after(self, taken: u64) -> Unread {
        Unread { orders: self, taken, offset: None }
    }
}

fn lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Orders that nobody has carried out yet.
#[derive(Debug)]
pub(super) struct Unread {
    orders: Orders,
    taken: u64,
    /// Where the next order begins.
    offset: Option<u64>,
}

impl Unread {
    /// How many are taken.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    /// What the next order asks for. An order to put everything back comes before those that were given earlier.
    pub(super) fn next(&mut self) -> Option<Input> {
        let abort = self.abort();
        abort.or_else(|| self.order()).map(Order::input)
    }

    /// The next order to put everything back; those that were given before it have lost their meaning.
    pub(super) fn abort(&mut self) -> Option<Order> {
        let before = (self.taken, self.offset);
        while let Some(order) = self.order() {
            if order.order == What::Abort {
                return Some(order);
            }
        }
        (self.taken, self.offset) = before;
        None
    }

    /// The next order. What cannot be read is passed over, as is a file that is not there.
    fn order(&mut self) -> Option<Order> {
        loop {
            let line = self.line().ok().flatten()?;
            self.taken += 1;
            self.offset = self.offset.map(|offset| offset + line.len() as u64);
            if let Ok(order) = serde_json::from_slice(&line) {
                return Some(order);
            }
        }
    }

    /// The next whole line, with its end.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut file = super::folder::open(&self.orders.path)?;
        if let Some(offset) = self.offset {
            file.seek(SeekFrom::Start(offset))?;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        if self.offset.is_none() {
            // The first look: what was carried out before stands before the rest.
            let Some(skipped) = (0..self.taken).try_fold(0, |_, _| ends.next()) else { return Ok(None) };
            self.offset = Some(skipped as u64);
            return Ok(ends.next().map(|end| bytes[skipped..end].to_vec()));
        }
        Ok(ends.next().map(|end| bytes[..end].to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(order: What, because: &str) -> Order {
        Order { at: Timestamp::UNIX_EPOCH, order, because: because.to_owned() }
    }

    #[test]
    fn every_order_is_taken_once_and_in_its_order() {
        let folder = tempfile::TempDir::new().unwrap();
        let orders = Orders::new(folder.path().join("orders"));
        let mut unread = orders.clone().after(0);
        assert_eq!(unread.next(), None);
        assert_eq!(orders.leave(&order(What::Promote, "fine")).unwrap(), 1);
        assert_eq!((unread.next(), unread.next()), (Some(Input::Promote("fine".into())), None));
        assert_eq!(orders.leave(&order(What::Abort, "line\nbreak")).unwrap(), 2);
        let abort = Some(Input::Abort("line\nbreak".into()));
        assert_eq!((unread.next(), unread.taken()), (abort.clone(), 2));
        assert_eq!(unread.next(), None);
        // Another driver, that knows from the journal that one is carried out.
        let mut later = orders.after(1);
        assert_eq!((later.next(), later.next()), (abort, None));
    }

    #[test]
    fn to_put_everything_back_comes_first() {
        let folder = tempfile::TempDir::new().unwrap();
        let orders = Orders::new(folder.path().join("orders"));
        for (what, because) in [(What::Promote, "a"), (What::Promote, "b"), (What::Abort, "c"), (What::Promote, "d")] {
            orders.leave(&order(what, because)).unwrap();
        }
        let mut unread = orders.after(1);
        assert_eq!((unread.next(), unread.taken()), (Some(Input::Abort("c".into())), 3));
        assert_eq!(unread.abort(), None);
        assert_eq!((unread.next(), unread.taken()), (Some(Input::Promote("d".into())), 4));
    }

    #[test]
    fn half_an_order_is_passed_over() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("orders");
        std::fs::write(&path, r#"{"at":"1970-01"#).unwrap();
        let orders = Orders::new(path);
        let mut unread = orders.clone().after(0);
        assert_eq!((unread.next(), unread.taken()), (None, 0));
        assert_eq!(orders.leave(&order(What::Abort, "now")).unwrap(), 2);
        assert_eq!((unread.next(), unread.taken()), (Some(Input::Abort("now".into())), 2));
    }

    #[test]
    fn no_orders_are_left_behind() {
        let folder = tempfile::TempDir::new().unwrap();
        let orders = Orders::new(folder.path().join("orders"));
        orders.clear().unwrap();
        orders.leave(&order(What::Abort, "now")).unwrap();
        orders.clear().unwrap();
        assert_eq!(orders.after(0).next(), None);
    }
}
