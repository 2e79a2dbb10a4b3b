"""Vectors of words for tests, and an index of them in memory that is searched as the one in DynamoDB is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt
from zlib import crc32

from contract.meaning import (
    CAPTURED,
    DIMENSIONS,
    IN_SPACE,
    MEANING,
    PART_OF,
    SPACE,
    UPLOADED,
    VECTOR,
    Vector,
    written_vector,
)
from contract.records import ImageRecord
from contract.results import Result, ResultName
from query_api.ports import Narrowing, Neighbor
from tests.query_api.memory_table import MemoryTable
from tests.query_api.photos import WritableTable, commit, write_result

MADE = f"{SPACE}.f1"


def of_words(text: str) -> Vector:
    """Give a vector that is near those of texts with the same words."""
    numbers = [0.01] * DIMENSIONS
    for word in text.lower().split():
        numbers[crc32(word.encode()) % DIMENSIONS] += 1.0
    return tuple(numbers)


def likeness(one: Vector, other: Vector) -> float:
    """Return the cosine of the angle between two vectors: 1 for the same direction."""
    length = sqrt(sum(each * each for each in one) * sum(each * each for each in other))
    return sum(a * b for a, b in zip(one, other, strict=True)) / length if length else 0.0


def meaning(record: ImageRecord, text: str) -> ImageRecord:
    """Give a record whose photo means what the words say."""
    return replace(
        record,
        detectors={**record.detectors, MEANING: MADE},
        findings=replace(record.findings, vectors={MEANING: of_words(text)}),
    )


def commit_meaning(store: WritableTable, record: ImageRecord, text: str) -> ImageRecord:
    """Write a record with what it means, and the answer that it was made of."""
    made = meaning(record, text)
    commit(store, made)
    name = ResultName(made.content_id, MEANING, MADE)
    write_result(store, Result(name, {VECTOR: written_vector(of_words(text))}, "2026-11-23T12:30:00.000Z"))
    return made


@dataclass
class MemoryNeighbors:
    """Searches what stands in a table; `asked` are the narrowings of every search."""

    table: MemoryTable
    asked: list[Narrowing] = field(default_factory=list)
    space: str = SPACE
    takes_ranges: bool = True

    def nearest(self, vector: Vector, within: Sequence[Narrowing], most: int) -> list[list[Neighbor]]:
        self.asked += within
        return [self._nearest(vector, each, most) for each in within]

    def _nearest(self, vector: Vector, within: Narrowing, most: int) -> list[Neighbor]:
        found = [
            Neighbor(str(item["key"]), str(item["revision"]), likeness(vector, numbers_of(item)))
            for item in self.table.items.values()
            if item.get(IN_SPACE) == self.space and _is_within(item, within)
        ]
        return sorted(found, key=lambda neighbor: -neighbor.similarity)[:most]


def numbers_of(item: Mapping[str, object]) -> Vector:
    numbers = item[VECTOR]
    assert isinstance(numbers, list)
    return tuple(map(float, numbers))


def _is_within(item: Mapping[str, object], within: Narrowing) -> bool:
    spans = ((UPLOADED, within.uploaded), (CAPTURED, within.captured))
    return (
        (within.prefixes is None or str(item["key"]).startswith(within.prefixes))
        and (within.part is None or item[PART_OF[within.part[1]]] == f"{within.part[0]:x}")
        and all(
            span is None or (name in item and span[0] <= str(item[name]) <= span[1]) for name, span in spans
        )
    )
