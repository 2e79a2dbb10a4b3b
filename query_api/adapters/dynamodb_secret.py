"""The secret by which cursors are signed: one item of the table, made by whoever needs it first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract import table
from contract.table import PARTITION_KEY
from contract.wire import key_to_wire, to_wire
from query_api.adapters.aws_errors import translated
from query_api.adapters.dynamodb_items import read_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass
class DynamoDBSecret:
    """Reads the secret once and keeps it. `make` makes one, of 32 random bytes."""

    client: DynamoDBClient
    table_name: str
    make: Callable[[], bytes]
    _known: bytes | None = field(default=None, init=False)

    def __call__(self) -> bytes:
        """Give the secret. Raises ImagepipeError."""
        if self._known is None:
            self._known = self._read() or self._write()
        return self._known

    def _read(self) -> bytes | None:
        with translated(f"GetItem on {self.table_name}"):
            answer = self.client.get_item(
                TableName=self.table_name, Key=key_to_wire(table.signing_key()), ConsistentRead=True
            )
        return bytes(read_item(answer["Item"])["secret"]) if "Item" in answer else None

    def _write(self) -> bytes:
        """Put one there unless another copy of this function was first; then take that one."""
        made = self.make()
        with translated(f"PutItem on {self.table_name}"):
            try:
                self.client.put_item(
                    TableName=self.table_name,
                    Item={**key_to_wire(table.signing_key()), **to_wire({"secret": made})},
                    ConditionExpression=f"attribute_not_exists({PARTITION_KEY})",
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return self._read() or made
        return made
