//! CloudWatch's operations, on values that came as CBOR or JSON.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html>

use jiff::Timestamp;
use onebox_release::{AlarmState, Executed};
use serde_json::{Value, json};

use super::value::Members;
use crate::control::{
    ControlPlane, Refusal,
    alarm::{Alarm, Metric, Silence},
};

/// How many alarms a page has where nothing is said, and at most.
const PAGE: (i64, i64) = (50, 100);
/// The most queries of a `GetMetricData`.
const QUERIES: usize = 500;

/// The operation of this name, if it is imitated.
pub(super) fn operation(name: &str) -> Option<&'static str> {
    ["DescribeAlarms", "DescribeAlarmHistory", "PutMetricAlarm", "DeleteAlarms", "SetAlarmState", "GetMetricData"]
        .into_iter()
        .find(|operation| *operation == name)
}

/// # Errors
///
/// When AWS would refuse it.
pub(super) fn perform(plane: &mut ControlPlane, name: &str, input: &Value, now: Timestamp) -> Result<Value, Refusal> {
    let input = Members(input);
    match name {
        "DescribeAlarms" => describe(plane, input, now),
        "DescribeAlarmHistory" => history(plane, input),
        "PutMetricAlarm" => put(plane, input, now),
        "DeleteAlarms" => {
            plane.alarms.delete(&input.texts("AlarmNames")?)?;
            Ok(json!({}))
        }
        "SetAlarmState" => set(plane, input, now),
        _ => metric_data(plane, input),
    }
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationError", message)
}

fn state_value(state: AlarmState) -> &'static str {
    match state {
        AlarmState::Ok => "OK",
        AlarmState::Alarm => "ALARM",
        AlarmState::InsufficientData => "INSUFFICIENT_DATA",
    }
}

/// By name, or all. "If you omit this parameter (`AlarmTypes`), only metric alarms are returned, even if composite alarms
/// exist".
fn describe(plane: &ControlPlane, input: Members<'_>, now: Timestamp) -> Result<Value, Refusal> {
    let names = input.texts("AlarmNames")?;
    let names = match names.is_empty() {
        // The limit is on names that are given.
        true => plane.alarms.names().map(str::to_owned).collect(),
        false => {
            plane.alarms.describe(&names)?;
            names
        }
    };
    let (metric, composite) = types(input)?;
    let (begin, most) = page(input)?;
    let wanted = |alarm: &Alarm| if alarm.composite { composite } else { metric };
    let found: Vec<_> = names
        .iter()
        .filter_map(|name| Some((name, plane.alarms.get(name)?)))
        .filter(|(_, alarm)| wanted(alarm))
        .collect();
    let next = (begin + most < found.len()).then(|| (begin + most).to_string());
    let (mut metrics, mut composites) = (Vec::new(), Vec::new());
    for (name, alarm) in found.into_iter().skip(begin).take(most) {
        let state = plane.alarms.state(name, &plane.traffic, now).map(state_value);
        let changed = seconds(alarm.changed);
        let shown = json!({
            "AlarmName": name,
            "AlarmArn": plane.alarm_arn(name, None),
            "AlarmDescription": alarm.description,
            "StateValue": state,
            "StateReason": "Threshold Crossed: 1 datapoint was greater than the threshold",
            "StateUpdatedTimestamp": changed,
            "StateTransitionedTimestamp": changed,
        });
        if alarm.composite { composites.push(shown) } else { metrics.push(shown) }
    }
    let mut output = json!({ "MetricAlarms": metrics, "CompositeAlarms": composites });
    if let Some(next) = next {
        output["NextToken"] = next.into();
    }
    Ok(output)
}

/// Which types of alarms are asked for: metric and composite ones.
fn types(input: Members<'_>) -> Result<(bool, bool), Refusal> {
    let types = input.texts("AlarmTypes")?;
    let asked = |kind: &str| types.iter().any(|asked| asked == kind);
    Ok(if types.is_empty() { (true, false) } else { (asked("MetricAlarm"), asked("CompositeAlarm")) })
}

/// Where a page begins, and how long it is.
fn page(input: Members<'_>) -> Result<(usize, usize), Refusal> {
    let most = input.integer("MaxRecords")?.unwrap_or(PAGE.0);
    if !(1..=PAGE.1).contains(&most) {
        return Err(Refusal::constraint(&most.to_string(), "maxRecords", "have value between 1 and 100"));
    }
    let begin = match input.text("NextToken")? {
        None => 0,
        Some(token) => token.parse().map_err(|_| Refusal::new(400, "InvalidNextToken", "The token is invalid"))?,
    };
    Ok((begin, usize::try_from(most).unwrap_or_default()))
}

