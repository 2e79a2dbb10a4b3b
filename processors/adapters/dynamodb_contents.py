"""Names of contents, and the expiry of their results, on DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.calls import MAX_READS, MAX_WRITES, BatchGet, BatchWrite, in_batches, pages, write_if
from contract.table import (
    CONTENT_PREFIX,
    EXPIRY,
    PARTITION_KEY,
    SORT_KEY,
    Item,
    ItemKey,
    from_wire,
    key_of,
    key_to_wire,
    to_wire,
)
from contract.tallies import (
    COMPLETE,
    NAMES,
    REMOVAL,
    STATUS_COUNTS,
    TOKEN,
    UNREADABLE,
    CountedImage,
    Name,
    counted_key,
    removal_key,
)
from contract.timing import REMOVAL_SECONDS
from processors.adapters.aws_errors import translated
from processors.counting.contents import Named

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_IN_TRANSACTION = 100
# What a result has and a claim has not.
ANSWERED = "called_at"


@dataclass(frozen=True)
class DynamoDBContents:
    """The one table. Each call is tried once; `new_token` gives what nobody else has."""

    client: DynamoDBClient
    table_name: str
    new_token: Callable[[], str]

    def names_there(self, names: Collection[Name]) -> set[Name]:
        """Return those of the names that stand as they are."""
        found = self._items([name.at for name in names], (PARTITION_KEY, SORT_KEY, "turn"))
        return {name for name in names if name.at in found and found[name.at].get("turn") == name.turn}

    def put_names(self, names: Collection[Name]) -> None:
        """Write names, in place of older ones."""
        at = {name.at: name for name in names}
        puts = [
            {"PutRequest": {"Item": {**key_to_wire(key), **to_wire(name.to_item())}}}
            for key, name in at.items()
        ]
        for batch in in_batches(puts, MAX_WRITES):
            BatchWrite(self.client, self.table_name, translated, batch).write_all()

    def being_removed(self, content_ids: Collection[str]) -> set[str]:
        """Return those whose results have an expiry, or may."""
        at = {removal_key(content_id): content_id for content_id in content_ids}
        return {at[key] for key in self._items(list(at), (PARTITION_KEY, SORT_KEY))}

    def shares(self, keys: Collection[str]) -> Mapping[str, CountedImage]:
        """Return what keys are counted for, as far as that can be read."""
        at = {counted_key(key): key for key in keys}
        found: dict[str, CountedImage] = {}
        for place, item in self._items(list(at)).items():
            try:
                found[at[place]] = CountedImage.from_item(item)
            except UNREADABLE:  # the tally has told it when it met it
                continue
        return found

    def named(self, content_id: str) -> Named:
        """Read all names of a content; those that cannot be read name nothing."""
        names: list[Name] = []
        is_being_removed = False
        for item in self._query(content_id, f"begins_with({SORT_KEY}, :named)", {":named": {"S": NAMES}}):
            if item[SORT_KEY] == REMOVAL:
                is_being_removed = True
                continue
            try:
                names.append(Name.from_item(content_id, item))
            except UNREADABLE:
                continue
        return Named(names, is_being_removed)

    def drop(self, name: Name) -> None:
        """Remove a name, unless it was written again for a later turn."""
        with translated(f"DeleteItem of a name on {self.table_name}"):
            write_if(
                self.client.delete_item,
                TableName=self.table_name,
                Key=key_to_wire(name.at),
                ConditionExpression="turn = :turn",
                ExpressionAttributeValues=to_wire({":turn": name.turn}),
            )

    def begin_deciding(self, content_id: str, expires_at: int) -> str:
        """Write a removal with a new token, in place of any; it outlives the results that it is about."""
        token = self.new_token()
        with translated(f"PutItem of a removal on {self.table_name}"):
            self.client.put_item(
                TableName=self.table_name,
                Item={
                    **key_to_wire(removal_key(content_id)),
                    **to_wire({TOKEN: token, EXPIRY: expires_at + REMOVAL_SECONDS}),
                },
            )
        return token

    def decide(self, content_id: str, token: str, expires_at: int | None) -> None:
        """Change all results in one transaction, if the token still stands.

        A content has a result for each detector and its settings; should these have changed a hundred times,
        the transactions are several, and the removal goes with the last.
        """
        found = self._query(content_id, projection=f"{PARTITION_KEY}, {SORT_KEY}, {ANSWERED}")
        steps = [
            self._result_step(ItemKey(item[PARTITION_KEY], item[SORT_KEY]), expires_at)
            for item in found
            if ANSWERED in item
        ]
        is_over = expires_at is None or not steps
        while True:
            batch, steps = steps[: MAX_IN_TRANSACTION - 1], steps[MAX_IN_TRANSACTION - 1 :]
            items: Any = [self._removal_step(content_id, token, goes=is_over and not steps), *batch]
            with translated(f"TransactWriteItems of the results of {content_id} on {self.table_name}"):
                self.client.transact_write_items(TransactItems=items)
            if not steps:
                return

    def have_settled(self, key: str, counted: CountedImage) -> None:
        """Forget what was left, unless the key has had another turn."""
        update, values = "REMOVE #left", {":turn": counted.turn}
        if counted.expires_at is not None:
            update, values[":expires"] = f"SET {EXPIRY} = :expires {update}", counted.expires_at
        with translated(f"UpdateItem of what {key} is counted for on {self.table_name}"):
            write_if(
                self.client.update_item,
                TableName=self.table_name,
                Key=key_to_wire(counted_key(key)),
                UpdateExpression=update,
                ConditionExpression="turn = :turn",
                ExpressionAttributeNames={"#left": "left"},
                ExpressionAttributeValues=to_wire(values),
            )

    def is_complete(self) -> bool:
        """Return whether every record has its name."""
        return bool(self._items([COMPLETE], (PARTITION_KEY, SORT_KEY)))

    def is_new(self) -> bool:
        """Return whether nothing was ever counted."""
        return not self._items([STATUS_COUNTS], (PARTITION_KEY, SORT_KEY))

    def is_complete_now(self) -> None:
        """Write down that every record has its name."""
        with translated(f"PutItem of {COMPLETE.pk} on {self.table_name}"):
            self.client.put_item(TableName=self.table_name, Item=dict(key_to_wire(COMPLETE)))

    def _removal_step(self, content_id: str, token: str, *, goes: bool) -> dict[str, Any]:
        step: dict[str, Any] = {
            "TableName": self.table_name,
            "Key": key_to_wire(removal_key(content_id)),
            "ConditionExpression": "#token = :token",
            "ExpressionAttributeNames": {"#token": TOKEN},
            "ExpressionAttributeValues": {":token": {"S": token}},
        }
        return {"Delete": step} if goes else {"Update": {**step, "UpdateExpression": "SET #token = :token"}}

    def _result_step(self, at: ItemKey, expires_at: int | None) -> dict[str, Any]:
        # One that has expired meanwhile, or was asked for anew, is not to be written back as an empty item.
        update: dict[str, Any] = {
            "TableName": self.table_name,
            "Key": key_to_wire(at),
            "UpdateExpression": f"REMOVE {EXPIRY}",
            "ConditionExpression": f"attribute_exists({ANSWERED})",
        }
        if expires_at is not None:
            update["UpdateExpression"] = f"SET {EXPIRY} = if_not_exists({EXPIRY}, :expires)"
            update["ExpressionAttributeValues"] = to_wire({":expires": expires_at})
        return {"Update": update}

    def _items(self, keys: Sequence[ItemKey], attributes: Sequence[str] = ()) -> dict[ItemKey, Item]:
        items: dict[ItemKey, Item] = {}
        for batch in in_batches([key_to_wire(key) for key in keys], MAX_READS):
            get = BatchGet(
                self.client, self.table_name, translated, batch, consistent=True, attributes=attributes
            )
            get.ask_for_all()
            items |= {key_of(item): from_wire(item) for item in get.found}
        return items

    def _query(
        self,
        content_id: str,
        condition: str = "",
        values: Mapping[str, Any] | None = None,
        projection: str = "",
    ) -> list[Item]:
        """Read what stands at a content, page by page."""
        further: Any = {"ProjectionExpression": projection} if projection else {}
        read = pages(
            translated(f"Query of content {content_id} on {self.table_name}")(self.client.query),
            TableName=self.table_name,
            KeyConditionExpression=f"{PARTITION_KEY} = :pk{' AND ' if condition else ''}{condition}",
            ExpressionAttributeValues={":pk": {"S": f"{CONTENT_PREFIX}{content_id}"}, **(values or {})},
            ConsistentRead=True,
            **further,
        )
        return [from_wire(item) for page in read for item in page["Items"]]
