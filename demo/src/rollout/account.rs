//! The account that the release happens in: the strict local control plane, with three functions in two versions.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use onebox_core::Partition;
use onebox_release::{AlarmState, Answer, Call, Executed, Routing};
use onebox_sim::control::{ControlPlane, Refusal};
use serde::Serialize;

use super::{
    pace::Pace,
    plan::{ALIAS, BACKEND, OLD, frontend},
};
use onebox_terminal::Failure;

/// The control plane, and the time that it goes by.
#[derive(Debug)]
pub(super) struct Account {
    plane: Mutex<ControlPlane>,
    pace: Pace,
}

/// An alarm, for the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Alarm {
    name: String,
    state: Option<AlarmState>,
}

impl Account {
    /// Every function on its old version.
    pub(super) fn new(pace: Pace) -> Result<Self, Failure> {
        Ok(Self { plane: Mutex::new(fresh(pace.now())?), pace })
    }

    /// Everything as it was in the beginning.
    pub(super) fn reset(&self) -> Result<(), Failure> {
        *self.plane() = fresh(self.pace.now())?;
        Ok(())
    }

    /// The time here.
    pub(super) fn now(&self) -> Timestamp {
        self.pace.now()
    }

    /// The version that serves the next request to a function: drawn anew for each, as AWS does.
    pub(super) fn pick(&self, function: &str) -> String {
        self.plane().pick(function, ALIAS, fastrand::f64()).unwrap_or(OLD).to_owned()
    }

    /// A request was served: what CloudWatch counts.
    pub(super) fn count(&self, function: &str, version: &str, failed: bool) {
        let of = Executed { function: function.to_owned(), alias: ALIAS.to_owned(), version: version.to_owned() };
        let now = self.pace.now();
        self.plane().record_traffic(of, now, 1, u64::from(failed));
    }

    /// Performs one call of AWS's API.
    pub(super) fn call(&self, call: &Call) -> Answer {
        let now = self.pace.now();
        self.plane().call(call, now)
    }

    /// Where an alias stands, in words such as `1`, or `1, 10 % on 2`.
    pub(super) fn stands(&self, function: &str) -> String {
        let plane = self.plane();
        match plane.alias_of(function, ALIAS) {
            Some(alias) => match &alias.additional {
                Some((other, weight)) => format!("{}, {:.0} % on {other}", alias.version, weight * 100.0),
                None => alias.version.clone(),
            },
            None => String::new(),
        }
    }

    /// The alarms that there are now.
    pub(super) fn alarms(&self) -> Vec<Alarm> {
        let (plane, now) = (self.plane(), self.pace.now());
        plane.alarms().map(|name| Alarm { name: name.to_owned(), state: plane.alarm(name, now) }).collect()
    }

    fn plane(&self) -> MutexGuard<'_, ControlPlane> {
        self.plane.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fresh(now: Timestamp) -> Result<ControlPlane, Failure> {
    let mut plane = ControlPlane::default();
    for function in [BACKEND, frontend(Partition::OneBox), frontend(Partition::Regular)] {
        plane.function(function, 2, now);
        let said =
            |refusal: Refusal| Failure::stuck(format!("the local control plane refuses its beginning: {refusal:?}"));
        plane.alias(function, ALIAS, &Routing::wholly(OLD)).map_err(said)?;
    }
    Ok(plane)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rollout::plan::NEW;

    #[test]
    fn a_request_is_drawn_by_the_weights_and_an_alarm_sees_what_failed() {
        let account = Account::new(Pace::from(Timestamp::UNIX_EPOCH)).unwrap();
        assert!((0..100).all(|_| account.pick(BACKEND) == OLD));
        let half = Routing { version: OLD.into(), additional: Some((NEW.into(), "50%".parse().unwrap())) };
        account.plane().alias(BACKEND, ALIAS, &half).unwrap();
        assert_eq!(account.stands(BACKEND), "1, 50 % on 2");
        let new = (0..1000).filter(|_| account.pick(BACKEND) == NEW).count();
        // Beyond these bounds a fair coin comes once in 10^20 runs.
        assert!((350..650).contains(&new), "{new}");
        account.reset().unwrap();
        assert_eq!((account.stands(BACKEND).as_str(), account.alarms()), (OLD, vec![]));
    }
}
