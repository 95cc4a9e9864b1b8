"""The rules of aliases.

https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
"""

import json
import re
import time
import uuid
from urllib.parse import unquote

from moto.awslambda import urls
from moto.awslambda.models import LambdaAlias
from moto.awslambda.responses import LambdaResponse

from .refused import Refused, conflict, constraint, invalid, locked, missing, page, stale

NAME = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)"
VERSION = r"(\$LATEST|[0-9]+)"
# By region: every alias that was created or updated, in order.
MOVES = {}
# By region: how slowly AWS moves traffic after an update without weights, as it does with provisioned concurrency:
# {"seconds", "renewed": whether the alias gets a new revision when it is over}.
# https://github.com/hashicorp/terraform-provider-aws/pull/48116
SLOW = {}
# By region and function: {qualifier: {"Status", "StatusReason"}}.
PROVISIONED = {}


def version_of(backend, function, version):
    """A version that is there."""
    if not re.fullmatch(VERSION, version):
        raise constraint(version, "functionVersion", f"satisfy regular expression pattern: {VERSION}")
    if version == "$LATEST":
        return function
    found = backend._lambdas._get_version(function.function_name, version)
    if found is None:
        raise missing(f"Function not found: {function.function_arn}:{version}")
    return found


def weights_of(backend, function, version, config):
    """`AdditionalVersionWeights`, if AWS would take them: "a maximum of two Lambda function versions", "the same
    execution role", "the same dead-letter queue configuration", "both versions must be published"."""
    primary = version_of(backend, function, version)
    weights = (config or {}).get("AdditionalVersionWeights") or {}
    if len(weights) > 1:
        raise invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for additional, weight in weights.items():
        if not re.fullmatch("[0-9]+", additional):
            member = "routingConfig.additionalVersionWeights"
            raise constraint(additional, member, "satisfy regular expression pattern: [0-9]+")
        # The model allows 1.0; LocalStack's record of the service says that it is refused.
        if not 0.0 <= weight < 1.0:
            value = f"{{{additional}={weight}}}"
            raise constraint(value, "routingConfig.additionalVersionWeights", "have value between 0.0 and 1.0")
        if additional == version:
            raise invalid(
                f"Invalid function version {additional}. Function version {additional} is already included in routing "
                "configuration."
            )
        if version == "$LATEST":
            raise invalid("$LATEST is not supported for an alias pointing to more than 1 version")
        other = version_of(backend, function, additional)
        if primary.role != other.role:
            raise invalid("Function versions in routing configuration must have the same execution role.")
        if primary.dead_letter != other.dead_letter:
            raise invalid(
                "Function versions in routing configuration must have the same dead-letter queue configuration."
            )
    return weights


def put(backend, function_name, name, asked, create):
    """`CreateAlias` and `UpdateAlias`: every one of them gives a new revision, even where nothing changes."""
    storage = backend._lambdas
    function = storage.get_function_by_name_or_arn_forbid_qualifier(function_name)
    aliases = storage._get_function_aliases(function_name)
    if not re.fullmatch(NAME, name) or len(name) > 128:
        raise constraint(name, "name", f"satisfy regular expression pattern: {NAME}")
    arn = f"{function.function_arn}:{name}"
    alias = aliases.get(name)
    settle(backend, alias)
    if create and alias is not None:
        raise conflict(f"Alias already exists: {arn}")
    if not create and alias is None:
        raise missing(f"Cannot find alias arn: {arn}")
    if len(asked.get("Description") or "") > 256:
        raise constraint(asked["Description"], "description", "have length less than or equal to 256")
    if create:
        if not asked.get("FunctionVersion"):
            raise constraint("null", "functionVersion", "not be null")
        alias = LambdaAlias(
            backend.account_id, backend.region_name, name, function.function_name, asked["FunctionVersion"], "", None
        )
    elif asked.get("RevisionId") not in (None, alias.revision_id):
        raise stale()
    # What is left out stays; an empty map removes the weights.
    before = None if create else (alias.function_version, weights_now(alias))
    if getattr(alias, "moving", None) is not None:
        alias.routing_config = None
    version = asked.get("FunctionVersion") or alias.function_version
    config = asked["RoutingConfig"] if asked.get("RoutingConfig") is not None else alias.routing_config
    weights = weights_of(backend, function, version, config)
    alias.function_version = version
    alias.routing_config = {"AdditionalVersionWeights": weights} if weights else None
    if asked.get("Description") is not None:
        alias.description = asked["Description"]
    alias.revision_id = str(uuid.uuid4())
    alias.moving = None
    aliases[name] = alias
    if before is not None and not weights:
        move_slowly(backend, alias, *before)
    move = {"alias": f"{function.function_name}:{name}", "version": version, "weights": weights}
    MOVES.setdefault(backend.region_name, []).append(move)
    return alias


