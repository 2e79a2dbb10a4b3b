"""The fake, moto and the local cloud behave alike, as far as the tally can tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from contract.errors import ConfigurationError, ThrottledError, TransientError
from contract.records import Head, Status
from contract.table import ItemKey, head_key
from contract.tallies import (
    LABEL_COUNTS,
    NOTHING,
    STATUS_COUNTS,
    Counted,
    Differences,
    Share,
    counted_key,
    label_counts_key,
    read_counts,
)
from contract.wire import from_wire, key_to_wire, to_wire
from processors.adapters.dynamodb_tallies import DynamoDBTallies
from processors.retrying import RetryPolicy
from processors.tallying.recounting import Recount
from processors.tallying.tally import MAX_KEYS, Change, Tally
from tests.conftest import RunningPlace
from tests.fakes.calls import client_error
from tests.fakes.tallies import FakeTallies
from tests.processors.test_conformance import create_table
from tests.processors.test_tallying import Silence, a_head, cat, counted_from


@dataclass(frozen=True)
class Place:
    """A store, and what only a test does with it."""

    store: Any
    put_head: Callable[[Head], object]
    counts: Callable[[], dict[ItemKey, dict[str, int]]]


@pytest.fixture(params=["fake", "moto", "local cloud"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "fake":
        fake = FakeTallies()
        yield Place(
            fake,
            lambda head: fake.heads.update({head.key: head}),
            lambda: {at: dict(+Counter(counts)) for at, counts in fake.counts.items() if +Counter(counts)},
        )
    elif request.param == "moto":
        with mock_aws():
            client = boto3.client("dynamodb", region_name="us-east-1")
            yield on_dynamodb(client, create_table(client, "images"))
    else:
        running: RunningPlace = request.getfixturevalue("running")
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
    def put_head(head: Head) -> None:
        item = {**to_wire(head.to_item()), **key_to_wire(head_key(head.key))}
        client.put_item(TableName=table_name, Item=item)

    def counts() -> dict[ItemKey, dict[str, int]]:
        found = {}
        for at in (STATUS_COUNTS, *LABEL_COUNTS):
            answer = client.get_item(TableName=table_name, Key=key_to_wire(at))
            if here := read_counts(from_wire(answer.get("Item", {}))):
                found[at] = here
        return found

    return Place(DynamoDBTallies(client, table_name), put_head, counts)


def tally_on(place: Place) -> Tally:
    retry = RetryPolicy(sleep=lambda _seconds: None)
    return Tally(place.store, retry, lambda _what, _by: None, Silence(), lambda: 1_000_000.0)


def a_change(seen: Counted | None, share: Share) -> tuple[Change, Differences]:
    differences = Differences()
    differences.add(seen.share if seen else NOTHING, share)
    return Change("a.jpg", seen, Counted(share, seen.turn + 1 if seen else 1)), differences


def test_heads_and_shares_are_read_where_there_are_any(place: Place) -> None:
    place.put_head(cat("a.jpg"))
    change, differences = a_change(None, Share.of(cat("a.jpg")))
    place.store.write([change], differences)

    found = place.store.read(["a.jpg", "b.jpg"])

    assert Head.from_item(found["a.jpg"].head) == cat("a.jpg")
    assert Counted.from_item(found["a.jpg"].counted) == change.counted
    assert (found["b.jpg"].counted, found["b.jpg"].head) == (None, None)


def test_who_saw_an_older_share_writes_nothing_at_all(place: Place) -> None:
    first, differences = a_change(None, Share.of(cat("a.jpg")))
    place.store.write([first], differences)
    before = place.counts()

    with pytest.raises(TransientError):
        place.store.write([first], differences)
    second, more = a_change(Counted(first.counted.share, 7), Share.of(cat("a.jpg", "Dog")))
    with pytest.raises(TransientError):
        place.store.write([second], more)

    assert place.counts() == before
    assert Counted.from_item(place.store.read(["a.jpg"])["a.jpg"].counted) == first.counted


def test_counts_go_up_and_down(place: Place) -> None:
    heads = [cat("a.jpg"), cat("b.jpg", "Animal", "Dog"), a_head("c.jpg", 1, Status.REJECTED)]
    tally = tally_on(place)
    for head in heads:
        place.put_head(head)
    tally.bring_in_line(["a.jpg", "b.jpg", "c.jpg"])
    assert place.counts() == counted_from(heads)

    place.put_head(a_head("a.jpg", 2, Status.DELETED))
    assert tally.bring_in_line(["a.jpg", "b.jpg", "c.jpg"]) == 1
    assert place.counts() == counted_from(heads[1:])


def test_as_many_keys_as_a_transaction_takes_and_more(place: Place) -> None:
    many = [f"Thing {number}" for number in range(60)]
    heads = [cat(f"{number}.jpg", *many[number % 20 : number % 20 + 40]) for number in range(MAX_KEYS + 5)]
    for head in heads:
        place.put_head(head)

    assert tally_on(place).bring_in_line([head.key for head in heads]) == MAX_KEYS + 5
    assert place.counts() == counted_from(heads)


def test_all_keys_are_found_page_by_page(place: Place) -> None:
    heads = [cat(f"{number}.jpg") for number in range(5)]
    for head in heads:
        place.put_head(head)
    tally = tally_on(place)
    tally.bring_in_line(["0.jpg", "1.jpg"])

    event: dict[str, object] = {"recount": True, "cursor": None}
    changed = 0
    while True:
        answer = Recount(place.store, tally).answer(event, lambda: 0)
        changed += int(str(answer["changed"]))
        event["cursor"] = answer["cursor"]
        if answer["cursor"] is None:
            break

    assert changed == 3
    assert place.counts() == counted_from(heads)


def test_a_count_that_cannot_be_added_to_keeps_only_its_own_images_from_being_counted() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        place = on_dynamodb(client, create_table(client, "images"))
        at = label_counts_key("Moose")
        client.put_item(TableName="images", Item={**key_to_wire(at), "=Moose": {"S": "many"}})
        others = [cat(f"{number}.jpg") for number in range(5)]
        for head in (*others[:2], cat("moose.jpg", "Moose"), *others[2:]):
            place.put_head(head)

        assert tally_on(place).bring_in_line(["0.jpg", "1.jpg", "moose.jpg", "2.jpg", "3.jpg", "4.jpg"]) == 5
        client.delete_item(TableName="images", Key=key_to_wire(at))
        assert place.counts() == counted_from(others)


def test_sets_which_nothing_of_ours_writes_are_passed_over() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        place = on_dynamodb(client, create_table(client, "images"))
        client.put_item(
            TableName="images", Item={**key_to_wire(head_key("a.jpg")), "labels": {"SS": ["Cat"]}}
        )
        client.put_item(TableName="images", Item={**key_to_wire(counted_key("b.jpg")), "turn": {"NS": ["1"]}})
        place.put_head(cat("c.jpg"))

        assert tally_on(place).bring_in_line(["a.jpg", "b.jpg", "c.jpg"]) == 1


def test_what_did_not_fit_into_an_answer_is_asked_for() -> None:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        place = on_dynamodb(client, create_table(client, "images"))
        for key in ("a.jpg", "b.jpg", "c.jpg"):
            place.put_head(cat(key))
        one_at_a_time: Any = OneAtATime(client)
        found = DynamoDBTallies(one_at_a_time, "images").read(["a.jpg", "b.jpg", "c.jpg"])

        assert all(standing.head for standing in found.values())


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
        DynamoDBTallies(client, "images").read(["a.jpg"])


def test_a_missing_permission_is_told_as_that_and_not_tried_again() -> None:
    client: Any = Refusing()
    change, differences = a_change(None, NOTHING)
    with pytest.raises(ConfigurationError):
        DynamoDBTallies(client, "images").write([change], differences)
