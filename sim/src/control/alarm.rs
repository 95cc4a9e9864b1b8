//! Alarms: set by hand, or evaluated from the traffic that was recorded; and what their states were.

use std::collections::BTreeMap;

use jiff::Timestamp;
use onebox_release::{AlarmChange, AlarmState, AlarmView, Executed, VersionAlarm};

use super::{
    refusal::Refusal,
    traffic::{MINUTE, Traffic, minute},
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
    /// As set by hand, as last evaluated, or as new alarms begin.
    state: AlarmState,
    /// The minute of that: an evaluation comes with the next.
    set: i64,
    /// When the state changed last.
    pub(crate) changed: Timestamp,
    pub(crate) description: Option<String>,
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

/// The alarms of the account in one region.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarms {
    known: BTreeMap<String, Alarm>,
    /// "CloudWatch retains the history of an alarm even if you delete the alarm":
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html>
    history: BTreeMap<String, Vec<AlarmChange>>,
}

impl Alarm {
    fn new(state: AlarmState, now: Timestamp) -> Self {
        Self { composite: false, of: None, state, set: minute(now), changed: now, description: None }
    }
}

impl Alarms {
    /// An alarm that stands as it is set; new ones are not measured yet.
    pub(crate) fn set(&mut self, name: &str, state: AlarmState, now: Timestamp) {
        let alarm = self.known.entry(name.to_owned()).or_insert_with(|| Alarm::new(state, now));
        alarm.set = minute(now);
        if alarm.state != state {
            (alarm.state, alarm.changed) = (state, now);
            self.history.entry(name.to_owned()).or_default().push(AlarmChange { at: now, to: state });
        }
    }

    pub(crate) fn set_composite(&mut self, name: &str, state: AlarmState, now: Timestamp) {
        self.set(name, state, now);
        if let Some(alarm) = self.known.get_mut(name) {
            alarm.composite = true;
        }
    }

    /// Somebody describes an alarm.
    pub(crate) fn describe_as(&mut self, name: &str, description: &str) {
        if let Some(alarm) = self.known.get_mut(name) {
            alarm.description = Some(description.to_owned());
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.known.remove(name);
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.known.keys().map(String::as_str)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Alarm> {
        self.known.get(name)
    }

    /// The changes of an alarm's state after a time, the oldest first.
    pub(crate) fn history(&self, name: &str, after: Timestamp) -> Vec<AlarmChange> {
        let changes = self.history.get(name).map(Vec::as_slice).unwrap_or_default();
        changes.iter().filter(|change| change.at > after).copied().collect()
    }

    /// Evaluates what measures traffic, minute by minute up to now, and remembers each change.
    pub(crate) fn evaluate(&mut self, traffic: &Traffic, now: Timestamp) {
        let last = minute(now);
        for (name, alarm) in &mut self.known {
            let Some(metric) = &alarm.of else { continue };
            // The running minute is evaluated again and again: it may breach already.
            for minute in alarm.set + 1..=last {
                let state = metric.evaluate(traffic, minute, alarm.state);
                if state != alarm.state {
                    let at = if minute == last { now } else { beginning(minute, now) };
                    (alarm.state, alarm.changed) = (state, at);
                    self.history.entry(name.clone()).or_default().push(AlarmChange { at, to: state });
                }
                alarm.set = alarm.set.max(minute.min(last - 1));
            }
        }
    }

    /// What is shown of an alarm.
    pub(crate) fn view(&self, name: &str, arn: String, traffic: &Traffic, now: Timestamp) -> Option<AlarmView> {
        let (state, alarm) = (self.state(name, traffic, now)?, self.known.get(name)?);
        let (changed, description) = (Some(alarm.changed), alarm.description.clone());
        Some(AlarmView { name: name.to_owned(), state, changed, arn: Some(arn), description, reason: None })
    }

    /// An alarm's state now.
    pub(crate) fn state(&self, name: &str, traffic: &Traffic, now: Timestamp) -> Option<AlarmState> {
        let alarm = self.known.get(name)?;
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
        let found = names.iter().filter_map(|name| self.known.get_key_value(name));
        Ok(found.map(|(name, alarm)| (name.as_str(), alarm)).collect())
    }

    /// `PutMetricAlarm`: a new alarm begins with `INSUFFICIENT_DATA`, a known one keeps its state.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>
    pub(crate) fn put(
        &mut self,
        name: &str,
        metric: Metric,
        description: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        check_name(name)?;
        if metric.minutes == 0 || metric.breaching == 0 || metric.breaching > metric.minutes {
            return Err(Refusal::new(
                400,
                "ValidationError",
                "EvaluationPeriods and DatapointsToAlarm must be at least 1",
            ));
        }
        if self.known.get(name).is_some_and(|alarm| alarm.composite) {
            return Err(Refusal::new(400, "ValidationError", format!("{name} is a composite alarm")));
        }
        let new = || Alarm::new(AlarmState::InsufficientData, now);
        let alarm = self.known.entry(name.to_owned()).or_insert_with(new);
        // "The update completely overwrites the previous configuration of the alarm."
        (alarm.of, alarm.description) = (Some(metric), description.map(str::to_owned));
        Ok(())
    }

    pub(crate) fn put_version(&mut self, alarm: &VersionAlarm, now: Timestamp) -> Result<(), Refusal> {
        self.put(&alarm.name, Metric::of_version(alarm), Some(&alarm.description), now)
    }

    /// `DeleteAlarms`: all or none, "if you specify an incorrect alarm name … no alarms are deleted".
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html>
    pub(crate) fn delete(&mut self, names: &[String]) -> Result<(), Refusal> {
        check_names(names)?;
        if let Some(missing) = names.iter().find(|name| !self.known.contains_key(*name)) {
            return Err(Refusal::new(404, "ResourceNotFound", format!("Alarm {missing} does not exist")));
        }
        self.known.retain(|name, _| !names.contains(name));
        Ok(())
    }
}

/// When a minute begins.
fn beginning(minute: i64, or: Timestamp) -> Timestamp {
    Timestamp::from_second(minute * MINUTE).unwrap_or(or)
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
