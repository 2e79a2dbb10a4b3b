"""The calls to AWS that several rooms make, each complete.

A batch call that leaves some keys, items or entries undone has not failed, so no client tries that again:
here it is. Queries are read page by page. That a condition does not hold, or that nothing is there, is an
outcome and no error. Keys and items of DynamoDB are as on the wire, with their type tags.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from aws.errors import ErrorTranslator
from contract.errors import ConfigurationError, ImagepipeError, NotReadyError, ThrottledError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from aws.retries import RetryPolicy


Element = TypeVar("Element")
WireItem = dict[str, Any]
Entry = Mapping[str, Any]

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_READS = 100
MAX_WRITES = 25
MAX_STATEMENTS = 25
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MAX_ENTRIES = 10
MAX_BATCH_BYTES = 256 * 1024


class TableBatches(NamedTuple):
    """Batch calls on one table, the batches side by side.

    Reads are as of now if `consistent`; else they cost half, and may not see what was written seconds ago.
    Must not be called from a thread of the executor itself.
    """

    client: "DynamoDBClient"
    table_name: str
    translated: ErrorTranslator
    retry: "RetryPolicy"
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


class BatchGet:
    """One BatchGetItem of up to 100 keys. `found` are the items that there are, as far as it was answered."""

    def __init__(
        self,
        client: "DynamoDBClient",
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
        client: "DynamoDBClient",
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


def projection(attributes: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return a projection expression, and its names: an attribute may be called like a reserved word."""
    return ", ".join(f"#{name}" for name in attributes), {f"#{name}": name for name in attributes}


def additions(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return what an UpdateItem asks for that adds to numbers, by attribute, whatever these are called."""
    places = [str(place) for place in range(len(counts))]
    return {
        "UpdateExpression": "ADD " + ", ".join(f"#{place} :{place}" for place in places),
        "ExpressionAttributeNames": {f"#{place}": name for place, name in zip(places, counts, strict=True)},
        "ExpressionAttributeValues": {
            f":{place}": {"N": str(by)} for place, by in zip(places, counts.values(), strict=True)
        },
    }


def pages(call: Callable[..., Mapping[str, Any]], **request: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the answers to a request, each when it is asked for. `call` makes one of them."""
    while True:
        page = call(**request)
        yield page
        if "LastEvaluatedKey" not in page:
            return
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


class WriteOutcome(NamedTuple):
    """Whether a write was done, and what DynamoDB answered.

    The answer to a write that was not done has under `Item` what stands there instead, if it was asked for by
    `ReturnValuesOnConditionCheckFailure` and there is anything.
    """

    is_done: bool
    answer: Mapping[str, Any]


def write_if(call: Callable[..., Mapping[str, Any]], **request: Any) -> WriteOutcome:
    """Make a conditional write, by a method of the client. Raises what botocore raises of anything else."""
    try:
        return WriteOutcome(True, call(**request))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return WriteOutcome(False, error.response)


class EntryBatch:
    """One batch call with up to ten entries, each by an id of the caller's.

    `what` says what is done to which queue or topic. What is refused for a fault of the sender's is not tried
    again if `sender_faults_are_final`; else by its code.
    """

    def __init__(
        self,
        what: str,
        call: Callable[[list[dict[str, Any]]], Any],
        entries: Mapping[str, Entry],
        translated: ErrorTranslator,
        *,
        sender_faults_are_final: bool = True,
    ) -> None:
        self.failures: dict[str, ImagepipeError] = {}
        self._what, self._call, self._translated = what, call, translated
        self._sender_faults_are_final = sender_faults_are_final
        # The ids of entries have to be short, and of few characters.
        self._waiting = {str(place): each for place, each in enumerate(entries.items())}

    def attempt(self) -> None:
        """Make the call for what is not done yet. Raise NotReadyError if some of it is to be tried again."""
        with self._translated(self._what):
            answer = self._call([{"Id": place, **entry} for place, (_, entry) in self._waiting.items()])
        for done in answer.get("Successful", []):
            identifier, _ = self._waiting.pop(done["Id"])
            self.failures.pop(identifier, None)
        for failed in answer.get("Failed", []):
            is_final = failed.get("SenderFault") and self._sender_faults_are_final
            identifier, _ = self._waiting.pop(failed["Id"]) if is_final else self._waiting[failed["Id"]]
            self.failures[identifier] = self._failure(failed, is_final=is_final)
        if self._waiting:
            raise NotReadyError("BatchFailed", f"{self._what}: {len(self._waiting)} entries are undone")

    def undone(self, error: ImagepipeError) -> Mapping[str, ImagepipeError]:
        """Return why entries are undone, after an error that was the last of all attempts."""
        return {identifier: error for identifier, _ in self._waiting.values()} | self.failures

    def _failure(self, failed: Mapping[str, Any], *, is_final: bool) -> ImagepipeError:
        if is_final:
            message = f"{failed.get('Message', 'no reason given')} ({self._what})"
            return ConfigurationError(failed["Code"], message)
        return self._translated.word_for_entry(failed, self._what)


def in_batches(elements: Sequence[Element], size: int) -> Iterator[Sequence[Element]]:
    for start in range(0, len(elements), size):
        yield elements[start : start + size]


def by_size(
    elements: Iterable[Element], bytes_of: Callable[[Element], int], most: int, most_bytes: int
) -> Iterator[list[Element]]:
    """Yield elements in batches of at most so many, and so many bytes together."""
    batch: list[Element] = []
    batch_bytes = 0
    for element in elements:
        element_bytes = bytes_of(element)
        if batch and (len(batch) == most or batch_bytes + element_bytes > most_bytes):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(element)
        batch_bytes += element_bytes
    if batch:
        yield batch


# The answer to a HEAD has no body, so its error code is the bare status.
NOT_THERE = frozenset({"404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed"})
# What S3 calls the version of an object that was put while the bucket had no versions.
NO_VERSION = "null"


class ObjectHead(NamedTuple):
    """An object: `answer` is all that S3 says of it."""

    etag: str
    size_bytes: int
    version_id: str | None
    modified_at: datetime
    answer: Mapping[str, Any]


def head_object(client: "S3Client", bucket_name: str, key: str, **which: Any) -> ObjectHead | None:
    """Return an object, or the version that `which` names; None if there is nothing or a delete marker.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    """
    try:
        found = client.head_object(Bucket=bucket_name, Key=key, **which)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_THERE:
            return None
        raise
    version_id = found.get("VersionId", NO_VERSION)
    return ObjectHead(
        etag=found["ETag"].strip('"'),
        size_bytes=found["ContentLength"],
        version_id=None if version_id == NO_VERSION else version_id,
        modified_at=found["LastModified"],
        answer=found,
    )
