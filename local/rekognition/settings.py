"""Reading a change of the settings, for `PUT /_local/settings`."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any


class SettingsError(Exception):
    """What is wrong with the wished change, for the one who wished it."""


@dataclass(frozen=True)
class Change:
    """Calls a second (None: unlimited) and milliseconds of added latency, by operation."""

    rates: dict[str, float | None]
    latencies_ms: dict[str, float]


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise SettingsError(f"{name}: {value!r} is not a number of at least 0")
    return float(value)


def _rate(name: str, value: Any) -> float | None:
    if value == 0:
        raise SettingsError(f"{name}: a rate of 0 would let nothing in; null lifts the limit")
    return None if value is None else _number(name, value)


def read_change(wanted: Any, operations: Collection[str]) -> Change:
    """Check a JSON document of the form that `wire` describes. Raises `SettingsError`."""
    if not isinstance(wanted, dict) or wanted.keys() - {"rates", "latencies_ms"}:
        raise SettingsError("give an object with rates, latencies_ms or both")
    parts = [wanted.get(name, {}) for name in ("rates", "latencies_ms")]
    if not all(isinstance(part, dict) for part in parts):
        raise SettingsError("rates and latencies_ms are objects: an operation's name and a number")
    rates, latencies = parts
    for name in [*rates, *latencies]:
        if name not in operations:
            raise SettingsError(f"no operation {name}; there are {', '.join(sorted(operations))}")
    return Change(
        {name: _rate(name, value) for name, value in rates.items()},
        {name: _number(name, value or 0) for name, value in latencies.items()},
    )
