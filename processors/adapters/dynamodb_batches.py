"""DynamoDB's batch calls, complete: full batches, and whatever was left unprocessed is asked for again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from aws.retries import RetryPolicy
from contract.errors import ImagepipeError, ThrottledError
from contract.table import ItemKey
from contract.wire import Item, WireItem, from_wire, key_of, key_to_wire
from processors.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Element = TypeVar("Element")

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_WRITES = 25
MAX_READS = 100


@dataclass(frozen=True)
class BatchCalls:
    """Batch reads and writes on one table, the batches side by side.

    Reads are as of now if `consistent`; else they cost half, and may not see what was written seconds ago.
    Must not be called from a thread of the executor itself.
    """

    client: DynamoDBClient
    table_name: str
    retry: RetryPolicy
    executor: Executor
    consistent: bool = True

    def read(self, keys: Sequence[ItemKey]) -> list[Item]:
        """Return those items that are there. Raise a word for failure if any could not be read."""
        batches = self.executor.map(self._read_batch, _in_batches(keys, MAX_READS))
        return [item for batch in batches for item in batch]

    def write(self, requests: Mapping[ItemKey, WireItem]) -> dict[ItemKey, ImagepipeError]:
        """Do put and delete requests, one a key; give those that were not done, with the reason."""
        unwritten: dict[ItemKey, ImagepipeError] = {}
        for faults in self.executor.map(self._write_batch, _in_batches(list(requests.items()), MAX_WRITES)):
            unwritten.update(faults)
        return unwritten

    def _read_batch(self, keys: Sequence[ItemKey]) -> list[Item]:
        found: list[Item] = []
        asked: dict[str, Any] = {
            self.table_name: {
                "Keys": [key_to_wire(key) for key in keys],
                "ConsistentRead": self.consistent,
            }
        }

        def attempt() -> None:
            nonlocal asked
            with translated(f"BatchGetItem on {self.table_name}"):
                answer = self.client.batch_get_item(RequestItems=asked)
            found.extend(from_wire(item) for item in answer["Responses"].get(self.table_name, []))
            asked = dict(answer.get("UnprocessedKeys", {}))
            if asked:
                raise ThrottledError("UnprocessedKeys", f"{self.table_name} did not answer for all keys")

        self.retry(attempt)
        return found

    def _write_batch(self, batch: Sequence[tuple[ItemKey, WireItem]]) -> dict[ItemKey, ImagepipeError]:
        waiting: list[Any] = [request for _, request in batch]

        def attempt() -> None:
            nonlocal waiting
            with translated(f"BatchWriteItem on {self.table_name}"):
                answer = self.client.batch_write_item(RequestItems={self.table_name: waiting})
            waiting = list(answer.get("UnprocessedItems", {}).get(self.table_name, []))
            if waiting:
                raise ThrottledError("UnprocessedItems", f"{self.table_name} did not take all rows")

        try:
            self.retry(attempt)
        except ImagepipeError as failure:
            return {_requested_key(request): failure for request in waiting}
        return {}


def _requested_key(request: Mapping[str, Any]) -> ItemKey:
    if "PutRequest" in request:
        return key_of(request["PutRequest"]["Item"])
    return key_of(request["DeleteRequest"]["Key"])


def _in_batches(elements: Sequence[Element], size: int) -> Iterator[Sequence[Element]]:
    for start in range(0, len(elements), size):
        yield elements[start : start + size]
