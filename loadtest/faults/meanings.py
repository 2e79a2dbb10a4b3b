"""Vectors of meaning at the end: one row a photo has its own, and no row that is seen has another."""

from collections import defaultdict
from decimal import Decimal

from contract.meaning import MEANING, Vector, vector_in
from contract.records import ImageRecord, Status
from contract.results import ResultName
from loadtest.faults.cameras import is_unchanged
from loadtest.faults.verdict import Evidence


def misplaced_vectors(evidence: Evidence) -> dict[str, str]:
    """Return the keys whose rows have not the vector of the record, or another one, and what is wrong."""
    seen: dict[str, list[Vector]] = defaultdict(list)
    for row, vector in evidence.vectors.items():
        record = evidence.records.get(row.key)
        if record is not None and record.revision == row.revision:
            seen[row.key].append(vector)
    found: dict[str, str] = {}
    for key, record in evidence.records.items():
        if _has_meaning(record) and MEANING not in record.detectors:
            found[key] = "nobody looked for what it means"
        elif seen[key] != _due(evidence, record):
            found[key] = f"{len(seen[key])} rows have a vector that is not of what it means"
    return found


def _due(evidence: Evidence, record: ImageRecord) -> list[Vector]:
    """Return the vectors that rows are to have: none where nothing was recognized that means something."""
    if not _has_meaning(record):
        return []
    name = ResultName(record.version.content_id, MEANING, record.detectors[MEANING])
    vector = vector_in(evidence.results[name].response)
    # As it is written (contract.table).
    return [] if vector is None else [tuple(float(Decimal(f"{number:.7g}")) for number in vector)]


def _has_meaning(record: ImageRecord) -> bool:
    """Return whether it was looked for: not in pictures of a camera that show nothing new."""
    return record.status is Status.RECOGNIZED and not is_unchanged(record)
