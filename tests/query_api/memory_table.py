"""A table in memory that reads as the one in DynamoDB does; held to it by test_conformance.py."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from contract import table
from contract.corrections import Corrections, corrections_key
from contract.errors import ImagepipeError
from contract.items import SORT_KEY, ItemKey
from contract.records import ImageRecord
from contract.results import Result, ResultName
from contract.table import RANK, IndexRow
from contract.usage import item_bytes, read_units
from query_api.adapters import readable
from query_api.adapters.dynamodb import persons_in_film
from query_api.ports import Details
from query_api.search.postings import RowRange


@dataclass
class MemoryTable:
    """Items by key. `failure` is raised by every read; `rows_given` and `records_asked` count what was read.

    `units` are the read units that DynamoDB would charge, by the partition of a query, or by `records`.
    """

    items: dict[ItemKey, Mapping[str, object]] = field(default_factory=dict)
    partitions: dict[str, dict[str, Mapping[str, object]]] = field(default_factory=dict)
    failure: Exception | None = None
    rows_given: int = 0
    records_asked: int = 0
    queries: int = 0
    reads: int = 0
    unreadable: list[tuple[str, Exception]] = field(default_factory=list)
    units: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    # By partition and sort key, until something is put there or removed.
    _ordered: dict[tuple[str, str], tuple[list[str], list[Mapping[str, object]]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def put(self, at: ItemKey, item: Mapping[str, object]) -> None:
        self.items[at] = self.partitions.setdefault(at.pk, {})[at.sk] = dict(item)
        self._forget_order(at.pk)

    def remove(self, at: ItemKey) -> None:
        self._forget_order(at.pk)
        self.items.pop(at, None)
        self.partitions.get(at.pk, {}).pop(at.sk, None)

    def rows(self, ranges: Sequence[RowRange], limit: int) -> list[list[IndexRow]]:
        self._read()
        found = [self._rows(each, limit) for each in ranges]
        self.rows_given += sum(len(rows) for rows in found)
        self.queries += len(ranges)
        return found

    def records(self, keys: Sequence[str]) -> dict[str, ImageRecord]:
        self._read()
        assert 1 <= len(keys) <= 100
        assert len(set(keys)) == len(keys)
        self.records_asked += len(keys)
        places = {key: table.record_key(key) for key in keys}
        sizes = (item_bytes(self.items.get(at, {})) for at in places.values())
        self.units["records"] += sum(map(read_units, sizes))
        found = {
            key: readable.or_none(partial(readable.record, self.items[at]), key, self._left_out)
            for key, at in places.items()
            if at in self.items
        }
        return {key: record for key, record in found.items() if record is not None}

    def details(self, key: str, *, corrected: bool) -> Details | None:
        record = self.records([key]).get(key)
        if record is None:
            return None
        if record.detectors or corrected:
            self._read()
        said = self.corrections(record.content_id) if corrected else None
        (*_, in_film) = (None, *(self._result(name) for name in persons_in_film(record)))
        return Details(record, self._results(record), said, in_film)

    def _results(self, record: ImageRecord) -> dict[str, Result]:
        found = {name.detector: self._result(name) for name in record.result_names}
        return {detector: result for detector, result in found.items() if result is not None}

    def _result(self, name: ResultName) -> Result | None:
        at = table.result_key(name)
        read = partial(readable.result, name, self.items.get(at, {}))
        return readable.or_none(read, at.pk, self._left_out) if at in self.items else None

    def corrections(self, content_id: str) -> Corrections | None:
        """Read what people say, as the function that takes it does."""
        at = corrections_key(content_id)
        read = partial(Corrections.from_item, self.items.get(at, {}))
        return readable.or_none(read, at.pk, self._left_out) if at in self.items else None

    def check(self) -> None:
        self._read()

    def _rows(self, asked: RowRange, limit: int) -> list[IndexRow]:
        sort_key = RANK if asked.by_rank else SORT_KEY
        names, items = self._in_order(asked.partition, sort_key)
        items = items[bisect_left(names, asked.low) : bisect_right(names, asked.high)]
        rows: list[IndexRow] = []
        size_bytes = 0
        for item in reversed(items) if asked.falling else items:
            if len(rows) == limit:
                break
            size_bytes += item_bytes(item)
            read = partial(readable.row, item, by_rank=asked.by_rank)
            row = readable.or_none(read, asked.partition, self._left_out)
            rows += [] if row is None else [row]
        # A query is charged for the sum of its items; half of it where it is not consistent, as of the index.
        units = read_units(size_bytes)
        self.units[asked.partition] += units / 2 if asked.by_rank else units
        return rows

    def _in_order(self, partition: str, sort_key: str) -> tuple[list[str], list[Mapping[str, object]]]:
        if (partition, sort_key) not in self._ordered:
            there = [item for item in self.partitions.get(partition, {}).values() if sort_key in item]
            there.sort(key=lambda item: str(item[sort_key]))
            self._ordered[partition, sort_key] = [str(item[sort_key]) for item in there], there
        return self._ordered[partition, sort_key]

    def _forget_order(self, partition: str) -> None:
        for sort_key in (SORT_KEY, RANK):
            self._ordered.pop((partition, sort_key), None)

    def _left_out(self, what: str, error: Exception) -> None:
        self.unreadable.append((what, error))

    def _read(self) -> None:
        self.reads += 1
        if self.failure is not None:
            raise self.failure


def failing(error: ImagepipeError) -> MemoryTable:
    """Give a table that answers nothing but this error."""
    return MemoryTable(failure=error)
