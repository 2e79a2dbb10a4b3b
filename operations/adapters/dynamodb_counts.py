"""The status report's port on DynamoDB: records counted by their index rows, and the counts of days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from aws.calls import TableBatches, pages
from aws.retries import RetryPolicy
from contract.records import Status
from contract.table import PARTITION_KEY, counts_key, key_to_wire, status_term, term_partitions
from operations.adapters.aws_errors import translated
from operations.inventory import CALL_COUNTS
from operations.inventory import RecordCount as Counted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoDBRecordCounts:
    """The one table, as far as it is counted."""

    client: DynamoDBClient
    table_name: str
    retry: RetryPolicy
    reads: TableBatches

    def count(self, status: Status, pages_a_partition: int | None) -> Counted:
        """Count the records of a state by its index rows.

        A row that no record stands for any more is counted until it is removed, so the number is near, not
        exact, while the pipeline works. It costs half a read unit for each 4 KB of rows: a million records,
        some 250 MB, are 32,000 units, less than half a cent.
        """
        count, is_all = 0, True
        for partition in term_partitions(status_term(status)):
            pages = self._pages(partition)
            for page in islice(pages, pages_a_partition):
                count += page
            further = next(pages, None)
            count, is_all = count + (further or 0), is_all and further is None
        return Counted(count, is_all)

    def counts(self, days: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Return what was counted on each of these days (ISO 8601, UTC)."""
        places = {counts_key(day).pk: day for day in days}
        names = CALL_COUNTS
        items = self.reads.read([key_to_wire(counts_key(day)) for day in days], (PARTITION_KEY, *names))
        return {
            places[item[PARTITION_KEY]["S"]]: {name: int(item[name]["N"]) for name in names if name in item}
            for item in items
        }

    def _pages(self, partition: str) -> Iterator[int]:
        found = pages(
            self.retry.around(translated(f"Query of {partition} on {self.table_name}")(self.client.query)),
            TableName=self.table_name,
            Select="COUNT",
            KeyConditionExpression=f"{PARTITION_KEY} = :partition",
            ExpressionAttributeValues={":partition": {"S": partition}},
        )
        return (page["Count"] for page in found)
