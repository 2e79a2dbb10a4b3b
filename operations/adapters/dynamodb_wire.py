"""Records and index rows out of items with DynamoDB's type tags, as far as they are compared.

By hand, and not by boto3's deserializer, which takes as long as all the rest of a survey together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.records import Status
from contract.table import PARTITION_KEY, SORT_KEY, IndexRow, ItemKey
from operations.inventory import RecordSummary as Standing
from operations.inventory import SeenRow

# On an index row that a sweep suspects: when it was marked, in seconds since 1970. Nobody else reads it, and
# whoever writes the row again takes it away.
SUSPECTED_AT = "suspected_at"

Wire = Mapping[str, Mapping[str, Any]]


def standing_from_wire(item: Wire) -> Standing:
    """Read a record."""
    version_id = item.get("version_id")
    return Standing(
        key=item["key"]["S"],
        etag=item["etag"]["S"],
        size_bytes=int(item["size_bytes"]["N"]),
        version_id=version_id["S"] if version_id else None,
        uploaded_at=item["uploaded_at"]["S"],
        decided_at=item["decided_at"]["S"],
        revision=item["revision"]["S"],
        status=Status(item["status"]["S"]),
    )


def row_from_wire(item: Wire) -> SeenRow:
    """Read an index row, without its confidence."""
    suspected_at = item.get(SUSPECTED_AT)
    row = IndexRow(
        at=ItemKey(item[PARTITION_KEY]["S"], item[SORT_KEY]["S"]),
        key=item["key"]["S"],
        revision=item["revision"]["S"],
    )
    return SeenRow(row, int(suspected_at["N"]) if suspected_at else None)
