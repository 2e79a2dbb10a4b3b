"""Putting photos right: the processor is asked to look at them again, for it alone writes records.

What is missing or stale is recognized; a record without an object becomes a tombstone, its index rows go, and
both are announced. The requests go to the bulk queue, so that no photo uploaded now waits behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contract.capacity import KEYS_A_MESSAGE
from contract.errors import ImagepipeError
from contract.notifications import look_again
from operations.interrupting import Stopping
from operations.messages import Outgoing
from operations.reconciling.findings import LOOKED_AT_AGAIN, Finding
from operations.reconciling.spool import Spool


class Queue(Protocol):
    """Where requests go."""

    def send(self, messages: Sequence[Outgoing]) -> Mapping[str, ImagepipeError]:
        """Send all; give the ids of those that SQS did not take, with the reason."""


@dataclass
class Fixed:
    """What was put right, and what was not."""

    queued: int = 0
    not_taken: int = 0
    rows_removed: int = 0
    rows_left: int = 0
    last_refusal: str = ""

    def to_json(self) -> dict[str, object]:
        """Write it for machines."""
        return {
            "keys_queued": self.queued,
            "keys_not_taken": self.not_taken,
            "rows_removed": self.rows_removed,
            "rows_left": self.rows_left,
        }


@dataclass
class Fix:
    """Queues what a survey has found. Killed in between, the next survey finds the rest."""

    bucket_name: str
    queue: Queue
    spool: Spool
    now: Callable[[], str]
    stopping: Stopping
    tell: Callable[[Fixed], None]
    fixed: Fixed

    def run(self) -> None:
        """Queue all keys, until done or Ctrl-C."""
        for kind in LOOKED_AT_AGAIN:
            for page in self.spool.pages(kind):
                for start in range(0, len(page), KEYS_A_MESSAGE * 10):
                    if self.stopping():
                        return
                    self._send(page[start : start + KEYS_A_MESSAGE * 10])
                    self.tell(self.fixed)

    def _send(self, findings: Sequence[Finding]) -> None:
        keys = [finding.key for finding in findings]
        parts = {
            str(start): keys[start : start + KEYS_A_MESSAGE] for start in range(0, len(keys), KEYS_A_MESSAGE)
        }
        refused = self.queue.send(
            [Outgoing(name, look_again(self.bucket_name, part, self.now())) for name, part in parts.items()]
        )
        for fault in refused.values():
            self.fixed.last_refusal = fault.message
        not_taken = sum(len(parts[name]) for name in refused)
        self.fixed.not_taken += not_taken
        self.fixed.queued += len(keys) - not_taken
