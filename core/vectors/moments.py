"""What the vectors of schedules ask: decisions at moments, in milliseconds since 1970."""

from cases import cookies, policy
from reference import moment

STEPS = [
    {"at": "2026-11-20T12:00:00Z", "share": "1%"},
    {"at": "2026-11-20T12:30:00.250Z", "share": "30%"},
    {"at": "2026-11-20T13:00:00Z", "share": "77%"},
    {"at": "2026-11-20T14:00:00Z", "share": "0%"},
    {"at": "2026-11-20T15:00:00Z", "share": "100%"},
]

BEFORE_ALL, AFTER_ALL = -9_007_199_254_740_991, 9_007_199_254_740_991


def asked(steps, now, *lines):
    return policy(["cookie:session"], steps), cookies(*(lines or ("session=7f3a",))) | {"now": now}


def decisions():
    """(group, name, policy, request) of every case."""
    for step in STEPS:
        at = moment(step["at"])
        for name, now in [("1 ms before", at - 1), ("exactly at", at), ("1 ms after", at + 1)]:
            yield "schedule", f"{name} {step['at']}", *asked(STEPS, now)
    for name, now in [
        ("long before the first step", moment("2020-01-01T00:00:00Z")),
        ("the beginning of 1970", 0),
        ("a clock before 1970", -1),
        ("a clock in 1901", moment("1901-12-13T20:45:51Z")),
        ("a clock in 2106", moment("2106-02-07T06:28:16Z")),
        ("a clock in 9999", moment("9999-12-31T23:59:59.999Z")),
        ("a clock after 9999", 253_402_300_800_000),
        ("the smallest number that every language knows", BEFORE_ALL),
        ("the largest number that every language knows", AFTER_ALL),
    ]:
        yield "schedule", name, *asked(STEPS, now)
        yield "schedule", f"{name}, no key", *asked(STEPS, now, "a=b")
    noon = moment("2026-11-20T12:00:00Z")
    for text in [
        "2026-11-20T12:00:00Z",
        "2026-11-20t12:00:00z",
        "2026-11-20T12:00:00.000Z",
        "2026-11-20T12:00:00.0009999Z",
        "2026-11-20T12:00:00-00:00",
        "2026-11-20T13:30:00+01:30",
        "2026-11-20T00:00:00-12:00",
        "2026-11-21T11:59:00+23:59",
        "2026-11-20T11:59:60Z",
    ]:
        for name, now in [("before", noon - 1), ("at noon", noon)]:
            yield "schedule", f"{text}, {name}", *asked([{"at": text, "share": "100%"}], now)
    for name, at in [
        ("before 1970", "1969-12-31T23:59:59.999Z"),
        ("on a leap day", "2028-02-29T00:00:00Z"),
        ("behind the leap day of 2000", "2000-03-01T00:00:00Z"),
        ("in 2100, which has no leap day", "2100-03-01T00:00:00Z"),
        ("in 9999", "9999-12-31T23:59:59Z"),
    ]:
        for when, off in [("1 ms before", -1), ("then", 0)]:
            yield "schedule", f"a step {name}, {when}", *asked([{"at": at, "share": "77%"}], moment(at) + off)
    falling = [{"at": "2026-11-20T12:00:00Z", "share": "80%"}, {"at": "2026-11-20T13:00:00Z", "share": "10%"}]
    for hour in (12, 13):
        yield "schedule", f"falling, {hour} h", *asked(falling, moment(f"2026-11-20T{hour}:00:00Z"))
    yield "schedule", "a constant share has no time", *asked("77%", BEFORE_ALL)
