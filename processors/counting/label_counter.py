"""Bringing the counts in line with the records: with those that have changed, or with all there are.

Every step can be repeated: what is in line is left alone. A recount, for a table older than its counts or
after a long outage, goes through all keys first, by which every content gets its names. Then it goes through
all contents, by which the results of those without names get an expiry: what was saved for a photo that was
gone before its record was written, too.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from aws.retries import RetryPolicy
from contract.items import PARTITION_KEY, SORT_KEY, ItemKey
from contract.metrics import TallyMetric
from contract.records import ImageRecord
from contract.table import RECORD, RECORD_PREFIX
from contract.tallies import NOTHING, UNREADABLE, CountedImage, Differences, Share
from processors.counting.contents import ContentNames
from processors.telemetry import Log

if TYPE_CHECKING:
    from processors.counting.late_corrections import LateCorrections

# A transaction takes 100 items: so many keys, and all items of counts. An update expression takes 4 KB, which
# are 370 names: where an item has so many to change, the next key goes into another transaction.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_KEYS = 80
MANY_NAMES = 200

# Whoever read a key's share may still be about to write, but not for as long as this.
EMPTY_SHARE_SECONDS = 24 * 3600


class StoredShare(NamedTuple):
    """The attributes that are stored of what a key is counted for, and of its record; None where nothing is.

    The record was read after the share. Nobody has looked yet whether either makes sense.
    """

    counted: Mapping[str, object] | None
    record: Mapping[str, object] | None


class WriteRefusedError(Exception):
    """DynamoDB will never take this write: something in one of the items is not what it can be added to."""


class ShareChange(NamedTuple):
    """A key that is to be counted for something else than was seen."""

    key: str
    seen: CountedImage | None
    counted: CountedImage


@dataclass
class CountedBatch:
    """What came of the first `done` keys of a batch.

    `standing` says what those of them that can be read are counted for now, by records of which revisions.
    """

    done: int = 0
    standing: dict[str, CountedImage] = field(default_factory=dict)
    revisions: dict[str, object] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)


class KeyPage(NamedTuple):
    """Keys that have a record or are counted, or contents; some twice. `cursor` leads to the next page."""

    found: Sequence[str]
    cursor: ItemKey | None


class TallyStore(Protocol):
    """Where records, shares and counts are."""

    def read(self, keys: Sequence[str]) -> Mapping[str, StoredShare]:
        """Read what is stored of up to MAX_KEYS keys: first all shares, then all records, each as of now."""

    def read_records(self, keys: Collection[str]) -> Mapping[str, Mapping[str, object]]:
        """Read the attributes of records, of those keys that have one, as of now."""

    def write(self, changes: Sequence[ShareChange], differences: Differences) -> None:
        """Write shares and counts, all or nothing.

        Raise TransientError if one of the shares is not what was seen, or another is writing now;
        WriteRefusedError if it is of no use to try again.
        """

    def keys(self, after: ItemKey | None) -> KeyPage:
        """Read one page of the keys that have a record or are counted."""

    def contents(self, after: ItemKey | None) -> KeyPage:
        """Read one page of the contents that have results or names."""


@dataclass
class LabelCounter:
    """Counts images. `retry` starts from reading anew, `clock` gives seconds since 1970.

    `passed_over` is how many keys could not be read or counted since it was made. `late` asks for photos that
    were corrected before anybody could know that they are of that content; None where nobody corrects any.

    The events only say where to look: a key is counted for what its record says. The record is read after the
    share, and nothing is written if the share has changed since; it is read again afterwards, for who looked
    at a newer one meanwhile may have found that share right. So no older record takes the place of a newer.
    """

    store: TallyStore
    contents: ContentNames
    retry: RetryPolicy
    count: Callable[[TallyMetric, int], None]
    log: Log
    clock: Callable[[], float]
    late: "LateCorrections | None" = None
    passed_over: int = field(default=0, init=False)

    def bring_in_line(self, keys: Iterable[str]) -> int:
        """Count each key for what its record says now; return how many had been counted otherwise.

        What cannot be read, or written, is told, left as it is, and passed over: one item must not stop the
        counting of all others.
        """
        self.contents.begin()
        waiting = list(dict.fromkeys(keys))
        changed = 0
        most = MAX_KEYS
        while waiting:
            try:
                step = self.retry(partial(self._step, waiting[:most]))
            except WriteRefusedError as refusal:
                if len(waiting[:most]) > 1:
                    most = len(waiting[:most]) // 2
                    continue
                self._tell(f"DynamoDB refuses to count {waiting[0]}", refusal, TallyMetric.SHARES_UNUSABLE)
                step = CountedBatch(1)
            overtaken = self.contents.follow(step.standing, step.changed, partial(self._overtaken, step))
            if self.late is not None:
                self.late.ask_for(step.standing)
            waiting = [*waiting[step.done :], *sorted(overtaken)]
            changed += len(step.changed)
            most = min(2 * most, MAX_KEYS)
        return changed

    def _overtaken(self, step: CountedBatch, keys: Collection[str]) -> set[str]:
        """Return those of the keys whose records are not what they were.

        Whoever looked at the newer one may have found the older share right, and left before it was changed.
        """
        records = self.retry(partial(self.store.read_records, keys)) if keys else {}
        return {key for key in keys if _revision(records.get(key)) != step.revisions[key]}

    def _step(self, keys: Sequence[str]) -> CountedBatch:
        standings = self.store.read(keys)
        changes: list[ShareChange] = []
        step = CountedBatch()
        differences = Differences()
        for key in keys:
            step.done += 1
            change = self._change(key, standings[key])
            if change is None:
                continue
            step.revisions[key] = _revision(standings[key].record)
            if isinstance(change, CountedImage):
                step.standing[key] = change
                continue
            step.standing[key] = change.counted
            step.changed.add(key)
            changes.append(change)
            differences.add(change.seen.share if change.seen else NOTHING, change.counted.share)
            if any(len(counts) >= MANY_NAMES for counts in differences.by_item.values()):
                break
        if changes:
            self.store.write(changes, differences)
        return step

    def _change(self, key: str, standing: StoredShare) -> ShareChange | CountedImage | None:
        """Return what is to be written of a key, or what stands rightly; None where neither can be said."""
        try:
            counted = None if standing.counted is None else CountedImage.from_item(standing.counted)
        except UNREADABLE as fault:
            self._tell(f"what {key} is counted for cannot be read", fault, TallyMetric.SHARES_UNUSABLE)
            return None
        try:
            share = Share.of(None if standing.record is None else ImageRecord.from_item(standing.record))
        except UNREADABLE as fault:
            self._tell(f"the record of {key} cannot be read", fault, TallyMetric.RECORDS_UNREADABLE)
            return None
        expires_at = int(self.clock()) + EMPTY_SHARE_SECONDS if share == NOTHING else None
        if share == (counted.share if counted else NOTHING):
            return replace(counted, expires_at=expires_at) if counted else None
        if counted is None:
            return ShareChange(key, None, CountedImage(share, 1, expires_at))
        before = counted.share.content
        left = {*counted.left, *({before} if before is not None and before != share.content else ())}
        return ShareChange(
            key, counted, CountedImage(share, counted.turn + 1, expires_at, tuple(sorted(left)))
        )

    def _tell(self, what: str, fault: BaseException, metric: TallyMetric) -> None:
        self.log.exception(f"{what}; it stays counted as it was", exc_info=fault)
        self.count(metric, 1)
        self.passed_over += 1


def _revision(record: Mapping[str, object] | None) -> object:
    """Return what is another one for any other state of a key; records that cannot be read have none."""
    return record and record.get("revision")


def changed_keys(event: Mapping[str, Any]) -> list[str]:
    """List the keys, each once, in the order of their first change.

    The event source hands on nothing but records; what is no record is passed over here as well.
    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html#events-sample-dynamodb
    """
    places = [record["dynamodb"]["Keys"] for record in event["Records"]]
    records = [place[PARTITION_KEY]["S"] for place in places if place[SORT_KEY]["S"] == RECORD]
    return list(
        dict.fromkeys(pk.removeprefix(RECORD_PREFIX) for pk in records if pk.startswith(RECORD_PREFIX))
    )


RESERVE_SECONDS = 30


def recount(
    tally: LabelCounter, event: Mapping[str, object], seconds_left: Callable[[], float]
) -> dict[str, object]:
    """Go on where `cursor` says; return how far it went, and the cursor to go on with or None.

    Uploads and counting may go on meanwhile. Contents are not looked at if a key was passed over: its results
    might be taken for nobody's.
    """
    cursor = event.get("cursor")
    place = _Place.of_cursor(cursor if isinstance(cursor, Mapping) else {})
    looked_at = changed = 0
    while True:
        is_of_keys = place.of == "keys"
        read = tally.store.keys if is_of_keys else tally.store.contents
        page = tally.retry(partial(read, place.after))
        before = tally.passed_over
        if is_of_keys:
            changed += tally.bring_in_line(page.found)
            looked_at += len(page.found)
        else:
            for content_id in page.found:
                tally.contents.settle(content_id)
        passed_over = place.passed_over + tally.passed_over - before
        following = _Place(place.of, page.cursor, passed_over)
        if page.cursor is None and is_of_keys and not passed_over:
            tally.retry(tally.contents.store.is_complete_now)
            following = _Place("contents", None, 0)
        is_done = page.cursor is None and following.of == place.of
        if is_done or seconds_left() < RESERVE_SECONDS:
            break
        place = following
    return {
        "looked_at": looked_at,
        "changed": changed,
        "passed_over": passed_over,
        "cursor": None if is_done else following.to_json(),
    }


class _Place(NamedTuple):
    """How far a recount has come: through keys or contents, and how many keys were passed over."""

    of: str
    after: ItemKey | None
    passed_over: int

    @classmethod
    def of_cursor(cls, cursor: Mapping[str, Any]) -> "_Place":
        after = ItemKey(cursor[PARTITION_KEY], cursor[SORT_KEY]) if PARTITION_KEY in cursor else None
        return cls(str(cursor.get("of", "keys")), after, int(cursor.get("passed_over", 0)))

    def to_json(self) -> dict[str, object]:
        at = self.after._asdict() if self.after else {}
        return {"of": self.of, "passed_over": self.passed_over, **at}
