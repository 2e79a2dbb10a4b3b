"""Many new items in one request, each only if there is none at its key yet.

BatchWriteItem knows no conditions, TransactWriteItems costs twice and fails as a whole; PartiQL's INSERT in
BatchExecuteStatement is as cheap as a put, and each statement succeeds or fails by itself.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.multiplestatements.batching.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.errors import ImagepipeError
from contract.table import PARTITION_KEY, SORT_KEY, ItemKey
from contract.wire import to_wire
from processors.adapters.aws_errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MAX_STATEMENTS = 25


@dataclass(frozen=True)
class Inserts:
    """Batches of inserts on one table, side by side.

    Must not be called from a thread of the executor itself.
    """

    client: DynamoDBClient
    table_name: str
    executor: Executor

    def insert(self, items: Sequence[Mapping[str, Any]]) -> set[ItemKey]:
        """Insert items, no two with one key; give the keys of those that are known to have been inserted.

        Of the others some may stand there all the same (an answer may be lost): whoever calls this deals with
        each of them by a conditional put, which says what is the matter.
        """
        if len(items) < 2:  # noqa: PLR2004 - one item is as well put
            return set()
        batches = [items[start : start + MAX_STATEMENTS] for start in range(0, len(items), MAX_STATEMENTS)]
        return {key for keys in self.executor.map(self._insert_batch, batches) for key in keys}

    def _insert_batch(self, items: Sequence[Mapping[str, Any]]) -> list[ItemKey]:
        try:
            with translated(f"BatchExecuteStatement on {self.table_name}"):
                answer = self.client.batch_execute_statement(
                    Statements=[self._statement(item) for item in items]
                )
        except ImagepipeError:
            return []
        return list(_inserted(items, answer["Responses"]))

    def _statement(self, item: Mapping[str, Any]) -> Any:
        members = ", ".join(f"'{name}': ?" for name in item)
        return {
            "Statement": f'INSERT INTO "{self.table_name}" VALUE {{{members}}}',
            "Parameters": list(to_wire(item).values()),
        }


def _inserted(items: Sequence[Mapping[str, Any]], responses: Sequence[Any]) -> Iterator[ItemKey]:
    for item, response in zip(items, responses, strict=True):
        if "Error" not in response:
            yield ItemKey(item[PARTITION_KEY], item[SORT_KEY])
