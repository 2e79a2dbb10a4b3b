"""`imagepipe` as it is typed, on a running place: the same template, queues and table as on AWS."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.errors import FAILURE_ATTRIBUTE, Failure
from contract.items import PARTITION_KEY, SORT_KEY
from contract.notifications import look_again
from contract.records import ImageRecord, Status
from contract.table import RECORD, index_rows, record_key
from operations.commands.reconcile import GRACE_SECONDS
from tests.conftest import RunningCloud

IMAGES = Path(__file__).resolve().parents[3] / "images"
FIRST = "2026-01-01T00:00:00.000Z"
PATIENCE_SECONDS = 60


class Operator:
    """Somebody at a terminal of the machine where the place runs."""

    def __init__(self, running: RunningCloud) -> None:
        self.running = running
        self.outputs = running.outputs
        self.table = running.clients.tables.Table(running.outputs.table)
        self.command = [str(Path(sys.executable).parent / "imagepipe")]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "IMAGEPIPE_LOCAL": "1",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*self.command, *arguments, "--directory", str(self.running.environment.directory)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environment,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE_SECONDS + GRACE_SECONDS)
        assert process.returncode == code, err
        return out

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code))

    def differences(self, prefix: str) -> dict[str, int]:
        told = self.json("reconcile", "--prefix", prefix, "--min-age", "0", code=1)
        return {kind: told[kind]["count"] for kind in ("missing", "stale", "orphaned", "orphaned_rows")}

    def upload(self, key: str, photo: str = "cat.jpg", *, distinct: bool = False) -> None:
        """Upload a photo; a distinct one ends with its key, so that nobody has seen its bytes."""
        body = (IMAGES / photo).read_bytes() + (key.encode() if distinct else b"")
        self.running.clients.s3.put_object(Bucket=self.outputs.bucket, Key=key, Body=body)

    def record(self, key: str) -> ImageRecord | None:
        at = record_key(key)
        found = self.table.get_item(Key={PARTITION_KEY: at.pk, SORT_KEY: at.sk}, ConsistentRead=True)
        return ImageRecord.from_item(found["Item"]) if "Item" in found else None

    def recognized(self, *keys: str, photo: str = "cat.jpg", distinct: bool = False) -> None:
        for key in keys:
            self.upload(key, photo, distinct=distinct)
        until(lambda: all(self.record(key) is not None for key in keys))

    def put_dead_letters(
        self, queue_url: str, keys: list[str], code: str | None = "ServiceUnavailable"
    ) -> None:
        for key in keys:
            failure = Failure("transient", code or "", "as arranged", "labels", (key,), 8, FIRST, FIRST)
            attributes: Any = {FAILURE_ATTRIBUTE: {"DataType": "String", "StringValue": failure.to_json()}}
            self.running.clients.sqs.send_message(
                QueueUrl=queue_url,
                MessageBody=look_again(self.outputs.bucket, [key], FIRST),
                MessageAttributes=attributes if code else {},
            )

    def visible(self, queue_url: str) -> int:
        name: Any = "ApproximateNumberOfMessages"
        told = self.running.clients.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[name])
        return int(told["Attributes"][name])


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def operator(running: RunningCloud) -> Iterator[Operator]:
    operator = Operator(running)
    yield operator
    for url in (running.outputs.dead_letter_queue_url, running.outputs.bulk_dead_letter_queue_url):
        running.clients.sqs.purge_queue(QueueUrl=url)


def test_dead_letters_are_counted_shown_and_left_where_they_are(operator: Operator) -> None:
    dead = operator.outputs.dead_letter_queue_url
    operator.put_dead_letters(dead, [f"ops/dead/{number}.jpg" for number in range(23)])
    operator.put_dead_letters(operator.outputs.bulk_dead_letter_queue_url, ["ops/dead/moved.jpg"], code=None)

    causes = {cause["cause"]: cause["count"] for cause in operator.json("dlq", "summary")["causes"]}
    letters = operator.run("dlq", "list", "--prefix", "ops/dead/", "--json").splitlines()
    (shown,) = operator.json("dlq", "show", "ops/dead/7.jpg")["letters"]

    assert causes == {"transient/ServiceUnavailable/labels": 23, "crash/NoVerdict": 1}
    assert len(letters) == 24
    assert (shown["detector"], shown["attempts"], shown["first_sent_at"]) == ("labels", 8, FIRST)
    assert operator.visible(dead) == 23


def test_a_redrive_makes_dead_letters_records(operator: Operator) -> None:
    operator.recognized("ops/redriven.jpg")
    at = record_key("ops/redriven.jpg")
    operator.table.delete_item(Key={PARTITION_KEY: at.pk, SORT_KEY: at.sk})
    operator.put_dead_letters(operator.outputs.dead_letter_queue_url, ["ops/redriven.jpg", "ops/other.jpg"])

    done = operator.json("dlq", "redrive", "--yes", "--prefix", "ops/redriven")

    assert (done["sent"], done["looked_at"]) == (1, 2)
    until(lambda: operator.record("ops/redriven.jpg") is not None)
    assert operator.visible(operator.outputs.dead_letter_queue_url) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_redrive_that_is_ended_half_way_loses_nothing(operator: Operator, how: signal.Signals) -> None:
    keys = [f"ops/{how.name}/{number}.jpg" for number in range(20)]
    dead = operator.outputs.dead_letter_queue_url
    operator.put_dead_letters(dead, keys)
    process = operator.start("dlq", "redrive", "--yes", "--rate", "4", "--json")
    until(lambda: sum_of(operator, dead) <= 16)

    process.send_signal(how)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)

    left = sum_of(operator, dead)
    assert 1 <= left <= 16
    if how is signal.SIGINT:
        assert process.returncode == 130, err
        assert json.loads(out)["sent"] == 20 - left
        assert operator.visible(dead) == left


def sum_of(operator: Operator, queue_url: str) -> int:
    told = operator.running.clients.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
    return sum(
        int(told["Attributes"][name])
        for name in ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    )


def test_reconcile_finds_and_fixes_what_was_lost(operator: Operator) -> None:
    keys = ["ops/lost/kept.jpg", "ops/lost/record gone.jpg", "ops/lost/ünï+%.jpg"]
    operator.recognized(*keys)
    at = record_key(keys[1])
    forgotten = operator.record(keys[1])
    assert forgotten is not None
    operator.table.delete_item(Key={PARTITION_KEY: at.pk, SORT_KEY: at.sk})
    ghost_record_of(operator, keys[0], "ops/lost/ghost.jpg")
    rows = len(index_rows(forgotten))
    mark_as_of_an_earlier_sweep(operator, forgotten)

    assert operator.differences("ops/lost/") == {
        "missing": 1,
        "stale": 0,
        "orphaned": 1,
        "orphaned_rows": rows,
    }
    told = operator.json("reconcile", "--prefix", "ops/lost/", "--min-age", "0", "--fix", "--yes")

    assert told["fixed"] == {
        "keys_queued": 2,
        "keys_not_taken": 0,
        "rows_removed": rows,
        "rows_left": 0,
        "renditions_removed": 0,
    }
    until(lambda: operator.record(keys[1]) is not None)
    until(lambda: status_of(operator, "ops/lost/ghost.jpg") is Status.DELETED)
    operator.run("reconcile", "--prefix", "ops/lost/", "--min-age", "0")


def ghost_record_of(operator: Operator, key: str, ghost: str) -> None:
    """Give a key that has no object the record of another."""
    record = operator.record(key)
    assert record is not None
    version = {**vars(record.version), "key": ghost}
    haunting = ImageRecord(**{**vars(record), "version": type(record.version)(**version)})
    at = record_key(ghost)
    item: Any = {PARTITION_KEY: at.pk, SORT_KEY: RECORD, **haunting.to_item()}
    operator.table.put_item(Item=item)


def mark_as_of_an_earlier_sweep(operator: Operator, record: ImageRecord) -> None:
    """Save the test the wait: as if a sweep had been interrupted while it waited."""
    for row in index_rows(record):
        operator.table.update_item(
            Key={PARTITION_KEY: row.at.pk, SORT_KEY: row.at.sk},
            UpdateExpression="SET suspected_at = :at",
            ExpressionAttributeValues={":at": int(time.time()) - 2 * GRACE_SECONDS},
        )


def status_of(operator: Operator, key: str) -> Status | None:
    record = operator.record(key)
    return record.status if record else None


def test_a_status_counts_records_calls_and_dead_letters(operator: Operator) -> None:
    operator.recognized("ops/status.jpg")
    operator.put_dead_letters(operator.outputs.dead_letter_queue_url, ["ops/status.jpg"])

    told = operator.json("status")

    assert told["dead_letters"] == {"images": 1, "bulk": 0}
    assert told["records"]["recognized"]["count"] >= 1
    # The photo may have been asked about before midnight.
    assert told["last_30_days"]["calls_made"] >= max(1, told["today"]["calls_made"])
    assert "Detector calls" in operator.run("status")
