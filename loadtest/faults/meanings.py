"""Vectors of meaning at the end: a photo has one row of its own in each space, and no other that is seen."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from decimal import Decimal

from contract.meaning import INVOKE_MODEL, OF_MEANING, Vector, space_of, vector_in
from contract.records import ImageRecord, Status
from contract.results import ResultName
from contract.table import meaning_term
from loadtest.faults.cameras import is_unchanged
from loadtest.faults.ledger import Name, Paid, Save
from loadtest.faults.verdict import Evidence


def thumbnail_of(key: str) -> str | None:
    """Return the content that a thumbnail is of; None for what is none."""
    content_id, _, _ = key.removesuffix("/thumbnail.webp").rpartition("/")
    return content_id if key.endswith("/thumbnail.webp") else None


def vectors_paid(events: Iterable[Paid | Save]) -> dict[Name, int]:
    """Return how often each content was paid for: Bedrock, and not Rekognition, has these in its log."""
    shown = [event.photograph for event in events if isinstance(event, Paid)]
    seen = [each.key for each in shown if each.operation == INVOKE_MODEL]
    return dict(Counter((INVOKE_MODEL, thumbnail_of(key) or key) for key in seen))


def misplaced_vectors(evidence: Evidence) -> dict[str, str]:
    """Return the keys whose rows have not the vector of the record, or another one, and what is wrong."""
    seen: dict[str, list[tuple[str, Vector]]] = defaultdict(list)
    for row, vector in evidence.vectors.items():
        record = evidence.records.get(row.key)
        if record is not None and record.revision == row.revision:
            seen[row.key].append((row.term, vector))
    found: dict[str, str] = {}
    for key, record in evidence.records.items():
        if _has_meaning(record) and not record.detectors.keys() >= set(OF_MEANING):
            found[key] = "not every model looked for what it means"
        elif sorted(seen[key]) != _due(evidence, record):
            found[key] = f"{len(seen[key])} rows have a vector that is not of what it means"
    return found


def _due(evidence: Evidence, record: ImageRecord) -> list[tuple[str, Vector]]:
    """Return the vectors that rows are to have, by term: none where nothing means something."""
    if not _has_meaning(record):
        return []
    due: list[tuple[str, Vector]] = []
    for detector in record.detectors.keys() & set(OF_MEANING):
        name = ResultName(record.version.content_id, detector, record.detectors[detector])
        vector = vector_in(evidence.results[name].response)
        if vector is not None:
            # As it is written (contract.table).
            written = tuple(float(Decimal(f"{number:.7g}")) for number in vector)
            due.append((meaning_term(space_of(name.fingerprint)), written))
    return sorted(due)


def _has_meaning(record: ImageRecord) -> bool:
    """Return whether it was looked for: not in pictures of a camera that show nothing new."""
    return record.status is Status.RECOGNIZED and not is_unchanged(record)
