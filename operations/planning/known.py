"""What the table knows of objects and of their bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contract.records import Status
from contract.results import ResultName
from operations.reconciling.comparison import Listed


@dataclass(frozen=True)
class Recorded:
    """What a record says, as far as it is asked whether it is current. `fingerprints` are by detector.

    `version_id` is None where the bucket had no versions.
    """

    key: str
    etag: str
    size_bytes: int
    status: Status
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    version_id: str | None = None

    def is_of(self, listed: Listed) -> bool:
        """Tell whether the record is of these bytes."""
        return (self.etag, self.size_bytes) == (listed.etag, listed.size_bytes)

    def is_current(self, listed: Listed, fingerprints: Mapping[str, str]) -> bool:
        """Tell whether the processor would find nothing to do about these bytes.

        The same bytes uploaded anew have the same answers; which version it is, reconcile sees to.
        """
        if not self.is_of(listed):
            return False
        if self.status is Status.REJECTED:
            return True
        return self.status is Status.RECOGNIZED and dict(self.fingerprints) == dict(fingerprints)


class Known(Protocol):
    """Where records and results are."""

    def recorded(self, keys: Sequence[str]) -> Mapping[str, Recorded]:
        """Return the records of those keys that have one, as of now."""

    def answered(self, names: Sequence[ResultName]) -> set[ResultName]:
        """Return which of these answers are there, as of now; a claim on one is none yet."""
