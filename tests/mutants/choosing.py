"""Which tests are worth running when a line was changed: those that run it, the quickest first."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

from coverage import CoverageData

from infra.bundles import ROOT
from tests.mutants.copies import FAST, Copy, Run, tests_in
from tests.mutants.recording import COVERAGE_FILE, FOLDER, PROFILE, SECONDS_FILE

# What is written down of interfaces, which are mostly made of constants, is quickly looked at.
REFERENCES = "tests/test_reference.py"
# What is recorded side by side, and takes about as long.
HALVES = (
    ("tests/contract", "tests/processors", "tests/query_api", REFERENCES),
    ("tests/operations", "tests/infra", "tests/aws"),
)
START_SECONDS = 600
# A machine that is busy takes longer than when the seconds were recorded.
PATIENCE = 5
# Synthesized once for many tests, the first of which alone seems to run it.
SHARED = {"infra"}
# How much is run when a line is nobody's in particular.
MOST_SECONDS = 60


def record(copy: Copy, folder: Path) -> None:
    """Run all fast tests once, in a copy, and leave in a folder which lines each ran and how long it took."""

    def run(half: int) -> None:
        place = folder / str(half)
        place.mkdir(parents=True, exist_ok=True)
        plugins = [
            "-p",
            "tests.mutants.recording",
            "-p",
            "no:cacheprovider",
            f"--hypothesis-profile={PROFILE}",
        ]
        subprocess.run(
            [sys.executable, "-P", "-m", "pytest", "-q", *plugins, "-m", FAST, *HALVES[half]],
            cwd=copy.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(copy.folder),
                "IMAGEPIPE_SHRINK": "no",
                "IMAGEPIPE_EXAMPLES": "15",
                FOLDER: str(place),
            },
            check=True,
        )

    with ThreadPoolExecutor(len(HALVES)) as executor:
        list(executor.map(run, range(len(HALVES))))


class Choice:
    """What was recorded."""

    def __init__(self, folder: Path) -> None:
        self.seconds: dict[str, float] = {}
        self.lines: dict[str, dict[int, set[str]]] = {}
        for half in sorted(folder.iterdir()):
            self.seconds |= json.loads((half / SECONDS_FILE).read_text())
            data = CoverageData(str(half / COVERAGE_FILE))
            data.read()
            recorded = sorted(data.measured_files())
            root = os.path.commonpath(recorded)
            for file in recorded:
                lines = self.lines.setdefault(os.path.relpath(file, root), {})
                for line, tests in data.contexts_by_lineno(file).items():
                    lines.setdefault(line, set()).update(tests)

    def run_for(self, file: str, source: str, lines: Sequence[int], max_failures: int = 1) -> Run | None:
        """Return the run for lines that were changed, or None if no test runs them.

        What no test runs may run in a process that a test starts: then it is for those that name the module.
        What is run while importing concerns whoever uses what it defines, then whoever uses the file, and
        then the whole room.
        """
        ran = self.lines.get(file, {})
        tests = self._those(ran, {near for line in lines for near in _statement(source, line)})
        groups = [tests]
        room = file.partition("/")[0]
        if not tests:
            groups.append(self._that_hold(re.compile(rf"\b{file.removesuffix('.py').replace('/', '.')}\b")))
        if room in SHARED or any(_runs_while_importing(source, line) for line in lines):
            groups += [
                set(tests_in([REFERENCES], self.seconds)),
                self._users_of(_defined(source, lines)),
                self._those(ran, ran),
                set(tests_in([f"tests/{room}"], self.seconds)),
            ]
        chosen: dict[str, None] = {}
        for group in groups:
            known = sorted((self.seconds[test], test) for test in group if test in self.seconds)
            chosen |= dict.fromkeys(test for _, test in known)
        within = accumulate(self.seconds[test] for test in chosen)
        worth_it = [
            test for test, total in zip(chosen, within, strict=True) if test in tests or total < MOST_SECONDS
        ]
        if not worth_it:
            return None
        return Run(
            paths=sorted({test.partition("::")[0] for test in worth_it}),
            chosen=worth_it,
            seconds=START_SECONDS + PATIENCE * sum(self.seconds[test] for test in worth_it),
            max_failures=max_failures,
        )

    def _users_of(self, names: Collection[str]) -> set[str]:
        """Return the tests that run, or hold, a line in which one of these names stands."""
        if not names:
            return set()
        named = re.compile(rf"\b({'|'.join(names)})\b")
        found: set[str] = set()
        for file, ran in self.lines.items():
            source = (ROOT / file).read_text()
            for number, line in enumerate(source.splitlines(), 1):
                if named.search(line):
                    found |= self._those(ran, _statement(source, number))
        return found | self._that_hold(named)

    def _that_hold(self, named: re.Pattern[str]) -> set[str]:
        """Return the tests in whose files this stands."""
        holds = {
            path: named.search((ROOT / path).read_text()) is not None
            for path in {test.partition("::")[0] for test in self.seconds}
        }
        return {test for test in self.seconds if holds[test.partition("::")[0]]}

    @staticmethod
    def _those(ran: Mapping[int, set[str]], lines: Iterable[int]) -> set[str]:
        return {test for line in lines for test in ran.get(line, ())}


def _statement(source: str, line: int) -> range:
    """Return the lines of the innermost statement around a line; of one with a body, those of its record."""
    around = range(line, line + 1)
    for statement in _statements(source):
        body = getattr(statement, "body", None)
        end = body[0].lineno - 1 if isinstance(body, list) and body else statement.end_lineno or line
        if statement.lineno <= line <= max(end, statement.lineno):
            around = range(statement.lineno, max(end, statement.lineno) + 1)
    return around


def _defined(source: str, lines: Sequence[int]) -> list[str]:
    """Return the names that assignments of a module or its classes give at these lines, and the classes'."""
    found: list[str] = []
    for statement in ast.parse(source).body:
        members = _assigned(statement.body, lines) if isinstance(statement, ast.ClassDef) else []
        if isinstance(statement, ast.ClassDef) and members:
            found += [*members, statement.name]
    return [*_assigned(ast.parse(source).body, lines), *found]


def _assigned(body: Sequence[ast.stmt], lines: Sequence[int]) -> list[str]:
    return [
        target.id
        for statement in body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and set(range(statement.lineno, (statement.end_lineno or statement.lineno) + 1)) & set(lines)
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if isinstance(target, ast.Name)
    ]


def _runs_while_importing(source: str, line: int) -> bool:
    functions = (it for it in _statements(source) if isinstance(it, ast.FunctionDef | ast.AsyncFunctionDef))
    return not any(it.body[0].lineno <= line <= (it.end_lineno or line) for it in functions)


@lru_cache(maxsize=64)
def _statements(source: str) -> tuple[ast.stmt, ...]:
    return tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt))
