//! Alarms: set by hand, or evaluated from the traffic that was recorded.

use std::collections::BTreeMap;

use jiff::Timestamp;
use onebox_release::{AlarmState, Executed, VersionAlarm};

use super::{
    refusal::Refusal,
    traffic::{Traffic, minute},
};

/// The most names of a call: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>
pub(crate) const NAMES: usize = 100;

/// An alarm.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    /// Composite alarms are listed only where they are asked for.
    pub(crate) composite: bool,
    /// What it is evaluated from; `None`: it stands as it was set.
    pub(crate) of: Option<Metric>,
    /// As set by hand, or as new alarms begin.
    state: AlarmState,
    /// The minute of that: an evaluation comes with the next.
    set: i64,
}

/// What an alarm is evaluated from: the errors of a version in each of the last minutes.
#[derive(Clone, Debug)]
pub(crate) struct Metric {
    pub(crate) of: Executed,
    /// Reached or exceeded: `GreaterThanOrEqualToThreshold`.
    pub(crate) threshold: f64,
    pub(crate) minutes: u32,
    /// Of these so many must breach: `DatapointsToAlarm`.
    pub(crate) breaching: u32,
    /// What a minute without traffic counts as.
    pub(crate) missing: Silence,
}

/// `TreatMissingData`: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Too little data for a verdict: `INSUFFICIENT_DATA`.
    Missing,
    Breaching,
    NotBreaching,
    /// The state stays.
    Ignore,
}

impl Metric {
    /// An alarm of a release: silence is not breaching.
    fn of_version(alarm: &VersionAlarm) -> Self {
        Self {
            of: alarm.of.clone(),
            threshold: f64::from(alarm.errors),
            minutes: alarm.minutes,
            breaching: alarm.minutes,
            missing: Silence::NotBreaching,
        }
    }

    /// By the last minutes that are over, or sooner where the running minute breaches already.
    fn evaluate(&self, traffic: &Traffic, now: i64, before: AlarmState) -> AlarmState {
        match self.window(traffic, now, before) {
            AlarmState::Alarm => AlarmState::Alarm,
            _ => self.window(traffic, now - 1, before),
        }
    }

    /// By the minutes that end with this one.
    fn window(&self, traffic: &Traffic, last: i64, before: AlarmState) -> AlarmState {
        let minutes = (last + 1 - i64::from(self.minutes)..=last).map(|minute| traffic.errors(&self.of, minute));
        let (mut breaching, mut measured) = (0, 0);
        for errors in minutes {
            #[expect(clippy::cast_precision_loss, reason = "a count of errors")]
            let breaches = match (errors, self.missing) {
                (Some(errors), _) => Some(errors as f64 >= self.threshold),
                (None, Silence::Breaching) => Some(true),
                (None, Silence::NotBreaching) => Some(false),
                (None, Silence::Missing | Silence::Ignore) => None,
            };
            measured += u32::from(breaches.is_some());
            breaching += u32::from(breaches == Some(true));
        }
        match self.missing {
            _ if breaching >= self.breaching => AlarmState::Alarm,
            Silence::Missing if measured == 0 => AlarmState::InsufficientData,
            Silence::Ignore if measured == 0 => before,
            _ => AlarmState::Ok,
        }
    }
}

/// The alarms of the account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarms(BTreeMap<String, Alarm>);

impl Alarms {
    /// An alarm that stands as it is set; new ones are not measured yet.
    pub(crate) fn set(&mut self, name: &str, state: AlarmState, now: Timestamp) {
        let new = Alarm { composite: false, of: None, state, set: minute(now) };
        let alarm = self.0.entry(name.to_owned()).or_insert(new);
        alarm.state = state;
        alarm.set = minute(now);
    }

    pub(crate) fn set_composite(&mut self, name: &str, state: AlarmState, now: Timestamp) {
        self.set(name, state, now);
        if let Some(alarm) = self.0.get_mut(name) {
            alarm.composite = true;
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Alarm> {
        self.0.get(name)
    }

    /// An alarm's state now.
    pub(crate) fn state(&self, name: &str, traffic: &Traffic, now: Timestamp) -> Option<AlarmState> {
        let alarm = self.0.get(name)?;
        let now = minute(now);
        Some(match &alarm.of {
            // CloudWatch evaluates once a minute: until then a new alarm knows nothing, and one set by hand stands.
            Some(metric) if now > alarm.set => metric.evaluate(traffic, now, alarm.state),
            _ => alarm.state,
        })
    }

    /// `DescribeAlarms` by name: those that exist, metric alarms and, where asked for, composite ones.
    pub(crate) fn describe(&self, names: &[String]) -> Result<Vec<(&str, &Alarm)>, Refusal> {
        check_names(names)?;
        let found = names.iter().filter_map(|name| self.0.get_key_value(name));
        Ok(found.map(|(name, alarm)| (name.as_str(), alarm)).collect())
    }

    /// `PutMetricAlarm`: a new alarm begins with `INSUFFICIENT_DATA`, a known one keeps its state.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>
    pub(crate) fn put(&mut self, name: &str, metric: Metric, now: Timestamp) -> Result<(), Refusal> {
        check_name(name)?;
        if metric.minutes == 0 || metric.breaching == 0 || metric.breaching > metric.minutes {
            return Err(Refusal::new(
                400,
                "ValidationError",
                "EvaluationPeriods and DatapointsToAlarm must be at least 1",
            ));
        }
        if self.0.get(name).is_some_and(|alarm| alarm.composite) {
            return Err(Refusal::new(400, "ValidationError", format!("{name} is a composite alarm")));
        }
        let new = Alarm { composite: false, of: None, state: AlarmState::InsufficientData, set: minute(now) };
        self.0.entry(name.to_owned()).or_insert(new).of = Some(metric);
        Ok(())
    }

    pub(crate) fn put_version(&mut self, alarm: &VersionAlarm, now: Timestamp) -> Result<(), Refusal> {
        self.put(&alarm.name, Metric::of_version(alarm), now)
    }

    /// `DeleteAlarms`: all or none, "if you specify an incorrect alarm name … no alarms are deleted".
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html>
    pub(crate) fn delete(&mut self, names: &[String]) -> Result<(), Refusal> {
        check_names(names)?;
        if let Some(missing) = names.iter().find(|name| !self.0.contains_key(*name)) {
            return Err(Refusal::new(404, "ResourceNotFound", format!("Alarm {missing} does not exist")));
        }
        self.0.retain(|name, _| !names.contains(name));
        Ok(())
    }
}

fn check_names(names: &[String]) -> Result<(), Refusal> {
    if names.len() > NAMES {
        return Err(Refusal::new(
            400,
            "ValidationError",
            format!("1 validation error detected: AlarmNames has {} members, at most {NAMES} are allowed", names.len()),
        ));
    }
    names.iter().try_for_each(|name| check_name(name))
}

fn check_name(name: &str) -> Result<(), Refusal> {
    match name.chars().count() {
        1..=255 => Ok(()),
        length => Err(Refusal::new(
            400,
            "ValidationError",
            format!("AlarmName has {length} characters: 1 to 255 are allowed"),
        )),
    }
}
