"""Events of cameras, newest first: made of the records of pictures in which something was seen anew."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain, islice
from math import inf
from typing import NamedTuple

from contract.camera_events import NOBODY, CameraEvent, CameraPicture, WatchedPersons, events_of
from contract.cameras import Camera
from contract.moments import to_seconds, to_text
from contract.records import ImageRecord
from contract.table import IndexRow, seen_term, term_partitions
from query_api.ports import TableReader
from query_api.search.listing import further_units
from query_api.search.postings import RowRange

# How far one request goes back to fill its page, in pictures of all cameras together, and at most: where
# events are over late, nothing is known of them before. What is left over may be read on for ends.
# What that costs at worst is in docs/security.md.
PICTURES_OF_A_PAGE = 500
MOST_PICTURES_BACK = 1_500
MOST_PICTURES = 2_000
MOST_PICTURES_AT_ONCE = 100
_FIRST, _LAST = "!", "~"


class EventsQuestion(NamedTuple):
    """Events that began from `since` to `until` (ISO 8601 in UTC), of `labels` in any case or of `persons`.

    Both are None for all, and persons are ids. `until` is moved back from page to page.
    """

    labels: tuple[str, ...] | None = None
    since: str | None = None
    until: str | None = None
    limit: int = 50
    persons: tuple[str, ...] | None = None

    def is_of(self, event: CameraEvent) -> bool:
        begin = to_text(event.begin)
        return (
            self._is_about(event)
            and (self.since is None or begin >= self.since)
            and (self.until is None or begin <= self.until)
        )

    def _is_about(self, event: CameraEvent) -> bool:
        if self.labels is None and self.persons is None:
            return True
        if event.person:
            return event.person in (self.persons or ())
        return event.label.casefold() in {label.casefold() for label in self.labels or ()}


class EventsPage(NamedTuple):
    """Events, newest first. The next page ends where `next_until` says; None means there is no more.

    `best` are the records of the pictures that show events best. Of those in `cut`, there were more pictures
    than were read: they may have begun before, and then the next page has them too, or ended later.
    """

    events: tuple[CameraEvent, ...]
    best: dict[str, ImageRecord]
    next_until: str | None
    cut: frozenset[CameraEvent] = frozenset()


@dataclass(frozen=True)
class EventListing:
    """Finds pages of events, by `table`'s records. `watched` are whom cameras watch for, by their names."""

    table: TableReader
    watched: Mapping[str, WatchedPersons] = field(default_factory=dict)

    def page(self, cameras: Sequence[Camera], question: EventsQuestion) -> EventsPage:
        """Read one page: as many pictures as its events are of, and no more than a request may take.

        An event is in the page that holds its begin: what is read back goes on as long as events are open.
        """
        at_once = min(PICTURES_OF_A_PAGE // max(len(cameras), 1), MOST_PICTURES_AT_ONCE)
        views = [
            _View(camera, question, self.table, at_once, self.watched.get(camera.name, NOBODY))
            for camera in cameras
        ]
        read = _read_back(views)
        # What came before the place that all cameras were read back to is left to the next page.
        known_since = max((view.known_since for view in views if not view.is_at_start), default=None)
        _read_on(views, known_since, MOST_PICTURES - read)
        meant = sorted(
            (event for view in views for event in view.events(known_since)),
            key=lambda event: (-event.begin, event.camera, event.label, event.person),
        )
        shown = meant[: question.limit]
        next_until = known_since
        if len(meant) > len(shown):
            # Events that began at one moment are on one page.
            last = shown[-1].begin
            shown += [event for event in meant[len(shown) :] if event.begin == last]
            if len(meant) > len(shown) or known_since is not None:
                next_until = to_text(last - 0.001)
        if next_until is not None and next_until == question.until:
            # However many pictures there are of one moment, the next page is of another.
            next_until = to_text(to_seconds(next_until) - 0.001)
        if next_until is not None and question.since is not None and next_until < question.since:
            next_until = None
        records = {key: record for view in views for key, record in view.records.items()}
        best = {event.best: records[event.best] for event in shown}
        cut = frozenset(event for view in views for event in shown if view.cuts(event))
        return EventsPage(tuple(shown), best, next_until, cut)


def _read_back(views: Sequence["_View"]) -> int:
    """Read cameras back side by side, the one that is behind first; return how many pictures were read."""
    read = 0
    while going := [view for view in views if not view.is_at_start]:
        is_enough = read >= PICTURES_OF_A_PAGE and all(view.is_far_back for view in going)
        if is_enough or read >= MOST_PICTURES_BACK:
            break
        read += max(going, key=lambda view: view.oldest).read_back()
    return read


def _read_on(views: Sequence["_View"], known_since: str | None, budget: int) -> None:
    """Read on from where the page ends, as long as events that began before go on."""
    for view in views:
        while budget > 0 and any(map(view.may_go_on, view.events(known_since))):
            budget -= view.read_on()


@dataclass
class _View:
    """What was read of one camera: back from where the page ends to `oldest`, and on from there to `latest`.

    There is nothing before where it `is_at_start`, and nothing after where it `is_at_end`.
    """

    camera: Camera
    question: EventsQuestion
    table: TableReader
    at_once: int
    watched: WatchedPersons
    records: dict[str, ImageRecord] = field(default_factory=dict)
    newest: float = -inf
    oldest: float = inf
    latest: float = inf
    is_at_start: bool = False
    is_at_end: bool = True

    def __post_init__(self) -> None:
        until, since = self.question.until, self.question.since
        self._back = self._rows(_FIRST, _LAST if until is None else f"{until}~", falling=True)
        self._since = -inf if since is None else to_seconds(since) - self.camera.gone_after_seconds
        self._pictures: list[CameraPicture] = []
        if until is not None:
            self._on = self._rows(f"{until}~", _LAST, falling=False)
            self.latest, self.is_at_end = to_seconds(until), False

    @property
    def is_far_back(self) -> bool:
        """Whether as much is known as is not: what began just after `oldest` may have begun before."""
        return self.newest - self.oldest > 2 * self.camera.gone_after_seconds

    @property
    def known_since(self) -> str:
        """Return after what time all that began is known, or where that is none, all that was read."""
        known = self.oldest + self.camera.gone_after_seconds
        return to_text(known if known < self.newest else self.oldest)

    def read_back(self) -> int:
        """Read some pictures more, and return how many; long records count as several."""
        rows = list(islice(self._back, self.at_once))
        if rows:
            self.newest, self.oldest = max(self.newest, _time(rows[0])), _time(rows[-1])
        self.is_at_start = len(rows) < self.at_once or self.oldest < self._since
        return self._take(rows)

    def read_on(self) -> int:
        rows = list(islice(self._on, self.at_once))
        if rows:
            self.latest = _time(rows[-1])
        self.is_at_end = len(rows) < self.at_once
        return self._take(rows)

    def events(self, known_since: str | None) -> list[CameraEvent]:
        """Return the events that are meant that began after a time, or are cut there."""
        events = filter(self.question.is_of, events_of(self.camera, self._pictures))
        if known_since is None:
            return list(events)
        at_cut = known_since if known_since == to_text(self.oldest) else None
        return [event for event in events if (begin := to_text(event.begin)) > known_since or begin == at_cut]

    def may_go_on(self, event: CameraEvent) -> bool:
        return not self.is_at_end and self.latest - event.end <= self.camera.gone_after_seconds

    def cuts(self, event: CameraEvent) -> bool:
        """Return whether an event may have begun before what was read, or gone on after."""
        is_open = not self.is_at_start and event.begin - self.oldest <= self.camera.gone_after_seconds
        return event.camera == self.camera.name and (is_open or self.may_go_on(event))

    def _take(self, rows: Sequence[IndexRow]) -> int:
        """Keep what the records of rows say, and return what was read."""
        keys = list(dict.fromkeys(row.key for row in rows))
        found = self.table.records(keys) if keys else {}
        for row in rows:
            record = found.get(row.key)
            if record is None or record.revision != row.revision:
                continue
            if (picture := CameraPicture.of(record, self.watched)) is not None:
                self.records[row.key] = record
                self._pictures.append(picture)
        return len(rows) + sum(map(further_units, found.values()))

    def _rows(self, low: str, high: str, *, falling: bool) -> Iterator[IndexRow]:
        """Yield rows between two places in order, read from all partitions side by side at first."""
        partitions = term_partitions(seen_term(self.camera.name))
        ranges = [RowRange(each, low, high, falling) for each in partitions]
        first = self.table.rows(ranges, self.at_once)
        parts = [chain(rows, self._further(each, rows)) for each, rows in zip(ranges, first, strict=True)]
        yield from merge(*parts, key=_place, reverse=falling)

    def _further(self, within: RowRange, rows: Sequence[IndexRow]) -> Iterator[IndexRow]:
        while len(rows) == self.at_once:
            within = within.past(rows[-1])
            (rows,) = self.table.rows([within], self.at_once)
            yield from rows


def _place(row: IndexRow) -> str:
    return row.at.sk


def _time(row: IndexRow) -> float:
    return to_seconds(row.uploaded_at or "")
