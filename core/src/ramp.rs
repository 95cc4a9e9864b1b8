//! The share over time.

use alloc::{boxed::Box, vec::Vec};
use core::{error, fmt};

use crate::{share::Share, time::Time};

/// A share that counts from a moment on.
///
/// ```
/// use onebox_core::{Share, Step};
/// let everybody = Step { at: "2026-11-20T18:00:00Z".parse()?, share: Share::ALL };
/// # let _ = everybody;
/// # Ok::<(), onebox_core::TimeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The moment.
    pub at: Time,
    /// The share.
    pub share: Share,
}

/// The share over time: a constant one, or a schedule.
///
/// ```
/// use onebox_core::{Ramp, Share, Step, Time};
/// let noon: Time = "2026-11-20T12:00:00Z".parse()?;
/// let ramp = Ramp::schedule(vec![Step { at: noon, share: "5%".parse()? }])?;
/// assert_eq!(ramp.share_at(noon), "5%".parse()?);
/// assert_eq!(ramp.share_at("2026-11-20T11:59:59.999Z".parse()?), Share::NONE);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ramp(Box<[Step]>);

impl Ramp {
    /// A schedule.
    ///
    /// # Errors
    /// [`RampError`] without a step, or if a step does not come after the one before it.
    pub fn schedule(steps: Vec<Step>) -> Result<Self, RampError> {
        if steps.is_empty() {
            return Err(RampError::Empty);
        }
        match steps.windows(2).position(|pair| pair[0].at >= pair[1].at) {
            Some(before) => Err(RampError::Order(before + 1)),
            None => Ok(Self(steps.into_boxed_slice())),
        }
    }

    /// The share at a moment: of the last step whose time has come; before the first, none.
    #[inline]
    #[must_use]
    pub fn share_at(&self, now: Time) -> Share {
        // The share of most moments, and always of a constant one.
        if let Some(last) = self.0.last()
            && last.at <= now
        {
            return last.share;
        }
        self.0.iter().rev().find(|step| step.at <= now).map_or(Share::NONE, |step| step.share)
    }

    /// The share, if it is the same at all times.
    ///
    /// ```
    /// use onebox_core::{Ramp, Share};
    /// let ramp = Ramp::from(Share::ALL);
    /// assert_eq!(ramp.constant(), Some(Share::ALL));
    /// assert_eq!(ramp.steps().len(), 1);
    /// ```
    #[must_use]
    pub fn constant(&self) -> Option<Share> {
        match &*self.0 {
            [Step { at: Time::MIN, share }] => Some(*share),
            _ => None,
        }
    }

    /// The steps, first one first. A constant share is one step at [`Time::MIN`].
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }
}

impl From<Share> for Ramp {
    fn from(share: Share) -> Self {
        Self(Box::new([Step { at: Time::MIN, share }]))
    }
}

/// Why steps are no schedule.
///
/// ```
/// use onebox_core::{Ramp, RampError, Share, Step};
/// let noon = Step { at: "2026-11-20T12:00:00Z".parse()?, share: Share::ALL };
/// assert_eq!(Ramp::schedule(vec![noon, noon]), Err(RampError::Order(1)));
/// assert_eq!(Ramp::schedule(Vec::new()), Err(RampError::Empty));
/// # Ok::<(), onebox_core::TimeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RampError {
    /// There is no step.
    Empty,
    /// The step with this index, from 0, does not come after the one before it.
    Order(usize),
}

impl fmt::Display for RampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a schedule needs at least one step"),
            Self::Order(at) => write!(f, "step {at} has to come after the one before it"),
        }
    }
}

impl error::Error for RampError {}
