"""The records', results' and index rows' ports on DynamoDB.

Rubbish, and what newer code has written in a way that this one does not know, stands in the way of its own
image only. It is neither written over nor paid for again: whoever rolled back may roll forward. The message
ends as a dead letter that names the item; with the item mended or removed, it can be sent again.
"""

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aws.calls import TableBatches, write_if
from aws.retries import RetryPolicy
from contract import table
from contract.claims import CLAIM_CONDITION, claim_values
from contract.errors import ImagepipeError, NotReadyError, TransientError
from contract.items import (
    PARTITION_KEY,
    SORT_KEY,
    Item,
    ItemKey,
    WireItem,
    from_wire,
    key_of,
    key_to_wire,
    to_wire,
)
from contract.records import ImageRecord
from contract.results import Result, ResultName
from contract.table import IndexRow
from contract.timing import CLAIM_SECONDS, RESULTS_UNSAFE_SECONDS
from processors.adapters.calls import translated
from processors.pipeline.commit import Commit, Decided

if TYPE_CHECKING:
    from contract.corrections import Corrections

# Newer than what stands, or what stands is what was seen: order by S3's sequencer, and for work without one
# (a request to look again) by nobody else having written in between, be it the order of events alone.
COMMIT_CONDITION = (
    "attribute_not_exists(pk) OR sequencer < :sequencer OR (revision = :seen AND sequencer = :sequencer)"
)

# Nothing but the order of events has changed: another revision has rows and a completion of its own.
MOVE_ON_CONDITION = "revision = :seen AND sequencer < :sequencer"


