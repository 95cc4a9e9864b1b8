//! What a handler is.

use std::{borrow::Cow, fmt};

use onebox_core::{Decision, Time};

use crate::{
    edit::Edit,
    event::{Event, Field},
};

/// When CloudFront runs a function:
/// <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-cloudfront-trigger-events.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trigger {
    /// For every request, before the cache is asked.
    ViewerRequest,
    /// Before a request is forwarded to an origin.
    OriginRequest,
    /// After an origin has answered, before the cache stores.
    OriginResponse,
    /// Before a response goes to the viewer, from the cache too.
    ViewerResponse,
}

impl Trigger {
    /// Every trigger that onebox has a handler for, in the order in which they run.
    pub const ALL: [Self; 4] = [Self::ViewerRequest, Self::OriginRequest, Self::OriginResponse, Self::ViewerResponse];

    /// The name in an event's `config.eventType`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ViewerRequest => "viewer-request",
            Self::OriginRequest => "origin-request",
            Self::OriginResponse => "origin-response",
            Self::ViewerResponse => "viewer-response",
        }
    }

    /// The message that a function of this trigger receives and returns.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::ViewerRequest | Self::OriginRequest => "request",
            Self::OriginResponse | Self::ViewerResponse => "response",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A handler's answer: the number of a list of edits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer(pub u32);

/// A Lambda@Edge handler: a pure function from a few fields of an event to edits.
pub trait Handler {
    /// When it runs.
    const TRIGGER: Trigger;

    /// The answer when something fails: regular, or nothing to change.
    const FALLBACK: Answer;

    /// Every field that it may read.
    fn fields(&self) -> Vec<Field<'_>>;

    /// Whether an answer depends on the time. If not, any time may be handed in.
    fn reads_clock(&self) -> bool {
        false
    }

    /// Decides.
    fn answer(&self, event: &impl Event, now: Time) -> Answer;

    /// The whole decision behind an answer, for a service that asks for it; none where the handler does not decide.
    fn decide(&self, _event: &impl Event, _now: Time) -> Option<Decision<'_>> {
        None
    }

    /// What an answer stands for; nothing for one that was never given.
    fn edits(&self, answer: Answer) -> Cow<'_, [Edit]>;
}