/// A time as CloudWatch gives it, to the millisecond.
fn seconds(at: Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
    let milliseconds = at.as_millisecond() as f64;
    milliseconds / 1_000.0
}

/// The changes of one alarm's state, the newest first where nothing is said.
///
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html>
fn history(plane: &ControlPlane, input: Members<'_>) -> Result<Value, Refusal> {
    let name = input.need("AlarmName")?;
    let (metric, composite) = types(input)?;
    let (begin, most) = page(input)?;
    let (from, to) = (input.time("StartDate")?, input.time("EndDate")?);
    let is_composite = plane.alarms.get(name).is_some_and(|alarm| alarm.composite);
    let shown = if is_composite { composite } else { metric };
    let inside = |at: Timestamp| from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to);
    let changes = plane.alarms.history(name, Timestamp::MIN);
    let mut before = AlarmState::InsufficientData;
    let mut items = Vec::new();
    for change in changes {
        let (old, new) = (state_value(before), state_value(change.to));
        before = change.to;
        if shown && inside(change.at) {
            let data =
                json!({ "version": "1.0", "oldState": { "stateValue": old }, "newState": { "stateValue": new } });
            items.push(json!({
                "AlarmName": name,
                "AlarmType": if is_composite { "CompositeAlarm" } else { "MetricAlarm" },
                "Timestamp": seconds(change.at),
                "HistoryItemType": "StateUpdate",
                "HistorySummary": format!("Alarm updated from {old} to {new}"),
                "HistoryData": data.to_string(),
            }));
        }
    }
    match input.text("HistoryItemType")? {
        None | Some("StateUpdate") => {}
        Some(_) => items.clear(),
    }
    if input.text("ScanBy")? != Some("TimestampAscending") {
        items.reverse();
    }
    let next = (begin + most < items.len()).then(|| (begin + most).to_string());
    let mut output = json!({ "AlarmHistoryItems": items.into_iter().skip(begin).take(most).collect::<Vec<_>>() });
    if let Some(next) = next {
        output["NextToken"] = next.into();
    }
    Ok(output)
}

fn put(plane: &mut ControlPlane, input: Members<'_>, now: Timestamp) -> Result<Value, Refusal> {
    let name = input.need("AlarmName")?;
    let comparison = input.need("ComparisonOperator")?;
    let periods =
        input.integer("EvaluationPeriods")?.and_then(|periods| u32::try_from(periods).ok()).unwrap_or_default();
    let threshold = input.number("Threshold")?.ok_or_else(|| invalid("Threshold is required"))?;
    if input.integer("Period")? != Some(60) || input.text("Statistic")? != Some("Sum") {
        return Err(invalid("the local control plane measures sums over 60 seconds: Period 60, Statistic Sum"));
    }
    if (input.text("Namespace")?, input.text("MetricName")?) != (Some("AWS/Lambda"), Some("Errors")) {
        return Err(invalid("the local control plane measures AWS/Lambda Errors"));
    }
    let threshold = match comparison {
        "GreaterThanOrEqualToThreshold" => threshold,
        // Errors are whole numbers.
        "GreaterThanThreshold" => threshold.floor() + 1.0,
        other => {
            return Err(Refusal::constraint(
                other,
                "comparisonOperator",
                "be one that the local control plane measures",
            ));
        }
    };
    let missing = match input.text("TreatMissingData")?.unwrap_or("missing") {
        "missing" => Silence::Missing,
        "breaching" => Silence::Breaching,
        "notBreaching" => Silence::NotBreaching,
        "ignore" => Silence::Ignore,
        other => return Err(invalid(format!("TreatMissingData {other} is not valid"))),
    };
    let breaching =
        input.integer("DatapointsToAlarm")?.and_then(|points| u32::try_from(points).ok()).unwrap_or(periods);
    let of = executed(input)?;
    let metric = Metric { of, threshold, minutes: periods, breaching, missing };
    plane.alarms.put(name, metric, input.text("AlarmDescription")?, now)?;
    Ok(json!({}))
}

