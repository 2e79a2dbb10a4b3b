"""`imagepipe backfill --metadata` as it is typed, on a running place that reads photos' files."""

import json
import urllib.request

from contract.items import PARTITION_KEY, SORT_KEY
from contract.photos import PICTURE
from contract.table import record_key
from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_imagepipe import Operator, until


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


def test_a_record_that_is_older_than_its_facts_gets_them_and_no_detector_is_called(
    running: RunningCloud,
) -> None:
    operator = Operator(running)
    operator.recognized("metadata/old.jpg", distinct=True)
    record = operator.record("metadata/old.jpg")
    assert record is not None
    assert record.findings.photo is not None
    # As a release that did not read files has left it.
    at = record_key(record.key)
    operator.table.update_item(
        Key={PARTITION_KEY: at.pk, SORT_KEY: at.sk},
        UpdateExpression=f"REMOVE photo, detectors.{PICTURE}",
    )
    operator.table.delete_item(
        Key={
            PARTITION_KEY: f"content#{record.content_id}",
            SORT_KEY: f"{PICTURE}#{record.detectors[PICTURE]}",
        }
    )
    before = calls_under(operator, "metadata/")
    assert before > 0
    place = f"s3://{operator.outputs.bucket}/metadata/"
    planned = operator.json("plan", place)
    assert (planned["to_do"], planned["files_to_read"], planned["calls"]) == (1, 1, {})

    told = operator.json("backfill", place, "--metadata", "--yes")

    assert (told["queued"], told["would_cost"]) == (1, 0)
    until(lambda: (now := operator.record(record.key)) is not None and now.findings.photo is not None)
    now = operator.record(record.key)
    assert now is not None
    assert now.detectors == record.detectors
    assert now.findings.labels == record.findings.labels
    assert calls_under(operator, "metadata/") == before
    assert operator.json("backfill", place, "--metadata", "--yes")["queued"] == 0
