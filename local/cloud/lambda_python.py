"""A Python that sees what Lambda's own sees: the standard library, boto3, and nothing of this environment."""

from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path

from infra.bundles import BROUGHT_BY_LAMBDA


def make_lambda_python(directory: Path) -> Path:
    """Make such an interpreter in `directory` and give its path. It costs some links and a shell script.

    The development environment has our code and every package in it; a function that runs there would not
    miss what its zip lacks.
    """
    packages = directory / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    for source in _brought_by_lambda():
        link = packages / source.name
        if not link.is_symlink() or link.readlink() != source:
            link.unlink(missing_ok=True)
            link.symlink_to(source)
    interpreter = directory / "python"
    interpreter.write_text(
        "#!/bin/sh\n"
        # Lambda's code directory is read-only: nothing is compiled ahead there.
        f"PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='{packages}' exec '{sys.executable}' -S -s \"$@\"\n"
    )
    interpreter.chmod(0o755)
    return interpreter


def _brought_by_lambda() -> set[Path]:
    sources = set()
    for name in BROUGHT_BY_LAMBDA:
        package = distribution(name)
        for file in package.files or []:
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not top.endswith(".dist-info"):
                sources.add(Path(str(package.locate_file(top))))
    return sources
