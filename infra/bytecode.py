"""Bytecode in the zips, made by a Python of Lambda's version, where the machine that builds has one.

`/var/task` is read-only: without bytecode, each cold start compiles what it imports, for two fifths of its
processor time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

PYTHON_VERSION = "3.13"

# Where Lambda unpacks the zip, for the paths in tracebacks.
_TASK_ROOT = "/var/task"
_TELL_VERSION = "import sys; print('{}.{}'.format(*sys.version_info))"


@cache
def find_python() -> str | None:
    """Return a Python of Lambda's version, None if this machine has none."""
    for candidate in (sys.executable, f"python{PYTHON_VERSION}"):
        try:
            told = subprocess.run(  # noqa: S603
                [candidate, "-c", _TELL_VERSION], capture_output=True, text=True, check=False
            ).stdout
        except OSError:
            continue
        if told.strip() == PYTHON_VERSION:
            return candidate
    return None


def compile_below(directory: Path, python: str) -> None:
    """Put bytecode beside all sources, to be taken without looking at them. Raises CalledProcessError.

    The same sources give the same bytes wherever they lie, so that the zip is the same.
    """
    command = [python, "-S", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    where = ["-s", str(directory), "-p", _TASK_ROOT, str(directory)]
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"}
    subprocess.run([*command, *where], env=environment, check=True)  # noqa: S603
