"""A sample of mutmut's mutations of all rooms: the same one as long as seed and sources are the same."""

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import libcst
from libcst import matchers
from mutmut.mutation.file_mutation import create_mutations, deep_replace

from infra.bundles import ROOT
from tests.mutants.recording import ROOMS

_CAST = matchers.Call(func=matchers.Name("cast"))
_CAST_TO_NONE = matchers.Call(
    func=matchers.Name("cast"), args=[matchers.Arg(matchers.Name("None")), matchers.Arg()]
)
EQUIVALENT = Path(__file__).with_name("equivalent.toml")


class Mutation(NamedTuple):
    """One change of one file; `was` and `becomes` are the lines that differ, without their indentation."""

    file: str
    lines: Sequence[int]
    was: str
    becomes: str
    source: str

    @property
    def line(self) -> int:
        return self.lines[0]

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what stays the same while other lines of the file change."""
        return self.file, self.was, self.becomes


class Candidate(NamedTuple):
    """What may be drawn. What it makes of its file is worked out when it was drawn, for that takes long."""

    file: str
    place: int
    module: libcst.Module
    mutation: Any

    def rank(self, seed: int) -> bytes:
        """Return its place in the order in which is drawn: what changes in other files does not move it."""
        return hashlib.sha256(f"{seed} {self.file} {self.place}".encode()).digest()

    def apply(self) -> Mutation:
        changed = deep_replace(self.module, self.mutation.original_node, self.mutation.mutated_node)
        assert isinstance(changed, libcst.Module)
        return _compared(self.file, self.module.code, changed.code)


class Equivalent(NamedTuple):
    """A mutation that changes nothing that matters, and why."""

    file: str
    was: str
    becomes: str
    why: str


def draw(count: int, seed: int) -> list[Mutation]:
    """Return so many mutations, from each room in proportion to how many it has."""
    rooms = [list(_candidates(sorted((ROOT / room).rglob("*.py")))) for room in ROOMS]
    total = sum(map(len, rooms))
    drawn = [
        candidate
        for room in rooms
        for candidate in sorted(room, key=lambda it: it.rank(seed))[: round(count * len(room) / total)]
    ]
    return [candidate.apply() for candidate in drawn]


def read_equivalent() -> dict[tuple[str, str, str], str]:
    """Return the reasons of those that are listed as equivalent."""
    listed = [Equivalent(**entry) for entry in tomllib.loads(EQUIVALENT.read_text()).get("equivalent", [])]
    return {(entry.file, entry.was, entry.becomes): entry.why for entry in listed}


def _candidates(files: Iterable[Path]) -> Iterator[Candidate]:
    for path in files:
        file = path.relative_to(ROOT).as_posix()
        module, mutations, *_ = create_mutations(file, path.read_text())
        types = {
            id(libcst.ensure_type(call, libcst.Call).args[0].value)
            for call in matchers.findall(module, _CAST)
        }
        for place, mutation in enumerate(mutations):
            # What cast is told of a type is for the type checker alone.
            if id(mutation.original_node) not in types and not matchers.matches(
                mutation.mutated_node, _CAST_TO_NONE
            ):
                yield Candidate(file, place, module, mutation)


def _compared(file: str, code: str, changed: str) -> Mutation:
    old, new = code.splitlines(), changed.splitlines()
    first = next(
        (place for place, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), len(new)
    )
    tail = next(
        (
            place
            for place, (one, other) in enumerate(
                zip(reversed(old[first:]), reversed(new[first:]), strict=False)
            )
            if one != other
        ),
        min(len(old), len(new)) - first,
    )
    end = max(first + 1, len(old) - tail)
    becomes = new[first : len(new) - tail]
    return Mutation(file, range(first + 1, end + 1), _joined(old[first:end]), _joined(becomes), changed)


def _joined(lines: Iterable[str]) -> str:
    return " ".join(line.strip() for line in lines)
