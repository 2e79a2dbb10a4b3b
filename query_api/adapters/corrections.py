"""Corrections on DynamoDB: read with the record they are about, and written only while it stands."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from aws.calls import MAX_READS, BatchGet, pages
from contract import table
from contract.corrections import NONE, Corrections, corrections_key
from contract.errors import ConfigurationError
from contract.items import PARTITION_KEY, ItemKey, beginning_with, key_to_wire, to_wire
from contract.records import ImageRecord, Status
from contract.tallies import NAME_PREFIX
from query_api.adapters import readable
from query_api.adapters.clients import translated
from query_api.adapters.readable import read_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Value = TypeVar("Value")
FAILED_CONDITION = "ConditionalCheckFailed"
# The bytes that were seen are there still, recognized.
SAME_PHOTO = "#status = :status AND etag = :etag AND size_bytes = :size_bytes"


class LackingKeys(NamedTuple):
    """Keys whose records lack corrections; `is_all` says whether there are no others."""

    keys: Sequence[str]
    is_all: bool


@dataclass(frozen=True)
class DynamoDBCorrections:
    """The one table, as far as corrections are written to it. Everything is read as of now."""

    client: "DynamoDBClient"
    table_name: str

    def record(self, key: str) -> ImageRecord | None:
        """Return the record of a key. Raise a word for failure where it cannot be read."""
        return self._read(table.record_key(key), readable.record)

    def standing(self, content_id: str) -> Corrections:
        """Return what people say of a content. Raise a word for failure where it cannot be read."""
        return self._read(corrections_key(content_id), Corrections.from_item) or NONE

    def write(self, record: ImageRecord, after: Corrections) -> bool:
        """Write corrections in place of those with the number before, if the record is still of this photo.

        Return whether they were: if not, the photo was corrected or replaced meanwhile, or is gone. A content
        that has no record any more may be forgotten at this moment, so nothing is added to it.
        """
        place, before = corrections_key(record.content_id), after.number - 1
        condition: dict[str, Any] = {"ConditionExpression": f"attribute_not_exists({PARTITION_KEY})"}
        if before:
            condition = {
                "ConditionExpression": "#number = :before",
                "ExpressionAttributeNames": {"#number": "number"},
                "ExpressionAttributeValues": to_wire({":before": before}),
            }
        seen = {
            ":status": str(record.status),
            ":etag": record.version.etag,
            ":size_bytes": record.version.size_bytes,
        }
        steps: Any = [
            {
                "ConditionCheck": {
                    "TableName": self.table_name,
                    "Key": key_to_wire(table.record_key(record.key)),
                    "ConditionExpression": SAME_PHOTO,
                    "ExpressionAttributeNames": {"#status": "status"},
                    "ExpressionAttributeValues": to_wire(seen),
                }
            },
            {
                "Put": {
                    "TableName": self.table_name,
                    "Item": to_wire(place._asdict() | after.to_item()),
                    **condition,
                }
            },
        ]
        with translated(f"TransactWriteItems of the corrections of {record.key} on {self.table_name}"):
            try:
                self.client.transact_write_items(TransactItems=steps)
            except ClientError as error:
                if not _is_overtaken(error):
                    raise
                return False
        return True

    def lacking(self, content_id: str, number: int, most: int) -> LackingKeys:
        """Return keys of a content whose records have other corrections than those of a number.

        Keys are known as far as the tally has named them, some seconds late.
        """
        request: dict[str, Any] = {
            "TableName": self.table_name,
            **beginning_with(f"{table.CONTENT_PREFIX}{content_id}", NAME_PREFIX),
            "Limit": MAX_READS,
        }
        found: list[str] = []
        for page in pages(translated(f"Query of the names of {content_id}")(self.client.query), **request):
            keys = [key for item in page["Items"] if isinstance(key := read_item(item).get("key"), str)]
            found += self._of_other_corrections(keys, number)
            if len(found) >= most and "LastEvaluatedKey" in page:
                return LackingKeys(found, is_all=False)
        return LackingKeys(found, is_all=True)

    def _of_other_corrections(self, keys: Sequence[str], number: int) -> list[str]:
        if not keys:
            return []
        places = [key_to_wire(table.record_key(key)) for key in keys]
        shown = ("key", "status", "corrections")
        read = BatchGet(self.client, self.table_name, translated, places, consistent=True, attributes=shown)
        read.ask_for_all()
        records = map(read_item, read.found)
        return sorted(
            str(record["key"])
            for record in records
            if record.get("status") == Status.RECOGNIZED and record.get("corrections", 0) != number
        )

    def _read(self, at: ItemKey, read: Callable[[Any], Value]) -> Value | None:
        with translated(f"GetItem of {at.pk} {at.sk} on {self.table_name}"):
            answer = self.client.get_item(TableName=self.table_name, Key=key_to_wire(at), ConsistentRead=True)
        if "Item" not in answer:
            return None
        try:
            return read(read_item(answer["Item"]))
        except readable.BROKEN as error:
            raise ConfigurationError(
                "UnreadableItem",
                f"the item {at.pk} {at.sk} cannot be read ({error!r}) and is left as it is",
            ) from error


def _is_overtaken(error: ClientError) -> bool:
    """Return whether a transaction was cancelled for a condition that did not hold."""
    response: Any = error.response
    is_cancelled = response["Error"]["Code"] == "TransactionCanceledException"
    reasons = response.get("CancellationReasons", [])
    return is_cancelled and any(reason.get("Code") == FAILED_CONDITION for reason in reasons)
