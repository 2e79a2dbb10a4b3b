"""An export, page by page: which photos the API finds, what the table knows of them, and where it is written.

The API answers which photos are meant: its conditions are then exactly those that people know from it, and a
cursor goes on where a page ended, with each photo exactly once, for thirty days at least. What lists do not
say (boxes, faces, lines of text) is read of the table by key, a hundred photos in two requests. Memory holds
two pages.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, NamedTuple

from contract.records import ImageRecord, Status
from contract.results import ResultName
from contract.table import VIDEO, kind_of
from operations.adapters.dynamodb_photos import DynamoDBPhotos
from operations.adapters.query_api import QueryApi
from operations.exporting.files import ExportCheckpoint, ExportProgress
from operations.exporting.photos import ExportedPhoto
from operations.exporting.writers import PhotoWriter
from operations.terminal import OperatorError

PAGE = 100
GONE = "changed meanwhile"
UNREADABLE = "unreadable in the table"
UNREADABLE_ANSWERS = "answers unreadable in the table"
_CLOSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class FoundPage(NamedTuple):
    """One page of the API's list. `cursor` leads to the next; None is the end.

    `placed` are the keys of photos of which the API tells where they were taken: where it tells nobody, an
    export does not either, whatever the table still has.
    """

    keys: Sequence[str]
    cursor: str | None
    placed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ExportSource:
    """The photos of one question, and the detectors whose answers are wanted: `of_films`, of films also."""

    api: QueryApi
    table: DynamoDBPhotos
    question: Mapping[str, Any]
    status: Status
    detectors: frozenset[str]
    min_confidence_percent: float
    of_films: frozenset[str] = frozenset()

    def page(self, cursor: str | None) -> FoundPage:
        """Ask for the page after a cursor. Raise OperatorError if the API does not answer this question."""
        going_on = {} if cursor is None else {"cursor": cursor}
        status, answer = self.api.get("/images", **self.question, limit=PAGE, **going_on)
        if status == HTTPStatus.OK and isinstance(answer, Mapping):
            images = answer["images"]
            placed = frozenset(image["key"] for image in images if _is_placed(image.get("photo")))
            return FoundPage([image["key"] for image in images], answer["cursor"], placed)
        raise OperatorError(_refusal(status, answer))

    def photos(self, page: FoundPage) -> tuple[list[ExportedPhoto], Counter[str]]:
        """Read what is known of photos, in this order; and count by reason what was left out."""
        keys = page.keys
        records, unreadable = self.table.readable_records(keys)
        there = [records[key] for key in keys if key in records and records[key].status is self.status]
        names = {record.key: self._names(record) for record in there}
        results, unreadable_answers = self.table.results(
            [name for of_key in names.values() for name in of_key]
        )
        photos = [
            ExportedPhoto(
                record,
                {name.detector: results[name] for name in names[record.key] if name in results},
                self.min_confidence_percent,
                tells_place=record.key in page.placed,
            )
            for record in there
        ]
        counts = {
            GONE: len(keys) - len(there) - unreadable,
            UNREADABLE: unreadable,
            UNREADABLE_ANSWERS: unreadable_answers,
        }
        return photos, Counter({reason: count for reason, count in counts.items() if count})

    def _names(self, record: ImageRecord) -> list[ResultName]:
        wanted = self.detectors | self.of_films if kind_of(record) == VIDEO else self.detectors
        return [
            ResultName(record.content_id, detector, fingerprint)
            for detector, fingerprint in record.detectors.items()
            if detector in wanted
        ]


@dataclass
class Export:
    """One run. `checkpoint` is None where none can go on from it."""

    source: ExportSource
    writer: PhotoWriter
    checkpoint: ExportCheckpoint | None
    executor: Executor
    progress: ExportProgress
    is_finished: bool = False

    def run(self) -> Iterator[ExportProgress]:
        """Write until the end; yield how far it is after each page, which is kept then."""
        if not self.progress.is_all:
            page = self.source.page(self.progress.cursor)
            while True:
                # The next page is asked for while this one is read and written.
                further = None if page.cursor is None else self.executor.submit(self.source.page, page.cursor)
                yield self._write(page)
                if further is None:
                    break
                page = further.result()
        self.writer.finish()
        if self.checkpoint is not None:
            self.checkpoint.remove()
        self.is_finished = True

    def _write(self, page: FoundPage) -> ExportProgress:
        photos, left_out = self.source.photos(page)
        left_out.update(self.progress.left_out)
        left_out.update(self.writer.write(photos))
        parts, numbers = self.writer.sync()
        self.progress = replace(
            self.progress,
            cursor=page.cursor,
            written=self.progress.written + len(photos),
            parts=parts,
            numbers=numbers,
            left_out=dict(left_out),
            is_all=page.cursor is None,
        )
        if self.checkpoint is not None:
            self.checkpoint.write(self.progress)
        return self.progress


def _is_placed(photo: Mapping[str, Any] | None) -> bool:
    return photo is not None and photo.get("latitude") is not None


def _refusal(status: int, answer: object) -> str:
    if status in _CLOSED:
        return (
            f"the API answers {status} to these credentials; it needs execute-api:Invoke (api_access=iam) or "
            "a token in IMAGEPIPE_API_TOKEN (api_access=jwt)"
        )
    told = answer if isinstance(answer, Mapping) else {}
    faults = [f"{fault.get('parameter')}: {fault.get('reason')}" for fault in told.get("faults", [])]
    if any(fault.startswith("cursor:") for fault in faults):
        return "the API does not go on from where the export ended; begin anew with --restart"
    return (
        f"the API does not answer this question ({status}): {'; '.join(faults) or told.get('detail', answer)}"
    )
