"""Events of cameras, newest first: made of the records of pictures in which something was seen anew."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import NamedTuple

from contract.camera_events import CameraEvent, CameraPicture, events_of
from contract.cameras import Camera
from contract.moments import to_seconds, to_text
from contract.records import ImageRecord, Status
from contract.table import IndexRow, seen_term, term_partitions
from query_api.ports import TableReader
from query_api.search.postings import RowRange

# How far one request goes back to fill its page, in pictures of all cameras that are asked for.
MOST_PICTURES = 500
PICTURES_AT_ONCE = 100
# How many pictures of an event are looked for beyond the time by which it had to begin.
PICTURES_AHEAD = 100
_FIRST, _LAST = "!", "~"


class EventsQuestion(NamedTuple):
    """Events that began from `since` to `until` (ISO 8601 in UTC), of `labels` in any case, all where none.

    `until` is moved back from page to page.
    """

    labels: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    limit: int = 50


class EventsPage(NamedTuple):
    """Events, newest first. The next page ends where `next_until` says; None means there is no more.

    `best` are the records of the pictures that show events best.
    """

    events: tuple[CameraEvent, ...]
    best: dict[str, ImageRecord]
    next_until: str | None


@dataclass(frozen=True)
class EventListing:
    """Finds pages of events, by `table`'s records."""

    table: TableReader

    def page(self, cameras: Sequence[Camera], question: EventsQuestion) -> EventsPage:
        """Read one page: as many pictures as its events are of, and no more than a request may take.

        An event is in the page that holds its begin: what is read back goes on as long as events are open.
        """
        budget = max(MOST_PICTURES // max(len(cameras), 1), PICTURES_AT_ONCE)
        pages = [self._of_camera(camera, question, budget) for camera in cameras]
        # What came before the place that all cameras were read back to is left to the next page.
        known_since = max((page.read_to for page in pages if page.read_to is not None), default=None)
        events = sorted(
            (
                event
                for page in pages
                for event in page.events
                if known_since is None or event.begin > known_since
            ),
            key=lambda event: (-event.begin, event.camera, event.label),
        )
        wanted = {label.casefold() for label in question.labels}
        meant = [event for event in events if not wanted or event.label.casefold() in wanted]
        shown = meant[: question.limit]
        next_until = known_since
        if known_since is not None and question.until is not None:
            # However many pictures there are of one moment, the next page is of another.
            next_until = min(known_since, to_seconds(question.until) - 1.0)
        if len(meant) > len(shown):
            # Events that began at one moment are on one page.
            last = shown[-1].begin
            shown += [event for event in meant[len(shown) :] if event.begin == last]
            next_until = last - 0.001 if len(meant) > len(shown) or known_since is not None else None
        records = {key: record for page in pages for key, record in page.records.items()}
        best = {event.best: records[event.best] for event in shown if event.best in records}
        return EventsPage(tuple(shown), best, None if next_until is None else to_text(next_until))

    def _of_camera(self, camera: Camera, question: EventsQuestion, budget: int) -> "_CameraPage":
        """Read back from where the page ends, and on from there as long as events that began before go on."""
        found = _CameraPage([], {}, None)
        seen: list[CameraPicture] = []
        since = None if question.since is None else to_seconds(question.since) - camera.gone_after_seconds
        for batch in self._rows(camera, question.until):
            seen += self._seen(batch, found.records)
            budget -= len(batch)
            oldest = to_seconds(batch[-1].uploaded_at or "")
            if since is not None and oldest < since:
                break
            if budget <= 0:
                found = found._replace(read_to=oldest + camera.gone_after_seconds)
                break
        if question.until is not None:
            seen += self._ahead(camera, question.until, found.records)
        return found._replace(
            events=[event for event in events_of(camera, seen) if _is_meant(event, question)]
        )

    def _ahead(self, camera: Camera, until: str, records: dict[str, ImageRecord]) -> list[CameraPicture]:
        partitions = term_partitions(seen_term(camera.name))
        ranges = [RowRange(each, f"{until}~", _LAST, falling=False) for each in partitions]
        rows = sorted((row for rows in self.table.rows(ranges, PICTURES_AHEAD) for row in rows), key=_place)
        going_on: list[IndexRow] = []
        last = to_seconds(until)
        for row in rows[:PICTURES_AHEAD]:
            at = to_seconds(row.uploaded_at or "")
            if at - last > camera.gone_after_seconds:
                break
            going_on.append(row)
            last = at
        return self._seen(going_on, records)

    def _seen(self, rows: Sequence[IndexRow], records: dict[str, ImageRecord]) -> list[CameraPicture]:
        """Return what the records of rows say; the records are put to the others."""
        keys = list(dict.fromkeys(row.key for row in rows))
        found = self.table.records(keys) if keys else {}
        seen: list[CameraPicture] = []
        for row in rows:
            record = found.get(row.key)
            if record is not None and record.revision == row.revision and (picture := _picture(record)):
                records[row.key] = record
                seen.append(picture)
        return seen

    def _rows(self, camera: Camera, until: str | None) -> Iterator[Sequence[IndexRow]]:
        """Read rows of a camera, newest first, some at a time."""
        high = _LAST if until is None else f"{until}~"
        ranges = [RowRange(partition, _FIRST, high) for partition in term_partitions(seen_term(camera.name))]
        while ranges:
            found = self.table.rows(ranges, PICTURES_AT_ONCE)
            ends = [rows[-1].at.sk for rows in found if len(rows) == PICTURES_AT_ONCE]
            # Of partitions that have more, nothing is known before their last row.
            last = max(ends, default=_FIRST)
            rows = [row for row in merge(*found, key=_place, reverse=True) if row.at.sk >= last]
            for start in range(0, len(rows), PICTURES_AT_ONCE):
                yield rows[start : start + PICTURES_AT_ONCE]
            if not ends:
                return
            ranges = [each._replace(high=f"{last.rpartition('#')[0]}#") for each in ranges]


class _CameraPage(NamedTuple):
    """Events of one camera. Before the time `read_to` they may not be whole; None where all are."""

    events: list[CameraEvent]
    records: dict[str, ImageRecord]
    read_to: float | None


def _picture(record: ImageRecord) -> CameraPicture | None:
    """Return what a record says was seen, of labels that it still has and that are shown."""
    look = record.findings.look
    if record.status is not Status.RECOGNIZED or look is None:
        return None
    seen = look.showing(record.findings.labels).sightings
    return CameraPicture(to_seconds(record.version.uploaded_at), record.key, seen)


def _is_meant(event: CameraEvent, question: EventsQuestion) -> bool:
    begin = to_text(event.begin)
    return (question.since is None or begin >= question.since) and (
        question.until is None or begin <= question.until
    )


def _place(row: IndexRow) -> str:
    return row.at.sk
