//! CloudWatch's metrics: invocations and errors, minute by minute.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::{
    primitives::DateTime,
    types::{Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode},
};
use jiff::Timestamp;
use onebox_release::{Answer, CallError, ErrorKind, Executed, Minute, Reply};

use crate::{
    Aws,
    alarms::{NAMESPACE, dimensions},
    error::call_error,
    lambda::strange,
};

/// What is asked of each version, in the order of its two queries.
const METRICS: [&str; 2] = ["Invocations", "Errors"];

/// The most pages of an answer that are read: 250 versions of a day, each minute with both metrics, have fewer.
const PAGES: usize = 100;

impl Aws {
    pub(crate) async fn traffic(&self, of: &[Executed], from: Timestamp, to: Timestamp) -> Answer {
        if of.is_empty() {
            return Ok(Reply::Traffic(Vec::new()));
        }
        let queries: Vec<_> = of.iter().enumerate().flat_map(|(place, of)| queries(place, of)).collect();
        let mut counts = vec![BTreeMap::new(); of.len()];
        let mut next = None;
        for _ in 0..PAGES {
            let get = self.cloudwatch.get_metric_data().set_metric_data_queries(Some(queries.clone()));
            let get = get.start_time(date(from)).end_time(date(to)).scan_by(ScanBy::TimestampAscending);
            let page = get.set_next_token(next).send().await.map_err(call_error)?;
            for result in page.metric_data_results() {
                count(&mut counts, result)?;
            }
            next = page.next_token;
            if next.as_deref().is_none_or(str::is_empty) {
                return Ok(Reply::Traffic(counts.into_iter().map(minutes).collect()));
            }
        }
        Err(strange(format!("more than {PAGES} pages of metrics")))
    }
}

/// One query for each metric; its id says of which version and which metric: `v7m1`.
fn queries(place: usize, of: &Executed) -> impl Iterator<Item = MetricDataQuery> {
    METRICS.into_iter().enumerate().map(move |(which, name)| {
        let metric = Metric::builder().namespace(NAMESPACE).metric_name(name).set_dimensions(Some(dimensions(of)));
        let stat = MetricStat::builder().metric(metric.build()).period(60).stat("Sum").build();
        MetricDataQuery::builder().id(format!("v{place}m{which}")).metric_stat(stat).return_data(true).build()
    })
}

/// The counts of a minute, in the order of [`METRICS`].
type Counts = BTreeMap<i64, [u64; 2]>;

/// Adds a page's values to what is known.
fn count(counts: &mut [Counts], result: &MetricDataResult) -> Result<(), CallError> {
    let id = result.id().unwrap_or_default();
    let place = id.strip_prefix('v').and_then(|id| id.split_once('m'));
    let place = place.and_then(|(place, which)| Some((place.parse::<usize>().ok()?, which.parse::<usize>().ok()?)));
    let slot = place.and_then(|(place, which)| Some((counts.get_mut(place)?, which)).filter(|(_, which)| *which < 2));
    let Some((slot, which)) = slot else {
        return Err(strange(format!("metric data for {id:?}, which was not asked for")));
    };
    match result.status_code() {
        Some(StatusCode::Forbidden) => {
            return Err(CallError::new(ErrorKind::Denied, "no permission to read the metrics of Lambda"));
        }
        Some(StatusCode::InternalError) => {
            return Err(CallError::new(ErrorKind::Unknown, "CloudWatch could not read the metrics"));
        }
        // `PartialData` goes on with the next page.
        _ => {}
    }
    for (at, value) in result.timestamps().iter().zip(result.values()) {
        if let Some(count) = slot.entry(at.secs()).or_default().get_mut(which) {
            *count += whole(*value);
        }
    }
    Ok(())
}

/// Minutes that have any traffic. The two metrics do not arrive together: an error whose invocation is not counted yet
/// does not count yet either.
fn minutes(counts: Counts) -> Vec<Minute> {
    counts
        .into_iter()
        .filter_map(|(at, [invocations, errors])| {
            let at = Timestamp::from_second(at).ok()?;
            Some(Minute { at, invocations, errors: errors.min(invocations) })
        })
        .collect()
}

/// A sum of ones, which CloudWatch gives as a floating-point number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count; a cast of a float saturates")]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

pub(crate) fn date(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(id: &str, status: StatusCode, values: &[(i64, f64)]) -> MetricDataResult {
        let (times, values): (Vec<_>, Vec<_>) =
            values.iter().map(|(at, value)| (DateTime::from_secs(*at), *value)).unzip();
        let result = MetricDataResult::builder().id(id).status_code(status);
        result.set_timestamps(Some(times)).set_values(Some(values)).build()
    }

    #[test]
    fn pages_come_together_minute_by_minute() {
        let mut counts = vec![Counts::new(); 2];
        for page in [
            result("v1m0", StatusCode::PartialData, &[(60, 10.0), (120, 20.0)]),
            result("v1m1", StatusCode::Complete, &[(60, 1.0)]),
            result("v1m0", StatusCode::Complete, &[(180, 30.0)]),
        ] {
            count(&mut counts, &page).unwrap();
        }
        let read: Vec<_> = counts.into_iter().map(minutes).collect();
        let of = |at, invocations, errors| Minute { at: Timestamp::from_second(at).unwrap(), invocations, errors };
        assert_eq!(read, [vec![], vec![of(60, 10, 1), of(120, 20, 0), of(180, 30, 0)]]);
    }

    #[test]
    fn an_error_without_its_invocation_does_not_count_yet() {
        let mut counts = vec![Counts::new()];
        count(&mut counts, &result("v0m1", StatusCode::Complete, &[(60, 3.0)])).unwrap();
        assert_eq!(minutes(counts.remove(0))[0].errors, 0);
    }

    #[test]
    fn what_cannot_be_read_is_no_silence() {
        let mut counts = vec![Counts::new()];
        let mut kind = |id, status| count(&mut counts, &result(id, status, &[])).unwrap_err().kind;
        assert_eq!(kind("v0m0", StatusCode::Forbidden), ErrorKind::Denied);
        assert_eq!(kind("v0m0", StatusCode::InternalError), ErrorKind::Unknown);
        assert_eq!(kind("v9m0", StatusCode::Complete), ErrorKind::Unknown);
        assert_eq!(kind("v0m9", StatusCode::Complete), ErrorKind::Unknown);
        assert_eq!(kind("", StatusCode::Complete), ErrorKind::Unknown);
    }
}
