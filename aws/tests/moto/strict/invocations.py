"""Invoke: what a function was told to answer, or a real Lambda binary behind a Runtime API.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import contextlib
import json
import os
import queue
import random
import subprocess
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from moto.awslambda.responses import LambdaResponse

from .refused import LOCK

# By region and function: what it answers.
SCRIPTS = {}
# A function is ended after 15 minutes.
LONGEST = 900


class Script:
    """Answers the same every time: {"answer": …}, {"error": …}, after "seconds"."""

    def __init__(self, told):
        self.told = told

    def run(self, event):
        time.sleep(self.told.get("seconds", 0))
        if "error" in self.told:
            return True, self.told["error"]
        return False, self.told.get("answer", event)

    def end(self):
        pass


class Program:
    """A Lambda binary, one invocation after the other."""

    def __init__(self, function, program, variables):
        self.events, self.results, self.turn = queue.Queue(), {}, threading.Lock()
        self.arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{function}"
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), runtime_api(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        own = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_SESSION_TOKEN": "example",
        }
        self.line, self.variables = [program], {**kept, **own, **variables}
        self.process = self.started()

    def started(self):
        return subprocess.Popen(self.line, env=self.variables, stdin=subprocess.DEVNULL)

    def run(self, event):
        with self.turn:
            request = str(uuid.uuid4())
            gives = self.results[request] = queue.Queue()
            self.events.put((request, event))
            while True:
                with contextlib.suppress(queue.Empty):
                    return gives.get(timeout=0.05)
                if self.process.poll() is not None and gives.empty():
                    # "If the runtime exits, Lambda returns an error", and has another one for the next event.
                    # https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
                    self.process = self.started()
                    return True, {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited with error"}

    def end(self):
        self.process.kill()
        self.server.shutdown()


def runtime_api(program):
    """What a function's process asks for its events, and tells its results."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            request, event = program.events.get()
            headers = {
                "Lambda-Runtime-Aws-Request-Id": request,
                "Lambda-Runtime-Deadline-Ms": str(int((time.time() + LONGEST) * 1000)),
                "Lambda-Runtime-Invoked-Function-Arn": program.arn,
                "Content-Type": "application/json",
            }
            self.answer(200, headers, json.dumps(event).encode())

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request, kind = self.path.split("/")[-2:]
            if request in program.results:
                program.results[request].put((kind == "error", json.loads(body)))
            self.answer(202, {}, b"")

        def answer(self, status, headers, body):
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def say(region, function, script):
    """Says what a function does from now on; what it did before is ended."""
    before = SCRIPTS.pop((region, function), None)
    if before is not None:
        before.end()
    if script is not None:
        SCRIPTS[region, function] = script


def end_all():
    while SCRIPTS:
        SCRIPTS.popitem()[1].end()


def run(region, function, event):
    """What a function gives: whether it failed, and its result. One that was told nothing echoes."""
    return SCRIPTS.get((region, function), Script({})).run(event)


def invoke(self):
    """The version is drawn by the alias's weights, and named in the answer; a failure is a header, not a status."""
    name = unquote(self.path.rsplit("/", 2)[-2])
    bare = name.rsplit("function:", 1)[-1]
    qualifier = self._get_param("Qualifier") or (bare.split(":")[1] if ":" in bare else "$LATEST")
    bare = bare.split(":")[0]
    with LOCK:
        storage = self.backend._lambdas
        alias = storage._get_function_aliases(bare).get(qualifier)
        version = qualifier if alias is None else drawn(alias)
        storage.get_function_by_name_or_arn_with_qualifier(bare, version)
    event = json.loads(self.body or "{}")
    headers = {"X-Amz-Executed-Version": version, "content-type": "application/json"}
    kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
    if kind == "DryRun":
        return 204, headers, ""
    if kind == "Event":
        threading.Thread(target=run, args=(self.region, bare, event), daemon=True).start()
        return 202, headers, ""
    failed, result = run(self.region, bare, event)
    if failed:
        headers["X-Amz-Function-Error"] = "Unhandled"
    return 200, headers, json.dumps(result)


def drawn(alias):
    weights = (alias.routing_config or {}).get("AdditionalVersionWeights", {})
    for version, weight in weights.items():
        if random.random() < weight:
            return version
    return alias.function_version


def patch():
    LambdaResponse.invoke = invoke
