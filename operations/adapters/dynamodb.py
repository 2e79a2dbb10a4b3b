"""The one table as commands use it: records, answers, index rows, counts, quotas, and all that names a key.

Where items may be a million, they are read by hand: boto3's deserializer takes as long as all the rest of a
survey together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from aws.calls import TableBatches, WriteOutcome, pages, projection, write_if
from aws.retries import RetryPolicy
from contract import table
from contract.alerts import ALERT_PREFIX
from contract.cameras import CAMERA_PREFIX
from contract.items import PARTITION_KEY, SORT_KEY, ItemKey, from_wire, key_of, key_to_wire, to_wire
from contract.metrics import Metric
from contract.photos import PhotoFacts, rendition_keys
from contract.quotas import BudgetItem, readable_part
from contract.records import ImageRecord, ImageVersion, Status
from contract.results import ResultName
from contract.tallies import COMPLETE, COUNTED, COUNTED_PREFIX, NAMES, STATUS_COUNTS, UNREADABLE, read_counts
from operations.adapters.aws_errors import reliable
from operations.adapters.dynamodb_alerts import ALERTS_TRACED, alert_traces, forget_in_alert
from operations.inventory import (
    RecordCount,
    RecordSummary,
    ResultTrace,
    SeenRow,
    Trace,
    TraceKind,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Wire = Mapping[str, Mapping[str, Any]]

# What is read of records that are compared with their objects, and of those whose answers are looked for.
COMPARED = (
    *(PARTITION_KEY, SORT_KEY, "key", "etag", "size_bytes", "version_id"),
    *("uploaded_at", "decided_at", "revision", "status"),
)
ASSESSED = (
    *("key", "etag", "size_bytes", "version_id", "uploaded_at", "status"),
    *("detectors", "look", "faces", "searched", "rejection_detector"),
)
ASSESSED_WITH_PHOTO = (*ASSESSED, "photo")
# And of those whose renditions are looked for.
RENDITIONED = (*COMPARED, "detectors", "shares_answers", "photo")
# A result has it, a claim on one has not.
ANSWERED = "called_at"
# What a claim has.
CLAIMED_BY, CLAIMED_UNTIL = "claimed_by", "claimed_until"
# On an index row that a sweep suspects: when it was marked, in seconds since 1970. Nobody else reads it, and
# whoever writes the row again takes it away.
SUSPECTED_AT = "suspected_at"
_BUDGET = (
    *(PARTITION_KEY, SORT_KEY, "quota", "next_at", "bulk_at", "cut_at", "cut_from"),
    *("daily_limit", "calls_day", "day_calls"),
)
TRACED = (
    *(PARTITION_KEY, SORT_KEY, "key", "status"),
    *("etag", "size_bytes", "version_id", "shares_answers", "content", "left"),
    *ALERTS_TRACED,
)
# What has come back meanwhile is not removed: a record that is alive, what a key is counted for.
NOT_ALIVE: Mapping[TraceKind, Mapping[str, Any]] = {
    TraceKind.RECORD: {
        "ConditionExpression": "#status = :deleted",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {":deleted": {"S": str(Status.DELETED)}},
    },
    TraceKind.SHARE: {
        "ConditionExpression": "attribute_not_exists(#status) AND attribute_not_exists(#left)",
        "ExpressionAttributeNames": {"#status": "status", "#left": "left"},
    },
}
_NOT_READ = {"S": ""}
_NONE = {"N": "0"}
_NO_LOOK: Wire = {"M": {}}


@dataclass(frozen=True)
class OperatedTable:
    """The one table. What is read by key is read as of now."""

    client: "DynamoDBClient"
    table_name: str
    retry: RetryPolicy
    reads: TableBatches

    def summaries(
        self, keys: Sequence[str], attributes: Sequence[str] = COMPARED
    ) -> Mapping[str, RecordSummary]:
        """Return these attributes of the records of those keys that have one."""
        items = self._read(map(table.record_key, keys), attributes)
        found = zip(items, map(summary_from_wire, items), strict=True)
        if attributes is ASSESSED_WITH_PHOTO:
            return {record.key: replace(record, photo=_photo(item)) for item, record in found}
        return {record.key: record for _, record in found}

    def records(self, keys: Sequence[str]) -> Mapping[str, ImageRecord]:
        """Return the records of those keys that have one."""
        items = self._read(map(table.record_key, keys))
        return {record.key: record for record in (ImageRecord.from_item(from_wire(item)) for item in items)}

    def answered_at(self, names: Sequence[ResultName]) -> Mapping[ResultName, str]:
        """Return when these answers were given (ISO 8601). One that is not there, or only claimed, has none.

        DynamoDB charges for whole items, whatever is asked of them: a unit for 4 KB.
        """
        wanted = {table.result_key(name): name for name in names}
        items = self._read(wanted, (PARTITION_KEY, SORT_KEY, ANSWERED))
        return {wanted[key_of(item)]: item[ANSWERED]["S"] for item in items if ANSWERED in item}

    def forget_answers(self, names: Iterable[ResultName]) -> None:
        """Remove answers: whoever needs one of them again pays for it again."""
        delete = self._call("DeleteItem of an answer", self.client.delete_item)
        for name in names:
            delete(Key=key_to_wire(table.result_key(name)))

    def scan(
        self, prefix: str, *, renditions: bool = False
    ) -> Iterator[tuple[Sequence[RecordSummary], Sequence[SeenRow]]]:
        """Yield all records and index rows of keys that begin so, up to a megabyte of the table at a time.

        `renditions` asks for what records name of these, too.

        Raw results and counts are passed over by DynamoDB, and paid for all the same: a unit for 8 KB. Read
        eventually consistent, at half the price: what is found is looked at once more.
        """
        wanted = f"(begins_with({PARTITION_KEY}, :records) OR begins_with({PARTITION_KEY}, :rows))"
        values = {":records": {"S": table.RECORD_PREFIX}, ":rows": {"S": table.INDEX_PREFIX}}
        if prefix:
            wanted += " AND begins_with(#key, :prefix)"
            values[":prefix"] = {"S": prefix}
        further = ("shares_answers", "photo") if renditions else ()
        expression, names = projection((*COMPARED, SUSPECTED_AT, *further))
        for page in pages(
            self._call("Scan", self.client.scan),
            FilterExpression=wanted,
            ProjectionExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        ):
            items = page["Items"]
            yield (
                [summary_from_wire(item) for item in items if item[SORT_KEY]["S"] == table.RECORD],
                [row_from_wire(item) for item in items if item[SORT_KEY]["S"] != table.RECORD],
            )

    def rows_there(self, places: Sequence[ItemKey]) -> set[ItemKey]:
        """Return which of these items are there."""
        return set(map(key_of, self._read(places, (PARTITION_KEY, SORT_KEY))))

    def mark(self, at: ItemKey, suspected_at: int) -> bool:
        """Mark a row as suspect; say whether it was there."""
        condition = f"attribute_exists({PARTITION_KEY})"
        update = {"UpdateExpression": f"SET {SUSPECTED_AT} = :suspected_at"}
        return self._if("UpdateItem", self.client.update_item, at, condition, suspected_at, **update)

    def remove_marked(self, at: ItemKey, suspected_at: int) -> bool:
        """Remove a row if it has this mark; say whether it had."""
        condition = f"{SUSPECTED_AT} = :suspected_at"
        return self._if("DeleteItem", self.client.delete_item, at, condition, suspected_at)

    def kept_counts(self) -> Mapping[str, int] | None:
        """Return how many records there are by status, as the tally keeps it: exact, and some seconds behind.

        None where none were ever kept, or what is kept cannot be read.
        """
        try:
            return next((read_counts(from_wire(item)) for item in self._read([STATUS_COUNTS])), None)
        except UNREADABLE:
            return None

    def count_rows(self, status: Status, pages_a_partition: int | None) -> RecordCount:
        """Count the records of a state by its index rows.

        A row that no record stands for any more is counted until it is removed, so the number is near, not
        exact, while the pipeline works. It costs half a read unit for each 4 KB of rows: a million records,
        some 250 MB, are 32,000 units, less than half a cent.
        """
        count, is_all = 0, True
        for partition in table.term_partitions(table.status_term(status)):
            counted = pages(
                self._call(f"Query of {partition}", self.client.query),
                Select="COUNT",
                KeyConditionExpression=f"{PARTITION_KEY} = :partition",
                ExpressionAttributeValues={":partition": {"S": partition}},
            )
            count += sum(page["Count"] for page in islice(counted, pages_a_partition))
            further = next(counted, None)
            count, is_all = count + (further["Count"] if further else 0), is_all and further is None
        return RecordCount(count, is_all)

    def counts_by_day(self, days: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Return what the processor counted on each of these days (ISO 8601, UTC)."""
        places = {table.counts_key(day): day for day in days}
        items = self._read(places, (PARTITION_KEY, SORT_KEY, *Metric))
        return {
            places[key_of(item)]: {name: int(item[name]["N"]) for name in Metric if name in item}
            for item in items
        }

    def budgets(self, operations: Sequence[str]) -> Mapping[str, BudgetItem]:
        """Return the budgets of these operations; of one that was never called, an empty one."""
        places = {table.budget_key(operation): operation for operation in operations}
        items = self._read(places, _BUDGET)
        found = {places[key_of(item)]: BudgetItem.from_item(readable_part(from_wire(item))) for item in items}
        return {operation: found.get(operation, BudgetItem()) for operation in operations}

    def set_quota(self, operation: str, quota: float | None) -> None:
        """Set the calls a second that all workers go by; None goes back to the deployment's."""
        self._set(operation, "quota", None if quota is None else Decimal(str(quota)))

    def set_daily_limit(self, operation: str, limit: int | None) -> None:
        """Set the calls a day that all workers together may make; None goes back to the deployment's."""
        self._set(operation, "daily_limit", limit)

    def _set(self, operation: str, attribute: str, value: Decimal | int | None) -> None:
        """Write one attribute of a budget; the rest of the item is the workers' and left alone."""
        how: dict[str, Any] = {"UpdateExpression": f"REMOVE {attribute}"}
        if value is not None:
            values = to_wire({":value": value})
            how = {"UpdateExpression": f"SET {attribute} = :value", "ExpressionAttributeValues": values}
        update = self._call(f"UpdateItem of the budget of {operation}", self.client.update_item)
        update(Key=key_to_wire(table.budget_key(operation)), **how)

    def _if(
        self,
        operation: str,
        call: Callable[..., Any],
        at: ItemKey,
        condition: str,
        suspected_at: int,
        **how: Any,
    ) -> bool:
        written: WriteOutcome = self._call(f"{operation} of {at.pk} {at.sk}", partial(write_if, call))(
            Key=key_to_wire(at),
            ConditionExpression=condition,
            ExpressionAttributeValues={":suspected_at": {"N": str(suspected_at)}},
            **how,
        )
        return written.is_done

    def _read(self, places: Iterable[ItemKey], attributes: Sequence[str] = ()) -> list[dict[str, Any]]:
        return self.reads.read([key_to_wire(place) for place in places], attributes)

    def _call(self, what: str, call: Callable[..., Any]) -> Callable[..., Any]:
        return reliable(self.retry, f"{what} on {self.table_name}", partial(call, TableName=self.table_name))


