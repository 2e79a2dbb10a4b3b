"""What work would cost, and how long it would take, on the pipeline as it is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contract.assumptions import Assumptions
from contract.costs import Bill, bill
from contract.detectors import OPERATIONS
from contract.usage import Work, seconds_at_quota
from operations.budgets.quotas import Budgets
from operations.deployed import Deployed

MEGABYTES_A_GB = 1024


@dataclass(frozen=True)
class Pricing:
    """The cost model with the numbers of one deployment. `quotas` are calls a second by operation.

    Dollars are those of a month that begins with this work: after a million calls they are less.
    """

    quotas: Mapping[str, float]
    memory_gb: float

    @classmethod
    def of(cls, deployed: Deployed, budgets: Budgets) -> Pricing:
        """Take the quotas that the workers go by now."""
        items = budgets.read(deployed.operations)
        quotas = {operation: items[operation].quota or quota for operation, quota in deployed.quotas.items()}
        return cls(quotas, deployed.memory_mb / MEGABYTES_A_GB)

    def bill(self, records: int, calls: Mapping[str, int], *, is_bulk: bool) -> Bill:
        """Say what so many new records cost, with these calls by detector."""
        assumed = Assumptions(quotas=self.quotas, memory_gb=self.memory_gb)
        return bill(Work(records, self._by_operation(calls), is_bulk), assumed)

    def seconds(self, calls: Mapping[str, int]) -> float:
        """Say how long calls by detector take at the quota."""
        return seconds_at_quota(self._by_operation(calls), self.quotas)

    def slowest(self) -> float:
        """Give the photos a second that there can be at most."""
        return min(self.quotas.values())

    def _by_operation(self, calls: Mapping[str, int]) -> dict[str, float]:
        return dict.fromkeys(self.quotas, 0.0) | {OPERATIONS[name]: count for name, count in calls.items()}
