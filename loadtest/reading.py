"""Scenarios from a TOML file: one table each. All that is wrong with one is told together."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from contract.detectors import OPERATIONS
from loadtest.faults import LoadtestError
from loadtest.scenario import ApiLoad, Lane, Phase, QuotaChange, Recognizer, Scenario

BUILT_IN = Path(__file__).with_name("scenarios.toml")
_KNOWN_OPERATIONS = ("DetectLabels", "DetectFaces", "DetectModerationLabels", "DetectText")
assert set(OPERATIONS.values()) <= set(_KNOWN_OPERATIONS)


def read_scenarios(path: Path = BUILT_IN) -> dict[str, Scenario]:
    """Read a file of scenarios, by name. Raises LoadtestError with everything that is wrong in it."""
    try:
        tables = tomllib.loads(path.read_text())
    except OSError as fault:
        raise LoadtestError(f"cannot read the scenarios in {path}: {fault.strerror}") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise LoadtestError(f"{path} is not TOML: {fault}") from fault
    faults: list[str] = []
    scenarios = {name: _scenario(name, table, faults) for name, table in tables.items()}
    if faults:
        raise LoadtestError("\n".join([f"{path} cannot be used:", *(f"  {fault}" for fault in faults)]))
    return scenarios


def _scenario(name: str, given: Any, faults: list[str]) -> Scenario:
    table = _Table(name, given, faults)
    scenario = Scenario(
        name,
        about=table.take("about", _text, ""),
        phases=tuple(_phases(table)),
        recognizer=table.take("recognizer", _one_of(Recognizer), Recognizer.STACK),
        latency_seconds=table.take("latency_seconds", _number(0), 0.45),
        context=table.take("context", _context, {}),
        quotas=table.take("quotas", _quotas, {}),
        changes=tuple(_changes(table)),
        warm_up_seconds=table.take("warm_up_seconds", _number(0), 5.0),
        patience_seconds=table.take("patience_seconds", _number(1), 90.0),
        noop=table.take("noop", _truth, False),
        api=_api(table),
    )
    table.refuse_the_rest()
    if not scenario.phases and scenario.api is None and not scenario.noop:
        faults.append(f"{name}: nothing to do; give phases, api or noop")
    return scenario


def _phases(table: _Table) -> list[Phase]:
    phases: list[Phase] = []
    for place, given in enumerate(table.take("phases", _list, [])):
        inner = _Table(f"{table.name}.phases[{place}]", given, table.faults)
        lane = inner.take("lane", _one_of(Lane), Lane.LIVE)
        phase = Phase(
            name=inner.take("name", _text, "photos" if not place else f"phase {place + 1}"),
            photos=inner.take("photos", _whole(1)),
            per_second=inner.take("per_second", _above_zero, None),
            lane=lane,
            prepared=inner.take("prepared", _truth, lane is Lane.BULK) or lane is Lane.BULK,
            duplicates=inner.take("duplicates", _share, 0.0),
            start_seconds=inner.take("start_seconds", _number(0), 0.0),
            after=inner.take("after", _text, None),
        )
        inner.refuse_the_rest()
        earlier = [before.name for before in phases]
        if phase.name in earlier:
            inner.blame("name", f"is {phase.name!r}, which an earlier phase has")
        if phase.after is not None and phase.after not in earlier:
            inner.blame("after", f"is {phase.after!r}; it must name an earlier phase")
        phases.append(phase)
    return phases


def _changes(table: _Table) -> list[QuotaChange]:
    changes = []
    for place, given in enumerate(table.take("changes", _list, [])):
        inner = _Table(f"{table.name}.changes[{place}]", given, table.faults)
        changes.append(QuotaChange(inner.take("at_seconds", _number(0)), inner.take("quotas", _quotas)))
        inner.refuse_the_rest()
    return sorted(changes, key=lambda change: change.at_seconds)


def _api(table: _Table) -> ApiLoad | None:
    given = table.take("api", _mapping, None)
    if given is None:
        return None
    inner = _Table(f"{table.name}.api", given, table.faults)
    load = ApiLoad(inner.take("users", _whole(1)), inner.take("seconds", _number(1)))
    inner.refuse_the_rest()
    return load


class _UnusableError(Exception):
    """What a value must be."""


_MISSING: Any = dataclasses.MISSING


class _Table:
    """A TOML table on its way to a value; what was not taken from it is unknown."""

    def __init__(self, name: str, given: Any, faults: list[str]) -> None:
        self.name, self.faults = name, faults
        self._left = dict(given) if isinstance(given, Mapping) else {}
        self._known: list[str] = []
        if not isinstance(given, Mapping):
            faults.append(f"{name}: must be a table")

    def take(self, key: str, read: Callable[[Any], Any], default: Any = _MISSING) -> Any:
        """Give the value of a key, read; the default if it is absent."""
        self._known.append(key)
        if key not in self._left:
            if default is _MISSING:
                self.blame(key, "is missing")
                return 1
            return default
        value = self._left.pop(key)
        try:
            return read(value)
        except _UnusableError as fault:
            self.blame(key, f"is {value!r}; it must be {fault}")
            return 1 if default is _MISSING else default

    def refuse_the_rest(self) -> None:
        """Blame what nobody asked for."""
        for key in self._left:
            self.blame(key, f"is unknown; there are {', '.join(self._known)}")

    def blame(self, key: str, what: str) -> None:
        """Remember a fault."""
        self.faults.append(f"{self.name}: {key} {what}")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _UnusableError("a text")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _UnusableError("true or false")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _UnusableError("a list of tables")
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _UnusableError("a table")
    return value


def _number(least: float) -> Callable[[Any], float]:
    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < least:
            raise _UnusableError(f"a number of at least {least:g}")
        return float(value)

    return read


def _whole(least: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise _UnusableError(f"a whole number of at least {least}")
        return value

    return read


def _above_zero(value: Any) -> float:
    number = _number(0)(value)
    if not number:
        raise _UnusableError("above 0; leave it out for all at once")
    return number


def _share(value: Any) -> float:
    share = _number(0)(value)
    if share >= 1:
        raise _UnusableError("a share from 0 to less than 1")
    return share


def _one_of(choices: Any) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value not in list(choices):
            raise _UnusableError(" or ".join(choices))
        return choices(value)

    return read


def _context(value: Any) -> dict[str, str]:
    return {name: str(setting) for name, setting in _mapping(value).items()}


def _quotas(value: Any) -> dict[str, float]:
    quotas = {name: _above_zero(rate) for name, rate in _mapping(value).items()}
    if unknown := set(quotas) - set(_KNOWN_OPERATIONS):
        raise _UnusableError(f"by operation; {', '.join(sorted(unknown))} is none of {_KNOWN_OPERATIONS}")
    return quotas
