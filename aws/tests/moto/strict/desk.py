"""/strict/…: where a test sets an account up, orders faults, and looks at what stands there. Every answer is JSON.

    POST /strict/account    begins anew: {"functions": {name: {"versions": n, "aliases": {alias: version}, "script": …}},
                            "alarms": {name: state}, "groups": [[application, group]], "configs": {name: [[percent, s]]},
                            "slow": {"seconds", "renewed"}: how slowly AWS moves traffic, see the aliases,
                            "rate": calls of Lambda's control plane a second}
    GET  /strict/account    the aliases and alarms as they stand, and the updates that made them so
    POST /strict/alarm      {"name", "state"}
    POST /strict/alias      {"function", "alias", "version", "weights"}: moved by somebody else's hand
    POST /strict/condition  {"function", "qualifier", "condition"}: what AWS shows of a version or of $LATEST, such as
                            {"State": "Inactive"}; null: that it is in order
    POST /strict/outcome    {"function", "condition"}: the condition of the versions that are published from now on
    POST /strict/configured {"function"}: somebody else changes the configuration
    POST /strict/faults     [{"operation", "call", "trouble", …}], see the door
    POST /strict/traffic    [{"function", "alias", "version", "minute", "invocations", "errors"}]
    POST /strict/program    {"function", "program", "env"}: a Lambda binary that answers for a function
    GET  /strict/calls      {"calls": [{"at", "service", "operation", "status"}], "peak"}
    POST /strict/execution  {"definition", "input"}: begins an execution of a state machine, tells its ARN
    GET  /strict/execution  ?arn=…: its status, cause and what the state Tick gave each time

Each knows its region by ?region=….
"""

import base64
import datetime
import json
import os
import uuid
from urllib.parse import parse_qs

from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.codedeploy.models import codedeploy_backends
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import ServiceException
from moto.iam.models import iam_backends

from . import aliases, deployments, door, invocations, machines, versions
from .refused import LOCK, Refused


def lambdas(region):
    return lambda_backends[DEFAULT_ACCOUNT_ID][region]


def alarms(region):
    return cloudwatch_backends[DEFAULT_ACCOUNT_ID][region]


def set_alarm(region, name, state):
    """Sets an alarm, and makes it if there is none."""
    with LOCK:
        if name not in alarms(region).alarms:
            alarms(region).put_metric_alarm(
                name,
                namespace="Shop",
                metric_name="Trouble",
                comparison_operator="GreaterThanThreshold",
                evaluation_periods=1,
                period=60,
                threshold=1.0,
                statistic="Sum",
                description="",
                dimensions=[],
                alarm_actions=[],
            )
        alarms(region).set_alarm_state(name, "a test says so", "{}", state)


def begin(region, told):
    """An account as a test wants it."""
    for _, function in [key for key in invocations.SCRIPTS if key[0] == region]:
        invocations.say(region, function, None)
    with LOCK:
        for backends in (lambda_backends, cloudwatch_backends, codedeploy_backends):
            backends[DEFAULT_ACCOUNT_ID][region].reset()
        aliases.MOVES[region] = []
        aliases.SLOW.pop(region, None)
        for key in [key for key in aliases.PROVISIONED if key[0] == region]:
            del aliases.PROVISIONED[key]
        door.REGIONS[region] = door.Region(told.get("rate", door.RATE))
        versions.REPLICATED -= {key for key in versions.REPLICATED if key[0] == region}
        role = role_of("lambda")
        for name, function in told.get("functions", {}).items():
            create(region, name, role, function)
        for name, state in told.get("alarms", {}).items():
            set_alarm(region, name, state)
        for application, group in told.get("groups", []):
            codedeploy = codedeploy_backends[DEFAULT_ACCOUNT_ID][region]
            if application not in codedeploy.applications:
                codedeploy.create_application(application, "Lambda", [])
            codedeploy.create_deployment_group(application, group, None, None, None, None, role)
        for name, steps in told.get("configs", {}).items():
            deployments.CONFIGS[region, name] = [tuple(step) for step in steps]
        if "slow" in told:
            aliases.SLOW[region] = told["slow"]
    return {}


def role_of(name):
    """A role that functions may have."""
    known = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    if not any(role.name == name for role in known.get_roles()):
        known.create_role(name, "{}", "/", None, "", [], 3600)
    return known.get_role(name).arn


