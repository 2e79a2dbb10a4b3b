"""The heads', results' and index rows' ports on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from contract.errors import ImagepipeError
from contract.records import Head
from contract.results import Result, ResultName, pack, unpack
from contract.table import PARTITION_KEY, SORT_KEY, IndexRow, ItemKey, head_key, result_key
from processors.adapters.aws_errors import translated
from processors.adapters.dynamodb_batches import BatchCalls, from_wire, key_to_wire, to_wire
from processors.committing import Commit
from processors.retrying import RetryPolicy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Newer than what stands, or what stands is what was seen: order by S3's sequencer, and for work without one
# (a request to look again) by nobody else having written in between.
COMMIT_CONDITION = "attribute_not_exists(pk) OR #sequencer < :sequencer OR #revision = :seen"


@dataclass(frozen=True)
class DynamoDBTable:
    """The one table."""

    client: DynamoDBClient
    table_name: str
    retry: RetryPolicy
    batches: BatchCalls

    def read_heads(self, keys: Sequence[str]) -> Mapping[str, Head]:
        """Give the heads of those keys that have one, as of now."""
        heads = map(Head.from_item, self.batches.read([head_key(key) for key in keys]))
        return {head.key: head for head in heads}

    def read_results(self, names: Iterable[ResultName]) -> Mapping[ResultName, Result]:
        """Give those of the named results that are there."""
        wanted = {result_key(name): name for name in names}
        results: dict[ResultName, Result] = {}
        for item in self.batches.read(list(wanted)):
            name = wanted[ItemKey(item[PARTITION_KEY], item[SORT_KEY])]
            results[name] = Result(name, unpack(item["response"].value), str(item["called_at"]))
        return results

    def save_result(self, result: Result) -> None:
        """Keep a result; returns when it is durable."""
        at = result_key(result.name)
        item = {
            PARTITION_KEY: at.pk,
            SORT_KEY: at.sk,
            "response": pack(result.response),
            "called_at": result.called_at,
        }

        def attempt() -> None:
            with translated(f"PutItem of {at.pk} {at.sk} on {self.table_name}"):
                self.client.put_item(TableName=self.table_name, Item=to_wire(item))

        self.retry(attempt)

    def write_rows(self, rows: Iterable[IndexRow]) -> Mapping[ItemKey, ImagepipeError]:
        """Write index rows in bulk; give those that were not written, with the reason."""
        return self.batches.write({row.at: {"PutRequest": {"Item": to_wire(row.to_item())}} for row in rows})

    def remove_rows(self, keys: Iterable[ItemKey]) -> None:
        """Remove index rows in bulk; those that could not be removed are invisible, and swept later."""
        self.batches.write({key: {"DeleteRequest": {"Key": key_to_wire(key)}} for key in keys})

    def commit(self, head: Head, seen: Head | None) -> Commit:
        """Write a head if it is newer than the one that stands, or if that one is the one that was seen."""
        at = head_key(head.key)
        item = to_wire({PARTITION_KEY: at.pk, SORT_KEY: at.sk, **head.to_item()})
        values: dict[str, Any] = {
            ":sequencer": {"S": head.sequencer},
            ":seen": {"S": seen.revision if seen else "none"},
        }

        def attempt() -> Commit:
            with translated(f"PutItem of the head of {head.key} on {self.table_name}"):
                try:
                    answer = self.client.put_item(
                        TableName=self.table_name,
                        Item=item,
                        ConditionExpression=COMMIT_CONDITION,
                        ExpressionAttributeNames={"#sequencer": "sequencer", "#revision": "revision"},
                        ExpressionAttributeValues=values,
                        ReturnValues="ALL_OLD",
                        ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    )
                except ClientError as error:
                    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                        raise
                    return Commit(lost_to=Head.from_item(from_wire(_item_of(error))))
            replaced = answer.get("Attributes")
            return Commit(replaced=Head.from_item(from_wire(replaced)) if replaced else None)

        return self.retry(attempt)


def _item_of(error: ClientError) -> Mapping[str, Any]:
    """Give the item that a condition failed on, which botocore's types do not know of."""
    response: Mapping[str, Any] = error.response
    item: Mapping[str, Any] = response["Item"]
    return item
