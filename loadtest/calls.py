"""How many detector calls were made, and who knows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from contract.metrics import Metric
from contract.table import PARTITION_KEY, SORT_KEY, counts_key
from loadtest.control_api import ControlApi
from loadtest.stack import Stack

# All operations together, where nobody tells them apart.
ALL = "all operations"


@dataclass(frozen=True)
class OperationCounts:
    """Detector calls so far, by operation."""

    accepted: Mapping[str, int]
    throttled: Mapping[str, int]

    def since(self, before: OperationCounts) -> OperationCounts:
        """Return those that came after an earlier look."""
        return OperationCounts(_less(self.accepted, before.accepted), _less(self.throttled, before.throttled))


class CallCounter(Protocol):
    """Whoever knows how many calls were made."""

    def calls(self) -> OperationCounts:
        """Return the calls so far."""


@dataclass(frozen=True)
class CallsAtRekognition:
    """As a Rekognition on this machine has counted them: exactly, and at once."""

    control: ControlApi

    def calls(self) -> OperationCounts:
        """Return the calls so far."""
        totals = self.control.totals()
        return OperationCounts(
            {operation: counted["accepted"] for operation, counted in totals.items()},
            {operation: counted["throttled"] for operation, counted in totals.items()},
        )


@dataclass(frozen=True)
class CallsInTheTable:
    """As the processor adds them up in the table, batch by batch; a batch that crashed is not in it."""

    stack: Stack
    now: Callable[[], float] = time.time

    def calls(self) -> OperationCounts:
        """Return the calls of yesterday and today (UTC), so that midnight may be in between."""
        today = datetime.fromtimestamp(self.now(), UTC).date()
        days = [self._day((today - timedelta(days=back)).isoformat()) for back in (0, 1)]
        made = sum(day.get(Metric.CALLS_MADE, 0) for day in days)
        return OperationCounts({ALL: made}, {ALL: sum(day.get(Metric.CALLS_THROTTLED, 0) for day in days)})

    def _day(self, day: str) -> dict[str, int]:
        at = counts_key(day)
        item = self.stack.dynamodb.get_item(
            TableName=self.stack.outputs["table"],
            Key={PARTITION_KEY: {"S": at.pk}, SORT_KEY: {"S": at.sk}},
        ).get("Item", {})
        return {name: int(value["N"]) for name, value in item.items() if "N" in value}


def _less(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {operation: count - before.get(operation, 0) for operation, count in now.items()}
