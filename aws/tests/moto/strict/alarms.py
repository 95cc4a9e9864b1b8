"""The rules of CloudWatch's alarms. They are not measured here: SetAlarmState says how they stand.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html
"""

from moto.cloudwatch.exceptions import ResourceNotFound, ValidationError
from moto.cloudwatch.models import CloudWatchBackend
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
        return alarm

    CloudWatchBackend.put_metric_alarm = put_metric_alarm
    CloudWatchResponse.describe_alarms = locked(describe_alarms)
    CloudWatchResponse.delete_alarms = locked(delete_alarms)


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


def delete_alarms(self):
    """ "If you specify an incorrect alarm name or make any other error in the DeleteAlarms operation, no alarms are
    deleted." """
    names = named(self)
    for name in names:
        if name not in self.cloudwatch_backend.alarms:
            raise ResourceNotFound(f"Alarm {name} does not exist")
    self.cloudwatch_backend.delete_alarms(names)
    return ActionResult({})
