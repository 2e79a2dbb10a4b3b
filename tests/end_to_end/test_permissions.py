"""Every permission that a function has, used by its code on the running stack, and no call without one.

The local cloud decides each call by the synthesized policies and writes it down (local/cloud/permissions.py).
What was written down is `tests/infra/calls.json`, which tests/infra/test_permissions.py holds against the
policies: so a permission that nothing uses fails there, and a call without one fails here.
"""

import hashlib
import json
import os
import time
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import boto3
import pytest

from aws.retries import RetryPolicy
from contract.detectors import DEFAULT_DETECTORS, OPERATIONS
from contract.notifications import look_again
from contract.photos import PICTURE
from infra.bundles import ROOT
from local.cloud.assembly import STACK_NAME
from local.cloud.permissions import ENFORCE, RequestedAction, recorded_calls
from processors.adapters.messaging import SqsQueues
from processors.messages import Message
from tests.conftest import RunningCloud
from tests.end_to_end.conftest import PATIENCE_SECONDS, Site, function_of
from tests.end_to_end.test_counting import ask_the_tally
from tests.infra.test_permissions import FUNCTIONS, RECORDED

pytestmark = pytest.mark.skipif(
    ENFORCE not in os.environ, reason="IAM is not enforced here: make permissions does that"
)
WRITTEN = ROOT / "build" / "reference" / "calls.json"
NOBODYS = "2026-01-01T00:00:00.000Z"


@pytest.fixture(scope="module")
def used(site: Site, photos: Path) -> Site:
    """The site, after everything was done that makes a function call something."""
    cat = (photos / "cat.jpg").read_bytes() + b"permissions"
    site.put("permissions/cat.jpg", cat)
    site.completions(["permissions/cat.jpg"])
    wait_in_both_lanes(site, cat)
    give_up_in_both_lanes(site)
    encrypt_as_a_caller(site, cat)
    ask_everything(site)
    upload_by_the_api(site, cat + b"uploaded")
    ask_the_tally(site.running, {"recount": True, "cursor": None})
    ask_the_tally(site.running, {"audit": "now"})
    requeue_with_the_processors_rights(site.running)
    lose_an_answer(site, cat + b"uploaded")
    site.running.clients.s3.delete_object(Bucket=site.bucket, Key="permissions/cat.jpg")
    site.completions(["permissions/cat.jpg"], status="deleted")
    return site


def wait_in_both_lanes(site: Site, cat: bytes) -> None:
    """Let Rekognition refuse for a while: messages are handed back, claims on calls released."""
    site.rekognition("settings", {"rates": {"DetectLabels": 1}})
    keys = [f"permissions/burst/{number}.jpg" for number in range(3)]
    bulk = [f"permissions/bulk/{number}.jpg" for number in range(2)]
    for number, key in enumerate([*keys, *bulk]):
        site.put(key, cat + bytes([number]))
    body = look_again(site.bucket, bulk, NOBODYS)
    site.running.clients.sqs.send_message(QueueUrl=site.running.outputs.bulk_queue_url, MessageBody=body)
    site.completions([*keys, *bulk])
    site.rekognition("settings", {"rates": {"DetectLabels": None}})


def give_up_in_both_lanes(site: Site) -> None:
    outputs = site.running.outputs
    for url in (outputs.queue_url, outputs.bulk_queue_url):
        site.running.clients.sqs.send_message(QueueUrl=url, MessageBody="no message of ours")


def encrypt_as_a_caller(site: Site, cat: bytes) -> None:
    """Put an object that even a HEAD is refused for: the owner of the account can, no function could."""
    site.running.clients.s3.put_object(
        Bucket=site.bucket, Key="permissions/theirs.jpg", Body=cat,
        SSECustomerAlgorithm="AES256", SSECustomerKey="k" * 32,
    )  # fmt: skip
    body = look_again(site.bucket, ["permissions/theirs.jpg"], NOBODYS)
    site.running.clients.sqs.send_message(QueueUrl=site.running.outputs.queue_url, MessageBody=body)
    site.completions(["permissions/theirs.jpg"])


def ask_everything(site: Site) -> None:
    for parameters in ({}, {"label": "Cat"}, {"label": "Cat", "order": "confidence"}, {"limit": 1}):
        assert site.get("/images", **parameters)[0] == 200
    for path in ("/labels", "/stats", "/health"):
        assert site.get(path)[0] == 200
    record = site.record("permissions/cat.jpg")
    for url in (record["url"], record["thumbnail_url"]):
        with urlopen(url) as answer:
            assert answer.read()


