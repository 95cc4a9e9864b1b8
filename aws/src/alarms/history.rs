//! What an alarm's state was: CloudWatch keeps it for 30 days, of deleted alarms too.

use aws_sdk_cloudwatch::types::{AlarmHistoryItem, HistoryItemType, ScanBy};
use jiff::Timestamp;
use onebox_release::{AlarmChange, AlarmState, Answer, CallError, ErrorKind, Reply};
use serde_json::Value;

use super::{PAGE, TYPES, time};
use crate::{Aws, error::call_error, metrics::date};

/// As many pages are read: an alarm that changes every minute fills them in two days.
const PAGES: usize = 30;

impl Aws {
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html>
    pub(crate) async fn alarm_history(&self, name: &str, region: Option<&str>, after: Timestamp) -> Answer {
        let cloudwatch = self.cloudwatch_in(region);
        let (mut changes, mut next) = (Vec::new(), None);
        for _ in 0..PAGES {
            let describe = cloudwatch.describe_alarm_history().alarm_name(name).set_alarm_types(Some(TYPES.to_vec()));
            let describe = describe.history_item_type(HistoryItemType::StateUpdate).start_date(date(after));
            let describe = describe.scan_by(ScanBy::TimestampAscending).max_records(PAGE).set_next_token(next);
            let page = describe.send().await.map_err(call_error)?;
            for item in page.alarm_history_items() {
                let change = change(item)?;
                // The beginning is part of what is asked for.
                changes.extend((change.at > after).then_some(change));
            }
            next = page.next_token;
            if next.as_deref().is_none_or(str::is_empty) {
                changes.sort_by_key(|change| change.at);
                return Ok(Reply::AlarmHistory(changes));
            }
        }
        let most = PAGES * usize::try_from(PAGE).unwrap_or_default();
        Err(CallError::new(
            ErrorKind::Invalid,
            format!("the alarm changed its state more than {most} times since {after}"),
        ))
    }
}

/// A change out of an item of the history. Its data is JSON of at most 4,095 characters, and may be cut: the summary says
/// the same in words.
fn change(item: &AlarmHistoryItem) -> Result<AlarmChange, CallError> {
    let data = item.history_data().and_then(|data| serde_json::from_str::<Value>(data).ok());
    let data = data.as_ref().and_then(|data| data.pointer("/newState/stateValue")?.as_str());
    let summary = item.history_summary().unwrap_or_default();
    let to = data.and_then(state).or_else(|| state(summary.rsplit(' ').next()?));
    let at = item.timestamp().and_then(time);
    match (at, to) {
        (Some(at), Some(to)) => Ok(AlarmChange { at, to }),
        _ => Err(CallError::new(ErrorKind::Invalid, format!("an item of the history says no new state: {summary:?}"))),
    }
}

fn state(word: &str) -> Option<AlarmState> {
    match word {
        "OK" => Some(AlarmState::Ok),
        "ALARM" => Some(AlarmState::Alarm),
        "INSUFFICIENT_DATA" => Some(AlarmState::InsufficientData),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::primitives::DateTime;

    use super::*;

    #[test]
    fn the_new_state_is_read_from_data_or_summary() {
        let item = |data: &str, summary: &str| {
            let item = AlarmHistoryItem::builder().timestamp(DateTime::from_millis(1_500));
            change(&item.history_data(data).history_summary(summary).build())
        };
        let at = Timestamp::from_millisecond(1_500).unwrap();
        for (data, summary, to) in [
            (r#"{"newState":{"stateValue":"ALARM"}}"#, "", AlarmState::Alarm),
            (r#"{"oldState":{"stateValue":"ALARM"},"newState":{"stateValue":"OK"}}"#, "", AlarmState::Ok),
            (r#"{"newState":{"stateVal"#, "Alarm updated from OK to ALARM", AlarmState::Alarm),
            ("", "Alarm updated from OK to INSUFFICIENT_DATA", AlarmState::InsufficientData),
        ] {
            assert_eq!(item(data, summary), Ok(AlarmChange { at, to }), "{data} {summary}");
        }
        assert_eq!(item("{}", "Alarm updated").unwrap_err().kind, ErrorKind::Invalid);
    }
}
