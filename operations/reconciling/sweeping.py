"""Removing index rows that no record stands for, without ever removing one that is about to be true.

Rows are written before the record that makes them true, and a message that is tried again writes the very
same rows again: a row may be old, and invisible, and true in a moment. So a row is marked first. Whoever
writes it again replaces the whole item, and with it the mark. After GRACE_SECONDS every worker that may have
written the row before it was marked has committed its record, or is no more. Then the record is read, and if
it still does not stand for the row, the row is removed on condition that it has the mark still. Whoever
commits the record after it was read has written the row after the mark, so the condition fails.

Killed in between, marks stay behind; they change nothing, and the next sweep need not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from contract.table import ItemKey
from contract.timing import PROCESSOR_TIMEOUT_SECONDS
from operations.interrupting import Stopping
from operations.reconciling.comparison import Standing
from operations.reconciling.findings import Finding, Kind
from operations.reconciling.fixing import Fixed
from operations.reconciling.spool import Spool

# Longer than any invocation of the processor, by what a write may take on its way and two clocks may differ.
GRACE_SECONDS = PROCESSOR_TIMEOUT_SECONDS + 30
_WAIT_SECONDS = 0.5


class Rows(Protocol):
    """Where index rows are."""

    def records(self, keys: Sequence[str]) -> Mapping[str, Standing]:
        """Return the records of those keys that have one, as of now."""

    def mark(self, at: ItemKey, suspected_at: int) -> bool:
        """Mark a row as suspect; say whether it was there."""

    def remove_marked(self, at: ItemKey, suspected_at: int) -> bool:
        """Remove a row if it has this mark; say whether it had."""


@dataclass
class Sweep:
    """Sweeps the rows that a survey has found. `clock` gives seconds since 1970."""

    table: Rows
    spool: Spool
    executor: Executor
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    stopping: Stopping
    tell: Callable[[str], None]
    fixed: Fixed

    def run(self) -> None:
        """Mark, wait, remove, until done or Ctrl-C."""
        self._mark()
        self._wait()
        for page in self.spool.pages(Kind.ORPHANED_ROWS):
            if self.stopping():
                return
            self._remove(page)
            self.tell(f"{self.fixed.rows_removed:,} index rows removed")

    def _mark(self) -> None:
        for page in self.spool.pages(Kind.ORPHANED_ROWS):
            if self.stopping():
                return
            unmarked = [finding for finding in page if finding.suspected_at is None]
            now = int(self.clock())
            there = self.executor.map(partial(self._mark_one, now), unmarked)
            self.spool.strike([finding for finding, found in zip(unmarked, there, strict=True) if not found])
            self.spool.marked(unmarked, now)

    def _mark_one(self, now: int, finding: Finding) -> bool:
        assert finding.at is not None
        return self.table.mark(finding.at, now)

    def _wait(self) -> None:
        last_marked_at = self.spool.last_marked_at()
        if last_marked_at is None:
            return
        # A mark is in whole seconds, cut off.
        until = last_marked_at + 1 + GRACE_SECONDS
        while (left := until - self.clock()) > 0 and not self.stopping():
            self.tell(f"waiting {left:.0f} s until no worker can know of the marked index rows")
            self.sleep(min(_WAIT_SECONDS, left))

    def _remove(self, page: Sequence[Finding]) -> None:
        records = self.table.records(sorted({finding.key for finding in page}))
        orphaned = [finding for finding in page if not finding.is_settled_by(records.get(finding.key))]
        removed = sum(self.executor.map(self._remove_one, orphaned))
        self.fixed.rows_removed += removed
        self.fixed.rows_left += len(orphaned) - removed

    def _remove_one(self, finding: Finding) -> bool:
        assert finding.at is not None
        assert finding.suspected_at is not None
        return self.table.remove_marked(finding.at, finding.suspected_at)
