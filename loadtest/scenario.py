"""What a load test does: photos in phases, changing quotas, questions to the API; read from a TOML file."""

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from contract.detectors import OPERATIONS
from loadtest import LoadtestError


class PhaseLane(StrEnum):
    """Through which of the two queues photos come."""

    LIVE = "live"
    BULK = "bulk"


class RecognizerChoice(StrEnum):
    """Who recognises: whatever the stack asks, or a canned Rekognition, for which a place is made."""

    STACK = "stack"
    CANNED = "canned"


@dataclass(frozen=True)
class Phase:
    """Photos that come in alike.

    All at once where `per_second` is None. `duplicates` is the share of them, 0 to 1, whose bytes an earlier
    one of the phase has. The phase starts `start_seconds` after the run has, or after the phase that is named
    in `after` has ended. `prepared` photos are in the bucket before, without events; what comes in then are
    messages that ask to look at them, which for the bulk lane is the only way.
    """

    name: str
    photos: int
    per_second: float | None = None
    lane: PhaseLane = PhaseLane.LIVE
    prepared: bool = False
    duplicates: float = 0.0
    start_seconds: float = 0.0
    after: str | None = None


@dataclass(frozen=True)
class QuotaChange:
    """New quotas (calls a second, by operation), so many seconds after the run has started."""

    at_seconds: float
    quotas: Mapping[str, float]


@dataclass(frozen=True)
class ApiLoad:
    """So many users who ask the API without a pause, for so long."""

    users: int
    seconds: float


@dataclass(frozen=True)
class Scenario:
    """One load test.

    `context` are settings of the deployment; with any, a place of its own is made for the scenario. `quotas`
    are what Rekognition lets in, by operation. Steady state begins `warm_up_seconds` after a backlog has.
    The run gives up when no photo has ended for `patience_seconds`. `baseline` asks for the local cloud's own
    rate with a function that does nothing. `endings` are the formats of the photos, one after the other.
    """

    name: str
    about: str
    phases: tuple[Phase, ...] = ()
    recognizer: RecognizerChoice = RecognizerChoice.STACK
    latency_seconds: float = 0.45
    context: Mapping[str, str] = field(default_factory=dict)
    quotas: Mapping[str, float] = field(default_factory=dict)
    changes: tuple[QuotaChange, ...] = ()
    warm_up_seconds: float = 5.0
    patience_seconds: float = 90.0
    baseline: bool = False
    api: ApiLoad | None = None
    endings: tuple[str, ...] = ("jpg",)

    @property
    def photos(self) -> int:
        return sum(phase.photos for phase in self.phases)

    @property
    def needs_own_place(self) -> bool:
        """Return whether it cannot run on a stack that is there already."""
        return bool(self.context) or self.recognizer is RecognizerChoice.CANNED or self.baseline

    def reasons_against_aws(self) -> list[str]:
        """Return why it cannot run on AWS; nothing if it can."""
        reasons = {
            "it is recognised by the canned Rekognition": self.recognizer is RecognizerChoice.CANNED,
            "it needs a deployment with settings of its own (context)": bool(self.context),
            "it sets Rekognition's quota (quotas, changes)": bool(self.quotas or self.changes),
            "it sets the bucket's events aside to prepare photos (lane bulk, prepared)": any(
                phase.prepared for phase in self.phases
            ),
            "it measures the local cloud itself (baseline)": self.baseline,
        }
        return [reason for reason, applies in reasons.items() if applies]


BUILT_IN = Path(__file__).with_name("scenarios.toml")