class DynamoDBTraces(OperatedTable):
    """The one table, as far as keys are forgotten in it: what names a key, and the results of a content."""

    def find(self, prefix: str) -> Iterator[Trace]:
        """Read the whole table, as of now, for items of keys that begin so."""
        wanted = (
            "begins_with(#key, :prefix) OR begins_with(#pk, :record) OR begins_with(#pk, :counted) "
            "OR begins_with(#pk, :alert)"
        )
        values = {
            ":prefix": prefix,
            ":record": f"{table.RECORD_PREFIX}{prefix}",
            ":counted": f"{COUNTED_PREFIX}{prefix}",
            ":alert": ALERT_PREFIX,
        }
        expression, names = projection(TRACED)
        found = pages(
            self._call("Scan", self.client.scan),
            FilterExpression=wanted,
            ProjectionExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
            ConsistentRead=True,
        )
        items = (from_wire(item) for page in found for item in page["Items"])
        return (trace for item in items for trace in _traces(item, prefix))

    def remove(self, trace: Trace) -> None:
        """Remove an item, unless it has come to life meanwhile; of an alert, the key alone."""
        if trace.kind is TraceKind.ALERT:
            read = self._call("GetItem", self.client.get_item)
            forget_in_alert(read, self._call("UpdateItem", partial(write_if, self.client.update_item)), trace)
            return
        remove = self._call("DeleteItem", partial(write_if, self.client.delete_item))
        remove(Key=key_to_wire(trace.at), **NOT_ALIVE.get(trace.kind, {}))

    def results(self, content_id: str) -> list[ResultTrace] | None:
        """Return where results of a content, and claims on some, stand; None if records name it still."""
        expression, names = projection((PARTITION_KEY, SORT_KEY, CLAIMED_BY, CLAIMED_UNTIL))
        found = pages(
            self._call("Query", self.client.query),
            KeyConditionExpression=f"{PARTITION_KEY} = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{table.CONTENT_PREFIX}{content_id}"}},
            ProjectionExpression=expression,
            ExpressionAttributeNames=names,
            ConsistentRead=True,
        )
        items = [item for page in found for item in page["Items"]]
        if any(item[SORT_KEY]["S"].startswith(f"{NAMES}#") for item in items):
            return None
        return [_result(item) for item in items if not item[SORT_KEY]["S"].startswith(NAMES)]

    def remove_result(self, result: ResultTrace) -> None:
        """Remove one result, or a claim that was left, unless somebody has claimed it meanwhile.

        Whoever needs it again pays for it again.
        """
        values = {":seen": {"S": result.claimed_by}} if result.claimed_by is not None else {}
        self._call("DeleteItem", partial(write_if, self.client.delete_item))(
            Key=key_to_wire(result.at),
            ConditionExpression=f"{CLAIMED_BY} = :seen" if values else f"attribute_not_exists({CLAIMED_BY})",
            **({"ExpressionAttributeValues": values} if values else {}),
        )

    def names_are_complete(self) -> bool:
        """Return whether every record has its name, so that who has none is nobody's."""
        return bool(self._read([COMPLETE], (PARTITION_KEY,)))


