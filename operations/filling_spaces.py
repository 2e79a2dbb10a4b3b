"""How far a space of vectors is filled while questions are asked of another (docs/search.md)."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice

from contract.meaning import detector_by, space_by
from contract.records import Status
from operations.adapters.dynamodb import ASSESSED
from operations.adapters.dynamodb_vectors import DynamoDBVectors
from operations.inventory import RecordSummary, VectorRow

# A hundred thousand photos, 270 MB of rows in each space, where not all are to be counted.
MOST_ROWS_A_SHARD = 25_000
# So many that seem to lack a vector are held against their records: a row may be left over, or just written.
MOST_DOUBTFUL = 1_000


@dataclass(frozen=True)
class SpaceFilling:
    """Of photos that are `found` by the vectors of `asked`, how many have none in the space of `following`.

    `lacking` are still to get one there. Of those that are `without`, none can be made, and no backfill
    changes that. Where not `is_all`, there are more.
    """

    asked: str
    following: str
    found: int
    lacking: int
    without: int
    is_all: bool

    @property
    def is_complete(self) -> bool:
        return self.is_all and not self.lacking

    def in_words(self) -> str:
        more = "" if self.is_all else "more than "
        said = (
            f"{self.lacking:,} of {more}{self.found:,} photos that are found by vectors of {self.asked} "
            f"have none of {self.following} yet"
        )
        return f"{said}, and {self.without:,} can have none" if self.without else said

    def to_json(self) -> dict[str, object]:
        return asdict(self) | {"is_complete": self.is_complete}


def filling_of(
    table: DynamoDBVectors, asked: str, following: str, most_rows: int | None = MOST_ROWS_A_SHARD
) -> SpaceFilling:
    """Count those found in the space of `asked`, up to `most_rows` a shard, and those not in the other."""
    found = without = 0
    lacking: list[str] = []
    is_all = True
    former, later = (table.vector_rows(space_by(made_by)) for made_by in (asked, following))
    for rows, others in zip(former, later, strict=True):
        with_vector = (row for row in _each_place_once(rows) if row.has_vector)
        for row, there in _beside(islice(with_vector, most_rows), others):
            found += 1
            if there is None:
                lacking.append(row.key)
            else:
                without += not there.has_vector
        is_all = is_all and next(with_vector, None) is None
    if len(lacking) > MOST_DOUBTFUL:
        return SpaceFilling(asked, following, found, len(lacking), without, is_all)
    records = table.summaries(lacking, ASSESSED)
    still_found = [record for key in lacking if (record := records.get(key)) and _has(record, asked)]
    still_lacking = sum(not _has(record, following) for record in still_found)
    gone = len(lacking) - len(still_found)
    return SpaceFilling(asked, following, found - gone, still_lacking, without, is_all)


def _has(record: RecordSummary, made_by: str) -> bool:
    return record.status is Status.RECOGNIZED and detector_by(made_by) in record.fingerprints


def _each_place_once(rows: Iterable[VectorRow]) -> Iterator[VectorRow]:
    """Leave out rows of former revisions of a record, which stand beside those of the last."""
    before = None
    for row in rows:
        if row.place != before:
            yield row
        before = row.place


def _beside(
    rows: Iterable[VectorRow], others: Iterator[VectorRow]
) -> Iterator[tuple[VectorRow, VectorRow | None]]:
    """Yield each row with that of the same photo among others: both are in order."""
    ahead = next(others, None)
    for row in rows:
        while ahead is not None and ahead.place < row.place:
            ahead = next(others, None)
        yield row, ahead if ahead is not None and ahead.place == row.place else None
