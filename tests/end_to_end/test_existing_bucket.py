"""A second stack in the same account, on a bucket that was there before, with notifications of its own.

MiniStack tells EventBridge as S3 does, but without `version-id`: so the bucket here has no versions. What
versions mean on this way is in tests/processors/test_traps_by_event_bridge.py.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from contract.records import Status
from local.cloud.assembly import local_context, synthesize
from local.cloud.deployment import delete_stack, deploy
from local.cloud.environment import Outputs
from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_imagepipe import IMAGES, Operator, until

# A stack of its own.
pytestmark = pytest.mark.nightly
BUCKET, STACK = "holiday-photos", "on-existing"
BEFORE = "2026/before.jpg"
CONTEXT = {
    "stack": STACK,
    "bucket": BUCKET,
    "bucket_prefix": "2026/",
    "bucket_suffixes": ".jpg,.JPG",
    "pictures": False,
    "uploads": False,
    "detectors": "labels",
    "max_concurrency": 2,
}


@pytest.fixture(scope="module")
def configuration(running: RunningCloud) -> dict[str, Any]:
    """A bucket with what its owner has set: notifications for somebody else, and EventBridge."""
    s3, sqs = running.clients.s3, running.clients.sqs
    url = sqs.create_queue(QueueName="of-somebody-else")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": filled_by_s3(arn)})
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key=BEFORE, Body=(IMAGES / "owl.jpg").read_bytes())
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={
            "QueueConfigurations": [{"Id": "theirs", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}],
            "EventBridgeConfiguration": {},
        },
    )
    return of_bucket(running)


def filled_by_s3(queue: str) -> str:
    """Return the policy of a queue that S3 may send to; without it, S3 refuses to name it."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def of_bucket(running: RunningCloud) -> dict[str, Any]:
    """Return all that is set on the bucket."""
    s3 = running.clients.s3
    found: dict[str, Any] = dict(s3.get_bucket_notification_configuration(Bucket=BUCKET))
    found.pop("ResponseMetadata")
    for read in ("policy", "cors", "lifecycle_configuration"):
        try:
            found[read] = getattr(s3, f"get_bucket_{read}")(Bucket=BUCKET)
        except s3.exceptions.ClientError as error:
            found[read] = error.response["Error"]["Code"]
    return found


@pytest.fixture(scope="module")
def operator(
    running: RunningCloud, configuration: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """Whoever looks after the stack on that bucket, beside the one on a bucket of its own."""
    _, given = deploy(running.clients, synthesize(local_context(CONTEXT))[0])
    outputs = Outputs.of(running.environment, given)
    place = replace(running.environment, directory=tmp_path_factory.mktemp("existing"))
    outputs.write(place)
    operator = Operator(replace(running, environment=place, outputs=outputs))
    operator.environment["XDG_STATE_HOME"] = str(place.directory)
    yield operator
    delete_stack(running.clients, STACK)
    assert of_bucket(running) == configuration, "nothing of it is changed, and nothing stays behind"


def put(operator: Operator, key: str, photo: str = "dog.jpg") -> None:
    body = (IMAGES / photo).read_bytes()
    operator.running.clients.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def test_a_photo_is_recognized_and_deleted(operator: Operator) -> None:
    key = "2026/ein Löwe + 1.JPG"
    put(operator, key)

    until(lambda: operator.record(key) is not None)
    record = operator.record(key)
    assert record is not None
    assert "Dog" in record.findings.labels
    operator.running.clients.s3.delete_object(Bucket=BUCKET, Key=key)

    until(lambda: is_deleted(operator, key))


def is_deleted(operator: Operator, key: str) -> bool:
    record = operator.record(key)
    return record is not None and record.status is Status.DELETED


def test_what_was_there_before_is_backfilled_and_what_is_not_meant_is_not_missing(
    operator: Operator,
) -> None:
    for key in ("2025/a.jpg", "2026/notes.txt", "2026/a.jpg"):
        put(operator, key)
    until(lambda: operator.record("2026/a.jpg") is not None)
    planned = operator.json("plan", f"s3://{BUCKET}/")
    done = operator.json("backfill", f"s3://{BUCKET}/", "--yes")
    until(lambda: operator.record(BEFORE) is not None)

    assert (planned["objects"], planned["to_do"], done["queued"]) == (2, 1, 1)
    found = operator.json("reconcile", "--min-age", "0")
    assert (found["objects"], found["heads"]) == (2, 2)
    assert operator.record("2025/a.jpg") is None
    assert operator.record("2026/notes.txt") is None


def test_the_stack_beside_it_is_not_told(operator: Operator, running: RunningCloud) -> None:
    put(operator, "2026/theirs.jpg", "cat.jpg")
    until(lambda: operator.record("2026/theirs.jpg") is not None)

    beside = Operator(running)
    assert beside.record("2026/theirs.jpg") is None
    assert operator.json("dlq", "summary")["causes"] == []
