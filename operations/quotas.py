"""One operation's quota from all sides, and changing what the workers go by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from contract.moments import day_of
from operations.adapters.dynamodb_budgets import DynamoDBBudgets
from operations.deployed import AccountQuota
from operations.faults import OperatorError

# What is typed to take an operator's limit away.
NO_LIMIT = "none"


@dataclass(frozen=True)
class DailyLimit:
    """The calls a day of one operation, by UTC; None is without a limit.

    `deployed` is the deployment's setting, `chosen` an operator's, which goes before it. `today` counts the
    calls that workers have reserved since midnight.
    """

    deployed: int | None
    chosen: int | None
    today: int

    @property
    def in_use(self) -> int | None:
        """The limit that all workers go by."""
        return self.deployed if self.chosen is None else self.chosen

    @property
    def is_reached(self) -> bool:
        return self.in_use is not None and self.today >= self.in_use

    def to_json(self) -> dict[str, object]:
        return {
            "deployed": self.deployed,
            "set": self.chosen,
            "in_use": self.in_use,
            "calls_today": self.today,
        }


@dataclass(frozen=True)
class QuotaInUse:
    """The calls a second of one operation, and what it may be called a day.

    `deployed` is the deployment's setting, `chosen` an operator's, which goes before it, `account` what the
    account is said to have. `rate` is what workers call at now: less than the quota for some seconds after a
    throttle.
    """

    operation: str
    deployed: float
    chosen: float | None
    account: float | None
    rate: float
    daily: DailyLimit

    @property
    def in_use(self) -> float:
        """The quota that all workers go by."""
        return self.chosen or self.deployed

    def to_json(self) -> dict[str, object]:
        return {
            "deployed": self.deployed,
            "set": self.chosen,
            "account": self.account,
            "in_use": self.in_use,
            "rate_now": round(self.rate, 3),
            "calls_a_day": self.daily.to_json(),
        }


def in_use(
    deployed: Mapping[str, float],
    budgets: DynamoDBBudgets,
    account: Iterable[AccountQuota],
    now: float,
    daily_limits: Mapping[str, int] | None = None,
) -> list[QuotaInUse]:
    """Return the quotas of the deployed operations, in use now. `now` is in seconds since 1970."""
    items = budgets.read(list(deployed))
    known, limits = list(account), daily_limits or {}
    today = day_of(now)
    return [
        QuotaInUse(
            operation,
            quota,
            items[operation].quota,
            find(operation, known),
            items[operation].pace(quota).rate(now),
            DailyLimit(limits.get(operation), items[operation].daily_limit, items[operation].calls_on(today)),
        )
        for operation, quota in deployed.items()
    ]


def find(operation: str, account: Iterable[AccountQuota]) -> float | None:
    """Return the account's quota of an operation: the one that meters it, or whose name has its name."""
    word = re.compile(rf"\b{operation}\b", flags=re.IGNORECASE)
    found = [quota for quota in account if quota.operation == operation or word.search(quota.name)]
    return max((quota.value for quota in found), default=None)


def read_settings(typed: Sequence[str], operations: Sequence[str]) -> dict[str, float]:
    """Read `DetectLabels=80` and the like. Raise OperatorError."""
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


def read_daily_limits(typed: Sequence[str], operations: Sequence[str]) -> dict[str, int | None]:
    """Read `DetectLabels=20000` and the like; `none` is None. Raise OperatorError."""
    limits: dict[str, int | None] = {}
    for text in typed:
        operation, _, number = (part.strip() for part in text.partition("="))
        if number.lower() != NO_LIMIT and not re.fullmatch(r"[0-9]{1,15}", number):
            raise OperatorError(
                f"--daily {text!r}: write it like DetectLabels=20000, calls a day (0 allows none), or like "
                f"DetectLabels={NO_LIMIT} to go back to the deployment's"
            )
        limits[require_known(operation, operations)] = None if number.lower() == NO_LIMIT else int(number)
    return limits


def require_known(operation: str, operations: Sequence[str]) -> str:
    """Return an operation that is deployed. Raise OperatorError."""
    if operation not in operations:
        raise OperatorError(f"{operation!r} is not an operation in use; choose of {', '.join(operations)}")
    return operation