def read_scenarios(path: Path = BUILT_IN) -> dict[str, Scenario]:
    """Read a file of scenarios, by name. Raises LoadtestError with everything that is wrong in it."""
    try:
        tables = tomllib.loads(path.read_text())
    except OSError as error:
        raise LoadtestError(f"cannot read the scenarios in {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LoadtestError(f"{path} is not TOML: {error}") from error
    faults: list[str] = []
    scenarios = {name: _scenario(name, table, faults) for name, table in tables.items()}
    if faults:
        raise LoadtestError("\n".join([f"{path} cannot be used:", *(f"  {fault}" for fault in faults)]))
    return scenarios


def _scenario(name: str, given: Any, faults: list[str]) -> Scenario:
    table = TomlTable(name, given, faults)
    scenario = Scenario(
        name,
        about=table.take("about", a_text, ""),
        phases=tuple(_phases(table)),
        recognizer=table.take("recognizer", one_of(RecognizerChoice), RecognizerChoice.STACK),
        latency_seconds=table.take("latency_seconds", a_number(0), 0.45),
        context=table.take("context", _context, {}),
        quotas=table.take("quotas", _quotas, {}),
        changes=tuple(_changes(table)),
        warm_up_seconds=table.take("warm_up_seconds", a_number(0), 5.0),
        patience_seconds=table.take("patience_seconds", a_number(1), 90.0),
        baseline=table.take("baseline", a_truth, False),
        api=_api(table),
        endings=table.take("endings", some_texts, ("jpg",)),
    )
    table.refuse_the_rest()
    if not scenario.phases and scenario.api is None and not scenario.baseline:
        faults.append(f"{name}: nothing to do; give phases, api or baseline")
    return scenario


def _phases(table: "TomlTable") -> list[Phase]:
    phases: list[Phase] = []
    for place, given in enumerate(table.take("phases", a_list, [])):
        inner = TomlTable(f"{table.name}.phases[{place}]", given, table.faults)
        lane = inner.take("lane", one_of(PhaseLane), PhaseLane.LIVE)
        phase = Phase(
            name=inner.take("name", a_text, "photos" if not place else f"phase {place + 1}"),
            photos=inner.take("photos", a_whole_number(1)),
            per_second=inner.take("per_second", above_zero, None),
            lane=lane,
            prepared=inner.take("prepared", a_truth, lane is PhaseLane.BULK) or lane is PhaseLane.BULK,
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


def _changes(table: "TomlTable") -> list[QuotaChange]:
    changes = []
    for place, given in enumerate(table.take("changes", a_list, [])):
        inner = TomlTable(f"{table.name}.changes[{place}]", given, table.faults)
        changes.append(QuotaChange(inner.take("at_seconds", a_number(0)), inner.take("quotas", _quotas)))
        inner.refuse_the_rest()
    return sorted(changes, key=lambda change: change.at_seconds)


def _api(table: "TomlTable") -> ApiLoad | None:
    given = table.take("api", a_table, None)
    if given is None:
        return None
    inner = TomlTable(f"{table.name}.api", given, table.faults)
    load = ApiLoad(inner.take("users", a_whole_number(1)), inner.take("seconds", a_number(1)))
    inner.refuse_the_rest()
    return load


def _context(value: Any) -> dict[str, str]:
    return {name: str(setting) for name, setting in a_table(value).items()}


def _quotas(value: Any) -> dict[str, float]:
    quotas = {name: above_zero(rate) for name, rate in a_table(value).items()}
    if unknown := quotas.keys() - OPERATIONS.values():
        names = ", ".join(sorted(set(OPERATIONS.values())))
        raise UnusableError(f"by operation; {', '.join(sorted(unknown))} is none of {names}")
    return quotas


class UnusableError(Exception):
    """Raised by what reads a value. The message is what it must be."""


_MISSING: Any = dataclasses.MISSING


class TomlTable:
    """A TOML table on its way to a value; what was not taken from it is unknown."""

    def __init__(self, name: str, given: Any, faults: list[str]) -> None:
        self.name, self.faults = name, faults
        self._left = dict(given) if isinstance(given, Mapping) else {}
        self._known: list[str] = []
        if not isinstance(given, Mapping):
            faults.append(f"{name}: must be a table")

    def take(self, key: str, read: Callable[[Any], Any], default: Any = _MISSING) -> Any:
        """Return the value of a key, read; the default if it is absent."""
        self._known.append(key)
        if key not in self._left:
            if default is _MISSING:
                self.blame(key, "is missing")
                return 1
            return default
        value = self._left.pop(key)
        try:
            return read(value)
        except UnusableError as error:
            self.blame(key, f"is {value!r}; it must be {error}")
            return 1 if default is _MISSING else default

    def refuse_the_rest(self) -> None:
        for key in self._left:
            self.blame(key, f"is unknown; there are {', '.join(self._known)}")

    def blame(self, key: str, what: str) -> None:
        self.faults.append(f"{self.name}: {key} {what}")


def _reader(
    wanted: str, fits: Callable[[Any], object], made: Callable[[Any], Any] = lambda value: value
) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not fits(value):
            raise UnusableError(wanted)
        return made(value)

    return read


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


a_text = _reader("a text", lambda value: isinstance(value, str) and value)
a_truth = _reader("true or false", lambda value: isinstance(value, bool))
some_texts = _reader(
    "a list of texts",
    lambda value: isinstance(value, list) and value and all(isinstance(each, str) and each for each in value),
    tuple,
)
a_list = _reader("a list of tables", lambda value: isinstance(value, list))
a_table = _reader("a table", lambda value: isinstance(value, dict))
above_zero = _reader(
    "a number above 0; leave it out for all at once", lambda value: _is_number(value) and value > 0, float
)
a_share = _reader("a share from 0 to less than 1", lambda value: _is_number(value) and 0 <= value < 1, float)


def a_number(least: float) -> Callable[[Any], Any]:
    return _reader(
        f"a number of at least {least:g}", lambda value: _is_number(value) and value >= least, float
    )


def a_whole_number(least: int) -> Callable[[Any], Any]:
    wanted = f"a whole number of at least {least}"
    return _reader(wanted, lambda value: _is_number(value) and isinstance(value, int) and value >= least)


def one_of(choices: type[StrEnum]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value not in list(choices):
            raise UnusableError(" or ".join(choices))
        return choices(value)

    return read
