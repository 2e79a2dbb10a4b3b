"""The turns of one batch at one operation."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from contract.errors import PostponedError
from processors.budget.lanes import Lane
from processors.budget.line import Line
from processors.deadline import Deadline

# Bulk workers that were all told to come back at the same time come at different ones.
SPREAD_SECONDS = 0.5
SHORTEST_WAIT_SECONDS = 0.02


@dataclass
class Turns:
    """Hands out slots to the calls of a batch, taking them from the line a run at a time.

    `expected` is how many calls are still to come. Safe to use from several threads by `lock`.
    """

    line: Line
    lane: Lane
    expected: int
    deadline: Deadline
    lock: AbstractContextManager[object]
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    spread: Callable[[float], float]
    _slots: deque[float] = field(default_factory=deque)

    def prepare(self, key: str) -> None:
        """Take the first run. Raises PostponedError if there is none to be had in this invocation."""
        with self.lock:
            self._take_a_run(key)

    def wait(self, key: str) -> None:
        """Return when a call may be made. Raises PostponedError if that would be too late."""
        with self.lock:
            if not self._slots:
                self._take_a_run(key)
            slot = self._slots.popleft()
            self.expected -= 1
        self.sleep(max(0.0, slot - self.clock()))
        self.deadline.require_time_for_a_call(key)

    def throttled(self) -> None:
        """Note that a call was throttled."""
        self.line.slow_down()

    def _take_a_run(self, key: str) -> None:
        self.deadline.require_time_for_a_call(key)
        until = self.clock() + self.deadline.seconds_for_calls()
        while True:
            slots = self.line.reserve(max(1, self.expected), self.lane, until)
            self._slots.extend(slots.times)
            if self._slots:
                return
            again_at = slots.again_at + self.spread(SPREAD_SECONDS)
            if self.lane is Lane.LIVE or again_at > until:
                raise self._no_turn(key, again_at)
            self.sleep(max(SHORTEST_WAIT_SECONDS, again_at - self.clock()))

    def _no_turn(self, key: str, again_at: float) -> PostponedError:
        return PostponedError(
            "NoTurn",
            f"{key} has to wait: the line for {self.line.operation} is longer than this invocation",
            retry_within_seconds=max(1, round(again_at - self.clock())),
        )
