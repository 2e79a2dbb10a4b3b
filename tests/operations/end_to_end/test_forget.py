"""`imagepipe forget` as it is typed, on a running place: afterwards nothing in it names the photo."""

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from contract.items import PARTITION_KEY, SORT_KEY
from contract.photos import PICTURE, rendition_prefix
from contract.table import CONTENT_PREFIX
from contract.tallies import COMPLETE
from tests.conftest import RunningCloud
from tests.end_to_end.test_counting import ask_the_tally
from tests.operations.end_to_end.test_imagepipe import Operator, until


@pytest.fixture
def operator(running: RunningCloud) -> Iterator[Operator]:
    operator = Operator(running)
    yield operator
    for url in (running.outputs.dead_letter_queue_url, running.outputs.bulk_dead_letter_queue_url):
        running.clients.sqs.purge_queue(QueueUrl=url)


def everything(operator: Operator) -> str:
    """Write all that the table and the bucket hold."""
    pages = operator.table.meta.client.get_paginator("scan").paginate(
        TableName=operator.outputs.table, ConsistentRead=True
    )
    items = [item for page in pages for item in page["Items"]]
    versions = operator.running.clients.s3.list_object_versions(Bucket=operator.outputs.bucket)
    listed = [*versions.get("Versions", []), *versions.get("DeleteMarkers", [])]
    return json.dumps([items, [entry["Key"] for entry in listed]], default=repr, ensure_ascii=False)


def content_of(operator: Operator, key: str) -> str:
    record = operator.record(key)
    assert record is not None
    return f"content#{record.version.content_id}"


def has_answers(operator: Operator, content: str) -> bool:
    found = operator.table.query(
        KeyConditionExpression=f"{PARTITION_KEY} = :pk",
        ExpressionAttributeValues={":pk": content},
        ConsistentRead=True,
    )["Items"]
    return any("answer" in item for item in found)


def is_named(operator: Operator, key: str) -> bool:
    found: Any = operator.table.query(
        KeyConditionExpression=f"{PARTITION_KEY} = :pk",
        ExpressionAttributeValues={":pk": content_of(operator, key)},
        ConsistentRead=True,
    )["Items"]
    return any(item.get("key") == key for item in found)


def renditions(operator: Operator, content: str) -> list[str]:
    """List what was made of a content."""
    prefix = rendition_prefix(content.removeprefix(CONTENT_PREFIX))
    listed = operator.running.clients.s3.list_objects_v2(
        Bucket=operator.outputs.renditions_bucket, Prefix=prefix
    )
    return [entry["Key"] for entry in listed.get("Contents", [])]


def picture_of(operator: Operator, content: str) -> Any:
    (found,) = operator.table.query(
        KeyConditionExpression=f"{PARTITION_KEY} = :pk AND begins_with({SORT_KEY}, :picture)",
        ExpressionAttributeValues={":pk": content, ":picture": f"{PICTURE}#"},
        ConsistentRead=True,
    )["Items"]
    return found


def test_renditions_go_with_their_answer_and_what_nobody_names_when_all_is_counted_anew(
    operator: Operator,
) -> None:
    operator.recognized("renditions/gone.jpg", "renditions/kept.jpg", distinct=True)
    gone, kept = (content_of(operator, f"renditions/{name}.jpg") for name in ("gone", "kept"))
    stays = renditions(operator, kept)
    assert len(renditions(operator, gone)) == len(stays) == 1

    answer = picture_of(operator, gone)
    operator.table.delete_item(Key={name: answer[name] for name in (PARTITION_KEY, SORT_KEY)})
    until(lambda: not renditions(operator, gone))

    s3, bucket = operator.running.clients.s3, operator.outputs.renditions_bucket
    orphans = [f"{kept.removeprefix(CONTENT_PREFIX)}/dead-worker/view.jpg", "nobodys-7/t1/thumbnail.webp"]
    for key in orphans:
        s3.put_object(Bucket=bucket, Key=key, Body=b"picture")
    answer = ask_the_tally(operator.running, {"recount": True, "cursor": None})
    assert answer["renditions_removed"] >= len(orphans)
    assert answer["cursor"] is None
    assert renditions(operator, kept) == stays
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="nobodys-7/")
    assert "Contents" not in listed


@pytest.mark.nightly
def test_nothing_names_a_forgotten_photo_and_others_keep_what_they_have(operator: Operator) -> None:
    mine, shared, other = "forget/mine é+&.jpg", "forget/shared.jpg", "kept/copy.jpg"
    operator.recognized(mine, distinct=True)
    operator.upload(mine, "dog.jpg", distinct=True)
    until(lambda: (record := operator.record(mine)) is not None and record.generation > 1)
    operator.recognized(shared, other, photo="owl.jpg")
    operator.put_dead_letters(operator.outputs.dead_letter_queue_url, [mine, other])
    until(lambda: all(is_named(operator, key) for key in (mine, shared, other)))
    contents = {key: content_of(operator, key) for key in (mine, shared)}
    assert COMPLETE.pk in everything(operator)
    stay = renditions(operator, contents[shared])
    assert stay
    assert renditions(operator, contents[mine])

    told = operator.json("forget", "--prefix", "forget/", "--yes")

    assert told["left"] == []
    assert told["found"]["records"] == 2
    assert told["found"]["messages"] == 1
    assert told["found"]["renditions"] == 1, "of the version before; the other is the record's as yet"
    there = everything(operator)
    assert "forget/" not in there
    assert other in there
    assert not has_answers(operator, contents[mine])
    assert has_answers(operator, contents[shared])
    assert (renditions(operator, contents[mine]), renditions(operator, contents[shared])) == ([], stay)
    assert operator.visible(operator.outputs.dead_letter_queue_url) == 1
    assert operator.json("forget", shared, "--yes")["found"]["records"] == 0


@pytest.mark.nightly
def test_who_stops_it_can_finish_later(operator: Operator) -> None:
    operator.recognized("forget-later/a.jpg", distinct=True)
    process = operator.start("forget", "--prefix", "forget-later/", "--yes")
    until(lambda: "forget-later/a.jpg" not in _alive(operator) or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err

    assert operator.json("forget", "--prefix", "forget-later/", "--yes")["left"] == []
    assert "forget-later/" not in everything(operator)


def _alive(operator: Operator) -> set[str]:
    listed = operator.running.clients.s3.list_objects_v2(
        Bucket=operator.outputs.bucket, Prefix="forget-later/"
    )
    return {entry["Key"] for entry in listed.get("Contents", [])}


def test_it_asks_what_is_meant_and_whether_it_is_meant(operator: Operator) -> None:
    operator.run("forget", "--yes", code=2)
    operator.run("forget", "a.jpg", "--prefix", "b", "--yes", code=2)
    operator.run("forget", "--prefix", "", "--yes", code=2)
    operator.run("forget", "a.jpg", code=2)
