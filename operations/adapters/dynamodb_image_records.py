"""Whole records, and when the answers that they rest on were paid for, on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws.calls import TableBatches
from aws.retries import RetryPolicy
from contract.records import ImageRecord, ResultName
from contract.table import PARTITION_KEY, SORT_KEY, from_wire, key_of, key_to_wire, record_key, result_key
from operations.adapters.aws_errors import translated
from operations.adapters.dynamodb_known import ANSWERED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class DynamoDBImageRecords:
    """The one table, as far as `imagepipe verify` looks into it."""

    client: DynamoDBClient
    table_name: str
    retry: RetryPolicy
    reads: TableBatches

    def read(self, keys: Sequence[str]) -> Mapping[str, ImageRecord]:
        """Return the records of those keys that have one, as of now."""
        items = self.reads.read([key_to_wire(record_key(key)) for key in keys])
        return {record.key: record for record in (ImageRecord.from_item(from_wire(item)) for item in items)}

    def called_at(self, names: Sequence[ResultName]) -> Mapping[ResultName, str]:
        """Return when each of these answers was given (ISO 8601); those that are not there are left out."""
        wanted = {result_key(name): name for name in names}
        items = self.reads.read([key_to_wire(place) for place in wanted], (PARTITION_KEY, SORT_KEY, ANSWERED))
        return {wanted[key_of(item)]: item[ANSWERED]["S"] for item in items if ANSWERED in item}

    def forget(self, names: Iterable[ResultName]) -> None:
        """Remove answers: whoever needs one of them again pays for it again."""
        delete = self.retry.around(
            translated(f"DeleteItem of an answer on {self.table_name}")(self.client.delete_item)
        )
        for name in names:
            delete(TableName=self.table_name, Key=key_to_wire(result_key(name)))
