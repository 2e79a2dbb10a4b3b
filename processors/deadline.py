"""How long this invocation may still work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contract.errors import NotReadyError
from contract.timing import RESERVE_SECONDS


@dataclass(frozen=True)
class Deadline:
    """The end of the invocation, asked of Lambda each time."""

    remaining_milliseconds: Callable[[], int]

    def seconds_for_calls(self) -> float:
        """Return for how long calls may still be started."""
        return self.remaining_milliseconds() / 1000 - RESERVE_SECONDS

    def require_time_for_a_call(self, key: str) -> None:
        """Raise NotReadyError `DeadlineReached` when a call started now might be paid for and lost."""
        if self.seconds_for_calls() < 0:
            raise NotReadyError(
                "DeadlineReached",
                f"{key} was not started, the invocation is about to end",
                retry_within_seconds=0,
            )
