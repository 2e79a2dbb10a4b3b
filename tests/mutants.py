"""Breaks each guard on purpose, in a copy, and records which test notices: `make nightly`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("contract", "processors", "tests")
SUITES = ("tests/processors", "tests/contract")
# So many tests that fail are enough.
SHOWN = 3
PAGE = ROOT / "docs" / "mutants.md"


@dataclass(frozen=True)
class Mutant:
    """One guard, and how it is broken."""

    breaks: str
    file: str
    old: str
    new: str


def main() -> int:
    """Try every mutant; write the page; exit 1 if any survived."""
    mutants = [
        Mutant(**entry) for entry in tomllib.loads((ROOT / "tests/mutants.toml").read_text())["mutant"]
    ]
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        caught = list(executor.map(caught_by, mutants))
    PAGE.write_text(page(zip(mutants, caught, strict=True)))
    survivors = [mutant.breaks for mutant, tests in zip(mutants, caught, strict=True) if not tests]
    for survivor in survivors:
        print(f"survived: {survivor}", file=sys.stderr)
    print(f"{len(mutants) - len(survivors)} of {len(mutants)} broken guards were noticed; see {PAGE.name}")
    return 1 if survivors else 0


def caught_by(mutant: Mutant) -> list[str]:
    """Give the tests that fail when this guard is broken."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for room in ROOMS:
            shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__", "real"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        broken = copy / mutant.file
        source = broken.read_text()
        if source.count(mutant.old) != 1:
            raise SystemExit(
                f"{mutant.file} holds {source.count(mutant.old)} times what is to be broken: {mutant.old}"
            )
        broken.write_text(source.replace(mutant.old, mutant.new))
        outcome = subprocess.run(
            [
                sys.executable,
                "-P",
                "-m",
                "pytest",
                "-q",
                f"--maxfail={SHOWN}",
                "-p",
                "no:cacheprovider",
                *SUITES,
            ],
            cwd=copy,
            env={
                **os.environ,
                "PYTHONPATH": str(copy),
                "IMAGEPIPE_SHRINK": "no",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    return sorted(set(re.findall(r"^(?:FAILED|ERROR) \S*?::(\S+)", outcome.stdout, flags=re.MULTILINE)))


def page(results: Iterable[tuple[Mutant, list[str]]]) -> str:
    """Write the table."""
    lines = [
        "# Guards, and the tests that hold them",
        "",
        "Written by `make nightly`: each guard is broken in a copy; the first tests that fail are listed.",
        "",
        "| broken on purpose | noticed by |",
        "|---|---|",
    ]
    for mutant, tests in results:
        shown = ", ".join(f"`{test}`" for test in tests)
        lines.append(f"| {mutant.breaks} | {shown or '**nobody**'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
