"""CodeDeploy for Lambda: deployments that move an alias with time, watch alarms, ask hooks, and put back what they moved.

https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-steps-lambda.html
https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html

A deployment goes on whenever anybody looks at it, as far as the time allows.
"""

import re
import threading
import time
import uuid

import yaml
from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.codedeploy import responses
from moto.codedeploy.exceptions import CodeDeployException
from moto.codedeploy.responses import CodeDeployResponse
from moto.core.responses import ActionResult

from . import aliases, invocations
from .refused import LOCK, Refused, locked

# "If a Lambda hook does not report back within one hour, the deployment fails."
# https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
HOOK = 3600
CANARY = re.compile(r"CodeDeployDefault\.LambdaCanary10Percent(5|10|15|30)Minutes")
LINEAR = re.compile(r"CodeDeployDefault\.LambdaLinear10PercentEvery(1|2|3|10)Minutes?")
# Configurations of our own, by region and name: [[percent, seconds until the next], …].
CONFIGS = {}


def steps_of(region, config):
    """The steps of a deployment configuration: percent, and seconds until the next."""
    if config == "CodeDeployDefault.LambdaAllAtOnce":
        return [(100, 0)]
    if canary := CANARY.fullmatch(config):
        return [(10, int(canary[1]) * 60), (100, 0)]
    if linear := LINEAR.fullmatch(config):
        return [(percent, int(linear[1]) * 60) for percent in range(10, 101, 10)]
    if (region, config) in CONFIGS:
        return CONFIGS[region, config]
    message = f"No Deployment Configuration found for name: {config}"
    raise CodeDeployException("DeploymentConfigDoesNotExistException", message)


