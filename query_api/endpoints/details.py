"""Everything known of one image: its head, and what each detector answered for its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contract.records import Head, Status
from contract.results import Result, ResultName
from query_api.ports import HeadReader, ResultReader


@dataclass(frozen=True)
class Details:
    """One image. `results` are by detector; one is missing only if it was removed from the table."""

    head: Head
    results: Mapping[str, Result]


@dataclass(frozen=True)
class ImageReader:
    """Answers questions about one image."""

    head_reader: HeadReader
    result_reader: ResultReader

    def details(self, key: str) -> Details | None:
        """Read what is known of an image; None if nothing is, or if it was deleted."""
        head = self.head_reader.heads([key]).get(key)
        if head is None or head.status is Status.DELETED:
            return None
        names = [
            ResultName(head.content_id, detector, fingerprint)
            for detector, fingerprint in head.detectors.items()
        ]
        found = self.result_reader.results(names) if names else {}
        return Details(head, {name.detector: result for name, result in found.items()})
