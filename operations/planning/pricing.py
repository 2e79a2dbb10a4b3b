"""What work would cost, and how long it would take, on the pipeline as it is deployed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from contract.assumptions import Assumptions
from contract.costs import Bill, bill
from contract.detectors import OPERATIONS
from contract.timing import DAY_SECONDS
from contract.usage import Work
from operations.budgets.quotas import Budgets
from operations.deployed import Deployed

MEGABYTES_A_GB = 1024


@dataclass(frozen=True)
class Pricing:
    """The cost model with the numbers of one deployment.

    `quotas` are calls a second by operation, `daily_limits` calls a day, where there is such a limit.
    Dollars are those of a month that begins with this work: after a million calls they are less.
    """

    quotas: Mapping[str, float]
    memory_gb: float
    daily_limits: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, deployed: Deployed, budgets: Budgets) -> Pricing:
        """Take the quotas and limits that the workers go by now."""
        items = budgets.read(deployed.operations)
        quotas = {operation: items[operation].quota or quota for operation, quota in deployed.quotas.items()}
        chosen = {operation: item.daily_limit for operation, item in items.items()}
        limits = {
            **deployed.daily_limits,
            **{name: limit for name, limit in chosen.items() if limit is not None},
        }
        return cls(quotas, deployed.memory_mb / MEGABYTES_A_GB, limits)

    def bill(self, records: int, calls: Mapping[str, int], *, is_bulk: bool) -> Bill:
        """Return what so many new records cost, with these calls by detector."""
        assumed = Assumptions(quotas=self.quotas, memory_gb=self.memory_gb)
        return bill(Work(records, self._by_operation(calls), is_bulk), assumed)

    def seconds(self, calls: Mapping[str, int]) -> float:
        """Return how long calls by detector take; operations go side by side, and the slowest decides."""
        return max(self.seconds_of(*counted) for counted in self._by_operation(calls).items())

    def seconds_of(self, operation: str, count: float) -> float:
        """Return how long so many calls of an operation take: without end where none are allowed.

        What goes beyond a daily limit waits for the next midnight.
        """
        if not count:
            return 0.0
        limit = self.daily_limits.get(operation, math.inf)
        midnights = math.ceil(count / limit) - 1 if limit else math.inf
        return max(count / self.quotas[operation], midnights * DAY_SECONDS)

    def slowest(self) -> float:
        """Return the photos a second that there can be at most, in the course of days."""
        return min(
            min(quota, self.daily_limits.get(operation, math.inf) / DAY_SECONDS)
            for operation, quota in self.quotas.items()
        )

    def _by_operation(self, calls: Mapping[str, int]) -> dict[str, float]:
        return dict.fromkeys(self.quotas, 0.0) | {OPERATIONS[name]: count for name, count in calls.items()}
