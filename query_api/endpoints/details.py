"""Everything known of one image: its record, and what each detector answered for its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contract.records import ImageRecord, Result, ResultName, Status
from query_api.ports import RecordReader, ResultReader


@dataclass(frozen=True)
class Details:
    """One image. `results` are by detector; one is missing only if it was removed from the table."""

    record: ImageRecord
    results: Mapping[str, Result]


@dataclass(frozen=True)
class ImageReader:
    """Answers questions about one image."""

    record_reader: RecordReader
    result_reader: ResultReader

    def details(self, key: str) -> Details | None:
        """Read what is known of an image; None if nothing is, or if it was deleted."""
        record = self.record_reader.records([key]).get(key)
        if record is None or record.status is Status.DELETED:
            return None
        names = [
            ResultName(record.content_id, detector, fingerprint)
            for detector, fingerprint in record.detectors.items()
        ]
        found = self.result_reader.results(names) if names else {}
        return Details(record, {name.detector: result for name, result in found.items()})
