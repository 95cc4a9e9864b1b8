"""The rules of CloudWatch's alarms. They are not measured here: SetAlarmState says how they stand.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
"""

import datetime
import json

from moto.cloudwatch.exceptions import ResourceNotFound, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.core.exceptions import ServiceException

from .refused import locked

COMPARISONS = {
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
}
MISSING = {None, "breaching", "notBreaching", "ignore", "missing"}


def patch():
    put = CloudWatchBackend.put_metric_alarm

    def put_metric_alarm(self, name, **asked):
        """ "When you create an alarm, the alarm state is immediately set to INSUFFICIENT_DATA"; "when you update an
        existing alarm, its state is left unchanged"."""
        if asked.get("rule") is None:
            check(name, asked)
        known = self.alarms.get(name)
        alarm = put(self, name=name, **asked)
        alarm.state_value = "INSUFFICIENT_DATA" if known is None else known.state_value
        alarm.state_transitioned_timestamp = now() if known is None else known.state_transitioned_timestamp
        return alarm

    update = Alarm.update_state

    def update_state(self, reason, reason_data, state_value):
        """A change of the state has its time, and stays in the history, of deleted alarms too."""
        old = self.state_value
        update(self, reason, reason_data, state_value)
        if old != state_value:
            self.state_transitioned_timestamp = now()
            changes = HISTORY.setdefault((self.region_name, self.name), [])
            changes.append((self.state_transitioned_timestamp, old, state_value))

    CloudWatchBackend.put_metric_alarm = put_metric_alarm
    Alarm.update_state = update_state
    CloudWatchResponse.describe_alarms = locked(describe_alarms)
    CloudWatchResponse.describe_alarm_history = locked(describe_alarm_history)
    CloudWatchResponse.delete_alarms = locked(delete_alarms)


# By region and name.
HISTORY = {}


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def check(name, asked):
    if not 1 <= len(name) <= 255:
        raise ValidationError(f"AlarmName has {len(name)} characters: 1 to 255 are allowed")
    if asked["comparison_operator"] not in COMPARISONS:
        raise ValidationError(f"{asked['comparison_operator']} is no ComparisonOperator")
    periods, breaching = asked["evaluation_periods"] or 0, asked.get("datapoints_to_alarm")
    if periods < 1 or (breaching is not None and not 1 <= breaching <= periods):
        raise ValidationError("EvaluationPeriods and DatapointsToAlarm must be at least 1, and not more datapoints")
    if not asked.get("metric_data_queries"):
        period = asked["period"] or 0
        if period not in (10, 20, 30) and (period < 60 or period % 60):
            raise ValidationError("Period must be 10, 20, 30 or a multiple of 60")
        if (asked["statistic"] is None) == (asked.get("extended_statistic") is None):
            raise ValidationError("exactly one of Statistic and ExtendedStatistic must be given")
    if asked.get("treat_missing_data") not in MISSING:
        raise ValidationError(f"{asked['treat_missing_data']} is no TreatMissingData")


def named(self):
    names = self._get_param("AlarmNames", []) or []
    if len(names) > 100:
        raise ValidationError(f"AlarmNames has {len(names)} members, at most 100 are allowed")
    return names


def describe_alarms(self):
    """ "If you omit this parameter (AlarmTypes), only metric alarms are returned"; at most 100 on a page."""
    names, prefix = named(self), self._get_param("AlarmNamePrefix")
    state, types = self._get_param("StateValue"), self._get_param("AlarmTypes") or ["MetricAlarm"]
    most, token = int(self._get_param("MaxRecords") or 50), self._get_param("NextToken")
    if not 1 <= most <= 100:
        raise ValidationError("MaxRecords must be 1 to 100")
    if token is not None and not token.isdigit():
        raise ServiceException("InvalidNextToken", "The token is invalid")
    known = self.cloudwatch_backend.alarms
    alarms = [known[name] for name in names if name in known] if names else list(known.values())
    wanted = [
        alarm
        for alarm in alarms
        if ("MetricAlarm" if alarm.rule is None else "CompositeAlarm") in types
        and alarm.name.startswith(prefix or "")
        and state in (None, alarm.state_value)
    ]
    begin = int(token or 0)
    shown = wanted[begin : begin + most]
    told = {
        "MetricAlarms": [alarm for alarm in shown if alarm.rule is None],
        "CompositeAlarms": [alarm for alarm in shown if alarm.rule is not None],
    }
    if begin + most < len(wanted):
        told["NextToken"] = str(begin + most)
    return ActionResult(told)


def seconds(date, unlimited):
    """A date of a request in seconds: moto hands on a number, or a datetime in UTC."""
    if not date:
        return float(unlimited)
    if isinstance(date, datetime.datetime):
        return (date if date.tzinfo else date.replace(tzinfo=datetime.timezone.utc)).timestamp()
    return float(date)


def describe_alarm_history(self):
    """ "TimestampDescending to have the newest event history returned first"; at most 100 on a page."""
    name, types = self._get_param("AlarmName"), self._get_param("AlarmTypes") or ["MetricAlarm"]
    most, token = int(self._get_param("MaxRecords") or 50), self._get_param("NextToken")
    if not 1 <= most <= 100:
        raise ValidationError("MaxRecords must be 1 to 100")
    known = self.cloudwatch_backend.alarms.get(name)
    kind = "CompositeAlarm" if known is not None and known.rule is not None else "MetricAlarm"
    begin, end = (seconds(self._get_param(date), unlimited) for date, unlimited in (("StartDate", 0), ("EndDate", 1e12)))
    items = [
        {
            "AlarmName": name,
            "AlarmType": kind,
            "Timestamp": at,
            "HistoryItemType": "StateUpdate",
            "HistorySummary": f"Alarm updated from {old} to {new}",
            "HistoryData": json.dumps({"oldState": {"stateValue": old}, "newState": {"stateValue": new}}),
        }
        for at, old, new in HISTORY.get((self.region, name), [])
        if kind in types and begin <= at.timestamp() <= end
    ]
    if self._get_param("HistoryItemType") not in (None, "StateUpdate"):
        items = []
    if self._get_param("ScanBy") != "TimestampAscending":
        items.reverse()
    start = int(token or 0)
    told = {"AlarmHistoryItems": items[start : start + most]}
    if start + most < len(items):
        told["NextToken"] = str(start + most)
    return ActionResult(told)


def delete_alarms(self):
    """ "If you specify an incorrect alarm name or make any other error in the DeleteAlarms operation, no alarms are
    deleted." """
    names = named(self)
    for name in names:
        if name not in self.cloudwatch_backend.alarms:
            raise ResourceNotFound(f"Alarm {name} does not exist")
    self.cloudwatch_backend.delete_alarms(names)
    return ActionResult({})
