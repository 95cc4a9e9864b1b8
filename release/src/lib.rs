//! A gradual release as a pure state machine.
//!
//! A [`Plan`] says who moves and how fast. [`advance`] takes the plan, a [`State`], the time and an [`Input`], and gives
//! the next state and the one [`Effect`] that is wanted. Nothing here has a clock, a file, a network or chance: the same
//! inputs give the same release, on a laptop, in a Step Functions state machine, and in a test that crashes it at every
//! step.

#![forbid(unsafe_code)]

mod advance;
mod call;
pub mod compare;
mod effect;
mod event;
mod hook_result;
mod journal;
mod name;
mod percent;
mod place;
mod plan;
mod state;
mod strategy;
mod text;
mod timeline;

pub use advance::advance;
pub use call::*;
pub use compare::{Counts, Evidence, Judge, Verdict};
pub use effect::{Effect, Ending, Input};
pub use event::Event;
pub use hook_result::hook_failure;
pub use journal::{Chain, Header, JOURNAL_VERSION, Journal, JournalError, Record, ending, is_final, worth_keeping};
pub use name::{AliasNameError, alias_name};
pub use percent::{Percent, PercentError};
pub use place::Place;
pub use plan::*;
pub use state::{Group, Lane, Stage, State};
pub use strategy::{Pause, Step, Strategy, StrategyError};
pub use text::plain_text;
pub use timeline::{Approval, Moment, Timeline, Watched, What, timeline};