class Run:
    """A deployment under way."""

    def __init__(self, account, region, identity, asked):
        self.account, self.region, self.identity = account, region, identity
        spec = lowered(yaml.safe_load(asked["revision"]["appSpecContent"]["content"]))
        (resource,) = (named for one in spec["resources"] for named in one.values())
        properties = resource["properties"]
        self.function, self.alias = properties["name"], properties["alias"]
        self.old, self.new = str(properties["currentversion"]), str(properties["targetversion"])
        self.hooks = {event: hook for one in spec.get("hooks", []) for event, hook in one.items()}
        alarms = asked.get("overrideAlarmConfiguration") or {}
        self.alarms = [alarm["name"] for alarm in alarms.get("alarms", [])] if alarms.get("enabled") else []
        if len(self.alarms) > 10:
            message = f"{len(self.alarms)} alarms: at most 10 are allowed"
            raise CodeDeployException("AlarmsLimitExceededException", message)
        self.created = time.time()
        self.steps = steps_of(region, asked["deploymentConfigName"])
        self.status, self.error, self.percent = "InProgress", None, 0
        self.phase, self.since, self.at = "before", time.monotonic(), 0
        self.hook, self.said = None, None
        self.left = self.current().revision_id
        if (self.current().function_version, self.current().routing_config) != (self.old, None):
            message = f"The alias {self.alias} does not point to the current version {self.old}"
            self.fail("Failed", "INVALID_LAMBDA_CONFIGURATION", message)

    def backend(self):
        return lambda_backends[self.account][self.region]

    def current(self):
        return self.backend().get_alias(name=self.alias, function_name=self.function)

    def advance(self):
        before = None
        while self.status == "InProgress" and before != (self.phase, self.at):
            before = (self.phase, self.at)
            known = cloudwatch_backends[self.account][self.region].alarms
            firing = [name for name in self.alarms if name in known and known[name].state_value == "ALARM"]
            if firing:
                message = f"One or more alarms have been activated: {firing[0]}"
                self.fail("Failed", "ALARM_ACTIVE", message)
            elif self.phase == "before":
                self.ask("beforeallowtraffic", "shift")
            elif self.phase == "shift":
                self.shift()
            else:
                self.ask("afterallowtraffic", "done")

    def ask(self, event, then):
        """Invokes a hook, and goes on when it has reported."""
        function = self.hooks.get(event)
        if function is not None and self.hook is None:
            self.hook, self.said = str(uuid.uuid4()), None
            told = {"DeploymentId": self.identity, "LifecycleEventHookExecutionId": self.hook}
            threading.Thread(target=self.report, args=(function, told), daemon=True).start()
        waited = time.monotonic() - self.since
        if function is not None and self.said is None and waited < HOOK:
            return
        if function is not None and self.said != "Succeeded":
            return self.fail("Failed", "HOOK_EXECUTION_FAILURE", f"The hook {function} failed")
        self.hook, self.phase, self.since = None, then, time.monotonic()
        if then == "done":
            self.status = "Succeeded"

    def report(self, function, told):
        """A script has no SDK: what it answers counts as reported. A program reports itself."""
        program = isinstance(invocations.SCRIPTS.get((self.region, function)), invocations.Program)
        failed, answer = invocations.run(self.region, function, told)
        if not program:
            status = answer.get("status", "Succeeded") if isinstance(answer, dict) else "Succeeded"
            self.hear(told["LifecycleEventHookExecutionId"], "Failed" if failed else status)

    def hear(self, hook, status):
        with LOCK:
            if hook != self.hook:
                message = "The lifecycle event hook execution id is not the one that is waited for"
                raise CodeDeployException("InvalidLifecycleEventHookExecutionIdException", message)
            if self.said is not None:
                message = "The lifecycle event has already completed"
                raise CodeDeployException("LifecycleEventAlreadyCompletedException", message)
            self.said = status

    def shift(self):
        """Takes the steps whose time has come."""
        if self.at == len(self.steps):
            self.phase, self.since = "after", time.monotonic()
            return
        wait = self.steps[self.at - 1][1] if self.at else 0
        if time.monotonic() < self.since + wait:
            return
        percent = self.steps[self.at][0]
        if self.put(percent):
            self.at, self.since = self.at + 1, self.since + wait

    def put(self, percent):
        """Moves the alias, unless somebody else did."""
        whole = {"FunctionVersion": self.old if percent < 100 else self.new}
        weights = {self.new: percent / 100} if 0 < percent < 100 else {}
        asked = {**whole, "RoutingConfig": {"AdditionalVersionWeights": weights}, "RevisionId": self.left}
        try:
            self.left = aliases.put(self.backend(), self.function, self.alias, asked, create=False).revision_id
        except Refused as refused:
            self.status, self.error = "Failed", ("INVALID_LAMBDA_FUNCTION", refused.message)
            return False
        self.percent = percent
        return True

    def fail(self, status, code, message):
        """Ends, with the alias on its old version: "traffic is shifted back"."""
        if self.percent:
            self.put(0)
        self.status, self.error = status, (code, message)


def lowered(value):
    """An AppSpec's keys are written in more than one way."""
    if isinstance(value, dict):
        return {key.lower(): lowered(part) for key, part in value.items()}
    return [lowered(part) for part in value] if isinstance(value, list) else value


def info(shown):
    """moto's view of a deployment, with how far it is."""

    def deployment_info(deployment):
        told = shown(deployment)
        run = deployment.run
        run.advance()
        told["status"] = run.status
        if run.error:
            told["errorInformation"] = {"code": run.error[0], "message": run.error[1]}
        return told

    return deployment_info


def create_deployment(self, create):
    group = (self._get_param("applicationName"), self._get_param("deploymentGroupName"))
    for other in self.codedeploy_backend.deployments.values():
        other.run.advance()
        if (other.application_name, other.deployment_group_name) == group and other.run.status == "InProgress":
            message = f"The Deployment Group '{group[1]}' already has an active Deployment '{other.deployment_id}'"
            raise CodeDeployException("DeploymentLimitExceededException", message)
    identity = create(self).result["deploymentId"]
    deployment = self.codedeploy_backend.deployments.pop(identity)
    # Nobody has a deployment that could not be begun.
    identity = deployment.deployment_id = f"d-{uuid.uuid4().hex[:9].upper()}"
    deployment.run = Run(self.current_account, self.region, identity, self._get_params())
    self.codedeploy_backend.deployments[identity] = deployment
    deployment.run.advance()
    return ActionResult({"deploymentId": identity})


