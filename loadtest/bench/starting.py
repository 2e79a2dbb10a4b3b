"""How long it takes until there is a place, and until a deployed function is ready in a fresh interpreter.

Such interpreters see what a deployed function sees: the standard library, its code, and what Lambda brings.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from loadtest import LoadtestError
from loadtest.bench.figures import Figure
from loadtest.places import LocalPlace, MakeRun
from loadtest.stack import DeployedFunction
from local.cloud.assembly import run_app

AIM_SECONDS = 15.0


def figures(place: LocalPlace, say: Callable[[str], None]) -> list[Figure]:
    """Bring a place up from nothing, and again; it runs then. Raises LocalCloudError, LoadtestError."""
    say("starting: synthesizing the CDK app anew")
    synthesis_seconds = _synthesize()
    say("starting: make run, in a place of its own, from nothing")
    fresh = place.run()
    say("starting: make run, the second time")
    second = place.run()
    return [
        Figure("synthesizing the CDK app anew", synthesis_seconds, "s"),
        *(
            Figure(f"{what}, from nothing", fresh.stages[name], "s")
            for name, what in {
                "recognizer": "starting the local Rekognition",
                "cloud": "starting MiniStack",
                "deploy": "deploying through CloudFormation",
            }.items()
        ),
        _against_aim("`make run` from nothing, models there", fresh),
        Figure("of the photos' own time then", fresh.stages["recognize"], "s"),
        _against_aim("`make run` again", second),
    ]


def _against_aim(what: str, run: MakeRun) -> Figure:
    return Figure(
        f"{what}, without the photos' own time",
        run.without_photos_seconds,
        "s",
        "at most",
        AIM_SECONDS,
        at_most=1.0,
    )


def _synthesize() -> float:
    with tempfile.TemporaryDirectory() as scratch:
        begun = time.monotonic()
        run_app(Path(scratch), {})
        return time.monotonic() - begun


PROGRAMS = Path(__file__).with_name("programs.py")


def run_isolated(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run an interpreter that sees the standard library alone; return its output. Raises LoadtestError."""
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
    def at(cls, code: Path, function: DeployedFunction, packages: Path) -> "UnpackedFunction":
        function.unpack(code)
        return cls(function, code, packages)

    def run(self, program: str, *arguments: str, **variables: str) -> str:
        """Run one of `programs.py`; return the last line that it prints. Raises LoadtestError."""
        paths = json.dumps([str(self.code), str(self.packages)])
        command = [str(PROGRAMS), program, paths, *arguments]
        return run_isolated(command, self.function.variables(**variables)).strip().rsplit("\n", 1)[-1]


AIM_BESIDE_BOTO3 = 1.25
_BARE = "bare boto3"


# The services that each function talks to. Its handler's import builds everything.
CLIENTS = {"processors": ("dynamodb", "rekognition", "s3", "sns", "sqs"), "query_api": ("dynamodb",)}


def making_clients(names: Sequence[str]) -> str:
    """Return the program that makes clients with boto3, and no more."""
    made = "; ".join(f"session.client({name!r})" for name in names)
    return f"import boto3; session = boto3.session.Session(); {made}"


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
    """A function's program in its variants, and the bare one, to be run in turn; `aims` where that is one."""

    room: str
    bare: Program
    variants: Mapping[str, Program]
    aims: bool = True


# What is imported of the function that reads photos' files: all of it, and its decoders alone.
OF_PICTURES = {
    "with the image libraries": "import processors.pictures_handler",
    "the image libraries alone": "import processors.pictures.decoding",
}


def of_pictures(function: DeployedFunction, packages: Path, scratch: Path) -> Comparison:
    """Unpack the pictures function, with bytecode: the processor's own, beside it, has no image libraries."""
    environment = _environment(function)
    bare = Program(making_clients(("s3",)), (packages,), environment)
    code = scratch / "pictures"
    function.unpack(code)
    variants = {
        name: Program(statement, (code, packages), environment) for name, statement in OF_PICTURES.items()
    }
    for program in (bare, *variants.values()):
        program.run(writes_bytecode=True)
    return Comparison("pictures function", bare, variants, aims=False)


def _environment(function: DeployedFunction) -> Mapping[str, str]:
    return function.variables(
        AWS_LAMBDA_FUNCTION_NAME=function.name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(function.memory_mb),
        LAMBDA_TASK_ROOT="/var/task",
    )


def comparisons(functions: Mapping[str, DeployedFunction], packages: Path, scratch: Path) -> list[Comparison]:
    """Unpack the deployed code twice, to lie there with and without bytecode of this Python.

    boto3 has its bytecode in either case. Raises LoadtestError.
    """
    found = []
    for room, clients in CLIENTS.items():
        function = functions[room]
        environment = _environment(function)
        bare = Program(making_clients(clients), (packages,), environment)
        bare.run(writes_bytecode=True)
        variants = {}
        for name, with_bytecode in (("with bytecode in the zip", True), ("without", False)):
            code = scratch / f"{room}-{with_bytecode}"
            function.unpack(code)
            for compiled in code.rglob("*.pyc"):
                compiled.unlink()  # of Lambda's version, where this is another or the same
            variants[name] = Program(f"import {room}.handler", (code, packages), environment)
            variants[name].run(writes_bytecode=with_bytecode)
        found.append(Comparison(room, bare, variants))
    return found


def import_figures(compared: Sequence[Comparison], rounds: int, say: Callable[[str], None]) -> list[Figure]:
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
            _BARE,
            median(sample[side] for sample in samples[comparison.bare]),
            at_most=AIM_BESIDE_BOTO3 if comparison.aims else None,
        )
        for comparison in compared
        for name, program in comparison.variants.items()
        for side, kind in enumerate(("wall", "processor time"))
    ]


def _children_cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
