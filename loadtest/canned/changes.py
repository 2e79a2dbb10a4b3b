"""Reading what `PUT /_local/settings` is given."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any


class ChangeError(Exception):
    """What is wrong with the wished change, for the one who wished it."""


@dataclass(frozen=True)
class Change:
    """Calls a second (None: unlimited) and milliseconds of added latency, by operation."""

    rates: dict[str, float | None]
    latencies_ms: dict[str, float]


def read_change(wanted: Any, operations: Collection[str]) -> Change:
    """Check a JSON document. Raises ChangeError."""
    if not isinstance(wanted, dict) or wanted.keys() - {"rates", "latencies_ms"}:
        raise ChangeError("give an object with rates, latencies_ms or both")
    rates, latencies = (wanted.get(name, {}) for name in ("rates", "latencies_ms"))
    if not (isinstance(rates, dict) and isinstance(latencies, dict)):
        raise ChangeError("rates and latencies_ms are objects: an operation's name and a number")
    for name in [*rates, *latencies]:
        if name not in operations:
            raise ChangeError(f"no operation {name}; there are {', '.join(sorted(operations))}")
    return Change(
        {name: None if value is None else _rate(name, value) for name, value in rates.items()},
        {name: _number(name, value or 0) for name, value in latencies.items()},
    )


def _rate(name: str, value: Any) -> float:
    if value == 0:
        raise ChangeError(f"{name}: a rate of 0 would let nothing in; null lifts the limit")
    return _number(name, value)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise ChangeError(f"{name}: {value!r} is not a number of at least 0")
    return float(value)