def summary_from_wire(item: Wire) -> RecordSummary:
    """Read a record, as far as its attributes were asked for."""
    version_id, detectors = item.get("version_id"), item.get("detectors")
    return RecordSummary(
        key=item["key"]["S"],
        etag=item["etag"]["S"],
        size_bytes=int(item["size_bytes"]["N"]),
        status=Status(item["status"]["S"]),
        version_id=version_id["S"] if version_id else None,
        fingerprints={name: mark["S"] for name, mark in detectors["M"].items()} if detectors else {},
        uploaded_at=item.get("uploaded_at", _NOT_READ)["S"],
        decided_at=item.get("decided_at", _NOT_READ)["S"],
        revision=item.get("revision", _NOT_READ)["S"],
        renditions=_renditions(item) if "photo" in item else (),
        faces=int(item.get("faces", _NONE).get("N", 0)),
        searched=int(item.get("searched", _NONE)["N"]),
        rejected_by=item["rejection_detector"].get("S") if "rejection_detector" in item else None,
        is_unchanged="unchanged_since" in item.get("look", _NO_LOOK)["M"],
    )


def _renditions(item: Wire) -> tuple[str, ...]:
    photo = item["photo"].get("M", {})
    maker = photo.get("renditions", {}).get("S")
    if maker is None:
        return ()
    version_id = item.get("version_id", {}).get("S")
    version = ImageVersion(item["key"]["S"], item["etag"]["S"], int(item["size_bytes"]["N"]), version_id, "")
    content_id = version.kept_by(shares_answers=item.get("shares_answers", {}).get("BOOL", True))
    return rendition_keys(content_id, maker, has_view=photo.get("has_view", {}).get("BOOL", False))


