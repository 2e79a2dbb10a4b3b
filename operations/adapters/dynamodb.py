"""The table's ports on DynamoDB for reconciling: records in batches, one scan, marks on index rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.calls import TableBatches, pages, projection, write_if
from aws.retries import RetryPolicy
from contract.table import (
    INDEX_PREFIX,
    PARTITION_KEY,
    RECORD,
    RECORD_PREFIX,
    SORT_KEY,
    ItemKey,
    key_to_wire,
    record_key,
)
from operations.adapters.aws_errors import translated
from operations.adapters.dynamodb_wire import SUSPECTED_AT, row_from_wire, standing_from_wire
from operations.inventory import RecordSummary as Standing
from operations.inventory import SeenRow

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RECORD_ATTRIBUTES = (
    PARTITION_KEY,
    SORT_KEY,
    "key",
    "etag",
    "size_bytes",
    "version_id",
    "uploaded_at",
    "decided_at",
    "revision",
    "status",
)


@dataclass(frozen=True)
class ComparedTable:
    """The one table, as far as it is compared with the bucket."""

    client: DynamoDBClient
    table_name: str
    retry: RetryPolicy
    reads: TableBatches

    def records(self, keys: Sequence[str]) -> Mapping[str, Standing]:
        """Return the records of those keys that have one, as of now."""
        items = self.reads.read([key_to_wire(record_key(key)) for key in keys], RECORD_ATTRIBUTES)
        return {record.key: record for record in map(standing_from_wire, items)}

    def rows_there(self, places: Sequence[ItemKey]) -> set[ItemKey]:
        """Return which of these items are there, as of now."""
        items = self.reads.read([key_to_wire(place) for place in places], (PARTITION_KEY, SORT_KEY))
        return {ItemKey(item[PARTITION_KEY]["S"], item[SORT_KEY]["S"]) for item in items}

    def scan(self, prefix: str) -> Iterator[tuple[Sequence[Standing], Sequence[SeenRow]]]:
        """Yield all records and index rows of keys that begin so, up to a megabyte of the table at a time.

        Raw results and counts are passed over by DynamoDB, and paid for all the same: a unit for 8 KB.
        """
        for page in self._scan_pages(prefix):
            items = page["Items"]
            yield (
                [standing_from_wire(item) for item in items if item[SORT_KEY]["S"] == RECORD],
                [row_from_wire(item) for item in items if item[SORT_KEY]["S"] != RECORD],
            )

    def mark(self, at: ItemKey, suspected_at: int) -> bool:
        """Mark a row as suspect; say whether it was there."""
        return self._if(
            "UpdateItem",
            at,
            condition=f"attribute_exists({PARTITION_KEY})",
            suspected_at=suspected_at,
            UpdateExpression=f"SET {SUSPECTED_AT} = :suspected_at",
        )

    def remove_marked(self, at: ItemKey, suspected_at: int) -> bool:
        """Remove a row if it has this mark; say whether it had."""
        return self._if("DeleteItem", at, f"{SUSPECTED_AT} = :suspected_at", suspected_at)

    def _if(self, operation: str, at: ItemKey, condition: str, suspected_at: int, **how: Any) -> bool:
        call: Any = self.client.update_item if operation == "UpdateItem" else self.client.delete_item

        write = self.retry.around(
            translated(f"{operation} of {at.pk} {at.sk} on {self.table_name}")(write_if)
        )
        return write(
            call,
            TableName=self.table_name,
            Key=key_to_wire(at),
            ConditionExpression=condition,
            ExpressionAttributeValues={":suspected_at": {"N": str(suspected_at)}},
            **how,
        ).is_done

    def _scan_pages(self, prefix: str) -> Iterator[Mapping[str, Any]]:
        """Read eventually consistent, at half the price: what is found is looked at once more."""
        wanted = f"(begins_with({PARTITION_KEY}, :records) OR begins_with({PARTITION_KEY}, :rows))"
        values = {":records": {"S": RECORD_PREFIX}, ":rows": {"S": INDEX_PREFIX}}
        if prefix:
            wanted += " AND begins_with(#key, :prefix)"
            values[":prefix"] = {"S": prefix}
        expression, names = projection((*RECORD_ATTRIBUTES, SUSPECTED_AT))

        return pages(
            self.retry.around(translated(f"Scan of {self.table_name}")(self.client.scan)),
            TableName=self.table_name,
            FilterExpression=wanted,
            ProjectionExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
