"""Everything in the table that names a key, and the results of a content, on DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from aws.conditional_writes import write_if
from aws.dynamodb_batches import TableBatches, projection
from aws.dynamodb_pages import pages
from aws.retries import RetryPolicy
from contract.contents import COMPLETE, NAMES
from contract.identity import ImageVersion
from contract.records import Status
from contract.table import CONTENT_PREFIX, PARTITION_KEY, RECORD, RECORD_PREFIX, SORT_KEY, ItemKey
from contract.tallies import COUNTED, COUNTED_PREFIX
from contract.wire import from_wire, key_of, key_to_wire
from operations.adapters.aws_errors import reliable
from operations.inventory import Trace, TraceKind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTRIBUTES = (
    PARTITION_KEY,
    SORT_KEY,
    "key",
    "status",
    *("etag", "size_bytes", "version_id", "shares_answers"),
    "content",
    "left",
)
# What has come back meanwhile is not removed: a record that is alive, what a key is counted for.
CONDITIONS: Mapping[TraceKind, str] = {
    TraceKind.RECORD: "#status = :deleted",
    TraceKind.SHARE: "attribute_not_exists(#status) AND attribute_not_exists(#left)",
}


@dataclass(frozen=True)
class DynamoDBTraces:
    """The one table, as far as keys are forgotten in it."""

    client: DynamoDBClient
    table_name: str
    retry: RetryPolicy
    reads: TableBatches

    def find(self, prefix: str) -> Iterator[Trace]:
        """Read the whole table, as of now, for items of keys that begin so."""
        wanted = "begins_with(#key, :prefix) OR begins_with(#pk, :record) OR begins_with(#pk, :counted)"
        values = {
            ":prefix": prefix,
            ":record": f"{RECORD_PREFIX}{prefix}",
            ":counted": f"{COUNTED_PREFIX}{prefix}",
        }
        expression, names = projection(ATTRIBUTES)
        found = pages(
            self._call("Scan", self.client.scan),
            FilterExpression=wanted,
            ProjectionExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
            ConsistentRead=True,
        )
        return (_trace(from_wire(item)) for page in found for item in page["Items"])

    def remove(self, trace: Trace) -> None:
        """Remove an item, unless it has come to life meanwhile."""
        how: dict[str, Any] = {}
        if condition := CONDITIONS.get(trace.kind):
            how = {"ConditionExpression": condition, "ExpressionAttributeNames": {"#status": "status"}}
            if trace.kind is TraceKind.RECORD:
                how["ExpressionAttributeValues"] = {":deleted": {"S": str(Status.DELETED)}}
            else:
                how["ExpressionAttributeNames"]["#left"] = "left"
        self._call("DeleteItem", partial(write_if, self.client.delete_item))(Key=key_to_wire(trace.at), **how)

    def results(self, content_id: str) -> list[ItemKey] | None:
        """Return where the results of a content stand; None if records name it still."""
        places = [key_of(item) for item in self._partition(content_id)]
        if any(place.sk.startswith(f"{NAMES}#") for place in places):
            return None
        return [place for place in places if not place.sk.startswith(NAMES)]

    def remove_result(self, at: ItemKey) -> None:
        """Remove one result: whoever needs it again pays for it again."""
        self._call("DeleteItem", self.client.delete_item)(Key=key_to_wire(at))

    def names_are_complete(self) -> bool:
        """Return whether every record has its name, so that who has none is nobody's."""
        return bool(self.reads.read([key_to_wire(COMPLETE)], (PARTITION_KEY,)))

    def _partition(self, content_id: str) -> Iterator[Mapping[str, Any]]:
        found = pages(
            self._call("Query", self.client.query),
            KeyConditionExpression=f"{PARTITION_KEY} = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{CONTENT_PREFIX}{content_id}"}},
            ProjectionExpression=f"{PARTITION_KEY}, {SORT_KEY}",
            ConsistentRead=True,
        )
        return (item for page in found for item in page["Items"])

    def _call(self, operation: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return a call of the client on the table, with its failures in our words, and tried again."""
        return reliable(
            self.retry, f"{operation} on {self.table_name}", partial(call, TableName=self.table_name)
        )


def _content_id(record: Mapping[str, Any]) -> str | None:
    if not record.get("etag"):
        return None
    version = ImageVersion(
        record["key"], record["etag"], int(record["size_bytes"]), record.get("version_id"), ""
    )
    return version.kept_by(shares_answers=record.get("shares_answers", True))


def _trace(item: Mapping[str, Any]) -> Trace:
    at = ItemKey(item[PARTITION_KEY], item[SORT_KEY])
    if at.sk == RECORD and at.pk.startswith(RECORD_PREFIX):
        is_alive = item.get("status") != Status.DELETED
        return Trace(TraceKind.RECORD, at, at.pk.removeprefix(RECORD_PREFIX), is_alive, _content_id(item))
    if at.sk == COUNTED and at.pk.startswith(COUNTED_PREFIX):
        is_alive = "status" in item or "left" in item
        return Trace(TraceKind.SHARE, at, at.pk.removeprefix(COUNTED_PREFIX), is_alive, item.get("content"))
    if at.pk.startswith(CONTENT_PREFIX):
        return Trace(TraceKind.NAME, at, item["key"], False, at.pk.removeprefix(CONTENT_PREFIX))
    return Trace(TraceKind.ROW, at, str(item["key"]), False, None)
