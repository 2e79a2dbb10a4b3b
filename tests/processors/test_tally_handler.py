"""The whole tally Lambda, on DynamoDB in this process."""

import json
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from contract.errors import ConfigurationError, SettingsError
from contract.items import from_wire, key_to_wire, to_wire
from contract.photos import PICTURE
from contract.results import Result, ResultName
from contract.table import record_key, result_key
from contract.tallies import STATUS_COUNTS, read_counts
from processors import counting_wiring as tally_wiring
from tests.processors.rendition_world import CALLED_AT, a_removal, facts
from tests.processors.test_conformance import create_table
from tests.processors.test_tallying import cat, stream_event

CONTEXT = SimpleNamespace(
    function_name="tally",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-central-1:000000000000:function:tally",
    aws_request_id="the-request",
    get_remaining_time_in_millis=lambda: 60_000,
)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A table with the record of one cat."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "TABLE_NAME": "images",
        # Powertools keeps one logger a service, with the output of the test that came first.
        "POWERTOOLS_SERVICE_NAME": request.node.name,
        "POWERTOOLS_METRICS_NAMESPACE": "imagepipe",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb")
        create_table(client, "images")
        item = {**to_wire(cat("a.jpg").to_item()), **key_to_wire(record_key("a.jpg"))}
        client.put_item(TableName="images", Item=item)
        yield client


def recognized(table: Any) -> int:
    item = table.get_item(TableName="images", Key=key_to_wire(STATUS_COUNTS)).get("Item", {})
    return read_counts(from_wire(item)).get("recognized", 0)


def test_changes_go_in_and_counts_and_a_line_of_metrics_come_out(
    table: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    handler = tally_wiring.build()
    assert handler(stream_event(["a.jpg"]), CONTEXT) == {"changed": 1}
    assert handler(stream_event(["a.jpg"]), CONTEXT) == {"changed": 0}

    assert recognized(table) == 1
    metrics = [json.loads(limiter) for limiter in capsys.readouterr().out.splitlines()]
    assert [limiter["ImagesTallied"] for limiter in metrics] == [[1], [0]]


def test_a_recount_is_asked_for_by_name(table: Any) -> None:
    answer = tally_wiring.build()({"recount": True, "cursor": None}, CONTEXT)

    assert answer == {"looked_at": 1, "changed": 1, "passed_over": 0, "cursor": None}
    assert recognized(table) == 1


@pytest.fixture
def audited(table: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bucket beside the table, two hours after what is put into it."""
    sqs, s3 = boto3.client("sqs"), boto3.client("s3")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("live", "dead", "bulk", "bulk-dead")]
    s3.create_bucket(Bucket="photos", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    monkeypatch.setenv("BUCKET_NAME", "photos")
    monkeypatch.setenv("LIVE_QUEUE_URLS", ",".join(urls[:2]))
    monkeypatch.setenv("BULK_QUEUE_URLS", ",".join(urls[2:]))
    monkeypatch.setattr(tally_wiring, "time", SimpleNamespace(time=lambda: time.time() + 7200))
    return s3


def test_the_schedule_asks_for_an_audit_and_a_photo_without_a_record_is_a_metric_and_a_line(
    audited: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    audited.put_object(Bucket="photos", Key="ä dropped+.jpg", Body=b"JPEG")

    answer = tally_wiring.build()({"audit": "due"}, CONTEXT)

    assert answer["photos_without_their_record"] == 1
    lines = [json.loads(limiter) for limiter in capsys.readouterr().out.splitlines()]
    assert [limiter["DifferencesFound"] for limiter in lines if "DifferencesFound" in limiter] == [[1]]
    assert [limiter["some_keys"] for limiter in lines if "some_keys" in limiter] == [["ä dropped+.jpg"]]


def test_an_audit_of_a_deployment_that_has_none_says_how_to_have_it(table: Any) -> None:
    with pytest.raises(ConfigurationError, match="daily_check=true"):
        tally_wiring.build()({"audit": "now"}, CONTEXT)


@pytest.fixture
def renditions(table: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bucket with the renditions of an answer that stands, and of one that is gone."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="renditions", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for maker in ("t1", "t2"):
        s3.put_object(Bucket="renditions", Key=f"c1-7/{maker}/view.jpg", Body=b"JPEG")
    name = ResultName("c1-7", PICTURE, "f1")
    answer = Result(name, facts("t2"), CALLED_AT).to_item()
    table.put_item(TableName="images", Item=to_wire(result_key(name)._asdict() | answer))
    monkeypatch.setenv("RENDITIONS_BUCKET", "renditions")
    return s3


def keys_in(s3: Any) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket="renditions").get("Contents", [])]


def test_an_answer_that_is_gone_takes_its_renditions_along_beside_whatever_is_counted(
    renditions: Any,
) -> None:
    event = stream_event(["a.jpg"])
    event["Records"].append(a_removal(ResultName("c1-7", PICTURE, "f0")))
    handler = tally_wiring.build()

    assert handler(event, CONTEXT) == {"changed": 1, "renditions_removed": 1}
    assert handler(event, CONTEXT) == {"changed": 0, "renditions_removed": 0}
    assert keys_in(renditions) == ["c1-7/t2/view.jpg"]


def test_a_recount_ends_with_the_renditions_and_goes_on_among_them(
    renditions: Any, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = tally_wiring.build()
    monkeypatch.setattr(CONTEXT, "get_remaining_time_in_millis", lambda: 0)
    event: dict[str, Any] = {"recount": True, "cursor": None}
    answers: list[dict[str, Any]] = []
    while not answers or event["cursor"]:
        answers.append(handler(event, CONTEXT))
        event["cursor"] = json.loads(json.dumps(answers[-1]["cursor"]))

    *_, of_renditions, last = answers
    assert of_renditions["cursor"] == {"of": "renditions", "after": "c1-7/t2/view.jpg"}
    assert (of_renditions["renditions_removed"], last["renditions_removed"]) == (1, 0)
    assert sum(answer["looked_at"] for answer in answers) == 1
    assert keys_in(renditions) == ["c1-7/t2/view.jpg"]


def test_a_deployment_that_makes_no_renditions_sweeps_none(
    renditions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RENDITIONS_BUCKET")
    handler = tally_wiring.build()

    event = {"Records": [a_removal(ResultName("c1-7", PICTURE, "f0"))]}
    assert handler(event, CONTEXT) == {"changed": 0}
    assert "renditions_removed" not in handler({"recount": True}, CONTEXT)
    assert len(keys_in(renditions)) == 2


def test_renditions_that_cannot_be_removed_bring_the_batch_again_when_it_was_counted(
    renditions: Any, table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENDITIONS_BUCKET", "absent")
    event = stream_event(["a.jpg"])
    event["Records"].append(a_removal(ResultName("c1-7", PICTURE, "f0")))

    with pytest.raises(ConfigurationError, match="NoSuchBucket"):
        tally_wiring.build()(event, CONTEXT)
    assert recognized(table) == 1


def test_what_fails_is_raised_so_that_it_is_sent_again(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "absent")

    with pytest.raises(ConfigurationError, match="ResourceNotFoundException"):
        tally_wiring.build()(stream_event(["a.jpg"]), CONTEXT)


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TABLE_NAME", raising=False)

    with pytest.raises(SettingsError, match="TABLE_NAME is not set"):
        tally_wiring.build()
