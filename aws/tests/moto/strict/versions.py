"""The rules of code and versions.

https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
"""

import copy
import json
import time
import uuid
from urllib.parse import unquote

from moto.awslambda.models import LambdaFunction, LambdaStorage
from moto.awslambda.responses import LambdaResponse

from .aliases import versions_of
from .refused import conflict, invalid, locked, missing, page, stale

# How long new code and new versions are pending: "the function's LastUpdateStatus", "the version's State".
# https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
SETTLING = 0.2

# (region, function, version) of versions that Lambda@Edge holds copies of.
REPLICATED = set()


def patch():
    begin = LambdaFunction.__init__
    configuration = LambdaFunction.get_configuration
    delete = LambdaStorage.del_function

    def init(self, account_id, spec, region, version=1):
        begin(self, account_id, spec, region, version)
        self.dead_letter = (spec.get("DeadLetterConfig") or {}).get("TargetArn")
        self.revision_id = str(uuid.uuid4())
        self.settled = 0.0
        self.updating = False
        # What AWS shows instead: State, StateReasonCode, StateReason, LastUpdateStatus and so on.
        self.condition = None
        # The condition of every version that is published.
        self.outcome = None

    def get_configuration(self, on_create=False):
        applied(self)
        shown = configuration(self, on_create)
        shown["RevisionId"] = self.revision_id
        if self.dead_letter:
            shown["DeadLetterConfig"] = {"TargetArn": self.dead_letter}
        if time.monotonic() < self.settled:
            published = self.version != "$LATEST"
            shown["State" if published else "LastUpdateStatus"] = "Pending" if published else "InProgress"
        else:
            shown.update(self.condition or {})
        return shown

    def publish_version(self, name_or_arn, description=""):
        """ "Lambda doesn't publish a version if the function's configuration and code haven't changed since the last
        version." A number is never given twice."""
        latest = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
        group = self._functions[latest.function_name]
        newest = group["versions"][-1] if group["versions"] else None
        if newest is not None and newest.version == group["last"] and content(newest) == content(latest):
            return newest
        group["last"] = group.get("last", 0) + 1
        version = copy.copy(latest)
        version.set_version(group["last"])
        version.description = description or version.description
        version.revision_id = str(uuid.uuid4())
        version.settled = time.monotonic() + SETTLING
        version.updating, version.condition = False, latest.outcome
        # "publish_version changes the revision id of $LATEST", as AWS's answers show:
        # https://github.com/localstack/localstack/blob/master/tests/aws/services/lambda_/test_lambda_api.py
        latest.revision_id = str(uuid.uuid4())
        group["versions"].append(version)
        self._arns[version.function_arn] = version
        return version

    LambdaFunction.__init__ = init
    LambdaFunction.get_configuration = get_configuration
    LambdaStorage.publish_version = publish_version
    LambdaResponse.publish_version = locked(publish)
    LambdaResponse.update_function_code = locked(update_function_code)
    LambdaResponse.list_versions_by_function = locked(list_versions)
    LambdaResponse.delete_function = locked(lambda self: delete_function(self, delete))


def content(version):
    """What makes a version another one."""
    return (
        version.code_sha_256,
        version.role,
        version.dead_letter,
        version.handler,
        version.run_time,
        version.memory_size,
        version.timeout,
        version.environment_vars,
    )


def publish(self):
    """`PublishVersion` with its guards `CodeSha256` and `RevisionId`."""
    name = unquote(self.path.split("/")[-2])
    asked = json.loads(self.body or "{}")
    latest = self.backend._lambdas.get_function_by_name_or_arn_forbid_qualifier(name)
    settled(latest)
    if asked.get("CodeSha256") not in (None, latest.code_sha_256):
        raise invalid(
            f"CodeSHA256 ({asked['CodeSha256']}) is different from current CodeSHA256 in $LATEST "
            f"({latest.code_sha_256}). Please try again with the CodeSHA256 in $LATEST."
        )
    if asked.get("RevisionId") not in (None, latest.revision_id):
        raise stale()
    version = self.backend.publish_version(name, asked.get("Description") or "")
    return 201, {"status": 201}, json.dumps(version.get_configuration())


def update_function_code(self):
    """`UpdateFunctionCode`, refused while another update is under way; `DryRun` changes nothing."""
    name = unquote(self.path.rsplit("/", 2)[-2])
    asked = self.json_body
    latest = self.backend._lambdas.get_function_by_name_or_arn_forbid_qualifier(name)
    settled(latest)
    if asked.get("RevisionId") not in (None, latest.revision_id):
        raise stale()
    target = copy.copy(latest) if asked.get("DryRun") else latest
    target._set_function_code({key: value for key, value in asked.items() if key != "DryRun"})
    if not asked.get("DryRun"):
        latest.revision_id = str(uuid.uuid4())
        latest.settled = time.monotonic() + SETTLING
        latest.updating, latest.condition = True, None
    if asked.get("Publish") and not asked.get("DryRun"):
        target = self.backend.publish_version(name)
    return 200, {}, json.dumps(target.get_configuration())


def applied(function):
    """That an update is applied gives the function another revision."""
    if function.updating and time.monotonic() >= function.settled:
        function.updating = False
        function.revision_id = str(uuid.uuid4())


def settled(function):
    applied(function)
    told = (function.condition or {}).get("LastUpdateStatus")
    if time.monotonic() < function.settled or told == "InProgress":
        raise conflict(
            "The operation cannot be performed at this time. An update is in progress for resource: "
            f"{function.function_arn}"
        )


def list_versions(self):
    """`$LATEST` first, at most 50 on a page."""
    name = unquote(self.path.split("/")[-2])
    self.backend._lambdas.get_function_by_name_or_arn_forbid_qualifier(name)
    versions = [version.get_configuration() for version in self.backend.list_versions_by_function(name)]
    shown, marker = page(versions, self._get_param("Marker"), self._get_param("MaxItems"))
    return json.dumps({"Versions": shown, "NextMarker": marker})


def delete_function(self, delete):
    """`DeleteFunction`; without a qualifier AWS deletes everything.

    A version that an alias uses cannot be deleted (409), nor one that Lambda@Edge has copies of (400):
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-edge-delete-replicas.html
    """
    name = unquote(self.path.rsplit("/", 1)[-1])
    qualifier = self._get_param("Qualifier")
    bare = name.rsplit("function:", 1)[-1]
    if ":" in bare:
        bare, qualifier = bare.split(":")
    storage = self.backend._lambdas
    function = storage.get_function_by_name_or_arn_forbid_qualifier(bare)
    if qualifier == "$LATEST":
        raise invalid("$LATEST version cannot be deleted without deleting the function.")
    if qualifier is not None:
        if not qualifier.isdigit():
            raise invalid("Deletion of aliases is not currently supported.")
        if storage._get_version(function.function_name, qualifier) is None:
            raise missing(f"Function not found: {function.function_arn}:{qualifier}")
        if (self.region, bare, qualifier) in REPLICATED:
            raise invalid(
                f"Lambda was unable to delete {function.function_arn}:{qualifier} because it is a replicated function. "
                "Please see our documentation for Deleting Lambda@Edge Functions and Replicas."
            )
        users = [alias.name for alias in storage.list_aliases(bare) if qualifier in versions_of(alias)]
        if users:
            raise conflict(
                f"Version {qualifier} of {function.function_arn} is in use by aliases: [{', '.join(users)}]. Remove the "
                "version from its aliases before deleting it."
            )
    delete(storage, bare, qualifier)
    return 204, {"status": 204}, ""
