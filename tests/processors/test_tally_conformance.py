"""The fake, moto and the local cloud behave alike, as far as the tally can tell."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from contract.corrections import NONE, corrections_key
from contract.edits import Edit
from contract.errors import ConfigurationError, ThrottledError, TransientError
from contract.items import ItemKey, from_wire, key_to_wire, to_wire
from contract.photos import PICTURE
from contract.records import ImageRecord, Status
from contract.results import Result, ResultName
from contract.table import record_key, result_key
from contract.tallies import (
    LABEL_COUNTS,
    NOTHING,
    STATUS_COUNTS,
    CountedImage,
    Differences,
    Name,
    Share,
    counted_key,
    label_counts_key,
    read_counts,
)
from contract.timing import RESULTS_GRACE_SECONDS
from loadtest.simulation.outages import client_error
from processors.adapters.calls import retry_policy
from processors.adapters.dynamodb_counting import CountingTable
from processors.counting.contents import ContentNames
from processors.counting.label_counter import MAX_KEYS, LabelCounter, ShareChange, recount
from tests.conftest import RunningCloud
from tests.fakes.late_reads import LateReads
from tests.fakes.tallies import FakeContents, FakeTallies
from tests.processors.test_conformance import create_table
from tests.processors.test_tallying import Silence, a_record, cat, counted_from

NOW = 1_000_000.0
GOING = int(NOW) + RESULTS_GRACE_SECONDS


@dataclass(frozen=True)
class Place:
    """A store, and what only a test does with it."""

    store: Any
    contents: Any
    put_record: Callable[[ImageRecord], object]
    put_result: Callable[[str], object]
    expiry: Callable[[str], int | None]
    counts: Callable[[], dict[ItemKey, dict[str, int]]]


PLACES = ("fake", "moto", "local cloud")


@pytest.fixture(params=[*PLACES, "moto, read late"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "fake":
        fake = FakeTallies()
        yield Place(
            fake,
            FakeContents(fake),
            lambda record: fake.records.update({record.key: record}),
            lambda content_id: (
                fake.results.update({content_id: None}),
                fake.corrected.update({content_id: 1}),
            ),
            lambda content_id: fake.results[content_id],
            lambda: {at: dict(+Counter(counts)) for at, counts in fake.counts.items() if +Counter(counts)},
        )
    elif request.param == "moto":
        with mock_aws():
            client = boto3.client("dynamodb", region_name="us-east-1")
            yield on_dynamodb(client, create_table(client, "images"))
    elif request.param == "moto, read late":
        with mock_aws():
            client = boto3.client("dynamodb", region_name="us-east-1")
            table = create_table(client, "images")
            yield on_dynamodb(LateReads(client, table), table)
    else:
        running: RunningCloud = request.getfixturevalue("running")
        client = boto3.client(
            "dynamodb",
            endpoint_url=running.outputs.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        name = create_table(client, f"tally-{uuid4().hex}")
        yield on_dynamodb(client, name)
        client.delete_table(TableName=name)


def on_dynamodb(client: Any, table_name: str) -> Place:
    def put_record(record: ImageRecord) -> None:
        item = {**to_wire(record.to_item()), **key_to_wire(record_key(record.key))}
        client.put_item(TableName=table_name, Item=item)

    def counts() -> dict[ItemKey, dict[str, int]]:
        found = {}
        for at in (STATUS_COUNTS, *LABEL_COUNTS):
            answer = client.get_item(TableName=table_name, Key=key_to_wire(at), ConsistentRead=True)
            if here := read_counts(from_wire(answer.get("Item", {}))):
                found[at] = here
        return found

    def put_result(content_id: str) -> None:
        for detector in ("labels", "faces", PICTURE):
            name = ResultName(content_id, detector, "f1")
            item = to_wire(Result(name, {"Labels": []}, "2026-11-23T12:00:00Z").to_item())
            client.put_item(TableName=table_name, Item={**item, **key_to_wire(result_key(name))})
        item = to_wire(NONE.edited(Edit(add=("Dog",)), "ana", "2026-11-23T12:00:00Z").to_item())
        client.put_item(TableName=table_name, Item={**item, **key_to_wire(corrections_key(content_id))})

    def expiry(content_id: str) -> int | None:
        """Return the expiry of all that is kept by a content: results, and what people say."""
        found = set()
        names = [ResultName(content_id, detector, "f1") for detector in ("labels", "faces", PICTURE)]
        for at in map(key_to_wire, (*map(result_key, names), corrections_key(content_id))):
            item = client.get_item(TableName=table_name, Key=at, ConsistentRead=True)["Item"]
            found.add(int(item["expires_at"]["N"]) if "expires_at" in item else None)
        (only,) = found
        return only

    return Place(
        CountingTable(client, table_name),
        CountingTable(client, table_name),
        put_record,
        put_result,
        expiry,
        counts,
    )


def tally_on(place: Place) -> LabelCounter:
    retry = retry_policy(sleep=lambda _seconds: None)
    contents = ContentNames(place.contents, retry, lambda: NOW)
    return LabelCounter(place.store, contents, retry, lambda _what, _by: None, Silence(), lambda: NOW)


def a_change(seen: CountedImage | None, share: Share) -> tuple[ShareChange, Differences]:
    differences = Differences()
    differences.add(seen.share if seen else NOTHING, share)
    return ShareChange("a.jpg", seen, CountedImage(share, seen.turn + 1 if seen else 1)), differences


def test_records_and_shares_are_read_where_there_are_any(place: Place) -> None:
    place.put_record(cat("a.jpg"))
    change, differences = a_change(None, Share.of(cat("a.jpg")))
    place.store.write([change], differences)

    found = place.store.read(["a.jpg", "b.jpg"])

    assert ImageRecord.from_item(found["a.jpg"].record) == cat("a.jpg")
    assert CountedImage.from_item(found["a.jpg"].counted) == change.counted
    assert (found["b.jpg"].counted, found["b.jpg"].record) == (None, None)


def test_who_saw_an_older_share_writes_nothing_at_all(place: Place) -> None:
    first, differences = a_change(None, Share.of(cat("a.jpg")))
    place.store.write([first], differences)
    before = place.counts()

    with pytest.raises(TransientError):
        place.store.write([first], differences)
    second, more = a_change(CountedImage(first.counted.share, 7), Share.of(cat("a.jpg", "Dog")))
    with pytest.raises(TransientError):
        place.store.write([second], more)

    assert place.counts() == before
    assert CountedImage.from_item(place.store.read(["a.jpg"])["a.jpg"].counted) == first.counted


def test_counts_go_up_and_down(place: Place) -> None:
    records = [cat("a.jpg"), cat("b.jpg", "Animal", "Dog"), a_record("c.jpg", 1, Status.REJECTED)]
    tally = tally_on(place)
    for record in records:
        place.put_record(record)
    tally.bring_in_line(["a.jpg", "b.jpg", "c.jpg"])
    assert place.counts() == counted_from(records)

    place.put_record(a_record("a.jpg", 2, Status.DELETED))
    assert tally.bring_in_line(["a.jpg", "b.jpg", "c.jpg"]) == 1
    assert place.counts() == counted_from(records[1:])


@pytest.mark.parametrize("place", PLACES, indirect=True)  # that many writes are slow to follow
def test_as_many_keys_as_a_transaction_takes_and_more(place: Place) -> None:
    many = [f"Thing {number}" for number in range(60)]
    records = [cat(f"{number}.jpg", *many[number % 20 : number % 20 + 40]) for number in range(MAX_KEYS + 5)]
    for record in records:
        place.put_record(record)

    assert tally_on(place).bring_in_line([record.key for record in records]) == MAX_KEYS + 5
    assert place.counts() == counted_from(records)


def test_results_go_with_the_last_record_and_stay_when_one_comes_back(place: Place) -> None:
    tally = tally_on(place)
    content = cat("a.jpg").version.content_id
    place.put_result(content)
    for key in ("a.jpg", "b.jpg"):
        place.put_record(cat(key))
    tally.bring_in_line(["a.jpg", "b.jpg"])

    place.put_record(a_record("a.jpg", 2, Status.DELETED, etag=""))
    tally.bring_in_line(["a.jpg"])
    assert place.expiry(content) is None

    place.put_record(a_record("b.jpg", 2, Status.RECOGNIZED, etag="another"))
    tally.bring_in_line(["b.jpg"])
    assert place.expiry(content) == GOING
    assert [name.key for name in place.contents.named("another-7").names] == ["b.jpg"]
    shares = place.contents.shares(["a.jpg", "b.jpg"])
    assert [counted.left for counted in shares.values()] == [(), ()]
    assert shares["a.jpg"].expires_at is not None

    place.put_record(cat("c.jpg"))
    tally.bring_in_line(["c.jpg"])
    assert place.expiry(content) is None
    assert not place.contents.being_removed([content])


def test_who_was_overtaken_in_deciding_changes_nothing(place: Place) -> None:
    place.put_result("abc-7")
    late = place.contents.begin_deciding("abc-7", GOING)
    token = place.contents.begin_deciding("abc-7", GOING)

    for expires_at in (GOING, None):
        with pytest.raises(TransientError):
            place.contents.decide("abc-7", late, expires_at)
    place.contents.decide("abc-7", token, GOING)
    place.contents.decide("abc-7", token, GOING + 5)
    assert place.expiry("abc-7") == GOING

    place.contents.decide("abc-7", token, None)
    assert place.expiry("abc-7") is None


def test_a_name_that_was_written_again_is_not_dropped(place: Place) -> None:
    place.contents.put_names([Name("abc-7", "a.jpg", 3)])
    place.contents.drop(Name("abc-7", "a.jpg", 2))
    assert place.contents.names_there([Name("abc-7", "a.jpg", 3)])
    assert not place.contents.names_there([Name("abc-7", "a.jpg", 2)])
    place.contents.drop(Name("abc-7", "a.jpg", 3))
    assert not place.contents.names_there([Name("abc-7", "a.jpg", 3)])


def test_a_content_without_results_leaves_no_trace(place: Place) -> None:
    place.put_record(cat("a.jpg"))
    tally = tally_on(place)
    tally.bring_in_line(["a.jpg"])
    place.put_record(a_record("a.jpg", 2, Status.DELETED, etag=""))
    tally.bring_in_line(["a.jpg"])

    assert not place.contents.being_removed(["abc-7"])
    assert not place.contents.named("abc-7").names


def test_a_table_that_is_older_than_the_names_loses_nothing_before_a_recount(place: Place) -> None:
    records = [cat("a.jpg"), cat("b.jpg")]
    for record in records:
        place.put_record(record)
    place.put_result("abc-7")
    place.put_result("gone-7")
    differences = Differences()
    for record in records:
        differences.add(NOTHING, Share.of(record))
    old = [
        ShareChange(record.key, None, CountedImage(replace(Share.of(record), content=None), 1))
        for record in records
    ]
    place.store.write(old, differences)

    tally = tally_on(place)
    place.put_record(cat("c.jpg"))
    tally.bring_in_line(["c.jpg"])
    place.put_record(a_record("c.jpg", 2, Status.DELETED, etag=""))
    tally.bring_in_line(["c.jpg"])
    assert place.expiry("abc-7") is None

    answer = recount(tally, {"recount": True}, lambda: 60)
    assert answer["cursor"] is None
    assert (place.expiry("abc-7"), place.expiry("gone-7")) == (None, GOING)
    assert place.counts() == counted_from(records)


def test_all_keys_are_found_page_by_page(place: Place) -> None:
    records = [cat(f"{number}.jpg") for number in range(5)]
    for record in records:
        place.put_record(record)
    tally = tally_on(place)
    tally.bring_in_line(["0.jpg", "1.jpg"])

    event: dict[str, object] = {"recount": True, "cursor": None}
    changed = 0
    while True:
        answer = recount(tally, event, lambda: 0)
        changed += int(str(answer["changed"]))
        event["cursor"] = answer["cursor"]
        if answer["cursor"] is None:
            break

    assert changed == 3
    assert place.counts() == counted_from(records)


def test_a_count_that_cannot_be_added_to_keeps_only_its_own_images_from_being_counted() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        place = on_dynamodb(client, create_table(client, "images"))
        at = label_counts_key("Moose")
        client.put_item(TableName="images", Item={**key_to_wire(at), "=Moose": {"S": "many"}})
        others = [cat(f"{number}.jpg") for number in range(5)]
        for record in (*others[:2], cat("moose.jpg", "Moose"), *others[2:]):
            place.put_record(record)

        assert tally_on(place).bring_in_line(["0.jpg", "1.jpg", "moose.jpg", "2.jpg", "3.jpg", "4.jpg"]) == 5
        client.delete_item(TableName="images", Key=key_to_wire(at))
        assert place.counts() == counted_from(others)


def test_sets_which_nothing_of_ours_writes_are_passed_over() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        place = on_dynamodb(client, create_table(client, "images"))
        client.put_item(
            TableName="images", Item={**key_to_wire(record_key("a.jpg")), "labels": {"SS": ["Cat"]}}
        )
        client.put_item(TableName="images", Item={**key_to_wire(counted_key("b.jpg")), "turn": {"NS": ["1"]}})
        place.put_record(cat("c.jpg"))

        assert tally_on(place).bring_in_line(["a.jpg", "b.jpg", "c.jpg"]) == 1


def test_what_did_not_fit_into_an_answer_is_asked_for() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        place = on_dynamodb(client, create_table(client, "images"))
        for key in ("a.jpg", "b.jpg", "c.jpg"):
            place.put_record(cat(key))
        one_at_a_time: Any = OneAtATime(client)
        found = CountingTable(one_at_a_time, "images").read(["a.jpg", "b.jpg", "c.jpg"])

        assert all(standing.record for standing in found.values())


class OneAtATime:
    """A client whose answers hold one item."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def batch_get_item(self, RequestItems: Any) -> Any:  # noqa: N803 - botocore's names
        ((table, asked),) = RequestItems.items()
        first, rest = {**asked, "Keys": asked["Keys"][:1]}, {**asked, "Keys": asked["Keys"][1:]}
        answer = self.client.batch_get_item(RequestItems={table: first})
        if not answer["Responses"][table] and rest["Keys"]:
            return self.batch_get_item({table: rest})
        return {**answer, "UnprocessedKeys": {table: rest} if rest["Keys"] else {}}


class Refusing:
    """A client that does not do as it is told."""

    def batch_get_item(self, **_: Any) -> Any:
        return {"Responses": {}, "UnprocessedKeys": {"images": {"Keys": []}}}

    def transact_write_items(self, **_: Any) -> Any:
        raise client_error("AccessDeniedException", "TransactWriteItems")


def test_a_part_of_the_answer_is_not_taken_for_the_whole() -> None:
    client: Any = Refusing()
    with pytest.raises(ThrottledError):
        CountingTable(client, "images").read(["a.jpg"])


def test_a_missing_permission_is_told_as_that_and_not_tried_again() -> None:
    client: Any = Refusing()
    change, differences = a_change(None, NOTHING)
    with pytest.raises(ConfigurationError):
        CountingTable(client, "images").write([change], differences)


def test_it_is_known_how_often_contents_were_corrected(place: Place) -> None:
    place.put_result("abc-7")

    assert place.store.corrections({"abc-7", "none-7"}) == {"abc-7": 1}