/// The three dimensions that single out a version behind an alias.
fn executed(of: Members<'_>) -> Result<Executed, Refusal> {
    let (mut function, mut resource, mut version) = (None, None, None);
    for dimension in of.list("Dimensions")? {
        let dimension = Members(dimension);
        let value = dimension.need("Value")?;
        match dimension.need("Name")? {
            "FunctionName" => function = Some(value),
            "Resource" => resource = Some(value),
            "ExecutedVersion" => version = Some(value),
            other => return Err(invalid(format!("the local control plane measures no dimension {other}"))),
        }
    }
    let alias =
        function.zip(resource).and_then(|(function, resource)| resource.strip_prefix(function)?.strip_prefix(':'));
    match (function, alias, version) {
        (Some(function), Some(alias), Some(version)) => {
            Ok(Executed { function: function.into(), alias: alias.into(), version: version.into() })
        }
        _ => Err(invalid("expected the dimensions FunctionName, Resource (function:alias) and ExecutedVersion")),
    }
}

fn set(plane: &mut ControlPlane, input: Members<'_>, now: Timestamp) -> Result<Value, Refusal> {
    let (name, value) = (input.need("AlarmName")?, input.need("StateValue")?);
    input.need("StateReason")?;
    let states = [AlarmState::Ok, AlarmState::Alarm, AlarmState::InsufficientData];
    let Some(state) = states.into_iter().find(|state| state_value(*state) == value) else {
        return Err(Refusal::constraint(value, "stateValue", "satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"));
    };
    if plane.alarms.get(name).is_none() {
        return Err(Refusal::new(404, "ResourceNotFound", format!("Alarm {name} does not exist")));
    }
    plane.alarms.set(name, state, now);
    Ok(json!({}))
}

fn metric_data(plane: &ControlPlane, input: Members<'_>) -> Result<Value, Refusal> {
    let queries = input.list("MetricDataQueries")?;
    if queries.is_empty() || queries.len() > QUERIES {
        return Err(invalid(format!("MetricDataQueries has {} members: 1 to {QUERIES} are allowed", queries.len())));
    }
    let need = |name: &str| input.time(name)?.ok_or_else(|| invalid(format!("{name} is required")));
    let (from, to) = (need("StartTime")?, need("EndTime")?);
    if to <= from {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    let ascending = input.text("ScanBy")? == Some("TimestampAscending");
    let silent = plane.is_silent();
    let mut ids = Vec::new();
    let mut results = Vec::new();
    for query in queries {
        let id = Members(query).need("Id")?;
        let named = id.starts_with(|first: char| first.is_ascii_lowercase())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !named || ids.contains(&id) {
            return Err(invalid(format!("The value {id} for parameter Id is not valid, or there twice")));
        }
        ids.push(id);
        let mut points = if silent { Vec::new() } else { points(plane, Members(query), from, to)? };
        if !ascending {
            points.reverse();
        }
        let (times, values): (Vec<_>, Vec<_>) = points.into_iter().unzip();
        results.push(json!({ "Id": id, "Label": id, "Timestamps": times, "Values": values, "StatusCode": "Complete" }));
    }
    Ok(json!({ "MetricDataResults": results }))
}

/// The minutes of one query.
fn points(
    plane: &ControlPlane,
    query: Members<'_>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(i64, f64)>, Refusal> {
    let Some(stat) = query.get("MetricStat").map(Members) else {
        return Err(invalid("the local control plane computes no expressions: expected MetricStat"));
    };
    if (stat.integer("Period")?, stat.text("Stat")?) != (Some(60), Some("Sum")) {
        return Err(invalid("the local control plane gives sums over 60 seconds: Period 60, Stat Sum"));
    }
    let metric = Members(stat.get("Metric").unwrap_or(&Value::Null));
    let of = executed(metric)?;
    let errors = match (metric.text("Namespace")?, metric.text("MetricName")?) {
        (Some("AWS/Lambda"), Some("Invocations")) => false,
        (Some("AWS/Lambda"), Some("Errors")) => true,
        other => return Err(invalid(format!("the local control plane does not measure {other:?}"))),
    };
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let count = |minute: &onebox_release::Minute| if errors { minute.errors } else { minute.invocations } as f64;
    let minutes = plane.traffic.between(&of, from, to);
    Ok(minutes.iter().map(|minute| (minute.at.as_second(), count(minute))).collect())
}