@dataclass(frozen=True)
class ImageTable:
    """The one table. `clock` gives seconds since 1970.

    What is new, which is nearly everything in a backlog, is inserted many at a time; what is not goes by a
    conditional put of its own. `patient` is for what was paid for: to give up on that costs a call.
    Must not be called from a thread of the executor itself, but for `release`.
    """

    batches: TableBatches
    patient: RetryPolicy
    clock: Callable[[], float]

    def read_records(self, keys: Sequence[str]) -> Mapping[str, ImageRecord | ImagepipeError]:
        """Return the records of those keys that have one, as of now, or why one cannot be read."""
        items = read_items(self.batches, map(table.record_key, keys))
        return {object_key(item): record_in(item) for item in items}

    def read_results(self, names: Iterable[ResultName]) -> Mapping[ResultName, Result | ImagepipeError]:
        """Return those of the named results that are there, or why one cannot be read."""
        wanted = {table.result_key(name): name for name in names}
        results: dict[ResultName, Result | ImagepipeError] = {}
        for item in read_items(self.batches, wanted):
            name = wanted[ItemKey(item[PARTITION_KEY], item[SORT_KEY])]
            result = result_in(name, item)
            if result is not None and not self.is_about_to_go(item):
                results[name] = result
        return results

    def those_kept(self, names: Iterable[ResultName]) -> set[ResultName]:
        """Return which of the named results are there, without reading what they say."""
        wanted = {table.result_key(name): name for name in names}
        attributes = (PARTITION_KEY, SORT_KEY, "called_at", table.EXPIRY)
        items = map(from_wire, self.batches.read([key_to_wire(key) for key in wanted], attributes))
        return {
            wanted[ItemKey(item[PARTITION_KEY], item[SORT_KEY])]
            for item in items
            if "called_at" in item and not self.is_about_to_go(item)
        }

    def read_corrections(self, content_ids: Iterable[str]) -> Mapping[str, "Corrections | ImagepipeError"]:
        """Return what people say of contents, as of now, or why it cannot be read; none where nobody did."""
        from contract.corrections import Corrections, corrections_key

        wanted = {corrections_key(content_id): content_id for content_id in content_ids}
        standing: dict[str, Corrections | ImagepipeError] = {}
        for item in read_items(self.batches, wanted):
            content_id = wanted[ItemKey(item[PARTITION_KEY], item[SORT_KEY])]
            try:
                standing[content_id] = Corrections.from_item(item)
            except FAULTS as fault:
                standing[content_id] = _unreadable(item, fault)
        return standing

    def is_about_to_go(self, item: Item) -> bool:
        """Return whether an answer may go before it is known that a record names it again."""
        return table.EXPIRY in item and int(item[table.EXPIRY]) < self.clock() + RESULTS_UNSAFE_SECONDS

    def claim(self, names: Sequence[ResultName], owner: str) -> dict[ResultName, Result | ImagepipeError]:
        """Take the right to make calls, for as long as an invocation can last; return those that need none.

        A result was there after all, or somebody else is at it (NotReadyError), or the right was not had.
        """
        until = int(self.clock()) + CLAIM_SECONDS
        claim = {"claimed_by": owner, "claimed_until": until, table.EXPIRY: until}
        claims: dict[ItemKey, Item] = {at: at._asdict() | claim for at in map(table.result_key, names)}
        taken = self._insert(claims.values())
        rest = [name for name in names if table.result_key(name) not in taken]
        standing = self.batches.executor.map(
            lambda name: self._claim_one(name, claims[table.result_key(name)], owner), rest
        )
        return {name: found for name, found in zip(rest, standing, strict=True) if found is not None}

    def _claim_one(self, name: ResultName, claim: Item, owner: str) -> Result | ImagepipeError | None:
        now = int(self.clock())
        try:
            _, standing = self._put_if(claim, CLAIM_CONDITION, claim_values(now))
        except ImagepipeError as failure:
            return failure
        if standing is None or standing.get("claimed_by") == owner:
            return None
        return result_in(name, standing) or claim_of_another(name, standing, now)

    def release(self, name: ResultName, owner: str) -> None:
        """Remove a claim if it is still the owner's; one that cannot be removed expires."""
        try:
            with translated(f"DeleteItem of a claim on {self.batches.table_name}"):
                self.batches.client.delete_item(
                    TableName=self.batches.table_name,
                    Key=key_to_wire(table.result_key(name)),
                    ConditionExpression="claimed_by = :owner",
                    ExpressionAttributeValues={":owner": {"S": owner}},
                )
        except ImagepipeError:
            return

    def save_results(self, results: Sequence[Result]) -> Mapping[ResultName, ImagepipeError]:
        """Keep results in place of their claims, durably; return those that could not be kept."""
        at = {table.result_key(result.name): result for result in results}
        puts = [_put(key._asdict() | result.to_item()) for key, result in at.items()]
        patient_batches = self.batches._replace(retry=self.patient)
        return {at[_requested_key(put)].name: error for put, error in patient_batches.write(puts)}

    def write_rows(self, rows: Iterable[IndexRow]) -> Mapping[ItemKey, ImagepipeError]:
        """Write index rows in bulk; return those that were not written, with the reason."""
        puts = [_put(item) for item in {row.at: row.to_item() for row in rows}.values()]
        return {_requested_key(put): error for put, error in self.batches.write(puts)}

    def remove_rows(self, keys: Iterable[ItemKey]) -> None:
        """Remove index rows in bulk; those that could not be removed are invisible, and swept later."""
        self.batches.write([{"DeleteRequest": {"Key": key_to_wire(key)}} for key in dict.fromkeys(keys)])

    def commit(self, work: Sequence[Decided]) -> Mapping[str, Commit | ImagepipeError]:
        """Write each record that is newer than what stands, or if what stands is what was seen; by key."""
        items = {decided.record.key: _record_item(decided.record) for decided in work}
        new = [items[decided.record.key] for decided in work if decided.seen is None]
        inserted = self._insert(new)
        rest = [decided for decided in work if table.record_key(decided.record.key) not in inserted]
        put = self.batches.executor.map(self._commit_one, rest)
        outcomes: dict[str, Commit | ImagepipeError] = {key: Commit() for key in items}
        return outcomes | {decided.record.key: outcome for decided, outcome in zip(rest, put, strict=True)}

    def _commit_one(self, decided: Decided) -> Commit | ImagepipeError:
        record, seen = decided.record, decided.seen
        values = {":sequencer": record.sequencer, ":seen": seen.revision if seen else "none"}
        try:
            replaced, standing = self._put_if(_record_item(record), COMMIT_CONDITION, values)
        except ImagepipeError as failure:
            return failure
        if standing is not None:
            winner = record_in(standing)
            return winner if isinstance(winner, ImagepipeError) else Commit(lost_to=winner)
        before = record_in(replaced) if replaced else None
        return Commit(replaced=before if isinstance(before, ImageRecord) else None)

    def move_on(self, work: Sequence[Decided]) -> Mapping[str, ImageRecord | ImagepipeError | None]:
        """Write the sequencer and expiry of each record, if the one that was seen stands there unmoved.

        Return by key the record that stands there instead, None where it was written, or why it could not be.
        """
        outcomes = self.batches.executor.map(self._move_on_one, work)
        return {moved.record.key: outcome for moved, outcome in zip(work, outcomes, strict=True)}

    def _move_on_one(self, moved: Decided) -> ImageRecord | ImagepipeError | None:
        record = moved.record
        values: Item = {":sequencer": record.sequencer, ":seen": record.revision}
        update = "SET sequencer = :sequencer"
        if record.expires_at is not None:
            update, values[":expires"] = f"{update}, {table.EXPIRY} = :expires", record.expires_at

        def attempt() -> ImageRecord | None:
            with translated(f"UpdateItem of the record of {record.key} on {self.batches.table_name}"):
                is_done, answer = write_if(
                    self.batches.client.update_item,
                    TableName=self.batches.table_name,
                    Key=key_to_wire(table.record_key(record.key)),
                    UpdateExpression=update,
                    ConditionExpression=MOVE_ON_CONDITION,
                    ExpressionAttributeValues=to_wire(values),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            return None if is_done else _standing_record(answer)

        try:
            return self.batches.retry(attempt)
        except ImagepipeError as failure:
            return failure

    def _insert(self, items: Iterable[Item]) -> set[ItemKey]:
        """Insert items, no two of one key; return the keys of those that are known to have been inserted."""
        return {key_of(item) for item in self.batches.insert([to_wire(item) for item in items])}

    def _put_if(
        self, item: Mapping[str, Any], condition: str, values: Mapping[str, Any]
    ) -> tuple[Item | None, Item | None]:
        """Put an item if a condition holds; give the item it replaced, or the one that stands instead."""
        what = f"PutItem of {item[PARTITION_KEY]} {item[SORT_KEY]} on {self.batches.table_name}"
        is_done, answer = self.batches.retry.around(translated(what)(write_if))(
            self.batches.client.put_item,
            TableName=self.batches.table_name,
            Item=to_wire(item),
            ConditionExpression=condition,
            ExpressionAttributeValues=to_wire(values),
            ReturnValues="ALL_OLD",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        if not is_done:
            return None, from_wire(answer["Item"])
        replaced = answer.get("Attributes")
        return (from_wire(replaced) if replaced else None), None


def _put(item: Item) -> WireItem:
    return {"PutRequest": {"Item": to_wire(item)}}


def _requested_key(put: WireItem) -> ItemKey:
    return key_of(put["PutRequest"]["Item"])


def _record_item(record: ImageRecord) -> Item:
    return table.record_key(record.key)._asdict() | record.to_item()


def _standing_record(answer: Mapping[str, Any]) -> ImageRecord:
    """Return the record that a condition failed on.

    One that has expired meanwhile is to be looked at again.
    """
    if "Item" not in answer:
        raise NotReadyError(
            "ConcurrentUpdate", "the record has expired meanwhile; its key is looked at again"
        )
    standing = record_in(from_wire(answer["Item"]))
    if isinstance(standing, ImagepipeError):
        raise standing
    return standing


FAULTS = (ArithmeticError, AttributeError, KeyError, RecursionError, TypeError, ValueError, zlib.error)
UNREADABLE_ITEM = "UnreadableItem"


def read_items(batches: TableBatches, keys: Iterable[ItemKey]) -> list[Item]:
    """Return those items that are there. Raise a word for failure if any could not be read."""
    return [from_wire(item) for item in batches.read([key_to_wire(key) for key in keys])]


def record_in(item: Mapping[str, Any]) -> ImageRecord | ImagepipeError:
    """Return the record that an item holds, if writing it gives the item again, attributes of later apart."""
    try:
        record = ImageRecord.from_item(item)
        written = record.to_item()
        for name, value in item.items():
            if name in written and written[name] != value:
                raise ValueError(f"{name} is {value!r}")
    except FAULTS as fault:
        return _unreadable(item, fault)
    if object_key(item) != record.key:
        return _unreadable(item, ValueError(f"key is {record.key!r}"))
    return record


def object_key(item: Mapping[str, Any]) -> str:
    return str(item[PARTITION_KEY]).removeprefix(table.RECORD_PREFIX)


def result_in(name: ResultName, item: Mapping[str, Any]) -> Result | ImagepipeError | None:
    """Return the result that an item holds, None where it is a claim as yet."""
    try:
        result = Result.from_item(name, item)
        if result is not None and not isinstance(result.response, dict):
            raise TypeError(f"the answer is {type(result.response).__name__}")
    except FAULTS as fault:
        return _unreadable(item, fault)
    return result


def claim_of_another(name: ResultName, item: Mapping[str, Any], now: int) -> ImagepipeError:
    """Return what a claim that stands means to those who came later; `now` is in seconds since 1970."""
    until = item.get("claimed_until")
    try:
        seconds = int(until) - now if isinstance(until, Decimal) else None
    except FAULTS:
        seconds = None
    if seconds is None:
        return _unreadable(item, ValueError(f"claimed_until is {until!r}"))
    return NotReadyError(
        "InProgressElsewhere",
        f"another worker is asking {name.detector} about the same content",
        retry_within_seconds=max(0, seconds) + 1,
    )


def _unreadable(item: Mapping[str, Any], fault: Exception) -> TransientError:
    return TransientError(
        UNREADABLE_ITEM,
        f"the item {item[PARTITION_KEY]} {item[SORT_KEY]} cannot be read ({fault!r}) and is left "
        "as it is: if newer code wrote it, deploy that again; else remove the item; then redrive",
    )
