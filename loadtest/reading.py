"""Scenarios from a TOML file: one table each. All that is wrong with one is told together."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from contract.detectors import OPERATIONS
from loadtest.errors import LoadtestError
from loadtest.scenario import ApiLoad, Lane, Phase, QuotaChange, Recognizer, Scenario
from loadtest.tables import (
    Table,
    UnusableError,
    a_list,
    a_number,
    a_share,
    a_table,
    a_text,
    a_truth,
    a_whole_number,
    above_zero,
    one_of,
)

BUILT_IN = Path(__file__).with_name("scenarios.toml")


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
    table = Table(name, given, faults)
    scenario = Scenario(
        name,
        about=table.take("about", a_text, ""),
        phases=tuple(_phases(table)),
        recognizer=table.take("recognizer", one_of(Recognizer), Recognizer.STACK),
        latency_seconds=table.take("latency_seconds", a_number(0), 0.45),
        context=table.take("context", _context, {}),
        quotas=table.take("quotas", _quotas, {}),
        changes=tuple(_changes(table)),
        warm_up_seconds=table.take("warm_up_seconds", a_number(0), 5.0),
        patience_seconds=table.take("patience_seconds", a_number(1), 90.0),
        baseline=table.take("baseline", a_truth, False),
        api=_api(table),
    )
    table.refuse_the_rest()
    if not scenario.phases and scenario.api is None and not scenario.baseline:
        faults.append(f"{name}: nothing to do; give phases, api or baseline")
    return scenario


def _phases(table: Table) -> list[Phase]:
    phases: list[Phase] = []
    for place, given in enumerate(table.take("phases", a_list, [])):
        inner = Table(f"{table.name}.phases[{place}]", given, table.faults)
        lane = inner.take("lane", one_of(Lane), Lane.LIVE)
        phase = Phase(
            name=inner.take("name", a_text, "photos" if not place else f"phase {place + 1}"),
            photos=inner.take("photos", a_whole_number(1)),
            per_second=inner.take("per_second", above_zero, None),
            lane=lane,
            prepared=inner.take("prepared", a_truth, lane is Lane.BULK) or lane is Lane.BULK,
            duplicates=inner.take("duplicates", a_share, 0.0),
            start_seconds=inner.take("start_seconds", a_number(0), 0.0),
            after=inner.take("after", a_text, None),
        )
        inner.refuse_the_rest()
        earlier = [before.name for before in phases]
        if phase.name in earlier:
            inner.blame("name", f"is {phase.name!r}, which an earlier phase has")
        if phase.after is not None and phase.after not in earlier:
            inner.blame("after", f"is {phase.after!r}; it must name an earlier phase")
        phases.append(phase)
    return phases


def _changes(table: Table) -> list[QuotaChange]:
    changes = []
    for place, given in enumerate(table.take("changes", a_list, [])):
        inner = Table(f"{table.name}.changes[{place}]", given, table.faults)
        changes.append(QuotaChange(inner.take("at_seconds", a_number(0)), inner.take("quotas", _quotas)))
        inner.refuse_the_rest()
    return sorted(changes, key=lambda change: change.at_seconds)


def _api(table: Table) -> ApiLoad | None:
    given = table.take("api", a_table, None)
    if given is None:
        return None
    inner = Table(f"{table.name}.api", given, table.faults)
    load = ApiLoad(inner.take("users", a_whole_number(1)), inner.take("seconds", a_number(1)))
    inner.refuse_the_rest()
    return load


def _context(value: Any) -> dict[str, str]:
    return {name: str(setting) for name, setting in a_table(value).items()}


def _quotas(value: Any) -> dict[str, float]:
    quotas = {name: above_zero(rate) for name, rate in a_table(value).items()}
    known = set(OPERATIONS.values())
    if unknown := set(quotas) - known:
        names = ", ".join(sorted(known))
        raise UnusableError(f"by operation; {', '.join(sorted(unknown))} is none of {names}")
    return quotas