def weights_now(alias):
    return dict((alias.routing_config or {}).get("AdditionalVersionWeights") or {})


def move_slowly(backend, alias, left, weights):
    """What the version that the alias leaves had, it keeps for some time."""
    slow = SLOW.get(backend.region_name)
    if slow is None:
        return
    target = alias.function_version
    others = {**{left: 1.0 - sum(weights.values())}, **weights}
    had = {version: weight for version, weight in others.items() if version != target and weight > 0}
    if had:
        alias.routing_config = {"AdditionalVersionWeights": had}
        alias.moving = time.monotonic() + slow["seconds"]


def settle(backend, alias):
    """Ends what AWS moves, if it is time."""
    if alias is None or getattr(alias, "moving", None) is None or time.monotonic() < alias.moving:
        return
    alias.moving, alias.routing_config = None, None
    if SLOW.get(backend.region_name, {}).get("renewed"):
        alias.revision_id = str(uuid.uuid4())


def create_alias(self):
    asked = json.loads(self.body)
    function = unquote(self.path.rsplit("/", 2)[-2])
    alias = put(self.backend, function, asked.get("Name") or "", asked, create=True)
    return 201, {"status": 201}, json.dumps(alias.to_json())


def update_alias(self):
    _, function, _, name = self.path.rsplit("/", 3)
    alias = put(self.backend, unquote(function), unquote(name), json.loads(self.body), create=False)
    return 200, {"status": 200}, json.dumps(alias.to_json())


def get_alias(self):
    _, function, _, name = self.path.rsplit("/", 3)
    alias = self.backend.get_alias(name=unquote(name), function_name=unquote(function))
    settle(self.backend, alias)
    return 200, {"status": 200}, json.dumps(alias.to_json())


def list_aliases(self):
    function = unquote(self.path.split("/")[-2])
    aliases = self.backend.list_aliases(function)
    version = self._get_param("FunctionVersion")
    if version is not None:
        aliases = [alias for alias in aliases if version in versions_of(alias)]
    shown, marker = page(list(aliases), self._get_param("Marker"), self._get_param("MaxItems"))
    return 200, {}, json.dumps({"Aliases": [alias.to_json() for alias in shown], "NextMarker": marker})


def versions_of(alias):
    """The versions that an alias points or shifts to."""
    return {alias.function_version, *(alias.routing_config or {}).get("AdditionalVersionWeights", {})}


def delete_alias(self):
    """One that is not there is as good as deleted."""
    _, function, _, name = self.path.rsplit("/", 3)
    storage = self.backend._lambdas
    storage.get_function_by_name_or_arn_forbid_qualifier(unquote(function))
    storage._get_function_aliases(unquote(function)).pop(unquote(name), None)
    return 204, {"status": 204}, ""


def list_provisioned(self):
    """`ListProvisionedConcurrencyConfigs`, and `GetProvisionedConcurrencyConfig` of one qualifier."""
    name = unquote(self.path.rsplit("/", 2)[-2])
    function = self.backend._lambdas.get_function_by_name_or_arn_forbid_qualifier(name)
    found = PROVISIONED.get((self.region, function.function_name), {})
    shown = [
        {"FunctionArn": f"{function.function_arn}:{qualifier}", **config} for qualifier, config in found.items()
    ]
    if self._get_param("List") == "ALL":
        entries, marker = page(shown, self._get_param("Marker"), self._get_param("MaxItems"))
        return 200, {}, json.dumps({"ProvisionedConcurrencyConfigs": entries, "NextMarker": marker})
    qualifier = self._get_param("Qualifier")
    if qualifier not in found:
        raise Refused(
            404,
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
        )
    return 200, {}, json.dumps(found[qualifier])


def patch():
    LambdaResponse.list_provisioned_concurrency_configs = locked(list_provisioned)
    LambdaResponse.get_provisioned_concurrency_config = locked(list_provisioned)
    path = r"{0}/(?P<api_version>[^/]+)/functions/(?P<function_name>[\w_:%-]+)/provisioned-concurrency$"
    urls.url_paths[path] = LambdaResponse.dispatch
    LambdaResponse.delete_alias = locked(delete_alias)
    LambdaResponse.create_alias = locked(create_alias)
    LambdaResponse.update_alias = locked(update_alias)
    LambdaResponse.get_alias = locked(get_alias)
    LambdaResponse.list_aliases = locked(list_aliases)
