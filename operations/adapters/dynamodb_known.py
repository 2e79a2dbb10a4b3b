"""What the table knows of objects and of their bytes, on DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws.calls import TableBatches
from contract.records import ResultName, Status
from contract.table import PARTITION_KEY, SORT_KEY, key_of, key_to_wire, record_key, result_key
from operations.inventory import RecordSummary as Recorded

RECORD_ATTRIBUTES = ("key", "etag", "size_bytes", "version_id", "status", "detectors")
# A result has it, a claim on one has not.
ANSWERED = "called_at"


@dataclass(frozen=True)
class DynamoDBKnown:
    """The one table, as far as it is asked what was paid for."""

    reads: TableBatches

    def recorded(self, keys: Sequence[str]) -> Mapping[str, Recorded]:
        """Return the records of those keys that have one, as of now."""
        items = self.reads.read([key_to_wire(record_key(key)) for key in keys], RECORD_ATTRIBUTES)
        return {record.key: record for record in map(_recorded, items)}

    def answered(self, names: Sequence[ResultName]) -> set[ResultName]:
        """Return which of these answers are there, as of now; a claim on one is none yet.

        DynamoDB charges for whole items, whatever is asked of them: a unit for 4 KB.
        """
        wanted = {result_key(name): name for name in names}
        items = self.reads.read([key_to_wire(place) for place in wanted], (PARTITION_KEY, SORT_KEY, ANSWERED))
        return {wanted[key_of(item)] for item in items if ANSWERED in item}


def _recorded(item: Mapping[str, Any]) -> Recorded:
    detectors = item.get("detectors", {"M": {}})["M"]
    return Recorded(
        key=item["key"]["S"],
        etag=item["etag"]["S"],
        size_bytes=int(item["size_bytes"]["N"]),
        status=Status(item["status"]["S"]),
        fingerprints={name: fingerprint["S"] for name, fingerprint in detectors.items()},
        version_id=item["version_id"]["S"] if "version_id" in item else None,
    )
