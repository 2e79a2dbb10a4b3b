"""How far a space is filled, before anybody switches to it: as status, backfill and check tell it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aws.calls import TableBatches
from contract.errors import ConfigurationError
from contract.notifications import look_again
from contract.questions import fingerprints_of_all
from contract.table import index_rows
from operations import filling_spaces
from operations.adapters.aws_errors import translated
from operations.adapters.dynamodb_vectors import DynamoDBVectors
from operations.checking.findings import Fit
from operations.checking.meaning import meaning_findings
from operations.checking.wanted import Wanted
from operations.commands.backfill import vectors_in_words
from operations.commands.status import filling_in_words
from operations.filling_spaces import SpaceFilling, filling_of
from operations.pricing import Pricing
from operations.spool import DifferenceKind
from tests.fakes.dynamodb import TABLE
from tests.fakes.s3 import BUCKET
from tests.operations.test_adapters_stores import KEYS
from tests.operations.test_backfilling import Runs
from tests.operations.test_reconciling import NOTHING, recognized
from tests.operations.world import AT_ONCE, OperatedWorld
from tests.processors.test_seen_meaning import AGAIN
from tests.processors.test_two_spaces import OF_LABELS
from tests.processors.world import WITH_BOTH, World

LABELS, BEDROCK = "labels", "bedrock"


@pytest.fixture
def world() -> World:
    """Three photos that were recognized before there was a second space, and one of which none is made."""
    world = World(settings=OF_LABELS)
    world.deliver(*(world.s3.put(f"{name}.jpg", f"cat {90 + at}".encode()) for at, name in enumerate("abc")))
    world.deliver(world.s3.put("bomb.jpg", b"bomb 1"))
    world.use(WITH_BOTH)
    return world


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def filled(world: World, client: Any, **how: Any) -> SpaceFilling:
    """Count on moto what the processor has written."""
    if TABLE in client.list_tables()["TableNames"]:
        client.delete_table(TableName=TABLE)
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in KEYS.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in KEYS],
    )
    for item in world.table.items.values():
        client.put_item(TableName=TABLE, Item=item)
    with ThreadPoolExecutor(2) as executor:
        reads = TableBatches(client, TABLE, translated, AT_ONCE, executor)
        return filling_of(DynamoDBVectors(client, TABLE, AT_ONCE, reads), LABELS, BEDROCK, **how)


def look_at(world: World, *keys: str) -> None:
    assert world.deliver(look_again(BUCKET, keys, AGAIN), queue_name="images-bulk") == []


def test_what_is_found_and_would_not_be_is_counted_until_nothing_is(world: World, client: Any) -> None:
    assert filled(world, client) == SpaceFilling(LABELS, BEDROCK, 3, 3, 0, is_all=True)

    world.meanings.says.append({"refused": "the picture is too narrow"})
    look_at(world, "a.jpg")
    assert filled(world, client) == SpaceFilling(LABELS, BEDROCK, 3, 2, 1, is_all=True)

    look_at(world, "b.jpg", "c.jpg")
    world.deliver(world.s3.put("d.jpg", b"dog 97"))
    done = filled(world, client)
    assert done == SpaceFilling(LABELS, BEDROCK, 4, 0, 1, is_all=True)
    assert filling_in_words(done) == (
        "0 of 4 photos that are found by vectors of labels have none of bedrock yet, and 1 can have none: "
        "-c meaning=bedrock -c meaning_next=labels asks those; without meaning_next, only those of "
        "meaning are made"
    )


def test_rows_that_no_record_stands_for_lack_nothing(world: World, client: Any) -> None:
    rows = {at: item for at, item in world.table.items.items() if at[0].startswith("index#meaning:")}
    world.deliver(world.s3.delete("a.jpg"))
    look_at(world, "b.jpg", "c.jpg")
    world.table.items.update(rows)

    assert filled(world, client) == SpaceFilling(LABELS, BEDROCK, 2, 0, 0, is_all=True)


def test_where_not_all_is_counted_nobody_is_told_that_it_is_complete(world: World, client: Any) -> None:
    look_at(world, "a.jpg", "b.jpg", "c.jpg")

    some = filled(world, client, most_rows=0)

    assert (some.lacking, some.is_all, some.is_complete) == (0, False, False)
    assert "--exact" in filling_in_words(some)


def test_many_that_lack_one_are_not_held_against_their_records(
    world: World, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling_spaces, "MOST_DOUBTFUL", 2)

    assert filled(world, client).lacking == 3


def test_a_backfill_tells_how_many_records_had_none(world: World) -> None:
    look_at(world, "a.jpg")
    _, run = Runs(OperatedWorld(world), fingerprints=fingerprints_of_all(WITH_BOTH)).run()

    said = vectors_in_words(run.totals, Pricing(WITH_BOTH.quotas, 0.5, settings=WITH_BOTH))

    assert said.startswith("Of 3 photos with a record, 0 none of labels, 2 none of bedrock when this run")
    assert vectors_in_words(run.totals, Pricing(OF_LABELS.quotas, 0.5, settings=OF_LABELS)) == ""


@pytest.mark.parametrize(
    ("lacking", "following", "verdict", "proposed"),
    [
        (412, "", Fit.HINT, {"meaning": LABELS, "meaning_next": BEDROCK}),
        (412, LABELS, Fit.HINT, {"meaning": LABELS, "meaning_next": BEDROCK}),
        (0, "", Fit.HINT, {"meaning_next": LABELS}),
        (0, LABELS, Fit.YES, None),
    ],
)
def test_a_check_warns_of_a_switch_by_which_photos_or_questions_would_be_lost(
    lacking: int, following: str, verdict: Fit, proposed: dict[str, str] | None
) -> None:
    def fill(asked: str, other: str) -> SpaceFilling:
        return SpaceFilling(asked, other, 40_312, lacking, 0, is_all=True)

    (finding,) = meaning_findings(Wanted(meaning=BEDROCK, meaning_next=following), LABELS, fill)

    assert (finding.verdict, finding.settings) == (verdict, proposed)
    assert finding.found.startswith(f"{lacking} of 40,312 photos")


def test_a_check_says_where_it_may_not_look_and_nothing_where_nothing_is_switched() -> None:
    def refused(_asked: str, _following: str) -> SpaceFilling:
        raise ConfigurationError("AccessDeniedException", "not you")

    (finding,) = meaning_findings(Wanted(meaning=BEDROCK), LABELS, refused)
    assert (finding.found, finding.verdict) == ("AccessDeniedException", Fit.HINT)

    for wanted, asked in ((LABELS, LABELS), ("labels_anew", LABELS), (BEDROCK, ""), ("", BEDROCK)):
        assert list(meaning_findings(Wanted(meaning=wanted), asked, refused)) == []


def test_a_survey_finds_nothing_wrong_while_a_space_is_filled_and_sweeps_what_is_left_of_either() -> None:
    operated = recognized("a.jpg", "b.jpg", by=WITH_BOTH)
    record = operated.world.record("a.jpg")
    assert record is not None
    left_over = {(row.at.pk, f"{row.at.sk}-gone") for row in index_rows(record) if "meaning:" in row.term}
    assert len(left_over) == 2
    assert operated.found() == NOTHING

    for pk, sk in left_over:
        row = operated.world.table.items[pk, sk.removesuffix("-gone")]
        changed = {"sk": {"S": sk}, "revision": {"S": "gone"}}
        operated.world.table.items[pk, sk] = {**row, **changed}

    assert set(operated.found()[DifferenceKind.ORPHANED_ROWS]) == left_over
