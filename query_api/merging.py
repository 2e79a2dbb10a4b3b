"""The rows of one index term in one order, although they are spread over several partitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from typing import Protocol

from contract.table import IndexRow

MAX_ROWS_AT_ONCE = 500


class IndexReader(Protocol):
    """Gives index rows as they are now."""

    def rows(self, partitions: Sequence[str], before: str | None, limit: int) -> Sequence[Sequence[IndexRow]]:
        """Read up to `limit` rows of each partition, in falling order of sort key, all below `before`.

        A partition that gives fewer than `limit` rows has no more.
        """
        ...


def newest_first(
    index: IndexReader, partitions: Sequence[str], before: str | None, expected: int
) -> Iterator[IndexRow]:
    """Go through all rows below `before`, reading on where a partition's rows run out.

    `expected` is how many rows will probably be wanted. Images are spread evenly, so half as much again as
    a partition's share makes a second read the exception (1 page of 70 at 50 rows and 4 partitions).
    """
    limit = min(expected * 3 // (2 * len(partitions)) + 2, MAX_ROWS_AT_ONCE)
    first_reads = index.rows(partitions, before, limit)
    streams = [
        _stream(index, partition, rows, limit)
        for partition, rows in zip(partitions, first_reads, strict=True)
    ]
    return merge(*streams, key=lambda row: row.at.sk, reverse=True)


def _stream(index: IndexReader, partition: str, rows: Sequence[IndexRow], limit: int) -> Iterator[IndexRow]:
    while True:
        yield from rows
        if len(rows) < limit:
            return
        limit = min(2 * limit, MAX_ROWS_AT_ONCE)
        (rows,) = index.rows([partition], rows[-1].at.sk, limit)