def _photo(item: Wire) -> PhotoFacts | None:
    """Read what a photo's file says; None where it cannot be read, as where it was never looked at."""
    try:
        return PhotoFacts.from_item(from_wire({"photo": item["photo"]})["photo"])
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return None


def row_from_wire(item: Wire) -> SeenRow:
    """Read an index row, without its confidence."""
    suspected_at = item.get(SUSPECTED_AT)
    row = table.IndexRow(key_of(item), item["key"]["S"], item["revision"]["S"])
    return SeenRow(row, int(suspected_at["N"]) if suspected_at else None)


def _result(item: Wire) -> ResultTrace:
    """Read a result as far as it can be removed; what is neither an answer nor a claim is of no use."""
    if CLAIMED_BY not in item:
        return ResultTrace(key_of(item))
    return ResultTrace(key_of(item), item[CLAIMED_BY]["S"], int(item.get(CLAIMED_UNTIL, {"N": "0"})["N"]))


def _content_id(record: Mapping[str, Any]) -> str | None:
    if not record.get("etag"):
        return None
    version = ImageVersion(
        record["key"], record["etag"], int(record["size_bytes"]), record.get("version_id"), ""
    )
    return version.kept_by(shares_answers=record.get("shares_answers", True))


def _traces(item: Mapping[str, Any], prefix: str) -> list[Trace]:
    at = ItemKey(item[PARTITION_KEY], item[SORT_KEY])
    if at.pk.startswith(ALERT_PREFIX):
        return alert_traces(at, item, prefix)
    return [_trace(at, item)]


def _trace(at: ItemKey, item: Mapping[str, Any]) -> Trace:
    if at.sk == table.RECORD and at.pk.startswith(table.RECORD_PREFIX):
        is_alive = item.get("status") != Status.DELETED
        return Trace(
            TraceKind.RECORD, at, at.pk.removeprefix(table.RECORD_PREFIX), is_alive, _content_id(item)
        )
    if at.sk == COUNTED and at.pk.startswith(COUNTED_PREFIX):
        is_alive = "status" in item or "left" in item
        return Trace(TraceKind.SHARE, at, at.pk.removeprefix(COUNTED_PREFIX), is_alive, item.get("content"))
    if at.pk.startswith(table.CONTENT_PREFIX):
        return Trace(TraceKind.NAME, at, item["key"], False, at.pk.removeprefix(table.CONTENT_PREFIX))
    if at.pk.startswith(CAMERA_PREFIX):
        return Trace(TraceKind.CAMERA, at, str(item["key"]), False, None)
    return Trace(TraceKind.ROW, at, str(item["key"]), False, None)