def list_deployments(self):
    """The newest first, by status and time of creation. The first page is empty and has a next one, which AWS may do:
    https://github.com/aws/aws-cli/issues/3298"""
    backend = self.codedeploy_backend
    names = self._get_param("applicationName"), self._get_param("deploymentGroupName")
    statuses, times = self._get_param("includeOnlyStatuses") or [], self._get_param("createTimeRange") or {}
    wanted = []
    for identity in backend.list_deployments(*names, None, None, {})[::-1]:
        run = backend.get_deployment(identity).run
        run.advance()
        if statuses and run.status not in statuses:
            continue
        if seconds(times.get("start"), run.created) <= run.created <= seconds(times.get("end"), run.created):
            wanted.append(identity)
    page = int(self._get_param("nextToken") or 0)
    listed = wanted[page - 1 : page] if page else []
    more = {"nextToken": str(page + 1)} if page < len(wanted) else {}
    return ActionResult({"deployments": listed, **more})


def seconds(time_, otherwise):
    """A time of a request, as seconds since 1970."""
    if time_ is None:
        return otherwise
    return time_.timestamp() if hasattr(time_, "timestamp") else float(time_)


def stop_deployment(self):
    """https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_StopDeployment.html"""
    run = self.codedeploy_backend.get_deployment(self._get_param("deploymentId")).run
    run.advance()
    if run.status != "InProgress":
        message = f"The deployment {run.identity} has already completed"
        raise CodeDeployException("DeploymentAlreadyCompletedException", message)
    run.fail("Stopped", "MANUAL_STOP", "The deployment was stopped by a user.")
    return ActionResult({"status": "Succeeded", "statusMessage": "The deployment was stopped."})


def put_lifecycle_event_hook_execution_status(self):
    """https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html"""
    status, hook = self._get_param("status"), self._get_param("lifecycleEventHookExecutionId")
    if status not in ("Succeeded", "Failed"):
        message = f"{status} is not a status that a hook may report"
        raise CodeDeployException("InvalidLifecycleEventHookExecutionStatusException", message)
    run = self.codedeploy_backend.get_deployment(self._get_param("deploymentId")).run
    run.hear(hook, status)
    run.advance()
    return ActionResult({"lifecycleEventHookExecutionId": hook})


def list_deployment_targets(self):
    run = self.codedeploy_backend.get_deployment(self._get_param("deploymentId")).run
    return ActionResult({"targetIds": [f"{run.function}:{run.alias}"]})


def get_deployment_target(self):
    run = self.codedeploy_backend.get_deployment(self._get_param("deploymentId")).run
    run.advance()
    function = {
        "functionName": run.function,
        "functionAlias": run.alias,
        "currentVersion": run.old,
        "targetVersion": run.new,
        "targetVersionWeight": float(run.percent),
    }
    target = {"deploymentId": run.identity, "targetId": f"{run.function}:{run.alias}", "lambdaFunctionInfo": function}
    return ActionResult({"deploymentTarget": {"deploymentTargetType": "LambdaTarget", "lambdaTarget": target}})


def patch():
    create = CodeDeployResponse.create_deployment
    responses._deployment_info = info(responses._deployment_info)
    CodeDeployResponse.create_deployment = locked(lambda self: create_deployment(self, create))
    CodeDeployResponse.list_deployments = locked(list_deployments)
    for operation in (
        stop_deployment,
        put_lifecycle_event_hook_execution_status,
        list_deployment_targets,
        get_deployment_target,
    ):
        setattr(CodeDeployResponse, operation.__name__, locked(operation))
    for name in ("get_deployment", "batch_get_deployments"):
        setattr(CodeDeployResponse, name, locked(getattr(CodeDeployResponse, name)))
