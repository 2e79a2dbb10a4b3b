"""Putting right what a survey has found.

Photos: the processor is asked to look at them again, for it alone writes records. What is missing or stale is
recognized; a record without an object becomes a tombstone, its index rows go, and both are announced. The
requests go to the bulk queue, so that no photo uploaded now waits behind them.

Index rows that no record stands for are removed, without ever removing one that is about to be true.
Rows are written before the record that makes them true, and a message that is tried again writes the very
same rows again: a row may be old, and invisible, and true in a moment. So a row is marked first. Whoever
writes it again replaces the whole item, and with it the mark. After GRACE_SECONDS every worker that may have
written the row before it was marked has committed its record, or is no more. Then the record is read, and if
it still does not stand for the row, the row is removed on condition that it has the mark still. Whoever
commits the record after it was read has written the row after the mark, so the condition fails.

Killed in between, marks stay behind; they change nothing, and the next sweep need not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from aws.entry_batches import MAX_ENTRIES
from contract.capacity import KEYS_A_MESSAGE
from contract.notifications import look_again
from contract.timing import PROCESSOR_TIMEOUT_SECONDS
from operations.adapters.dynamodb import OperatedTable
from operations.adapters.sqs import Outgoing, SqsQueue
from operations.moments import to_text
from operations.reconciling.survey import LOOKED_AT_AGAIN, Difference, DifferenceKind, Spool

# Longer than any invocation of the processor, by what a write may take on its way and two clocks may differ.
GRACE_SECONDS = PROCESSOR_TIMEOUT_SECONDS + 30
_WAIT_SECONDS = 0.5
_KEYS_AT_ONCE = KEYS_A_MESSAGE * MAX_ENTRIES


@dataclass
class Fixed:
    """What was put right, and what was not."""

    queued: int = 0
    not_taken: int = 0
    rows_removed: int = 0
    rows_left: int = 0
    last_refusal: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "keys_queued": self.queued,
            "keys_not_taken": self.not_taken,
            "rows_removed": self.rows_removed,
            "rows_left": self.rows_left,
        }


@dataclass
class Fix:
    """Puts right what is in the spool. Killed in between, the next survey finds the rest.

    `clock` gives seconds since 1970.
    """

    bucket_name: str
    queue: SqsQueue
    table: OperatedTable
    spool: Spool
    executor: Executor
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    fixed: Fixed = field(default_factory=Fixed)

    def queue_keys(self) -> Iterator[Fixed]:
        """Queue all keys to be looked at again, step by step."""
        for kind in LOOKED_AT_AGAIN:
            for page in self.spool.pages(kind):
                for start in range(0, len(page), _KEYS_AT_ONCE):
                    self._send([finding.key for finding in page[start : start + _KEYS_AT_ONCE]])
                    yield self.fixed

    def sweep(self) -> Iterator[str]:
        """Mark index rows, wait, remove them; yield what is being done."""
        for page in self.spool.pages(DifferenceKind.ORPHANED_ROWS):
            self._mark(page)
            yield "marking index rows"
        last_marked_at = self.spool.last_marked_at()
        if last_marked_at is not None:
            # A mark is in whole seconds, cut off.
            until = last_marked_at + 1 + GRACE_SECONDS
            while (left := until - self.clock()) > 0:
                yield f"waiting {left:.0f} s until no worker can know of the marked index rows"
                self.sleep(min(_WAIT_SECONDS, left))
        for page in self.spool.pages(DifferenceKind.ORPHANED_ROWS):
            self._remove(page)
            yield f"{self.fixed.rows_removed:,} index rows removed"

    def _send(self, keys: list[str]) -> None:
        parts = {
            str(start): keys[start : start + KEYS_A_MESSAGE] for start in range(0, len(keys), KEYS_A_MESSAGE)
        }
        at = to_text(self.clock())
        refused = self.queue.send(
            [Outgoing(name, look_again(self.bucket_name, part, at)) for name, part in parts.items()]
        )
        for error in refused.values():
            self.fixed.last_refusal = error.message
        not_taken = sum(len(parts[name]) for name in refused)
        self.fixed.not_taken += not_taken
        self.fixed.queued += len(keys) - not_taken

    def _mark(self, page: Sequence[Difference]) -> None:
        unmarked = [finding for finding in page if finding.suspected_at is None]
        now = int(self.clock())
        there = self.executor.map(lambda finding: self.table.mark(finding.at, now), unmarked)
        self.spool.strike([finding for finding, found in zip(unmarked, there, strict=True) if not found])
        self.spool.marked(unmarked, now)

    def _remove(self, page: Sequence[Difference]) -> None:
        records = self.table.summaries(sorted({finding.key for finding in page}))
        orphaned = [finding for finding in page if not finding.is_settled_by(records.get(finding.key))]
        removed = sum(self.executor.map(self._remove_one, orphaned))
        self.fixed.rows_removed += removed
        self.fixed.rows_left += len(orphaned) - removed

    def _remove_one(self, finding: Difference) -> bool:
        assert finding.suspected_at is not None
        return self.table.remove_marked(finding.at, finding.suspected_at)
