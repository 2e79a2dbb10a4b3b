"""The table in DynamoDB, as far as questions need it: Query and two kinds of Get, never Scan.

All that is written is the item of the secrets by which cursors are signed.
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from aws.calls import BatchGet, pages, write_if
from contract import table
from contract.errors import ThrottledError
from contract.items import PARTITION_KEY, SORT_KEY, ItemKey, key_of, key_to_wire, to_wire
from contract.records import ImageRecord
from contract.results import Result, ResultName
from contract.tallies import COUNT_PREFIX, LABEL_COUNTS, STATUS_COUNTS
from contract.timing import DAY_SECONDS
from query_api.adapters import readable
from query_api.adapters.clients import translated
from query_api.adapters.readable import Unreadable, read_item
from query_api.ports import Details, LabelCounts
from query_api.search.postings import RowRange

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from contract.corrections import Corrections

# Keys left unprocessed are no failed call, so botocore does not retry them.
UNPROCESSED_ROUNDS = 6
UNPROCESSED_PAUSE_SECONDS = 0.05
# Records are remembered, as many as a few pages show, for where they lead to: the record of an image and all
# that is kept of it are then one request. What is answered is read anew.
RECORDS_SEEN = 500

# Of the secrets.
ROTATED_AFTER_SECONDS = 30 * DAY_SECONDS
# Every copy of the function looks again after this time. A new secret signs nothing for twice as long, so
# that all copies know it when the first cursor comes that it has signed.
SECRETS_KEPT_SECONDS = 3_600
LEAST_SECRET_BYTES = 16


@dataclass(frozen=True)
class QueryTable:
    """Reads rows, records and results as they are at this moment; rows by rank and counts as they just were.

    `executor` reads partitions side by side. `unreadable` is told what had to be left out. `pause` waits some
    seconds.
    """

    client: "DynamoDBClient"
    table_name: str
    executor: Executor
    unreadable: Unreadable
    pause: Callable[[float], None] = time.sleep
    _seen: dict[str, ImageRecord] = field(default_factory=dict, init=False, repr=False)

    def rows(self, ranges: Sequence[RowRange], limit: int) -> list[list[table.IndexRow]]:
        if len(ranges) == 1:
            return [self._rows(ranges[0], limit)]
        return list(self.executor.map(lambda each: self._rows(each, limit), ranges))

    def records(self, keys: Sequence[str]) -> dict[str, ImageRecord]:
        items = self._items([table.record_key(key) for key in keys])
        records = (self._record(at, item) for at, item in items.items())
        return {record.key: record for record in records if record is not None}

    def details(self, key: str, *, corrected: bool) -> Details | None:
        """Read a record and what it leads to, in one request where that is what the last one led to.

        What people say is never older than what the record says of it, though both are read at once.
        """
        guessed = _led_to(self._seen[key], corrected=corrected) if key in self._seen else ()
        at = table.record_key(key)
        items = self._items([at, *guessed])
        record = self._record(at, items[at]) if at in items else None
        if record is None:
            return None
        places = _led_to(record, corrected=corrected)
        said = self._said(record, items) if corrected else None
        is_behind = corrected and (said.number if said else 0) < record.corrections
        if places and (is_behind or not {*places} <= {*guessed}):
            items = self._items(places)
            said = self._said(record, items) if corrected else None
        return Details(record, self._results(record, items), said, self._in_film(record, items))

    def _record(self, at: ItemKey, item: Mapping[str, Any]) -> ImageRecord | None:
        record = readable.or_none(partial(readable.record, item), at.pk, self.unreadable)
        if record is not None:
            if len(self._seen) >= RECORDS_SEEN:
                self._seen.clear()
            self._seen[record.key] = record
        return record

    def _results(self, record: ImageRecord, items: Mapping[ItemKey, Any]) -> dict[str, Result]:
        names = {table.result_key(name): name for name in record.result_names}
        results = {
            name.detector: readable.or_none(
                partial(readable.result, name, items[at]), f"{at.pk} {at.sk}", self.unreadable
            )
            for at, name in names.items()
            if at in items
        }
        return {detector: result for detector, result in results.items() if result is not None}

    def _in_film(self, record: ImageRecord, items: Mapping[ItemKey, Any]) -> Result | None:
        for name in persons_in_film(record):
            at = table.result_key(name)
            if at in items:
                read = partial(readable.result, name, items[at])
                return readable.or_none(read, f"{at.pk} {at.sk}", self.unreadable)
        return None

    def _said(self, record: ImageRecord, items: Mapping[ItemKey, Any]) -> "Corrections | None":
        """Return what people say of a content; None where nobody did, or it cannot be read."""
        from contract.corrections import Corrections, corrections_key

        at = corrections_key(record.content_id)
        if at not in items:
            return None
        read = partial(Corrections.from_item, items[at])
        return readable.or_none(read, f"{at.pk} {at.sk}", self.unreadable)

    def labels(self) -> LabelCounts:
        """Read how many images carry each label: 16 items of up to 3 KB, 8 read units."""
        items = self._all_counts(LABEL_COUNTS).values()
        return LabelCounts({name: count for item in items for name, count in _of_names(item).items()})

    def statuses_and_days(self, days: Sequence[str]) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
        places = {table.counts_key(day): day for day in days}
        items = self._all_counts((STATUS_COUNTS, *places))
        return _of_names(items.get(STATUS_COUNTS, {})), {
            day: items[at] for at, day in places.items() if at in items
        }

    def check(self) -> None:
        """Ask the table for an item that is not there. Raises ImagepipeError if it does not answer."""
        with translated(f"GetItem on {self.table_name}"):
            self.client.get_item(TableName=self.table_name, Key=key_to_wire(ItemKey("health", "health")))

    def _rows(self, row_range: RowRange, limit: int) -> list[table.IndexRow]:
        if row_range.low > row_range.high:
            return []
        rows: list[table.IndexRow] = []
        for page in self._query(row_range, limit):
            for item in page["Items"]:
                read = partial(_row, item, by_rank=row_range.by_rank)
                row = readable.or_none(read, row_range.partition, self.unreadable)
                rows += [] if row is None else [row]
            if len(rows) >= limit:
                break
        return rows[:limit]

    def _query(self, row_range: RowRange, limit: int) -> Iterator[Mapping[str, Any]]:
        """Read on, for DynamoDB also ends a page at 1 MB."""
        sort_key = table.RANK if row_range.by_rank else SORT_KEY
        request: dict[str, Any] = {
            "TableName": self.table_name,
            "KeyConditionExpression": f"{PARTITION_KEY} = :partition AND #sort BETWEEN :low AND :high",
            "ExpressionAttributeNames": {"#sort": sort_key},
            "ExpressionAttributeValues": {
                ":partition": {"S": row_range.partition},
                ":low": {"S": row_range.low},
                ":high": {"S": row_range.high},
            },
            "ScanIndexForward": not row_range.falling,
            "Limit": limit,
            # No secondary index can be read as it is now.
            **({"IndexName": table.RANK_INDEX} if row_range.by_rank else {"ConsistentRead": True}),
        }
        return pages(translated(f"Query on {self.table_name}")(self.client.query), **request)

    def _items(self, keys: Sequence[ItemKey]) -> dict[ItemKey, dict[str, Any]]:
        """Read up to 100 items; ask again for those that DynamoDB leaves unprocessed."""
        wire_keys = [key_to_wire(key) for key in keys]
        get = BatchGet(self.client, self.table_name, translated, wire_keys, consistent=True)
        for attempt in range(UNPROCESSED_ROUNDS):
            if get.ask():
                return {key_of(item): read_item(item) for item in get.found}
            self.pause(random.uniform(0, UNPROCESSED_PAUSE_SECONDS * 2**attempt))  # noqa: S311
        raise ThrottledError(
            "UnprocessedKeys", f"{self.table_name} left keys unprocessed {UNPROCESSED_ROUNDS} times"
        )

    def _all_counts(self, keys: Iterable[ItemKey]) -> dict[ItemKey, dict[str, int]]:
        """Read items of counts, which are some seconds behind in any case: so this may be, too."""
        wire_keys = [key_to_wire(key) for key in keys]
        get = BatchGet(self.client, self.table_name, translated, wire_keys, consistent=False)
        get.ask_for_all()  # a part of the counts would be taken for the whole
        return {key_of(item): self._counts(read_item(item)) for item in get.found}

    def _counts(self, item: Mapping[str, Any]) -> dict[str, int]:
        """Read the counts of an item that are above zero, by the names of their attributes."""
        counts = {
            name: readable.or_none(
                partial(readable.count, value), f"{item[PARTITION_KEY]} {name}", self.unreadable
            )
            for name, value in item.items()
            if name not in (PARTITION_KEY, SORT_KEY)
        }
        return {name: count for name, count in counts.items() if count is not None and count > 0}


def _led_to(record: ImageRecord, *, corrected: bool) -> tuple[ItemKey, ...]:
    """Return where stands what is known of an image besides its record."""
    places = tuple(map(table.result_key, (*record.result_names, *persons_in_film(record))))
    if not corrected:
        return places
    from contract.corrections import corrections_key

    return (*places, corrections_key(record.content_id))


def persons_in_film(record: ImageRecord) -> tuple[ResultName, ...]:
    """Return what says when persons are seen, where the record of a film names some."""
    photo = record.findings.photo
    if photo is None or not photo.is_film or not record.findings.persons:
        return ()
    from contract.film_persons import answer_name

    return (answer_name(record.content_id, record.findings.searched),)


def _row(item: Mapping[str, Any], *, by_rank: bool) -> table.IndexRow:
    return readable.row(read_item(item), by_rank=by_rank)


def _of_names(counts: Mapping[str, int]) -> dict[str, int]:
    """Leave out attributes that are no name's."""
    return {
        name.removeprefix(COUNT_PREFIX): count
        for name, count in counts.items()
        if name.startswith(COUNT_PREFIX)
    }


