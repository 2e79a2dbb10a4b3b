"""What all objects together would take: calls, hours and dollars, on the pipeline as it is deployed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contract.cost_model.costs import Bill, bill
from contract.cost_model.usage import Assumptions, Work
from contract.detectors import OPERATIONS
from contract.timing import DAY_SECONDS
from operations.adapters.dynamodb_budgets import DynamoDBBudgets
from operations.deployed import DeployedProcessor
from operations.inventory import TIERED, Listed
from operations.planning.assessment import Assessed, Assessor, ObjectFilter, ObjectKind

MEGABYTES_A_GB = 1024


@dataclass
class Totals:
    """What was counted. Objects that the filter leaves out are in none of the other numbers.

    `calls` are by detector, for what is `to_do`; `repeated` are objects whose bytes were listed before,
    `known` those of which all answers are there already. `archived` cannot be read, have no current record,
    and are not `to_do`; of the others without a record, `tiered` may turn out to be archived.
    """

    objects: int = 0
    size_bytes: int = 0
    left_out: int = 0
    current: int = 0
    to_do: int = 0
    repeated: int = 0
    known: int = 0
    archived: int = 0
    tiered: int = 0
    kinds: dict[ObjectKind, int] = field(default_factory=lambda: dict.fromkeys(ObjectKind, 0))
    calls: Counter[str] = field(default_factory=Counter)

    def add(self, assessed: Assessed) -> None:
        self.objects += 1
        self.size_bytes += assessed.listed.size_bytes
        self.kinds[assessed.kind] += 1
        if assessed.is_current:
            self.current += 1
        elif assessed.has_to_wait:
            self.archived += 1
        else:
            self.to_do += 1
            self.tiered += assessed.listed.storage_class == TIERED
            self.repeated += assessed.is_repeated
            self.known += assessed.kind.can_be_asked_about and not assessed.calls and not assessed.is_repeated
            self.calls.update(assessed.calls)

    def to_json(self) -> dict[str, object]:
        return {
            "objects": self.objects,
            "bytes": self.size_bytes,
            "left_out": self.left_out,
            "current": self.current,
            "to_do": self.to_do,
            "repeated_bytes": self.repeated,
            "answered_before": self.known,
            "archived": self.archived,
            "maybe_archived": self.tiered,
            "kinds": {str(kind): count for kind, count in self.kinds.items()},
            "calls": dict(self.calls),
        }


@dataclass
class Assessment:
    """Adds up what all listed objects would take, or the first `limit` of them."""

    assessor: Assessor
    filter: ObjectFilter
    limit: int | None = None
    totals: Totals = field(default_factory=Totals)
    is_all: bool = False

    def run(self, pages: Iterable[Sequence[Listed]]) -> Iterator[Totals]:
        """Yield the totals after each page. Only when all pages were taken in, `is_all` is true."""
        for page in pages:
            chosen = [listed for listed in page if self.filter.matches(listed)]
            room = None if self.limit is None else self.limit - self.totals.objects
            self.totals.left_out += len(page) - len(chosen)
            for assessed in self.assessor.assess(chosen[:room]):
                self.totals.add(assessed)
            yield self.totals
            if room is not None and len(chosen) > room:
                return
        self.is_all = True


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
    def of(cls, deployed: DeployedProcessor, budgets: DynamoDBBudgets) -> Pricing:
        """Read the quotas and limits that the workers go by now."""
        items = budgets.read(deployed.operations)
        quotas = {operation: items[operation].quota or quota for operation, quota in deployed.quotas.items()}
        limits = {name: item.daily_limit for name, item in items.items() if item.daily_limit is not None}
        return cls(quotas, deployed.memory_mb / MEGABYTES_A_GB, {**deployed.daily_limits, **limits})

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


@dataclass(frozen=True)
class Estimate:
    """The answer of `imagepipe plan`. `is_all` says that all was listed."""

    totals: Totals
    pricing: Pricing
    bill: Bill
    is_all: bool

    @property
    def seconds(self) -> float:
        return self.pricing.seconds(self.totals.calls)

    def to_json(self) -> dict[str, object]:
        return {
            **self.totals.to_json(),
            "is_all": self.is_all,
            "quotas": dict(self.pricing.quotas),
            "daily_limits": dict(self.pricing.daily_limits),
            "hours": hours(self.seconds),
            "dollars": self.bill.to_json(),
        }


def hours(seconds: float) -> float | None:
    """Return hours for JSON; None is without end."""
    return round(seconds / 3600, 3) if math.isfinite(seconds) else None
