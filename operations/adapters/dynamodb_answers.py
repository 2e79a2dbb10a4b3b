"""The one table, as far as answers are brought to it that were had elsewhere."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial

from aws.calls import WriteOutcome, write_if
from contract import table
from contract.claims import CLAIM_CONDITION, claim_values
from contract.items import PARTITION_KEY, SORT_KEY, key_of, to_wire
from contract.results import Result, ResultName
from contract.table import EXPIRY
from contract.timing import RESULTS_UNSAFE_SECONDS
from operations.adapters.dynamodb import ANSWERED, OperatedTable


class ImportOutcome(StrEnum):
    """What has become of an answer that was brought."""

    WRITTEN = "written"
    THERE = "there already"
    BEING_ASKED = "being asked right now"


class DynamoDBAnswers(OperatedTable):
    """The one table, written to by the rules by which workers write: an answer that is there stays."""

    def keep(self, results: Sequence[Result], clock: Callable[[], float]) -> list[ImportOutcome]:
        """Write answers where none are; no two of one name. `clock` gives seconds since 1970.

        Must not be called from a thread of the executor itself.
        """
        items = [table.result_key(result.name)._asdict() | result.to_item() for result in results]
        inserted = {key_of(item) for item in self.reads.insert([to_wire(item) for item in items])}

        def kept(result: Result) -> ImportOutcome:
            if table.result_key(result.name) in inserted:
                return ImportOutcome.WRITTEN
            return self._keep_one(result, int(clock()))

        return list(self.reads.executor.map(kept, results))

    def _keep_one(self, result: Result, now: int) -> ImportOutcome:
        at = table.result_key(result.name)
        put = self._call(f"PutItem of {at.pk} {at.sk}", partial(write_if, self.client.put_item))
        written: WriteOutcome = put(
            Item=to_wire(at._asdict() | result.to_item()),
            ConditionExpression=CLAIM_CONDITION,
            ExpressionAttributeValues=to_wire(claim_values(now)),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        if written.is_done:
            return ImportOutcome.WRITTEN
        return (
            ImportOutcome.THERE if "answer" in written.answer.get("Item", {}) else ImportOutcome.BEING_ASKED
        )

    def lasting(self, names: Sequence[ResultName], now: float) -> set[ResultName]:
        """Return which of these answers are there, and will be when a worker looks: `now` is since 1970."""
        wanted = {table.result_key(name): name for name in names}
        items = self._read(wanted, (PARTITION_KEY, SORT_KEY, ANSWERED, EXPIRY))
        soon = now + RESULTS_UNSAFE_SECONDS
        return {
            wanted[key_of(item)]
            for item in items
            if ANSWERED in item and (EXPIRY not in item or int(item[EXPIRY]["N"]) >= soon)
        }