def upload_by_the_api(site: Site, photo: bytes) -> None:
    asked = {
        "key": "permissions/uploaded.jpg",
        "content_type": "image/jpeg",
        "size_bytes": len(photo),
        "sha256": b64encode(hashlib.sha256(photo).digest()).decode(),
    }
    headers = {"content-type": "application/json"}
    url = f"{site.running.outputs.api_url}/uploads"
    with urlopen(Request(url, json.dumps(asked).encode(), headers)) as answer:
        upload = json.load(answer)
    urlopen(Request(upload["url"], photo, upload["headers"], method="PUT")).close()
    site.completions(["permissions/uploaded.jpg"])


def lose_an_answer(site: Site, photo: bytes) -> None:
    """Remove what a picture's file says, as its expiry does: the tally removes its renditions."""
    table = site.running.clients.tables.Table(site.running.outputs.table)
    content = f"content#{hashlib.md5(photo).hexdigest()}-{len(photo)}"
    items = table.query(
        KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": content}
    )["Items"]  # fmt: skip
    (picture,) = [each for each in items if str(each["sk"]).startswith(f"{PICTURE}#")]
    table.delete_item(Key={"pk": picture["pk"], "sk": picture["sk"]})
    renditions = site.running.outputs.renditions_bucket
    site.running.clients.s3.delete_object(Bucket=site.bucket, Key="permissions/uploaded.jpg")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(call.action == "s3:DeleteObject" for call in calls_of(site.running)):
        assert time.monotonic() < deadline, f"the tally removes nothing from {renditions}"
        time.sleep(0.2)


def requeue_with_the_processors_rights(running: RunningCloud) -> None:
    """Send a message anew, which the processor does after hundreds of receives, with its role's credentials.

    MiniStack derives them from the ARNs of function and role (ministack.core.lambda_runtime).
    """
    outputs = running.outputs
    places = {
        outputs.queue_url: outputs.dead_letter_queue_url,
        outputs.bulk_queue_url: outputs.bulk_dead_letter_queue_url,
    }
    client = boto3.client("sqs", **role_of(running, FUNCTIONS["processor"]))
    queues = SqsQueues(client, places, RetryPolicy(1, 0, 0))
    for url in places:
        name = urlsplit(url).path.rpartition("/")[2]
        queues.requeue(Message("1", "no message of ours", 1, "", name, 0.0), 0)


def role_of(running: RunningCloud, part: str) -> dict[str, Any]:
    own: dict[str, Any] = {
        "endpoint_url": running.outputs.endpoint_url,
        "region_name": running.outputs.region,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
    found = boto3.client("lambda", **own).get_function_configuration(FunctionName=function_of(running, part))
    digest = hashlib.sha256(f"{found['FunctionArn']}:{found['Role']}".encode()).hexdigest()
    return own | {
        "aws_access_key_id": f"ASIA{digest[:16].upper()}",
        "aws_secret_access_key": hashlib.sha256(f"secret:{digest}".encode()).hexdigest(),
        "aws_session_token": hashlib.sha256(f"token:{digest}".encode()).hexdigest(),
    }


def calls_of(running: RunningCloud) -> set[RequestedAction]:
    return recorded_calls(running.environment.calls_file)


def recorded(
    running: RunningCloud, functions: Mapping[str, str] = FUNCTIONS
) -> Mapping[str, Mapping[str, list[str]]]:
    """Give what was written down, with the functions' names and the logical ids of what they asked for."""
    resources = running.clients.cloudformation.describe_stack_resources(StackName=STACK_NAME)
    logical = {
        each["PhysicalResourceId"].rpartition("/")[2].rpartition(":")[2]: each["LogicalResourceId"]
        for each in resources["StackResources"]
    }
    found: dict[str, dict[str, set[str]]] = {function: {} for function in functions}
    for call in calls_of(running):
        function = next((name for name, part in functions.items() if part in call.function), None)
        if function is None or call.function not in logical:
            continue  # the operator's function (tests/infra/test_operator.py), or one of another stack
        name, slash, below = call.resource.rpartition(":")[2].removeprefix("table/").partition("/")
        found[function].setdefault(call.action, set()).add(f"{logical[name]}{slash}{below}")
    return {
        function: {action: sorted(on) for action, on in sorted(actions.items())}
        for function, actions in found.items()
    }


def test_no_function_was_refused_anything(used: Site) -> None:
    assert [call for call in calls_of(used.running) if not call.is_allowed] == []


def test_what_functions_call_is_what_was_written_down(used: Site) -> None:
    said = json.dumps(recorded(used.running), indent=1) + "\n"
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN.write_text(said)

    assert said == RECORDED.read_text(), (
        "if it is meant to change: cp build/reference/calls.json tests/infra/"
    )


def test_rekognition_was_asked_for_what_the_processor_may_ask(used: Site) -> None:
    """It asks for no permission here: its own counts are held against what the role is granted."""
    asked = {name for name, counts in used.rekognition("calls")["operations"].items() if counts["accepted"]}

    assert asked == {OPERATIONS[name] for name in DEFAULT_DETECTORS}
