//! The time that a verb goes by: what it was asked for, or this machine's.

use onebox_core::Time;
use onebox_terminal::machine;
pub(crate) use onebox_terminal::{time, timestamp};

/// Which time a verb goes by.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Clock {
    /// The time to go by, such as 2026-11-20T12:00:00Z; by default this machine's
    #[arg(long, value_name = "RFC 3339")]
    now: Option<Time>,
}

impl Clock {
    /// The time that was asked for, or else this machine's at this moment.
    pub(crate) fn now(&self) -> Time {
        self.now.unwrap_or_else(machine)
    }
}
