"""The audit's port on DynamoDB: what records are of, what is counted, and how far the round has come."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from aws.calls import TableBatches
from contract.metrics import Metric
from contract.records import Status, content_id
from contract.table import Item, counts_key, key_to_wire, record_key, to_wire
from contract.tallies import AUDIT, STATUS_COUNTS, UNREADABLE, AuditRound, read_counts
from processors.adapters.aws_errors import translated
from processors.adapters.dynamodb_items import object_key, read_items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoDBAudits:
    """The one table. `batches` read as of now, `late_batches` for half of that what may be seconds old."""

    client: DynamoDBClient
    table_name: str
    batches: TableBatches
    late_batches: TableBatches

    def contents(self, keys: Collection[str]) -> Mapping[str, str]:
        """Return what the bytes are called that records are of: not of those that cannot be read."""
        items = read_items(self.late_batches, map(record_key, keys))
        found = {object_key(item): _content_of(item) for item in items}
        return {key: content for key, content in found.items() if content is not None}

    def images(self) -> int:
        """Return how many images are counted, recognized or rejected."""
        return sum(sum(read_counts(item).values()) for item in read_items(self.batches, [STATUS_COUNTS]))

    def deletions(self, since: float, until: float) -> int:
        """Return how many deletions were worked on these days (UTC), the first and the last included."""
        first, last = _day(since), _day(until)
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        items = read_items(self.batches, [counts_key(day.isoformat()) for day in days])
        return sum(int(item.get(Metric.IMAGES_DELETED, 0)) for item in items)

    def last_round(self) -> AuditRound | None:
        """Return the round that is under way, or the last one; None where there is none to go on with."""
        for item in read_items(self.batches, [AUDIT]):
            try:
                return AuditRound.from_item(item)
            except UNREADABLE:
                return None
        return None

    def keep(self, so_far: AuditRound) -> None:
        """Write down how far a round has come."""
        item = to_wire(so_far.to_item()) | key_to_wire(AUDIT)
        with translated(f"PutItem of the audit on {self.table_name}"):
            self.client.put_item(TableName=self.table_name, Item=item)


def _content_of(item: Item) -> str | None:
    try:
        is_deleted = item["status"] == Status.DELETED
        return None if is_deleted else content_id(str(item["etag"]), int(item["size_bytes"]))
    except UNREADABLE:
        return None


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()
