"""Programs for interpreters of their own, which see what a deployed function sees."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from loadtest.errors import LoadtestError


def run_program(name: str, folders: Iterable[Path], *arguments: str, environment: Mapping[str, str]) -> str:
    """Run one of `programs/` that imports from these folders and the standard library alone.

    Returns the last line that it has printed. Raises LoadtestError.
    """
    paths = json.dumps([str(folder) for folder in folders])
    command = [sys.executable, "-I", "-S", str(Path(__file__).parent / name), paths, *arguments]
    finished = subprocess.run(  # noqa: S603
        command, env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise LoadtestError(f"{name} failed: {f'{finished.stdout}{finished.stderr}'.strip()[-800:]}")
    return finished.stdout.strip().rsplit("\n", 1)[-1]
