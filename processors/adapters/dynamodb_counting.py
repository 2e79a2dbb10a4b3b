"""The ports of counting on DynamoDB: shares, counts, names of contents, and the expiry of their results.

Shares and counts change together, in one transaction; so do all results of a content.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from aws.calls import MAX_READS, MAX_WRITES, BatchGet, BatchWrite, additions, in_batches, pages, write_if
from contract import table, tallies
from contract.errors import ThrottledError
from contract.items import PARTITION_KEY, SORT_KEY, Item, ItemKey, from_wire, key_of, key_to_wire, to_wire
from contract.table import record_key
from contract.tallies import CountedImage, Differences, Name, counted_key, removal_key
from contract.timing import REMOVAL_SECONDS
from processors.adapters.calls import translated
from processors.counting.contents import Named
from processors.counting.label_counter import KeyPage, ShareChange, StoredShare, WriteRefusedError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


# The second is what a transaction says of one of its items; the first, of the request.
REFUSALS = frozenset({"ValidationException", "ValidationError", "ItemCollectionSizeLimitExceeded"})


# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_IN_TRANSACTION = 100
# What a result has and a claim has not.
ANSWERED = "called_at"


@dataclass(frozen=True)
class CountingTable:
    """The one table. Each call is tried once: who tries again has to read again first.

    `new_token` gives what nobody else has.
    """

    client: "DynamoDBClient"
    table_name: str
    new_token: Callable[[], str] = lambda: uuid4().hex

    def read(self, keys: Sequence[str]) -> Mapping[str, StoredShare]:
        shares = self._items([counted_key(key) for key in keys])
        records = self.read_records(keys)
        return {
            key: StoredShare(counted=shares.get(counted_key(key)), record=records.get(key)) for key in keys
        }

    def read_records(self, keys: Collection[str]) -> Mapping[str, Mapping[str, object]]:
        at = {record_key(key): key for key in keys}
        return {at[place]: item for place, item in self._items(at).items()}

    def write(self, changes: Sequence[ShareChange], differences: Differences) -> None:
        puts = [{"Put": self._put(change)} for change in changes]
        updates = [{"Update": self._update(at, counts)} for at, counts in differences.by_item.items()]
        items: Any = [*puts, *updates]
        with translated(f"TransactWriteItems of {len(changes)} shares on {self.table_name}"):
            try:
                self.client.transact_write_items(TransactItems=items)
            except ClientError as error:
                if _is_refused(error):
                    raise WriteRefusedError(str(error)) from error
                raise

    def keys(self, after: ItemKey | None) -> KeyPage:
        """Read one page of the table, 1 MB of it, for the keys that have a record or are counted."""
        values = {":record": {"S": table.RECORD}, ":counted": {"S": tallies.COUNTED}}
        places, cursor = self._scan("sk IN (:record, :counted)", values, after)
        return KeyPage([_object_key(at) for at in places], cursor)

    def contents(self, after: ItemKey | None) -> KeyPage:
        """Read one page of the table for contents, each once."""
        values = {":content": {"S": table.CONTENT_PREFIX}}
        places, cursor = self._scan("begins_with(pk, :content)", values, after)
        return KeyPage(list(dict.fromkeys(at.pk.removeprefix(table.CONTENT_PREFIX) for at in places)), cursor)

    def names_there(self, names: Collection[Name]) -> set[Name]:
        found = self._items([name.at for name in names])
        return {name for name in names if name.at in found and found[name.at].get("turn") == name.turn}

    def corrections(self, content_ids: Collection[str]) -> Mapping[str, int]:
        """Return how often contents were corrected, of those that were; what cannot be read is left out."""
        from contract.corrections import corrections_key

        at = {corrections_key(content_id): content_id for content_id in content_ids}
        numbers = {at[place]: item.get("number") for place, item in self._items(at).items()}
        return {
            content_id: int(number)
            for content_id, number in numbers.items()
            if isinstance(number, Decimal) and number == int(number)
        }

    def put_names(self, names: Collection[Name]) -> None:
        items = {name.at: to_wire(name.at._asdict() | name.to_item()) for name in names}
        puts = [{"PutRequest": {"Item": item}} for item in items.values()]
        for batch in in_batches(puts, MAX_WRITES):
            BatchWrite(self.client, self.table_name, translated, batch).write_all()

    def being_removed(self, content_ids: Collection[str]) -> set[str]:
        at = {removal_key(content_id): content_id for content_id in content_ids}
        return {at[key] for key in self._items(at)}

    def shares(self, keys: Collection[str]) -> Mapping[str, CountedImage]:
        at = {counted_key(key): key for key in keys}
        found: dict[str, CountedImage] = {}
        for place, item in self._items(at).items():
            try:
                found[at[place]] = CountedImage.from_item(item)
            except tallies.UNREADABLE:  # the tally has told it when it met it
                continue
        return found

    def named(self, content_id: str) -> Named:
        """Read all names of a content; those that cannot be read name nothing."""
        names: list[Name] = []
        is_being_removed = False
        for item in self._query(
            content_id, f"begins_with({SORT_KEY}, :named)", {":named": {"S": tallies.NAMES}}
        ):
            if item[SORT_KEY] == tallies.REMOVAL:
                is_being_removed = True
                continue
            try:
                names.append(Name.from_item(content_id, item))
            except tallies.UNREADABLE:
                continue
        return Named(names, is_being_removed)

    def drop(self, name: Name) -> None:
        self._call("DeleteItem of a name", partial(write_if, self.client.delete_item))(
            Key=key_to_wire(name.at),
            ConditionExpression="turn = :turn",
            ExpressionAttributeValues=to_wire({":turn": name.turn}),
        )

    def begin_deciding(self, content_id: str, expires_at: int) -> str:
        """Write a removal with a new token, in place of any; it outlives the results that it is about."""
        token = self.new_token()
        removal = {tallies.TOKEN: token, table.EXPIRY: expires_at + REMOVAL_SECONDS}
        put = self._call("PutItem of a removal", self.client.put_item)
        put(Item=to_wire(removal_key(content_id)._asdict() | removal))
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
        update, values = "REMOVE #left", {":turn": counted.turn}
        if counted.expires_at is not None:
            update, values[":expires"] = f"SET {table.EXPIRY} = :expires {update}", counted.expires_at
        self._call(f"UpdateItem of what {key} is counted for", partial(write_if, self.client.update_item))(
            Key=key_to_wire(counted_key(key)),
            UpdateExpression=update,
            ConditionExpression="turn = :turn",
            ExpressionAttributeNames={"#left": "left"},
            ExpressionAttributeValues=to_wire(values),
        )

    def is_complete(self) -> bool:
        return bool(self._items([tallies.COMPLETE]))

    def is_new(self) -> bool:
        return not self._items([tallies.STATUS_COUNTS])

    def is_complete_now(self) -> None:
        self._call(f"PutItem of {tallies.COMPLETE.pk}", self.client.put_item)(
            Item=key_to_wire(tallies.COMPLETE)
        )

    def _scan(
        self, wanted: str, values: Mapping[str, Any], after: ItemKey | None
    ) -> tuple[list[ItemKey], ItemKey | None]:
        start: Any = {"ExclusiveStartKey": key_to_wire(after)} if after else {}
        page = self._call("Scan", self.client.scan)(
            FilterExpression=wanted,
            ExpressionAttributeValues=values,
            ProjectionExpression="pk, sk",
            ConsistentRead=True,  # a record that is missed would leave its results to nobody
            **start,
        )
        last = page.get("LastEvaluatedKey")
        return [key_of(item) for item in page["Items"]], key_of(last) if last else None

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
            self._call(f"Query of content {content_id}", self.client.query),
            KeyConditionExpression=f"{PARTITION_KEY} = :pk{' AND ' if condition else ''}{condition}",
            ExpressionAttributeValues={":pk": {"S": f"{table.CONTENT_PREFIX}{content_id}"}, **(values or {})},
            ConsistentRead=True,
            **further,
        )
        return [from_wire(item) for page in read for item in page["Items"]]

    def _call(self, what: str, call: Callable[..., Any]) -> Callable[..., Any]:
        return translated(f"{what} on {self.table_name}")(partial(call, TableName=self.table_name))

    def _items(self, keys: Iterable[ItemKey]) -> dict[ItemKey, Item]:
        """Read items as of now. An answer holds 16 MB at most; while there is one, the rest is asked for.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
        """
        items: dict[ItemKey, Item] = {}
        for batch in in_batches([key_to_wire(key) for key in keys], MAX_READS):
            get = BatchGet(self.client, self.table_name, translated, batch, consistent=True)
            answered = 0
            while not get.ask():
                if len(get.found) == answered:
                    raise ThrottledError("UnprocessedKeys", f"{self.table_name} did not answer for all keys")
                answered = len(get.found)
            items |= {key_of(item): from_wire(item) for item in get.found}
        return items

    def _put(self, change: ShareChange) -> dict[str, Any]:
        put: dict[str, Any] = {
            "TableName": self.table_name,
            "Item": to_wire(counted_key(change.key)._asdict() | change.counted.to_item()),
        }
        if change.seen is None:
            return {**put, "ConditionExpression": f"attribute_not_exists({PARTITION_KEY})"}
        return {
            **put,
            "ConditionExpression": "turn = :seen",
            "ExpressionAttributeValues": to_wire({":seen": change.seen.turn}),
        }

    def _update(self, at: ItemKey, counts: Mapping[str, int]) -> dict[str, Any]:
        added = additions({f"{tallies.COUNT_PREFIX}{name}": by for name, by in counts.items()})
        return {"TableName": self.table_name, "Key": key_to_wire(at), **added}

    def _removal_step(self, content_id: str, token: str, *, goes: bool) -> dict[str, Any]:
        step: dict[str, Any] = {
            "TableName": self.table_name,
            "Key": key_to_wire(removal_key(content_id)),
            "ConditionExpression": "#token = :token",
            "ExpressionAttributeNames": {"#token": tallies.TOKEN},
            "ExpressionAttributeValues": {":token": {"S": token}},
        }
        return {"Delete": step} if goes else {"Update": {**step, "UpdateExpression": "SET #token = :token"}}

    def _result_step(self, at: ItemKey, expires_at: int | None) -> dict[str, Any]:
        # One that has expired meanwhile, or was asked for anew, is not to be written back as an empty item.
        update: dict[str, Any] = {
            "TableName": self.table_name,
            "Key": key_to_wire(at),
            "UpdateExpression": f"REMOVE {table.EXPIRY}",
            "ConditionExpression": f"attribute_exists({ANSWERED})",
        }
        if expires_at is not None:
            update["UpdateExpression"] = f"SET {table.EXPIRY} = if_not_exists({table.EXPIRY}, :expires)"
            update["ExpressionAttributeValues"] = to_wire({":expires": expires_at})
        return {"Update": update}


def _is_refused(error: ClientError) -> bool:
    """Return whether a transaction failed for what is in it, and not for who else was writing.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """
    response: Any = error.response
    codes = {
        response["Error"]["Code"],
        *(reason.get("Code") for reason in response.get("CancellationReasons", [])),
    }
    return bool(codes & REFUSALS)


def _object_key(at: ItemKey) -> str:
    return at.pk.removeprefix(table.RECORD_PREFIX if at.sk == table.RECORD else tallies.COUNTED_PREFIX)
