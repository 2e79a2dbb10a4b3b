"""A plan: what all objects together would take."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from contract.costs import Bill
from operations.interrupting import Stopping
from operations.planning.assessing import Assessed, Assessor
from operations.planning.objects import Choice, Kind
from operations.planning.pricing import Pricing
from operations.reconciling.comparison import TIERED, Listed


@dataclass
class Totals:
    """What was counted. Objects that were left out by choice are in none of the other numbers.

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
    kinds: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    calls: dict[str, int] = field(default_factory=dict)

    def add(self, assessed: Assessed) -> None:
        """Count an object in."""
        self.objects += 1
        self.size_bytes += assessed.listed.size_bytes
        self.kinds[assessed.kind] += 1
        if assessed.is_current:
            self.current += 1
            return
        if assessed.has_to_wait:
            self.archived += 1
            return
        self.to_do += 1
        self.tiered += assessed.listed.storage_class == TIERED
        self.repeated += assessed.is_repeated
        self.known += assessed.kind.can_be_asked_about and not assessed.calls and not assessed.is_repeated
        for detector in assessed.calls:
            self.calls[detector] = self.calls.get(detector, 0) + 1

    def to_json(self) -> dict[str, object]:
        """Write it for machines."""
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


@dataclass(frozen=True)
class Plan:
    """The answer of `imagepipe plan`. `is_all` says that all was listed."""

    totals: Totals
    pricing: Pricing
    bill: Bill
    is_all: bool

    @property
    def seconds(self) -> float:
        """How long all calls take."""
        return self.pricing.seconds(self.totals.calls)

    def to_json(self) -> dict[str, object]:
        """Write it for machines."""
        return {
            **self.totals.to_json(),
            "is_all": self.is_all,
            "quotas": dict(self.pricing.quotas),
            "daily_limits": dict(self.pricing.daily_limits),
            "hours": hours(self.seconds),
            "dollars": self.bill.to_json(),
        }


def hours(seconds: float) -> float | None:
    """Write a span for machines; None is without end."""
    return round(seconds / 3600, 3) if math.isfinite(seconds) else None


def sum_up(
    pages: Iterable[Sequence[Listed]],
    choice: Choice,
    assessor: Assessor,
    totals: Totals,
    *,
    limit: int | None,
    stopping: Stopping,
    tell: Callable[[Totals], None],
) -> bool:
    """Assess page by page; say whether that were all, or Ctrl-C or the limit came before."""
    for page in pages:
        chosen = [listed for listed in page if choice.takes(listed)]
        room = None if limit is None else limit - totals.objects
        totals.left_out += len(page) - len(chosen)
        for assessed in assessor.assess(chosen[:room]):
            totals.add(assessed)
        tell(totals)
        if stopping() or (room is not None and len(chosen) > room):
            return False
    return True
