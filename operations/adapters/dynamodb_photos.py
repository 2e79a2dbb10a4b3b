"""The one table, as far as whole photos are read of it: records, answers, and a scan of all that are there.

What cannot be read, of a newer release or changed by hand, is left out and told, so that one bad item never
ends the reading of a million.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from aws.calls import pages, projection
from contract import table
from contract.items import PARTITION_KEY, SORT_KEY, from_wire, key_of
from contract.photos import PhotoFacts
from contract.records import ImageRecord, ImageVersion, Status
from contract.results import Result, ResultName
from operations.adapters.dynamodb import OperatedTable

# Whatever is raised by a reader that meets an item of another shape.
BROKEN = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, zlib.error)
_SCANNED = (
    *(PARTITION_KEY, SORT_KEY, "key", "etag", "size_bytes", "version_id", "status"),
    *("shares_answers", "photo"),
)
# Parts of the table that are scanned side by side.
SEGMENTS = 8


class ScannedPhoto(NamedTuple):
    """A recognized photo as a scan meets it. `kept_by` is what its answers and renditions are kept by."""

    key: str
    content_id: str
    kept_by: str
    size_bytes: int
    facts: PhotoFacts | None


class ScannedPage(NamedTuple):
    """What one look at a part of the table gives, and the read units that it took."""

    photos: Sequence[ScannedPhoto]
    unreadable: int
    units: float


class TermRows(NamedTuple):
    """Index rows of one partition, in order, and the read units that reading them took."""

    rows: Sequence[table.IndexRow]
    units: float


class DynamoDBPhotos(OperatedTable):
    """The one table, read for what it knows of photos."""

    def readable_records(self, keys: Sequence[str]) -> tuple[Mapping[str, ImageRecord], int]:
        """Return the records of those keys that have one, as of now, and how many cannot be read."""
        records: dict[str, ImageRecord] = {}
        unreadable = 0
        for item in self._read(map(table.record_key, keys)):
            try:
                record = ImageRecord.from_item(from_wire(item))
            except BROKEN:
                unreadable += 1
            else:
                records[record.key] = record
        return records, unreadable

    def results(self, names: Sequence[ResultName]) -> tuple[Mapping[ResultName, Result], int]:
        """Return the answers that there are, and how many cannot be read."""
        wanted = {table.result_key(name): name for name in names}
        results: dict[ResultName, Result] = {}
        unreadable = 0
        for item in self._read(wanted):
            name = wanted[key_of(item)]
            try:
                result = Result.from_item(name, from_wire(item))
            except BROKEN:
                unreadable += 1
            else:
                if result is not None:
                    results[name] = result.shown
        return results, unreadable

    def term_rows(self, partition: str) -> Iterator[TermRows]:
        """Yield the index rows of one partition of a term, as they were a moment ago."""
        request = {
            "KeyConditionExpression": f"{PARTITION_KEY} = :partition",
            "ExpressionAttributeValues": {":partition": {"S": partition}},
            "ReturnConsumedCapacity": "TOTAL",
        }
        for answer in pages(self._call("Query", self.client.query), **request):
            rows = [table.IndexRow.from_item(from_wire(item)) for item in answer["Items"]]
            yield TermRows(rows, answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0))

    def scan_photos(self, prefix: str) -> Iterator[ScannedPage]:
        """Yield all recognized photos with keys that begin so; several parts of the table at a time.

        Raw results and index rows are passed over by DynamoDB, and paid for all the same: a unit for 8 KB.
        Must not be called from a thread of the executor itself.
        """
        wanted = f"begins_with({PARTITION_KEY}, :record) AND {SORT_KEY} = :sort AND #status = :recognized"
        expression, names = projection(_SCANNED)
        request = {
            "FilterExpression": wanted,
            "ProjectionExpression": expression,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": {
                ":record": {"S": f"{table.RECORD_PREFIX}{prefix}"},
                ":sort": {"S": table.RECORD},
                ":recognized": {"S": str(Status.RECOGNIZED)},
            },
            "TotalSegments": SEGMENTS,
            "ReturnConsumedCapacity": "TOTAL",
        }
        scan = self._call("Scan", self.client.scan)
        waiting = [pages(scan, Segment=segment, **request) for segment in range(SEGMENTS)]
        while waiting:
            answers = list(self.reads.executor.map(lambda segment: next(segment, None), waiting))
            waiting = [segment for segment, answer in zip(waiting, answers, strict=True) if answer]
            yield from (_page(answer) for answer in answers if answer)


def _page(answer: Mapping[str, Any]) -> ScannedPage:
    photos: list[ScannedPhoto] = []
    for item in answer["Items"]:
        try:
            photos.append(_scanned(from_wire(item)))
        except BROKEN:
            continue
    units = answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0)
    return ScannedPage(photos, len(answer["Items"]) - len(photos), units)


def _scanned(item: Mapping[str, Any]) -> ScannedPhoto:
    version_id = item.get("version_id")
    version = ImageVersion(
        str(item["key"]),
        str(item["etag"]),
        int(item["size_bytes"]),
        None if version_id is None else str(version_id),
        "",
    )
    return ScannedPhoto(
        version.key,
        version.content_id,
        version.kept_by(shares_answers=bool(item.get("shares_answers", True))),
        version.size_bytes,
        PhotoFacts.from_item(item["photo"]) if "photo" in item else None,
    )
