"""Smithy RPC v2 with CBOR, which today's CloudWatch SDKs speak, to and from the JSON that moto understands.

https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
"""

import datetime
import io
import json
import re

import cbor2
from moto.core.utils import get_service_model

PATH = re.compile("/service/GraniteServiceVersion20100801/operation/([A-Za-z]+)")


def translated(app):
    """An application that speaks CBOR too."""

    def speak(environ, start_response):
        path = PATH.fullmatch(environ.get("PATH_INFO", ""))
        if path is None or environ.get("HTTP_SMITHY_PROTOCOL") != "rpc-v2-cbor":
            return app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        asked = json.dumps(cbor2.loads(body) if body else {}, default=seconds).encode()
        inner = {
            **environ,
            "PATH_INFO": "/",
            "HTTP_X_AMZ_TARGET": f"GraniteServiceVersion20100801.{path[1]}",
            "CONTENT_TYPE": "application/x-amz-json-1.0",
            "CONTENT_LENGTH": str(len(asked)),
            "wsgi.input": io.BytesIO(asked),
        }
        said = {}

        def start(status, headers, exc_info=None):
            said["status"] = status

        answer = json.loads(b"".join(app(inner, start)) or b"{}")
        operation = get_service_model("cloudwatch").operation_model(path[1])
        if said["status"].startswith("2"):
            answer = shaped(answer, operation.output_shape)
        else:
            # moto says the code; the protocol wants the name of the model's shape.
            answer["__type"] = "com.amazonaws.cloudwatch#" + answer.get("__type", "").split("#")[-1]
        whole = cbor2.dumps(answer)
        headers = [("Content-Type", "application/cbor"), ("Content-Length", str(len(whole)))]
        start_response(said["status"], [("smithy-protocol", "rpc-v2-cbor"), *headers])
        return [whole]

    return speak


def seconds(value):
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    raise TypeError(f"{value!r} is nothing that CloudWatch takes")


def shaped(value, shape):
    """An answer of JSON with the types that its model gives: JSON does not know times, nor whole floats."""
    if value is None or shape is None:
        return value
    match shape.type_name:
        case "structure":
            members = shape.members
            return {name: shaped(part, members.get(name)) for name, part in value.items() if part is not None}
        case "list":
            return [shaped(part, shape.member) for part in value]
        case "map":
            return {name: shaped(part, shape.value) for name, part in value.items()}
        case "timestamp":
            return cbor2.CBORTag(1, float(value))
        case "float" | "double":
            return float(value)
        case _:
            return value