def create(region, name, role, told):
    """A function with so many versions, each of other code; $LATEST is as the newest."""
    backend = lambdas(region)
    zip_of = lambda version: base64.b64encode(f"{name}-{version}".encode()).decode()
    spec = {"FunctionName": name, "Role": role, "Runtime": "provided.al2023", "Handler": "bootstrap"}
    function = backend.create_function({**spec, "Code": {"ZipFile": zip_of(1)}})
    for version in range(1, told.get("versions", 1) + 1):
        if version > 1:
            function._set_function_code({"ZipFile": zip_of(version)})
        backend.publish_version(name)
    for alias, version in told.get("aliases", {}).items():
        aliases.put(backend, name, alias, {"FunctionVersion": version}, create=True)
    for published in backend._lambdas._functions[name]["versions"]:
        published.settled = 0.0
    if "provisioned" in told:
        aliases.PROVISIONED[region, name] = told["provisioned"]
    if "script" in told:
        invocations.say(region, name, invocations.Script(told["script"]))


def stands(region):
    """The account as it is."""
    with LOCK:
        backend = lambdas(region)
        shown = {}
        for name in backend._lambdas._functions:
            for alias in backend.list_aliases(name):
                weights = (alias.routing_config or {}).get("AdditionalVersionWeights", {})
                shown[f"{name}:{alias.name}"] = {"version": alias.function_version, "weights": weights}
        states = {name: alarm.state_value for name, alarm in alarms(region).alarms.items()}
        return {"aliases": shown, "alarms": states, "moves": aliases.MOVES.get(region, [])}


def traffic(region, minutes):
    """What Lambda would have told CloudWatch:
    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
    for told in minutes:
        # moto compares times without zones, as it reads them from requests.
        minute = datetime.datetime.fromisoformat(told["minute"].removesuffix("Z"))
        values = {
            "FunctionName": told["function"],
            "Resource": f"{told['function']}:{told['alias']}",
            "ExecutedVersion": told["version"],
        }
        dimensions = [{"Name": name, "Value": value} for name, value in values.items()]
        for name in ("invocations", "errors"):
            metric = {"MetricName": name.capitalize(), "Dimensions": dimensions, "Timestamp": minute}
            alarms(region).put_metric_data("AWS/Lambda", [{**metric, "Value": told[name]}])
    return {}


def program(region, told):
    url = f"http://127.0.0.1:{os.environ['MOTO_PORT']}"
    own = {"AWS_REGION": region, "AWS_ENDPOINT_URL": url, **told.get("env", {})}
    with LOCK:
        if told["function"] not in lambdas(region)._lambdas._functions:
            create(region, told["function"], role_of("lambda"), {})
    invocations.say(region, told["function"], invocations.Program(told["function"], told["program"], own))
    return {}


def edit(region, told):
    door.edit(region, told)
    return {}


def alarm(region, told):
    set_alarm(region, told["name"], told["state"])
    return {}


def condition(region, told):
    with LOCK:
        storage = lambdas(region)._lambdas
        function = storage.get_function_by_name_or_arn_forbid_qualifier(told["function"])
        aliases.version_of(lambdas(region), function, told["qualifier"]).condition = told["condition"]
    return {}


def outcome(region, told):
    with LOCK:
        storage = lambdas(region)._lambdas
        storage.get_function_by_name_or_arn_forbid_qualifier(told["function"]).outcome = told["condition"]
    return {}


def configured(region, told):
    with LOCK:
        function = lambdas(region)._lambdas.get_function_by_name_or_arn_forbid_qualifier(told["function"])
        function.memory_size += 1
        function.revision_id = str(uuid.uuid4())
    return {}


def order(region, faults):
    here = door.region(region)
    with LOCK:
        here.faults = faults
    return {}


def calls(region):
    here = door.region(region)
    with LOCK:
        return {"calls": list(here.calls), "peak": here.peak()}


POSTS = {
    "account": begin,
    "alarm": alarm,
    "alias": edit,
    "condition": condition,
    "outcome": outcome,
    "configured": configured,
    "faults": order,
    "traffic": traffic,
    "program": program,
    "execution": machines.begin,
}
GETS = {"account": stands, "calls": calls}


def served(app):
    """An application with a desk."""

    def serve(environ, start_response):
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/strict/"):
            return app(environ, start_response)
        query = parse_qs(environ.get("QUERY_STRING", ""))
        region, topic = query["region"][0], path.removeprefix("/strict/")
        try:
            if environ["REQUEST_METHOD"] == "POST":
                body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                status, told = "200 OK", POSTS[topic](region, json.loads(body))
            elif topic == "execution":
                status, told = "200 OK", machines.told(region, query["arn"][0])
            else:
                status, told = "200 OK", GETS[topic](region)
        except (Refused, ServiceException, KeyError, ValueError) as error:
            status, told = "400 Bad Request", {"problem": f"{type(error).__name__}: {error}"}
        whole = json.dumps(told).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(whole)))])
        return [whole]

    return serve
