"""`imagepipe verify` as it is typed: all holds on a running place, and nothing of it is left."""

import json
import signal
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import pytest
from PIL import Image

from contract.table import RECORD
from local.cloud.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from operations.verifying.checks import HOSTILE
from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_imagepipe import PATIENCE_SECONDS, Operator, until

PREFIX = "imagepipe-verify/"


@pytest.fixture(scope="module")
def operator(running: RunningCloud) -> Operator:
    return Operator(running)


@pytest.fixture(scope="module")
def told(operator: Operator) -> Any:
    """Run all checks once, and remember which answers were there before."""
    before = contents(operator)
    return {**operator.json("verify", "--yes", code=0), "contents_before": before}


def calls_under(operator: Operator, prefix: str) -> int:
    """Count the calls that Rekognition accepted for objects under a prefix."""
    with urllib.request.urlopen(f"{operator.outputs.rekognition_url}/_local/calls") as answer:
        objects = json.load(answer)["objects"]
    return sum(
        count
        for counts in objects.values()
        for name, count in counts.items()
        if name.startswith(f"{operator.outputs.bucket}/{prefix}")
    )


def test_everything_holds(told: Any) -> None:
    assert [(check["name"], check["verdict"]) for check in told["checks"]] == [
        (name, "held")
        for name in (
            "completions arrive",
            "upload",
            "overwrite",
            "copy and rename",
            "delete",
            "hostile keys",
            "broken files",
            "answers",
            "completions",
        )
    ]


def test_it_costs_no_more_than_it_said(operator: Operator, told: Any) -> None:
    made = calls_under(operator, told["prefix"])

    assert 0 < made <= told["calls_at_most"]
    assert 0 < told["dollars_at_most"] < 0.1


def test_every_hostile_key_was_tried(told: Any) -> None:
    said = {check["name"]: check["said"] for check in told["checks"]}

    assert said["hostile keys"] == f"{len(HOSTILE) + 2} keys"


def client(operator: Operator, service: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=operator.outputs.endpoint_url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    )


def leftovers(operator: Operator) -> Counter[str]:
    """Count what any run has left: objects, answers, records that are no notes of deleted ones, queues."""
    clients, outputs = operator.running.clients, operator.outputs
    sns: Any = client(operator, "sns")
    versions = clients.s3.list_object_versions(Bucket=outputs.bucket, Prefix=PREFIX)
    table = items(operator)
    topics = sns.list_subscriptions_by_topic(TopicArn=outputs.topic_arn)["Subscriptions"]
    return Counter(
        objects=len(versions.get("Versions", []) + versions.get("DeleteMarkers", [])),
        records=sum(is_alive_record(item) for item in table),
        rows=sum(is_row(item) for item in table),
        queues=len(clients.sqs.list_queues(QueueNamePrefix="imagepipe-verify").get("QueueUrls", [])),
        subscriptions=sum("imagepipe-verify" in topic["Endpoint"] for topic in topics),
    )


def is_alive_record(item: Any) -> bool:
    return bool(str(item["pk"]).startswith(f"image#{PREFIX}") and item["status"] != "deleted")


def is_row(item: Any) -> bool:
    return bool(str(item["pk"]).startswith("index#") and str(item["key"]).startswith(PREFIX))


NOTHING = Counter(objects=0, records=0, rows=0, queues=0, subscriptions=0)


def test_nothing_of_it_is_left(operator: Operator, told: Any) -> None:
    assert told["left"] == []
    assert leftovers(operator) == NOTHING

    assert contents(operator) <= told["contents_before"] | contents_of_others(operator)


def contents(operator: Operator) -> set[str]:
    """Name the bytes of which there are answers."""
    return {str(item["pk"]) for item in items(operator) if "answer" in item}


def contents_of_others(operator: Operator) -> set[str]:
    """Name the bytes that the records of other photos are about."""
    return {f"content#{item['etag']}-{item['size_bytes']}" for item in items(operator) if is_of_another(item)}


def is_of_another(item: Any) -> bool:
    return item["sk"] == RECORD and not str(item["key"]).startswith(PREFIX)


def items(operator: Operator) -> list[Any]:
    pages = operator.table.meta.client.get_paginator("scan").paginate(
        TableName=operator.outputs.table, ConsistentRead=True
    )
    return [item for page in pages for item in page["Items"]]


def test_without_patience_it_fails_says_what_was_missing_and_cleans_up(operator: Operator) -> None:
    done = operator.json("verify", "--yes", "--patience", "0", code=1)

    verdicts = [check["verdict"] for check in done["checks"]]
    assert verdicts == ["failed", *["left out"] * (len(verdicts) - 1)]
    assert "a completion of" in done["checks"][0]["said"]
    assert done["left"] == []
    assert leftovers(operator) == NOTHING


def test_ctrl_c_stops_it_and_it_cleans_up(operator: Operator) -> None:
    process = operator.start("verify", "--yes")
    until(lambda: leftovers(operator)["records"] > 0)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 130, err
    assert "not all made" in err
    assert leftovers(operator) == NOTHING


def test_what_a_killed_run_has_left_is_removed_by_clean(operator: Operator) -> None:
    process = operator.start("verify", "--yes")
    until(lambda: leftovers(operator)["records"] > 0)
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    left = leftovers(operator)
    assert left["objects"] > 0
    assert (left["queues"], left["subscriptions"]) == (1, 1)

    assert operator.json("verify", "--clean", "--yes") == {"left": []}

    assert leftovers(operator) == NOTHING


def test_a_pipeline_that_breaks_a_promise_is_told(operator: Operator, tmp_path: Path) -> None:
    """Photos that Rekognition refuses: the upload does not hold, and what rests on it is left out."""
    bad = tmp_path / "tiny.jpg"
    Image.new("RGB", (40, 40)).save(bad)

    done = operator.json("verify", "--yes", "--photos", str(tmp_path), code=1)

    found = {check["name"]: (check["verdict"], check["said"]) for check in done["checks"]}
    assert found["completions arrive"][0] == "held"
    assert found["upload"][0] == "failed"
    assert "rejected" in found["upload"][1]
    assert found["overwrite"] == ("left out", "upload has failed")
