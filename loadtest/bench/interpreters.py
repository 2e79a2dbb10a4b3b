"""Interpreters of their own, which see what a deployed function sees, and how soon it is ready there."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from loadtest import LoadtestError
from loadtest.bench.figures import Figure
from loadtest.stack import DeployedFunction

_PROGRAMS = Path(__file__).with_name("programs.py")


def run_isolated(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run an interpreter that sees the standard library alone; return what it prints.

    Raises LoadtestError.
    """
    finished = subprocess.run(  # noqa: S603
        [sys.executable, "-I", "-S", *arguments],
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        said = f"{finished.stdout}{finished.stderr}".strip()[-800:]
        raise LoadtestError(f"{' '.join(arguments)[:200]} failed: {said}")
    return finished.stdout


@dataclass(frozen=True)
class UnpackedFunction:
    """A deployed function whose code lies here. `packages` are those that Lambda's own Python brings."""

    function: DeployedFunction
    code: Path
    packages: Path

    @classmethod
    def at(cls, code: Path, function: DeployedFunction, packages: Path) -> UnpackedFunction:
        function.unpack(code)
        return cls(function, code, packages)

    def run(self, program: str, *arguments: str, **variables: str) -> str:
        """Run one of `programs.py`; return the last line that it prints. Raises LoadtestError."""
        paths = json.dumps([str(self.code), str(self.packages)])
        command = [str(_PROGRAMS), program, paths, *arguments]
        return run_isolated(command, self.function.variables(**variables)).strip().rsplit("\n", 1)[-1]


AIM = 1.25
_AGAINST = "bare boto3"


@dataclass(frozen=True)
class Readying:
    """What makes a function ready to answer: the import of its entry, which builds everything.

    `clients` are the services that it talks to.
    """

    room: str
    statement: str
    clients: tuple[str, ...]

    @property
    def bare(self) -> str:
        made = "; ".join(f"session.client({name!r})" for name in self.clients)
        return f"import boto3; session = boto3.session.Session(); {made}"


READYINGS = (
    Readying(
        "processors",
        "import processors.handler",
        ("dynamodb", "rekognition", "s3", "sns", "sqs"),
    ),
    Readying("query_api", "import query_api.handler", ("dynamodb",)),
)


@dataclass(frozen=True, eq=False)
class Program:
    """A statement for a fresh interpreter that sees the standard library and the packages on `path`."""

    statement: str
    path: tuple[Path, ...]
    environment: Mapping[str, str]

    def run(self, *, writes_bytecode: bool = False) -> tuple[float, float]:
        """Run it; return its wall and processor milliseconds. Raises LoadtestError."""
        program = f"import sys; sys.path[:0] = {[str(folder) for folder in self.path]!r}; {self.statement}"
        before, begun = _children_cpu_seconds(), time.monotonic()
        run_isolated([*([] if writes_bytecode else ["-B"]), "-c", program], self.environment)
        return (time.monotonic() - begun) * 1000, (_children_cpu_seconds() - before) * 1000


@dataclass(frozen=True)
class Comparison:
    """A function's program in its variants, and the bare one, to be run in turn."""

    room: str
    bare: Program
    variants: Mapping[str, Program]


def comparisons(functions: Mapping[str, DeployedFunction], packages: Path, scratch: Path) -> list[Comparison]:
    """Unpack the deployed code twice, to lie there with and without bytecode of this Python.

    boto3 has its bytecode in either case. Raises LoadtestError.
    """
    found = []
    for readying in READYINGS:
        function = functions[readying.room]
        environment = function.variables(
            AWS_LAMBDA_FUNCTION_NAME=function.name,
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(function.memory_mb),
            LAMBDA_TASK_ROOT="/var/task",
        )
        bare = Program(readying.bare, (packages,), environment)
        bare.run(writes_bytecode=True)
        variants = {}
        for name, with_bytecode in (("with bytecode in the zip", True), ("without", False)):
            code = scratch / f"{readying.room}-{with_bytecode}"
            function.unpack(code)
            for compiled in code.rglob("*.pyc"):
                compiled.unlink()  # of Lambda's version, where this is another or the same
            variants[name] = Program(readying.statement, (code, packages), environment)
            variants[name].run(writes_bytecode=with_bytecode)
        found.append(Comparison(readying.room, bare, variants))
    return found


def figures(compared: Sequence[Comparison], rounds: int, say: Callable[[str], None]) -> list[Figure]:
    """Run everything in turn, and compare medians of wall and of processor time. Raises LoadtestError."""
    samples: dict[Program, list[tuple[float, float]]] = defaultdict(list)
    for number in range(1, rounds + 1):
        say(f"cold imports: round {number} of {rounds}")
        for comparison in compared:
            for program in (comparison.bare, *comparison.variants.values()):
                samples[program].append(program.run())
    return [
        Figure(
            f"{comparison.room}, {name}: {kind}",
            median(sample[side] for sample in samples[program]),
            "ms",
            _AGAINST,
            median(sample[side] for sample in samples[comparison.bare]),
            at_most=AIM,
        )
        for comparison in compared
        for name, program in comparison.variants.items()
        for side, kind in enumerate(("wall", "processor time"))
    ]


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
