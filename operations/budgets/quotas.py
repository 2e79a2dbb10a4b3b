"""One operation's quota from all sides, and changing what the workers go by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contract.quotas import BudgetItem
from operations.faults import OperatorError


class Budgets(Protocol):
    """Where the budget of each operation stands."""

    def read(self, operations: Sequence[str]) -> Mapping[str, BudgetItem]:
        """Give the budgets of these operations; of one that was never called, an empty one."""

    def set_quota(self, operation: str, quota: float | None) -> None:
        """Set the calls a second that all workers go by; None goes back to the deployment's."""


@dataclass(frozen=True)
class AccountQuota:
    """A quota of the account, as Service Quotas names it. `operation` is what it meters, where it says so."""

    name: str
    value: float
    operation: str | None = None


@dataclass(frozen=True)
class QuotaInUse:
    """The calls a second of one operation.

    `deployed` is the deployment's setting, `chosen` an operator's, which goes before it, `account` what the
    account is said to have. `rate` is what workers call at now: less than the quota for some seconds after a
    throttle.
    """

    operation: str
    deployed: float
    chosen: float | None
    account: float | None
    rate: float

    @property
    def in_use(self) -> float:
        """The quota that all workers go by."""
        return self.chosen or self.deployed

    def to_json(self) -> dict[str, object]:
        """Write it for machines."""
        return {
            "deployed": self.deployed,
            "set": self.chosen,
            "account": self.account,
            "in_use": self.in_use,
            "rate_now": round(self.rate, 3),
        }


def in_use(
    deployed: Mapping[str, float], budgets: Budgets, account: Iterable[AccountQuota], now: float
) -> list[QuotaInUse]:
    """Look at the quotas of the deployed operations. `now` is in seconds since 1970."""
    items = budgets.read(list(deployed))
    known = list(account)
    return [
        QuotaInUse(
            operation,
            quota,
            items[operation].quota,
            find(operation, known),
            items[operation].pace(quota).rate(now),
        )
        for operation, quota in deployed.items()
    ]


def find(operation: str, account: Iterable[AccountQuota]) -> float | None:
    """Give the account's quota of an operation: the one that meters it, or whose name has its name."""
    word = re.compile(rf"\b{operation}\b", flags=re.IGNORECASE)
    found = [quota for quota in account if quota.operation == operation or word.search(quota.name)]
    return max((quota.value for quota in found), default=None)


def read_settings(typed: Sequence[str], operations: Sequence[str]) -> dict[str, float]:
    """Read `DetectLabels=80` and the like. Raises OperatorError."""
    settings: dict[str, float] = {}
    for text in typed:
        operation, _, number = text.partition("=")
        try:
            settings[require_known(operation, operations)] = quota = float(number)
        except ValueError:
            quota = 0.0
        if not 0 < quota < float("inf"):
            raise OperatorError(f"--set {text!r}: write it like DetectLabels=80, calls a second above 0")
    return settings


def require_known(operation: str, operations: Sequence[str]) -> str:
    """Give an operation that is deployed. Raises OperatorError."""
    if operation not in operations:
        raise OperatorError(f"{operation!r} is not an operation in use; choose of {', '.join(operations)}")
    return operation
