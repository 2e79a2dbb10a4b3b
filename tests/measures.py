"""How the house is cut, by room: `python -m tests.measures`. test_measures.py holds what must be none."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median_low

from infra.bundles import ROOT

ROOMS = ("contract", "aws", "people", "processors", "query_api", "infra", "local", "operations", "loadtest")


@dataclass(frozen=True)
class Room:
    """The modules of one room, by path."""

    name: str
    sources: Mapping[Path, str]

    @classmethod
    def read(cls, name: str) -> Room:
        return cls(name, {path: path.read_text() for path in sorted((ROOT / name).rglob("*.py"))})

    @property
    def lines(self) -> int:
        return sum(len(source.splitlines()) for source in self.sources.values())

    @property
    def weighted_median(self) -> int:
        """Return the length of the file in which the line in the middle of the room lives."""
        lengths = [len(source.splitlines()) for source in self.sources.values()]
        return median_low(length for length in lengths for _ in range(length)) if self.lines else 0

    @property
    def import_lines(self) -> int:
        return sum(
            (node.end_lineno or node.lineno) - node.lineno + 1
            for tree in self.trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
        )

    @cached_property
    def trees(self) -> Mapping[Path, ast.Module]:
        return {path: ast.parse(source) for path, source in self.sources.items()}

    def classes(self) -> Iterator[tuple[Path, ast.ClassDef]]:
        for path, tree in self.trees.items():
            yield from ((path, node) for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def names_of_two_things(rooms: Sequence[Room]) -> Mapping[str, Sequence[str]]:
    """Return the class names that mean more than one thing, each with where."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for room in rooms:
        for path, node in room.classes():
            if not node.name.startswith("_"):
                found[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return {name: places for name, places in sorted(found.items()) if len(places) > 1}


def lonely_protocols(rooms: Sequence[Room], others: Sequence[Path]) -> Sequence[str]:
    """Return the Protocols that fewer than two classes are like, those of the tests counted.

    A class is like a Protocol if it has all its methods and attributes by name.
    """
    everyone = [node for room in rooms for _, node in room.classes()]
    for path in others:
        everyone += [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    members = {id(node): _members(node) for node in everyone}
    return [
        f"{path.relative_to(ROOT)}: {node.name}"
        for room in rooms
        for path, node in room.classes()
        if _is_protocol(node) and sum(_is_like(node, it, members) for it in everyone) < 2
    ]


def _is_like(protocol: ast.ClassDef, node: ast.ClassDef, members: Mapping[int, set[str]]) -> bool:
    wanted = {name for name in members[id(protocol)] if name != "__call__"}
    return not _is_protocol(node) and wanted <= members[id(node)]


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).startswith("Protocol") for base in node.bases)


def _members(node: ast.ClassDef) -> set[str]:
    named = {it.name for it in node.body if isinstance(it, ast.FunctionDef | ast.AsyncFunctionDef)}
    named |= {
        target.id
        for it in node.body
        if isinstance(it, ast.Assign)
        for target in it.targets
        if isinstance(target, ast.Name)
    }
    named |= {
        it.target.id for it in node.body if isinstance(it, ast.AnnAssign) and isinstance(it.target, ast.Name)
    }
    return named | {
        target.attr
        for it in ast.walk(node)
        if isinstance(it, ast.Assign | ast.AnnAssign)
        for target in (it.targets if isinstance(it, ast.Assign) else [it.target])
        if isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == "self"
    }


def main() -> None:
    rooms = [Room.read(name) for name in ROOMS if (ROOT / name).is_dir()]
    print(f"{'room':12} {'files':>5} {'lines':>6} {'a file':>6} {'imports':>7}")
    for room in rooms:
        share = room.import_lines / max(1, room.lines)
        print(f"{room.name:12} {len(room.sources):5} {room.lines:6} {room.weighted_median:6} {share:7.1%}")
    print(f"{'all':12} {sum(len(room.sources) for room in rooms):5} {sum(room.lines for room in rooms):6}")
    two = names_of_two_things(rooms)
    print(f"\nclass names that mean two things: {len(two)}")
    for name, places in two.items():
        print(f"  {name}: {', '.join(places)}")
    lonely = lonely_protocols(rooms, sorted((ROOT / "tests").rglob("*.py")))
    print(f"\nProtocols with one implementor and no fake: {len(lonely)}")
    for one in lonely:
        print(f"  {one}")


if __name__ == "__main__":
    main()
