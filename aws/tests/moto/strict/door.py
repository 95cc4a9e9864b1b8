"""What every call passes on its way: the record of calls, the rate limit, and the faults that a test orders.

A fault strikes one call, by its operation and its place among that operation's calls, counted from 0 since the account
began: {"operation": "UpdateAlias", "call": 2, "trouble": …}. The troubles:

    throttled, denied, broken   429, 403, 500; nothing is applied
    lost-request, lost-answer   the connection ends, before the call is applied or after
    alarm                       {"name", "state"}: an alarm changes before the call is applied
    edited                      {"function", "alias", "version", "when"}: somebody else moves an alias, "before" or "after"
    killed                      {"pid" or "function", "when"}: the caller, a process or the program of a function, is killed
                                "before" the call is applied or "after"
"""

import contextlib
import json
import os
import re
import signal
import socket
import threading
import time

from . import aliases, invocations
from .refused import LOCK

# "The rate of requests across all control plane APIs: 15 requests per second."
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
RATE = 15.0

CREDENTIAL = re.compile(r"Credential=[^/]+/[^/]+/([^/]+)/([^/]+)/aws4_request")
FUNCTION = r"/2015-03-31/functions/[^/]+"
# Lambda is REST: its operations are told by method and path.
OPERATIONS = [
    ("POST", r"/2015-03-31/functions/?", "CreateFunction"),
    ("GET", rf"{FUNCTION}/aliases", "ListAliases"),
    ("POST", rf"{FUNCTION}/aliases", "CreateAlias"),
    ("GET", rf"{FUNCTION}/aliases/[^/]+", "GetAlias"),
    ("PUT", rf"{FUNCTION}/aliases/[^/]+", "UpdateAlias"),
    ("DELETE", rf"{FUNCTION}/aliases/[^/]+", "DeleteAlias"),
    ("GET", r"/2019-09-30/functions/[^/]+/provisioned-concurrency", "ListProvisionedConcurrencyConfigs"),
    ("POST", rf"{FUNCTION}/versions/?", "PublishVersion"),
    ("GET", rf"{FUNCTION}/versions/?", "ListVersionsByFunction"),
    ("GET", rf"{FUNCTION}/configuration/?", "GetFunctionConfiguration"),
    ("PUT", rf"{FUNCTION}/configuration/?", "UpdateFunctionConfiguration"),
    ("PUT", rf"{FUNCTION}/code/?", "UpdateFunctionCode"),
    ("GET", FUNCTION, "GetFunction"),
    ("DELETE", FUNCTION, "DeleteFunction"),
    ("POST", rf"{FUNCTION}/invocations/?", "Invoke"),
]
# Invoke is no control plane; GetFunction has a limit of its own, 100 a second.
FREE = {"Invoke", "GetFunction"}


class Region:
    """What is known of the calls to one region."""

    def __init__(self, rate=RATE):
        self.calls, self.counts, self.faults = [], {}, []
        self.rate, self.tokens, self.filled = rate, rate, time.monotonic()

    def take(self):
        """Whether there is a token for one more call."""
        now = time.monotonic()
        self.tokens = min(self.rate, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True

    def strikes(self, operation):
        """The faults that strike this call; its place among those of its operation is counted from 0."""
        place = self.counts[operation] = self.counts.get(operation, -1) + 1
        return [fault for fault in self.faults if (fault["operation"], fault["call"]) == (operation, place)]

    def peak(self):
        """The most calls of Lambda's control plane that arrived within any second."""
        times = sorted(call["at"] for call in self.calls if call["service"] == "lambda" and call["operation"] not in FREE)
        return max((sum(1 for other in times if at <= other < at + 1.0) for at in times), default=0)


REGIONS = {}


def region(name):
    with LOCK:
        return REGIONS.setdefault(name, Region())


def watched(app):
    """An application whose calls are recorded, limited and struck."""

    def pass_by(environ, start_response):
        scope = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        if scope is None:
            return app(environ, start_response)
        name, service = scope[1], scope[2]
        operation = operation_of(environ)
        with LOCK:
            here = region(name)
            faults = here.strikes(operation)
            call = {"at": time.time(), "service": service, "operation": operation, "status": None}
            here.calls.append(call)
            limited = service == "lambda" and operation not in FREE and not here.take()
        for fault in faults:
            before(name, fault)
        troubles = {fault["trouble"] for fault in faults}
        refusal = next((REFUSALS[trouble] for trouble in REFUSALS if trouble in troubles), None)
        if limited:
            refusal = REFUSALS["throttled"]
        said = {}

        def start(status, headers, exc_info=None):
            said["status"], said["headers"] = status, headers

        if refusal is not None:
            whole = refuse(refusal, start)
        elif "lost-request" in troubles:
            hang_up(environ)
        else:
            whole = b"".join(app(environ, start))
        for fault in faults:
            after(name, fault)
        if "lost-answer" in troubles:
            hang_up(environ)
        call["status"] = int(said["status"].split()[0])
        start_response(said["status"], said["headers"])
        return [whole]

    return pass_by


def operation_of(environ):
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target is not None:
        return target.split(".")[-1]
    path = environ.get("PATH_INFO", "")
    if path.startswith("/service/"):
        return path.rsplit("/", 1)[-1]
    method = environ["REQUEST_METHOD"]
    found = (name for verb, pattern, name in OPERATIONS if verb == method and re.fullmatch(pattern, path))
    return next(found, f"{method} {path}")


REFUSALS = {
    "throttled": ("429 Too Many Requests", "TooManyRequestsException", "Rate exceeded"),
    "denied": ("403 Forbidden", "AccessDeniedException", "User: arn:aws:iam::123456789012:user/local is not authorized"),
    "broken": ("500 Internal Server Error", "ServiceException", "An error occurred and the request cannot be processed."),
}


def refuse(refusal, start):
    status, code, message = refusal
    body = {"__type": code, "message": message}
    headers = [("Content-Type", "application/json"), ("x-amzn-errortype", code)]
    if status.startswith("429"):
        body["Reason"] = "CallerRateLimitExceeded"
        headers.append(("Retry-After", "1"))
    whole = json.dumps(body).encode()
    start(status, [*headers, ("Content-Length", str(len(whole)))])
    return whole


def hang_up(environ):
    """The connection ends without an answer."""
    # What is left of the request would be taken for the next.
    environ["wsgi.input"].read()
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError("a test wants this answer to be lost")


def before(name, fault):
    """What happens just before a call is applied."""
    from .desk import set_alarm

    if fault["trouble"] == "alarm":
        set_alarm(name, fault["name"], fault["state"])
    elif fault.get("when", "before") == "before":
        strike(name, fault)


def after(name, fault):
    if fault.get("when", "before") == "after":
        strike(name, fault)


def strike(name, fault):
    if fault["trouble"] == "edited":
        edit(name, fault)
    elif fault["trouble"] == "killed":
        # The caller, at the worst of moments. It may have ended already.
        pid = fault["pid"] if "pid" in fault else invocations.SCRIPTS[name, fault["function"]].process.pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def edit(name, fault):
    """Somebody else moves an alias."""
    from .desk import lambdas

    asked = {"FunctionVersion": fault["version"], "RoutingConfig": {"AdditionalVersionWeights": fault.get("weights", {})}}
    with LOCK:
        aliases.put(lambdas(name), fault["function"], fault["alias"], asked, create=False)
