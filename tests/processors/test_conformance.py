"""The fake, moto and the local cloud behave alike, as far as the processor's DynamoDB adapter can tell."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from aws.calls import TableBatches
from contract.errors import ImagepipeError, NotReadyError
from contract.items import from_wire, key_to_wire, to_wire
from contract.metrics import Metric
from contract.records import Findings, ImageRecord, ImageVersion, Status
from contract.results import Result, ResultName
from contract.table import EXPIRY, index_rows, result_key
from contract.timing import PROCESSOR_TIMEOUT_SECONDS, RESULTS_GRACE_SECONDS, RESULTS_UNSAFE_SECONDS
from processors.adapters.calls import retry_policy, translated
from processors.adapters.dynamodb import ImageTable
from processors.adapters.dynamodb_counters import DynamoDBDailyCounters
from processors.pipeline.commit import Commit, Committer, Decided
from tests.conftest import RunningCloud
from tests.fakes.dynamodb import TABLE, FakeDynamoDB
from tests.processors.world import InlineExecutor

RECORD = ImageRecord(
    version=ImageVersion("a.jpg", "abc", 7, "v1", "2026-11-23T12:00:00.000Z"),
    status=Status.RECOGNIZED,
    sequencer="00A1",
    generation=1,
    decided_at="2026-11-23T12:00:05.000Z",
    detectors={"labels": "f1"},
    findings=Findings({"Cat": 98.12}, faces=0),
)
NAME = ResultName("abc-7", "labels", "f1")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["fake", "moto", "local cloud"])
def client(request: pytest.FixtureRequest) -> Iterator[tuple[Any, str]]:
    if request.param == "fake":
        yield FakeDynamoDB(), TABLE
    elif request.param == "moto":
        with mock_aws():
            moto = boto3.client("dynamodb", region_name="us-east-1")
            yield moto, create_table(moto, TABLE)
    else:
        running: RunningCloud = request.getfixturevalue("running")
        raw = boto3.client(
            "dynamodb",
            endpoint_url=running.outputs.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        name = create_table(raw, f"conformance-{uuid4().hex}")
        yield raw, name
        raw.delete_table(TableName=name)


def create_table(client: Any, name: str) -> str:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def table(client: tuple[Any, str], clock: Clock) -> ImageTable:
    retry = retry_policy(sleep=lambda _seconds: None)
    executor = InlineExecutor() if isinstance(client[0], FakeDynamoDB) else ThreadPoolExecutor(4)
    batches = TableBatches(*client, translated, retry, executor)
    return ImageTable(batches, retry, clock)


def commit(table: ImageTable, record: ImageRecord, seen: ImageRecord | None) -> Commit:
    outcome = table.commit([Decided(record, seen)])[record.key]
    assert isinstance(outcome, Commit)
    return outcome


def claim(table: ImageTable, owner: str) -> Result | ImagepipeError | None:
    return table.claim([NAME], owner).get(NAME)


def test_the_first_record_is_written_and_read_back(table: ImageTable) -> None:
    outcome = commit(table, RECORD, None)

    assert (outcome.replaced, outcome.lost_to) == (None, None)
    assert table.read_records(["a.jpg", "b.jpg"]) == {"a.jpg": RECORD}


def test_a_newer_record_replaces_an_older_and_says_which(table: ImageTable) -> None:
    newer = replace(RECORD, sequencer="00A2", generation=2)
    commit(table, RECORD, None)

    assert commit(table, newer, None).replaced == RECORD
    assert table.read_records(["a.jpg"]) == {"a.jpg": newer}


def test_an_older_record_loses_and_is_told_to_whom(table: ImageTable) -> None:
    newer = replace(RECORD, sequencer="00A2", generation=2)
    commit(table, newer, None)

    assert commit(table, RECORD, None).lost_to == newer
    assert table.read_records(["a.jpg"]) == {"a.jpg": newer}


def test_of_two_who_did_the_same_work_at_once_both_tell_what_stands(table: ImageTable) -> None:
    later = replace(RECORD, decided_at="2026-11-23T12:00:09.000Z")
    assert later.revision == RECORD.revision

    first, second = (Committer(table).commit([Decided(each, None)])["a.jpg"] for each in (RECORD, later))

    assert first == second == RECORD
    assert table.read_records(["a.jpg"]) == {"a.jpg": RECORD}


def test_a_record_without_news_is_written_if_nobody_wrote_since_it_was_seen(table: ImageTable) -> None:
    commit(table, RECORD, None)
    again = replace(RECORD, generation=2, findings=Findings({"Cat": 98.12}, faces=1))

    assert commit(table, again, replace(RECORD, generation=7)).lost_to == RECORD
    assert commit(table, again, RECORD).replaced == RECORD


def test_a_record_moves_on_unless_another_has_taken_its_place(table: ImageTable) -> None:
    commit(table, RECORD, None)
    further = replace(RECORD, sequencer="00A2", stored_revision=RECORD.revision)

    assert table.move_on([Decided(further, RECORD)]) == {RECORD.key: None}
    assert table.move_on([Decided(further, RECORD)]) == {RECORD.key: further}, "it stands there already"

    other = replace(RECORD, sequencer="00A3", generation=2)
    commit(table, other, further)
    furthest = replace(further, sequencer="00A4")
    assert table.move_on([Decided(furthest, further)]) == {RECORD.key: other}
    assert table.read_records([RECORD.key]) == {RECORD.key: other}


def test_a_claim_keeps_others_out_until_it_expires(table: ImageTable, clock: Clock) -> None:
    assert claim(table, "one") is None
    assert claim(table, "one") is None
    assert isinstance(claim(table, "other"), NotReadyError)
    clock.now += PROCESSOR_TIMEOUT_SECONDS - 1
    assert isinstance(claim(table, "other"), NotReadyError), "its owner may still be at it"
    clock.now += 2

    assert claim(table, "other") is None


def test_a_claim_that_was_given_back_is_free_and_only_its_owner_can_give_it(table: ImageTable) -> None:
    claim(table, "one")
    table.release(NAME, "other")
    assert isinstance(claim(table, "other"), NotReadyError)
    table.release(NAME, "one")

    assert claim(table, "other") is None


def test_a_result_takes_the_place_of_its_claim_and_is_there_for_all(table: ImageTable) -> None:
    result = Result(NAME, {"Labels": [{"Name": "Cat", "Confidence": 98.123456}]}, "2026-11-23T12:00:00.000Z")
    claim(table, "one")

    assert (table.read_results([NAME]), table.those_kept([NAME])) == ({}, set())
    assert table.save_results([result]) == {}
    assert (table.read_results([NAME]), table.those_kept([NAME])) == ({NAME: result}, {NAME})
    assert claim(table, "other") == result


def attributes(client: tuple[Any, str]) -> dict[str, Any]:
    asked = {client[1]: {"Keys": [key_to_wire(result_key(NAME))], "ConsistentRead": True}}
    (item,) = client[0].batch_get_item(RequestItems=asked)["Responses"][client[1]]
    return from_wire(item)


def test_a_claim_that_nobody_comes_back_for_goes_by_itself_and_an_answer_stays(
    table: ImageTable, client: tuple[Any, str]
) -> None:
    claim(table, "one")
    assert attributes(client)[EXPIRY] == attributes(client)["claimed_until"]

    table.save_results([Result(NAME, {"Labels": []}, "2026-11-23T12:00:00.000Z")])
    assert EXPIRY not in attributes(client)


def test_an_answer_that_may_go_before_its_new_record_is_known_is_asked_for_anew(
    table: ImageTable, client: tuple[Any, str], clock: Clock
) -> None:
    result = Result(NAME, {"Labels": []}, "2026-11-23T12:00:00.000Z")
    at = key_to_wire(result_key(NAME))
    expires_at = int(clock()) + RESULTS_GRACE_SECONDS
    client[0].put_item(TableName=client[1], Item={**at, **to_wire({**result.to_item(), EXPIRY: expires_at})})

    assert table.read_results([NAME]) == {NAME: result}
    assert claim(table, "one") == result
    clock.now += RESULTS_GRACE_SECONDS - RESULTS_UNSAFE_SECONDS + 1
    assert (table.read_results([NAME]), table.those_kept([NAME])) == ({}, set())
    assert claim(table, "one") is None
    assert isinstance(claim(table, "other"), NotReadyError)


INSERTS = pytest.mark.parametrize(
    "client",
    [
        "fake",
        pytest.param(
            "moto",
            marks=pytest.mark.xfail(strict=True, reason="moto's PartiQL takes no INSERT with parameters"),
        ),
        "local cloud",
    ],
    indirect=True,
)


@INSERTS
def test_many_calls_are_claimed_at_once_and_those_of_others_are_told(table: ImageTable) -> None:
    names = [replace(NAME, content_id=f"content-{number}") for number in range(60)]
    taken, kept = names[7], names[33]
    table.claim([taken, kept], "other")
    result = Result(kept, {"Labels": []}, "2026-11-23T12:00:00.000Z")
    table.save_results([result])

    answers = table.claim(names, "one")

    assert set(answers) == {taken, kept}
    assert isinstance(answers[taken], NotReadyError)
    assert answers[kept] == result
    assert table.claim(names[:7], "one") == {}


@INSERTS
def test_many_new_records_are_written_at_once_and_none_over_another(table: ImageTable) -> None:
    records = [replace(RECORD, version=replace(RECORD.version, key=f"{number}.jpg")) for number in range(60)]
    newer = replace(records[5], sequencer="00A2", generation=2)
    older = replace(records[6], sequencer="00A0")
    table.commit([Decided(newer, None), Decided(older, None)])

    outcomes = table.commit([Decided(record, None) for record in records])

    assert outcomes["5.jpg"] == Commit(lost_to=newer)
    assert outcomes["6.jpg"] == Commit(replaced=older)
    assert all(outcomes[record.key] == Commit() for record in (*records[:5], *records[7:]))
    stored = table.read_records([record.key for record in records])
    assert stored == {record.key: record for record in records} | {"5.jpg": newer}


def test_more_rows_than_a_batch_takes_are_written_and_removed(table: ImageTable) -> None:
    many = replace(RECORD, findings=Findings({f"Thing {number}": 50.5 for number in range(60)}))
    rows = index_rows(many)

    assert table.write_rows(rows) == {}
    keys = [key_to_wire(row.at) for row in rows]
    assert len(table.batches.read(keys)) == 61
    table.remove_rows(row.at for row in rows)
    assert table.batches.read(keys) == []


@pytest.mark.parametrize("client", ["moto", "local cloud"], indirect=True)
def test_counts_of_a_day_add_up(client: tuple[Any, str]) -> None:
    daily_counters = DynamoDBDailyCounters(*client, lambda: "2026-11-23T12:00:00.000Z")

    daily_counters.add({Metric.CALLS_MADE: 3, Metric.CALLS_AVOIDED: 1})
    daily_counters.add({Metric.CALLS_MADE: 2})

    key = {"pk": {"S": "counts#2026-11-23"}, "sk": {"S": "counts"}}
    item = client[0].get_item(TableName=client[1], Key=key)["Item"]
    assert (item["CallsMade"], item["CallsAvoided"]) == ({"N": "5"}, {"N": "1"})


def put(client: tuple[Any, str], **item: dict[str, Any]) -> None:
    aws, table_name = client
    whole = {"pk": {"S": "a"}, "sk": {"S": "b"}, **item}
    aws.batch_write_item(RequestItems={table_name: [{"PutRequest": {"Item": whole}}]})


TOO_LARGE = {"B": b"x" * 400 * 1024}
TOO_MUCH = [
    pytest.param({"pk": {"S": ""}}, id="empty partition key"),
    pytest.param({"sk": {"S": ""}}, id="empty sort key"),
    pytest.param({"pk": {"S": "\u00fc" * 1025}}, id="partition key"),
    pytest.param({"sk": {"S": "\u00fc" * 513}}, id="sort key"),
    pytest.param({"answer": TOO_LARGE}, id="item"),
    pytest.param({"number": {"N": "1" * 39}}, id="digits"),
    pytest.param({"map": {"M": {"number": {"N": "1e126"}}}}, id="magnitude"),
]
# What the two emulators take though DynamoDB refuses it: only the fake can be held to these.
LENIENT = {"moto": {"digits", "magnitude"}, "local cloud": set[str]()}


@pytest.mark.parametrize("item", TOO_MUCH)
def test_what_dynamodb_refuses_is_refused(
    client: tuple[Any, str], item: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    place, what = request.node.callspec.params["client"], request.node.callspec.id.removeprefix("fake-")
    if any(lenient in what for lenient in LENIENT.get(place, ())):
        request.applymarker(pytest.mark.xfail(strict=True, reason=f"{place} takes it"))

    with pytest.raises(ClientError) as refusal:
        put(client, **item)

    assert refusal.value.response["Error"]["Code"] == "ValidationException"


def test_what_dynamodb_just_takes_is_taken(client: tuple[Any, str]) -> None:
    put(client, pk={"S": "x" * 2048}, sk={"S": "y" * 1024}, number={"N": "1" * 38})
    put(client, number={"N": "1" + "0" * 100}, text={"S": ""})


@pytest.mark.parametrize("client", ["fake", "local cloud"], indirect=True)  # moto stops at 405,000 bytes
def test_an_item_of_just_400_kib_is_taken(client: tuple[Any, str]) -> None:
    put(
        client,
        answer={"B": b"x" * (400 * 1024 - len("pk" + "a" + "sk" + "b" + "answer" + "text"))},
        text={"S": ""},
    )


def test_the_fake_shows_old_values_to_whoever_does_not_ask_for_the_new() -> None:
    aws = FakeDynamoDB()
    for text in ("old", "new"):
        put((aws, TABLE), text={"S": text})
    asked: dict[str, Any] = {"Keys": [{"pk": {"S": "a"}, "sk": {"S": "b"}}]}

    (stale,) = aws.batch_get_item(RequestItems={TABLE: asked})["Responses"][TABLE]
    (fresh,) = aws.batch_get_item(RequestItems={TABLE: asked | {"ConsistentRead": True}})["Responses"][TABLE]

    assert (stale["text"], fresh["text"]) == ({"S": "old"}, {"S": "new"})
