"""docs/mutants.md."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.mutants.copies import TIMED_OUT
from tests.mutants.recording import ROOMS

INTRODUCTION = """\
# What the tests notice

Written by `make nightly` (`python -m tests.mutants`). The code is broken on purpose, in a copy, one place
at a time; then the tests that run the broken lines are run, the quickest first, until one fails. Which
tests run which lines is recorded beforehand. A run that does not end has noticed.

## Guards

Each guard is broken by hand ([guards.toml](../tests/mutants/guards.toml)); the tests that fail first are
listed. What no fast test notices gets those on the local cloud.

| broken on purpose | noticed by |
|---|---|
"""
SAMPLE_HEADING = "\n## A sample of everything\n"
SAMPLE = (
    SAMPLE_HEADING
    + """\

For the places that nobody has thought of: {drawn} of the mutations that
[mutmut](https://mutmut.readthedocs.io) makes of our code, drawn with the seed {seed}, from each room in
proportion to how many it has; of `infra`, the CDK app. Equal seeds and equal sources are equal samples.
Only fast tests count here, those without a local cloud.

mutmut rather than [cosmic-ray](https://cosmic-ray.readthedocs.io), after a look at three files with both:
our code declares more than it computes. In `infra/store.py`, mutmut leaves out or replaces an argument of a
call in 70 of 81 mutations; half of cosmic-ray's 22 replace the `|` of an annotation, which nobody
evaluates, and none an argument. Of comparisons and operators, where cosmic-ray makes up to eleven mutations
of each, mutmut makes one. mutmut's own runner is not used: it mutates only what is inside of functions, of
those only what is not decorated, and forks what has imported the CDK, which has a process of Node beside
it.

{equivalent} are equivalent and not counted ([equivalent.toml](../tests/mutants/equivalent.toml) says why).

| room | tried | noticed | share |
|---|---|---|---|
"""
)
SURVIVORS = """\

Survivors:

| where | was | becomes |
|---|---|---|
"""
LONGEST = 110


class Tried(NamedTuple):
    """One mutation of the sample, and which tests noticed."""

    file: str
    line: int
    was: str
    becomes: str
    noticed_by: Sequence[str]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.file, self.was, self.becomes


def guards_part(guards: Mapping[str, Sequence[str]]) -> str:
    """Return the page as far as it is about the guards."""
    return "".join([INTRODUCTION, *_guards(guards)])


def sample_part(sample: Sequence[Tried], equivalent: Mapping[tuple[str, str, str], str], seed: int) -> str:
    """Return the rest of the page."""
    counted = [tried for tried in sample if tried.key not in equivalent]
    return "".join(
        [
            SAMPLE.format(drawn=len(sample), seed=seed, equivalent=len(sample) - len(counted)),
            *_rooms(counted),
            SURVIVORS,
            *_survivors(counted),
        ]
    )


def _guards(guards: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for breaks, tests in guards.items():
        shown = ", ".join(f"`{test.rpartition('::')[2]}`" for test in sorted(tests))
        yield f"| {breaks} | {shown or '**nobody**'} |\n"


def _rooms(counted: Sequence[Tried]) -> Iterator[str]:
    for room in ROOMS:
        yield _row(f"`{room}`", [tried for tried in counted if tried.file.startswith(f"{room}/")])
    yield _row("all", counted)


def _row(name: str, tried: Sequence[Tried]) -> str:
    noticed = sum(bool(one.noticed_by) for one in tried)
    share = f"{noticed / len(tried):.0%}" if tried else "-"
    endless = sum(TIMED_OUT in one.noticed_by for one in tried)
    return (
        f"| {name} | {len(tried)} | {noticed}{f' ({endless} without end)' if endless else ''} | {share} |\n"
    )


def _survivors(counted: Iterable[Tried]) -> Iterator[str]:
    for tried in sorted(counted):
        if not tried.noticed_by:
            yield f"| {tried.file}:{tried.line} | {_code(tried.was)} | {_code(tried.becomes)} |\n"


def _code(text: str) -> str:
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return f"`` {short.replace('|', chr(92) + '|')} ``" if short else "(nothing)"
