"""Films are surveyed as photos are, with their poster and frames, and looked at again slice by slice."""

from typing import Any

import pytest

from contract.photos import rendition_keys
from contract.records import ImageRecord, Status
from operations.spool import DifferenceKind
from tests.fakes.sqs import BULK
from tests.operations.test_reconciling import NOTHING
from tests.operations.world import OperatedWorld
from tests.processors.test_films import FILM, intervals, work_off
from tests.processors.world import WITH_FILMS, World

OTHER = b"film owl 91|owl 92"


def with_films(*keys: str, versioned: bool = True) -> OperatedWorld:
    world = World(versioned=versioned, settings=WITH_FILMS)
    for key in keys:
        work_off(world, world.s3.put(key, FILM))
    return OperatedWorld(world)


def settled(operated: OperatedWorld) -> dict[DifferenceKind, list[Any]]:
    """Have what is found looked at again until nothing comes back; return what is found then."""
    with operated.surveyed() as (spool, _):
        operated.fix(spool)
    work_off(operated.world, *operated.queues.take_all(BULK))
    return operated.found()


def recognized(operated: OperatedWorld, key: str) -> ImageRecord:
    record = operated.world.record(key)
    assert record is not None
    assert record.status is Status.RECOGNIZED
    return record


def test_where_a_film_is_as_its_record_says_nothing_is_found_of_its_poster_and_frames_either() -> None:
    operated = with_films("a.mp4", "b/copy.mp4")
    kept = operated.pipeline.renditions.kept

    assert any("/frame-" in key for key in kept)
    assert operated.found() == NOTHING


@pytest.mark.parametrize("versioned", [True, False])
def test_a_film_without_a_record_an_overwritten_and_a_deleted_one_are_found_and_mended(
    versioned: bool,
) -> None:
    operated = with_films("stale.mp4", "gone.mp4", versioned=versioned)
    world = operated.world
    world.s3.put("missing.mp4", OTHER)
    world.s3.put("stale.mp4", OTHER)
    world.s3.delete("gone.mp4")

    found = operated.found()

    assert (found[DifferenceKind.MISSING], found[DifferenceKind.STALE]) == (["missing.mp4"], ["stale.mp4"])
    assert found[DifferenceKind.ORPHANED] == ["gone.mp4"]
    assert settled(operated) == NOTHING
    for key in ("missing.mp4", "stale.mp4"):
        assert recognized(operated, key).findings.labels == {"Owl": 92.0}
        assert intervals(world, key) == [("Owl", 0, 20_000, 10_000, 92.0)]
    assert world.status("gone.mp4") is Status.DELETED


def test_a_poster_that_is_missing_is_found_and_made_again_without_a_call() -> None:
    operated = with_films("a.mp4")
    record = recognized(operated, "a.mp4")
    photo = record.findings.photo
    assert photo is not None
    assert photo.renditions is not None
    paid = operated.world.rekognition.paid.total()
    poster, view = rendition_keys(record.content_id, photo.renditions, has_view=photo.has_view)
    kept = operated.pipeline.renditions.kept
    frames = {key for key in kept if "/frame-" in key}
    kept.pop(poster)

    with operated.surveyed() as (spool, _):
        assert spool.count(DifferenceKind.MISSING_RENDITIONS) == 1
    left = settled(operated)[DifferenceKind.ORPHANED_RENDITIONS]
    assert left == [view], "the poster has been made anew in both sizes"
    assert settled(operated) == NOTHING
    assert frames <= operated.pipeline.renditions.kept.keys(), "answers name them still"
    assert operated.world.rekognition.paid.total() == paid
