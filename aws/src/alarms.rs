//! CloudWatch's alarms.

mod history;

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{AlarmType, ComparisonOperator, Dimension, StateValue, Statistic},
};
use jiff::Timestamp;
use onebox_release::{AlarmState, AlarmView, Answer, CallError, ErrorKind, Executed, Reply, VersionAlarm};

use crate::{Aws, error::call_error, lambda::strange};

/// The most that `DescribeAlarms` answers at once:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>
const PAGE: i32 = 100;
/// The most pages of an answer that are read: there are at most 100 names.
const PAGES: usize = 20;

/// Every kind of alarm: where no type is given, CloudWatch reports metric alarms only.
const TYPES: [AlarmType; 3] = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm, AlarmType::LogAlarm];

/// The members that all kinds of alarms have.
macro_rules! view {
    ($alarm:expr) => {
        view(
            $alarm.alarm_name(),
            $alarm.state_value(),
            // What does not report its transitions reports its updates: they are as late, or later.
            $alarm.state_transitioned_timestamp().or($alarm.state_updated_timestamp()),
            $alarm.alarm_arn(),
            $alarm.alarm_description(),
            $alarm.state_reason(),
        )
    };
}

impl Aws {
    pub(crate) async fn describe_alarms(&self, names: &[String], region: Option<&str>) -> Answer {
        // Without names CloudWatch would report every alarm in the account.
        if names.is_empty() {
            return Ok(Reply::Alarms(Vec::new()));
        }
        let cloudwatch = self.cloudwatch_in(region);
        let mut found = Vec::new();
        let mut next = None;
        for _ in 0..PAGES {
            let describe = cloudwatch.describe_alarms().set_alarm_names(Some(names.to_vec()));
            let describe = describe.set_alarm_types(Some(TYPES.to_vec())).max_records(PAGE);
            let page = describe.set_next_token(next).send().await.map_err(call_error)?;
            found.extend(page.metric_alarms().iter().filter_map(|alarm| view!(alarm)));
            found.extend(page.composite_alarms().iter().filter_map(|alarm| view!(alarm)));
            found.extend(page.log_alarms().iter().filter_map(|alarm| view!(alarm)));
            next = page.next_token;
            if next.as_deref().is_none_or(str::is_empty) {
                return Ok(Reply::Alarms(found));
            }
        }
        Err(strange(format!("more than {PAGES} pages of {} alarms", names.len())))
    }

    pub(crate) async fn put_alarm(&self, alarm: &VersionAlarm) -> Answer {
        let minutes = i32::try_from(alarm.minutes)
            .map_err(|_| CallError::new(ErrorKind::Invalid, format!("{} minutes: expected fewer", alarm.minutes)))?;
        let put = self.alarms.put_metric_alarm().alarm_name(&alarm.name).alarm_description(&alarm.description);
        let put = put.namespace(NAMESPACE).metric_name("Errors").set_dimensions(Some(dimensions(&alarm.of)));
        let put = put.statistic(Statistic::Sum).period(60).evaluation_periods(minutes).datapoints_to_alarm(minutes);
        let put = put.threshold(f64::from(alarm.errors));
        let put = put.comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold);
        // A version without a request has no error either; that it has traffic at all is asked for elsewhere.
        put.treat_missing_data("notBreaching").send().await.map_err(call_error)?;
        Ok(Reply::Done)
    }

    /// Where a name is wrong, the others are deleted or not: AWS's documentation has said both.
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html>
    pub(crate) async fn delete_alarms(&self, names: &[String]) -> Answer {
        if names.is_empty() {
            return Ok(Reply::Done);
        }
        let deleted = self.alarms.delete_alarms().set_alarm_names(Some(names.to_vec())).send().await;
        deleted.map(|_| Reply::Done).map_err(call_error)
    }
}

/// What is shown of an alarm. One whose state this SDK does not know is not measured, as far as anyone can say.
fn view(
    name: Option<&str>,
    state: Option<&StateValue>,
    changed: Option<&DateTime>,
    arn: Option<&str>,
    description: Option<&str>,
    reason: Option<&str>,
) -> Option<AlarmView> {
    let state = match state {
        Some(StateValue::Ok) => AlarmState::Ok,
        Some(StateValue::Alarm) => AlarmState::Alarm,
        _ => AlarmState::InsufficientData,
    };
    let [arn, description, reason] = [arn, description, reason].map(|text| text.map(str::to_owned));
    Some(AlarmView { name: name?.to_owned(), state, changed: changed.and_then(time), arn, description, reason })
}

/// A time of the SDK's.
fn time(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
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
