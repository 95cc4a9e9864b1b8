"""Step Functions: moto interprets a state machine, when it is told to."""

import json
import os
import uuid

import boto3
from moto.core.config import default_user_config

ROLE = "arn:aws:iam::123456789012:role/release"


def patch():
    default_user_config["stepfunctions"]["execute_state_machine"] = True


def client(region):
    return boto3.client(
        "stepfunctions",
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{os.environ['MOTO_PORT']}",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="example",
    )


def begin(region, told):
    """Begins an execution of a new state machine."""
    functions = client(region)
    name = f"release-{uuid.uuid4().hex[:8]}"
    machine = functions.create_state_machine(name=name, definition=told["definition"], roleArn=ROLE)
    asked = {"stateMachineArn": machine["stateMachineArn"], "name": name, "input": json.dumps(told["input"])}
    begun = functions.start_execution(**asked)
    return {"arn": begun["executionArn"]}


def told(region, arn):
    """How an execution stands, and what its tasks gave, in order."""
    functions = client(region)
    stands = functions.describe_execution(executionArn=arn)
    gave, token = [], {}
    while stands["status"] != "RUNNING":
        history = functions.get_execution_history(executionArn=arn, maxResults=1000, **token)
        exits = [event["stateExitedEventDetails"] for event in history["events"] if event["type"] == "TaskStateExited"]
        gave += [json.loads(exit["output"]) for exit in exits]
        if not history.get("nextToken"):
            break
        token = {"nextToken": history["nextToken"]}
    return {"status": stands["status"], "error": stands.get("error"), "cause": stands.get("cause"), "gave": gave}