class Secrets(NamedTuple):
    """The newest secret, when it was made (seconds since 1970), and the one before it."""

    newest: bytes
    made_at: int
    previous: bytes | None = None

    def by_use(self, now: float) -> tuple[bytes, ...]:
        """Return the secret that signs, and then the other that is taken too."""
        if self.previous is None:
            return (self.newest,)
        is_known_to_all = now - self.made_at >= 2 * SECRETS_KEPT_SECONDS
        return (self.newest, self.previous) if is_known_to_all else (self.previous, self.newest)


@dataclass
class DynamoDBSecrets:
    """Reads the secrets and keeps them for an hour. Whoever needs new ones first makes them.

    `make` makes one, of 32 random bytes.
    """

    client: "DynamoDBClient"
    table_name: str
    make: Callable[[], bytes]
    now: Callable[[], float]
    _known: tuple[bytes, ...] = field(default=(), init=False)
    _read_at: float = field(default=0.0, init=False)

    def __call__(self) -> tuple[bytes, ...]:
        """Return the secret that signs, and then others that are taken. Raises ImagepipeError."""
        now = self.now()
        if not self._known or not 0 <= now - self._read_at < SECRETS_KEPT_SECONDS:
            self._known, self._read_at = self._current(now).by_use(now), now
        return self._known

    def _current(self, now: float) -> Secrets:
        item = self._read()
        found = _secrets(item)
        # One that was made by a clock far ahead would never be old.
        if found is not None and -SECRETS_KEPT_SECONDS < now - found.made_at < ROTATED_AFTER_SECONDS:
            return found
        made = Secrets(self.make(), int(now), found and found.newest)
        return made if self._replace(item, made) else _secrets(self._read()) or made

    def _read(self) -> Mapping[str, Any] | None:
        with translated(f"GetItem on {self.table_name}"):
            answer = self.client.get_item(
                TableName=self.table_name, Key=key_to_wire(table.signing_key()), ConsistentRead=True
            )
        return answer.get("Item")

    def _replace(self, seen: Mapping[str, Any] | None, made: Secrets) -> bool:
        """Put secrets there unless another copy of this function was first."""
        attributes = {"secret": made.newest, "made_at": made.made_at}
        if made.previous is not None:
            attributes["previous"] = made.previous
        with translated(f"PutItem on {self.table_name}"):
            return write_if(
                self.client.put_item,
                TableName=self.table_name,
                Item={**key_to_wire(table.signing_key()), **to_wire(attributes)},
                **_unless_changed(seen),
            ).is_done


def _unless_changed(seen: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the condition that the item is as it was seen: absent, of that time, or of no readable time."""
    if seen is None:
        return {"ConditionExpression": f"attribute_not_exists({PARTITION_KEY})"}
    made_at = seen.get("made_at", {})
    if "N" not in made_at:
        return {
            "ConditionExpression": "NOT attribute_type(made_at, :number)",
            "ExpressionAttributeValues": {":number": {"S": "N"}},
        }
    return {"ConditionExpression": "made_at = :seen", "ExpressionAttributeValues": {":seen": made_at}}


def _secrets(item: Mapping[str, Any] | None) -> Secrets | None:
    """Read the item; None where it is absent or means nothing. One without a time is old."""
    if item is None:
        return None
    read = read_item(item)
    newest, made_at = _secret(read.get("secret")), read.get("made_at", 0)
    if newest is None or not isinstance(made_at, int | float):
        return None
    return Secrets(newest, int(made_at), _secret(read.get("previous")))


def _secret(value: object) -> bytes | None:
    return value if isinstance(value, bytes) and len(value) >= LEAST_SECRET_BYTES else None
