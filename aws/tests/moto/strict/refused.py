"""What AWS answers instead of doing what it was asked."""

import threading

from moto.core.exceptions import JsonRESTError

# The server has a thread for every connection, and a check must not be parted from its change.
LOCK = threading.RLock()


class Refused(JsonRESTError):
    """An error with AWS's status, code and text."""

    def __init__(self, status, code, message):
        super().__init__(code, message)
        self.code = status


def invalid(message):
    return Refused(400, "InvalidParameterValueException", message)


def missing(message):
    return Refused(404, "ResourceNotFoundException", message)


def conflict(message):
    return Refused(409, "ResourceConflictException", message)


def constraint(value, member, rule):
    """What the API's model forbids, before the service looks at it."""
    return Refused(
        400,
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}",
    )


def stale():
    """Lambda's answer where a revision is not the latest."""
    return Refused(
        412,
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve "
        "the latest Revision Id",
    )


def locked(work):
    """One call at a time."""

    def one_by_one(*args, **kwargs):
        with LOCK:
            return work(*args, **kwargs)

    return one_by_one


def page(entries, marker, most):
    """A page of a list of Lambda's: at most 50 entries, "even if you set MaxItems higher".

    https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html
    """
    most = 50 if most is None else int(most)
    if not 1 <= most <= 10_000:
        raise constraint(most, "maxItems", "have value between 1 and 10000")
    if marker is not None and not (marker.isdigit() and int(marker) <= len(entries)):
        raise invalid(f"Invalid marker: {marker}")
    begin = int(marker or 0)
    end = min(len(entries), begin + min(most, 50))
    return entries[begin:end], str(end) if end < len(entries) else None
