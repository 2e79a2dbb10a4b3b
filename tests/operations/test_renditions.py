"""A survey finds renditions that are missing and those that nobody names, and a fix puts both right."""

from typing import Any

import pytest

from contract.items import to_wire
from contract.photos import PICTURE, rendition_keys
from contract.results import ResultName
from contract.table import result_key
from operations.adapters.dynamodb_renditions import DynamoDBRenditions
from operations.renditions import RenditionSurvey
from operations.spool import Difference, DifferenceKind, Spool
from tests.operations.test_reconciling import NOTHING
from tests.operations.world import OperatedWorld
from tests.processors.world import SETTINGS, WITH_PICTURES, World

MISSING, ORPHANED = DifferenceKind.MISSING_RENDITIONS, DifferenceKind.ORPHANED_RENDITIONS


@pytest.fixture
def operated() -> OperatedWorld:
    """Three photos, two of the same bytes; one has a view beside its thumbnail."""
    world = World(settings=WITH_PICTURES)
    world.deliver(
        *(world.s3.put(key, body) for key, body in (("a.jpg", b"cat 97"), ("b.heic", b"heic dog 97")))
    )
    world.deliver(world.s3.copy("a.jpg", "copy.jpg"))
    return OperatedWorld(world)


def kept(operated: OperatedWorld) -> dict[str, bytes]:
    return operated.world.pictures.renditions


def thumbnail_of(operated: OperatedWorld, key: str) -> str:
    record = operated.world.record(key)
    assert record is not None
    assert record.findings.photo is not None
    at = record.findings.photo.thumbnail_key(record.content_id)
    assert at is not None
    return at


def test_where_each_rendition_is_named_and_there_nothing_is_found(operated: OperatedWorld) -> None:
    with operated.surveyed() as (_, counted):
        assert counted.renditions == 3
    assert operated.found() == NOTHING


@pytest.mark.parametrize("key", ["a.jpg", "b.heic"])
def test_what_is_missing_is_found_and_made_again_without_a_call(operated: OperatedWorld, key: str) -> None:
    lost = thumbnail_of(operated, key)
    del kept(operated)[lost]
    paid = operated.world.rekognition.paid.copy()
    named = ["a.jpg", "copy.jpg"] if key == "a.jpg" else [key]

    with operated.surveyed() as (spool, _):
        found = operated.found()
        assert found | {MISSING: sorted(found[MISSING])} == NOTHING | {MISSING: named}
        assert operated.fix(spool).queued == len(named)
    operated.work_off_bulk()

    assert thumbnail_of(operated, key) in kept(operated)
    assert thumbnail_of(operated, key) != lost
    assert operated.world.rekognition.paid == paid
    assert operated.found()[MISSING] == []
    # What stood beside it goes as the tally removes it: here by the next fix.
    with operated.surveyed() as (spool, _):
        operated.fix(spool)
    assert operated.found() == NOTHING
    assert all(thumbnail_of(operated, each) in kept(operated) for each in ("a.jpg", "b.heic", "copy.jpg"))


def test_killed_before_it_was_queued_the_next_one_finds_it(operated: OperatedWorld) -> None:
    del kept(operated)[thumbnail_of(operated, "b.heic")]
    with operated.surveyed() as (spool, _):
        operated.fix(spool)
    operated.queues.take_all(operated.pipeline.bulk.queue.url)

    assert operated.found()[MISSING] == ["b.heic"]
    with operated.surveyed() as (spool, _):
        operated.fix(spool)
    operated.work_off_bulk()
    assert operated.found()[MISSING] == []


def test_what_nobody_names_is_removed_and_nothing_else(operated: OperatedWorld) -> None:
    content_id = thumbnail_of(operated, "a.jpg").partition("/")[0]
    left = [*rendition_keys(content_id, "dead", has_view=True), "gone-7/who/thumbnail.webp"]
    before = dict(kept(operated))
    kept(operated).update(dict.fromkeys(left, b""))

    with operated.surveyed() as (spool, _):
        assert operated.found() == NOTHING | {ORPHANED: sorted(left)}
        assert operated.fix(spool).renditions_removed == 3

    assert kept(operated) == before


def claim_or_answer(operated: OperatedWorld, item: dict[str, Any]) -> None:
    at = result_key(ResultName("new-7", PICTURE, "f"))
    operated.world.table.items[at.pk, at.sk] = to_wire({"pk": at.pk, "sk": at.sk, **item})


@pytest.mark.parametrize(
    "item", [{"claimed_by": "me", "claimed_until": 9}, {"answer": b"rubbish", "called_at": ""}]
)
def test_what_a_claim_or_an_answer_that_cannot_be_read_may_name_stays(
    operated: OperatedWorld, item: dict[str, Any]
) -> None:
    """It was made, and its record is not written yet."""
    claim_or_answer(operated, item)
    kept(operated)["new-7/me/thumbnail.webp"] = b""

    assert operated.found() == NOTHING


def test_what_changes_while_it_is_looked_at_is_no_finding(operated: OperatedWorld) -> None:
    """A photo is recognized between the listing and the scan: its rendition was not listed."""
    table, scan = operated.pipeline.table, operated.pipeline.table.scan

    def later(prefix: str, **how: Any) -> Any:
        operated.world.deliver(operated.world.s3.put("new.jpg", b"owl 97"))
        return scan(prefix, **how)

    object.__setattr__(table, "scan", later)

    found = operated.found()
    assert found[MISSING] == found[ORPHANED] == []


def test_what_a_record_does_not_name_any_more_is_not_missing(operated: OperatedWorld) -> None:
    """It was made anew, or the photo is gone, after the table was read."""
    operated.world.deliver(operated.world.s3.delete("b.heic"))
    pipeline = operated.pipeline
    with Spool() as spool:
        survey = RenditionSurvey(pipeline, pipeline.renditions, spool)
        old = [
            Difference(MISSING, key, sk="e-7/old/thumbnail.webp", revision="r") for key in ("a.jpg", "b.heic")
        ]
        lost = Difference(MISSING, "a.jpg", sk=thumbnail_of(operated, "a.jpg"), revision="r")
        kept(operated).clear()

        assert survey.settled([*old, lost]) == old


def test_an_answer_that_is_not_of_the_maker_is_not_forgotten(operated: OperatedWorld) -> None:
    named: DynamoDBRenditions = operated.pipeline.named_renditions
    content_id, maker, _ = thumbnail_of(operated, "a.jpg").split("/")

    named.forget(content_id, "another")
    assert named.makers(content_id) == {maker}
    assert not named.have_read_again("a.jpg", "another revision")
    named.forget(content_id, maker)
    assert named.makers(content_id) == set()


def test_some_photos_alone_and_a_place_without_renditions_are_not_looked_at_for_them(
    operated: OperatedWorld,
) -> None:
    kept(operated).clear()
    assert operated.found("a") == NOTHING
    operated.pipeline.renditions = None
    assert operated.found() == NOTHING


def test_records_of_photos_that_were_never_looked_at_name_none() -> None:
    world = World(settings=SETTINGS)
    world.deliver(world.s3.put("a.jpg", b"cat 97"))

    assert OperatedWorld(world).found() == NOTHING
