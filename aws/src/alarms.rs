//! CloudWatch's alarms.

use aws_sdk_cloudwatch::types::{AlarmType, ComparisonOperator, Dimension, StateValue, Statistic};
use onebox_release::{AlarmState, Answer, CallError, ErrorKind, Executed, Reply, VersionAlarm};

use crate::{Aws, error::call_error};

/// The most that `DescribeAlarms` answers at once:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>
const PAGE: i32 = 100;

/// How often deletion is tried again while alarms go away on their own.
const DELETIONS: usize = 3;

impl Aws {
    pub(crate) async fn describe_alarms(&self, names: &[String]) -> Answer {
        Ok(Reply::Alarms(self.states(names).await?))
    }

    /// Every alarm of these that exists.
    async fn states(&self, names: &[String]) -> Result<Vec<(String, AlarmState)>, CallError> {
        // Without names CloudWatch would tell of every alarm in the account.
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        let mut next = None;
        loop {
            // Where no type is said, CloudWatch tells of metric alarms only.
            let describe = self.cloudwatch.describe_alarms().set_alarm_names(Some(names.to_vec()));
            let describe = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm, AlarmType::LogAlarm]
                .into_iter()
                .fold(describe, |describe, kind| describe.alarm_types(kind));
            let page = describe.max_records(PAGE).set_next_token(next).send().await.map_err(call_error)?;
            for alarm in page.metric_alarms() {
                found.extend(state(alarm.alarm_name(), alarm.state_value()));
            }
            for alarm in page.composite_alarms() {
                found.extend(state(alarm.alarm_name(), alarm.state_value()));
            }
            for alarm in page.log_alarms() {
                found.extend(state(alarm.alarm_name(), alarm.state_value()));
            }
            next = page.next_token;
            if next.as_deref().is_none_or(str::is_empty) {
                return Ok(found);
            }
        }
    }

    pub(crate) async fn put_alarm(&self, alarm: &VersionAlarm) -> Answer {
        let minutes = i32::try_from(alarm.minutes)
            .map_err(|_| CallError::new(ErrorKind::Invalid, format!("{} minutes: expected fewer", alarm.minutes)))?;
        let Executed { function, alias, version } = &alarm.of;
        let put = self.alarms.put_metric_alarm().alarm_name(&alarm.name).alarm_description(format!(
            "Made by onebox for the release of version {version} of {function}:{alias}, and removed after it."
        ));
        let put = put.namespace(NAMESPACE).metric_name("Errors").set_dimensions(Some(dimensions(&alarm.of)));
        let put = put.statistic(Statistic::Sum).period(60).evaluation_periods(minutes).datapoints_to_alarm(minutes);
        let put = put.threshold(f64::from(alarm.errors));
        let put = put.comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold);
        // A version without a request has no error either; that it has traffic at all is asked for elsewhere.
        put.treat_missing_data("notBreaching").send().await.map_err(call_error)?;
        Ok(Reply::Done)
    }

    /// "If you specify an incorrect alarm name … no alarms are deleted":
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html>
    pub(crate) async fn delete_alarms(&self, names: &[String]) -> Answer {
        let mut names = names.to_vec();
        for _ in 0..DELETIONS {
            if names.is_empty() {
                return Ok(Reply::Done);
            }
            let deleted = self.alarms.delete_alarms().set_alarm_names(Some(names.clone())).send().await;
            match deleted.map_err(call_error) {
                Ok(_) => return Ok(Reply::Done),
                Err(error) if error.kind == ErrorKind::NotFound => {
                    names = self.states(&names).await?.into_iter().map(|(name, _)| name).collect();
                }
                Err(error) => return Err(error),
            }
        }
        Err(CallError::new(ErrorKind::Conflict, "the alarms come and go while they are deleted"))
    }
}

/// An alarm's name and state. One whose state this SDK does not know is not measured, as far as anyone can say.
fn state(name: Option<&str>, state: Option<&StateValue>) -> Option<(String, AlarmState)> {
    let state = match state {
        Some(StateValue::Ok) => AlarmState::Ok,
        Some(StateValue::Alarm) => AlarmState::Alarm,
        _ => AlarmState::InsufficientData,
    };
    name.map(|name| (name.to_owned(), state))
}

/// Lambda's namespace.
pub(crate) const NAMESPACE: &str = "AWS/Lambda";

/// The dimensions of a version that is called by way of an alias:
/// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>
pub(crate) fn dimensions(of: &Executed) -> Vec<Dimension> {
    let name = function_name(&of.function);
    [
        ("FunctionName", name.to_owned()),
        ("Resource", format!("{name}:{}", of.alias)),
        ("ExecutedVersion", of.version.clone()),
    ]
    .into_iter()
    .map(|(name, value)| Dimension::builder().name(name).value(value).build())
    .collect()
}

/// The name of a function that is given by its name, its ARN, or a part of that: metrics know the name only.
fn function_name(function: &str) -> &str {
    function.rsplit_once("function:").map_or(function, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_know_a_function_by_its_name() {
        assert_eq!(function_name("orders"), "orders");
        assert_eq!(function_name("123456789012:function:orders"), "orders");
        assert_eq!(function_name("arn:aws:lambda:eu-west-1:123456789012:function:orders"), "orders");
    }
}
