"""DynamoDB's batch calls, complete: full batches, and whatever was left unprocessed is asked for again.

Keys and items are as on the wire, with their type tags. A batch call that leaves some of its keys or items
unprocessed has not failed, so no client tries that again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, NamedTuple

from aws.batches import in_batches
from aws.errors import ErrorTranslator
from contract.errors import ImagepipeError, ThrottledError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WireItem = dict[str, Any]
Retry = Callable[[Callable[[], None]], None]

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_WRITES = 25
MAX_READS = 100
MAX_STATEMENTS = 25


class BatchGet:
    """One BatchGetItem of up to 100 keys. `found` are the items that there are, as far as it was answered."""

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        translated: ErrorTranslator,
        keys: Sequence[WireItem],
        *,
        consistent: bool,
        attributes: Sequence[str] = (),
    ) -> None:
        self.found: list[WireItem] = []
        self._client, self._table_name, self._translated = client, table_name, translated
        wanted: WireItem = {"Keys": list(keys), "ConsistentRead": consistent}
        if attributes:
            expression, names = projection(attributes)
            wanted |= {"ProjectionExpression": expression, "ExpressionAttributeNames": names}
        self._asked: dict[str, Any] = {table_name: wanted}

    def ask(self) -> bool:
        """Ask for what was not answered yet; tell whether everything is now."""
        with self._translated(f"BatchGetItem on {self._table_name}"):
            answer = self._client.batch_get_item(RequestItems=self._asked)
        self.found.extend(answer["Responses"].get(self._table_name, []))
        self._asked = dict(answer.get("UnprocessedKeys", {}))
        return not self._asked

    def ask_for_all(self) -> None:
        """Ask for what was not answered yet. Raise ThrottledError if something is not answered still."""
        if not self.ask():
            raise ThrottledError("UnprocessedKeys", f"{self._table_name} did not answer for all keys")


class BatchWrite:
    """One BatchWriteItem of up to 25 put and delete requests. `waiting` are those that were not taken yet."""

    def __init__(
        self,
        client: DynamoDBClient,
        table_name: str,
        translated: ErrorTranslator,
        requests: Sequence[WireItem],
    ) -> None:
        self.waiting: list[WireItem] = list(requests)
        self._client, self._table_name, self._translated = client, table_name, translated

    def write_all(self) -> None:
        """Write what was not taken yet. Raise ThrottledError if something is not taken still."""
        asked: Any = {self._table_name: self.waiting}
        with self._translated(f"BatchWriteItem on {self._table_name}"):
            answer: Any = self._client.batch_write_item(RequestItems=asked)
        self.waiting = list(answer.get("UnprocessedItems", {}).get(self._table_name, []))
        if self.waiting:
            raise ThrottledError("UnprocessedItems", f"{self._table_name} did not take all items")


class TableBatches(NamedTuple):
    """Batch calls on one table, the batches side by side.

    Reads are as of now if `consistent`; else they cost half, and may not see what was written seconds ago.
    Must not be called from a thread of the executor itself.
    """

    client: DynamoDBClient
    table_name: str
    translated: ErrorTranslator
    retry: Retry
    executor: Executor
    consistent: bool = True

    def read(self, keys: Sequence[WireItem], attributes: Sequence[str] = ()) -> list[WireItem]:
        """Return those items that are there, and of them these attributes, or all.

        Raise a word for failure if any could not be read.
        """

        def read_batch(batch: Sequence[WireItem]) -> list[WireItem]:
            read = BatchGet(*self[:3], batch, consistent=self.consistent, attributes=attributes)
            self.retry(read.ask_for_all)
            return read.found

        found = self.executor.map(read_batch, in_batches(keys, MAX_READS))
        return [item for items in found for item in items]

    def write(self, requests: Sequence[WireItem]) -> list[tuple[WireItem, ImagepipeError]]:
        """Make put and delete requests, no two of one key; return those that were not done, and why."""
        undone = self.executor.map(self._write_batch, in_batches(requests, MAX_WRITES))
        return [failed for failures in undone for failed in failures]

    def _write_batch(self, requests: Sequence[WireItem]) -> list[tuple[WireItem, ImagepipeError]]:
        write = BatchWrite(*self[:3], requests)
        try:
            self.retry(write.write_all)
        except ImagepipeError as error:
            return [(request, error) for request in write.waiting]
        return []

    def insert(self, items: Sequence[WireItem]) -> list[WireItem]:
        """Insert items, each if there is none at its key yet; return those known to have been inserted.

        BatchWriteItem knows no conditions, TransactWriteItems costs twice and fails as a whole; PartiQL's
        INSERT in BatchExecuteStatement is as cheap as a put, and each statement succeeds or fails by itself.
        https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.multiplestatements.batching.html

        Of the others some may stand there all the same (an answer may be lost): whoever calls this deals with
        each of them by a conditional put, which says what is the matter. So nothing is tried again here.
        """
        if len(items) < 2:  # noqa: PLR2004 - one item is as well put
            return []
        inserted = self.executor.map(self._insert_batch, in_batches(items, MAX_STATEMENTS))
        return [item for batch in inserted for item in batch]

    def _insert_batch(self, items: Sequence[WireItem]) -> list[WireItem]:
        try:
            with self.translated(f"BatchExecuteStatement on {self.table_name}"):
                answer = self.client.batch_execute_statement(
                    Statements=[self._insert_statement(item) for item in items]
                )
        except ImagepipeError:
            return []
        responses: Sequence[Mapping[str, Any]] = answer["Responses"]
        return [item for item, said in zip(items, responses, strict=True) if "Error" not in said]

    def _insert_statement(self, item: WireItem) -> Any:
        members = ", ".join(f"'{name}': ?" for name in item)
        return {
            "Statement": f'INSERT INTO "{self.table_name}" VALUE {{{members}}}',
            "Parameters": list(item.values()),
        }


def projection(attributes: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return a projection expression, and its names: an attribute may be called like a reserved word."""
    return ", ".join(f"#{name}" for name in attributes), {f"#{name}": name for name in attributes}
