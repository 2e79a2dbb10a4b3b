"""Records for tests, and how they get into a table the way processors do it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from contract import table
from contract.items import PARTITION_KEY, SORT_KEY, ItemKey
from contract.moments import to_text
from contract.photos import PhotoFacts
from contract.records import Findings, ImageRecord, ImageVersion, Rejection, Status
from contract.results import Result, ResultName


class WritableTable(Protocol):
    """A table that tests fill."""

    def put(self, at: ItemKey, item: Mapping[str, object]) -> None: ...

    def remove(self, at: ItemKey) -> None: ...


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def photo(
    key: str = "cat.jpg",
    *,
    second: int = 0,
    labels: Mapping[str, float] | None = None,
    faces: int | None = None,
    detectors: Mapping[str, str] | None = None,
    generation: int = 1,
    parents: Sequence[str] = (),
    moderation: Mapping[str, float] | None = None,
    words: Sequence[str] = (),
    file: PhotoFacts | None = None,
) -> ImageRecord:
    """Give a recognized photo, uploaded some seconds after noon."""
    uploaded_at = to_text(NOON + timedelta(seconds=second))
    return ImageRecord(
        version=ImageVersion(key, f"etag-of-{key[:20]}", 1234, None, uploaded_at),
        status=Status.RECOGNIZED,
        sequencer=f"{second:06}",
        generation=generation,
        decided_at="2026-11-23T13:00:00.000Z",
        detectors=detectors or {},
        findings=Findings(
            {"Cat": 90.5} if labels is None else labels,
            faces,
            frozenset(parents),
            moderation or {},
            tuple(words),
            file,
        ),
    )


def facts(
    taken_at: str | None = None,
    *,
    camera: str | None = None,
    place: tuple[float, float] | None = None,
    looks: int | None = None,
    finds_duplicates: bool = True,
) -> PhotoFacts:
    """Give what the file of a photo says; `looks` is its hash as a number."""
    latitude, longitude = place or (None, None)
    return PhotoFacts(
        "JPEG",
        640,
        480,
        is_direct=True,
        taken_at=taken_at,
        camera=camera,
        latitude=latitude,
        longitude=longitude,
        hash=None if looks is None else f"{looks:016x}",
        finds_duplicates=finds_duplicates,
    )


def rejected(key: str = "broken.jpg", *, second: int = 0) -> ImageRecord:
    """Give a photo that could not be read."""
    rejection = Rejection("InvalidImageFormatException", "broken.jpg is no image", "labels")
    return replace(photo(key, second=second, labels={}), status=Status.REJECTED, rejection=rejection)


def commit(store: WritableTable, record: ImageRecord) -> None:
    """Write a record: its rows first, then what makes them true."""
    for row in table.index_rows(record):
        store.put(row.at, row.to_item())
    at = table.record_key(record.key)
    store.put(at, {**record.to_item(), PARTITION_KEY: at.pk, SORT_KEY: at.sk})


def write_result(store: WritableTable, result: Result) -> None:
    """Write a raw result as processors do."""
    at = table.result_key(result.name)
    item = result.to_item()
    store.put(at, {**item, PARTITION_KEY: at.pk, SORT_KEY: at.sk})


def tombstone(record: ImageRecord) -> ImageRecord:
    """Give what is left of a record whose photo was deleted."""
    return replace(record, status=Status.DELETED, generation=record.generation + 1, findings=Findings())


def claim(store: WritableTable, name: ResultName) -> None:
    """Stand where a result will be, as a processor does that is asking for it."""
    at = table.result_key(name)
    store.put(at, {"claimed_by": "me", "claimed_until": 1, PARTITION_KEY: at.pk, SORT_KEY: at.sk})
