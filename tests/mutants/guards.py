"""The guards of guards.toml, each broken by hand."""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from infra.bundles import ROOT
from tests.mutants.choosing import Choice
from tests.mutants.copies import Run

GUARDS = Path(__file__).with_name("guards.toml")
# What gets its turn when no fast test has noticed.
SLOW = Run(paths=("tests/processors",), marker="local_cloud and not nightly", max_failures=3)
# Three tests that fail are enough to know.
ENOUGH = 3


class Guard(NamedTuple):
    """One guard, and how it is broken."""

    breaks: str
    file: str
    old: str
    new: str

    def broken(self) -> str:
        """Return its file without it. Raise SystemExit if the file does not hold it, or holds it twice."""
        source = self.intact()
        if source.count(self.old) != 1:
            raise SystemExit(
                f"{self.file} holds {source.count(self.old)} times what is to be broken: {self.old}"
            )
        return source.replace(self.old, self.new)

    def runs(self, choice: Choice) -> Sequence[Run]:
        """Return what has to notice."""
        source = self.intact()
        first = source[: source.index(self.old)].count("\n") + 1
        lines = range(first, first + self.old.rstrip("\n").count("\n") + 1)
        fast = choice.run_for(self.file, source, lines, ENOUGH)
        return [run for run in (fast, SLOW) if run is not None]

    def intact(self) -> str:
        return (ROOT / self.file).read_text()


def read_guards() -> list[Guard]:
    """Return all guards. Raise SystemExit if one is not where guards.toml says."""
    guards = [Guard(**entry) for entry in tomllib.loads(GUARDS.read_text())["mutant"]]
    for guard in guards:
        guard.broken()
    return guards
