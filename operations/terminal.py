"""What a person sees: results on stdout, progress and remarks on stderr."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from contract.terminal import as_json
from contract.terminal import printable as printable  # noqa: PLC0414  # for the commands
from operations.faults import OperatorError

# Nobody wraps lines for a file or a pipe.
_WIDTH_OF_NO_TERMINAL = 200


def results() -> Console:
    """Return the console for results."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_OF_NO_TERMINAL)


def remarks() -> Console:
    """Return the console for everything that is not a result."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else _WIDTH_OF_NO_TERMINAL)


def progress() -> Progress:
    """Make a progress display; where nobody watches, it shows nothing."""
    console = remarks()
    return Progress(
        SpinnerColumn("line" if console.options.ascii_only else "dots"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        # What goes to a file is a result, and must not be drawn above the bar.
        redirect_stdout=sys.stdout.isatty(),
        disable=not console.is_terminal,
    )


def table(*columns: str) -> Table:
    """Make a plain table; a column that begins with `#` holds numbers."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        made.add_column(
            column.removeprefix("#"), justify="right" if column.startswith("#") else "left", overflow="fold"
        )
    return made


def print_json(document: object) -> None:
    """Write one JSON document to stdout, and nothing else."""
    sys.stdout.write(as_json(document, indent=2) + "\n")


def print_json_line(document: object) -> None:
    """Write one JSON document on one line to stdout."""
    sys.stdout.write(as_json(document) + "\n")


def require_consent_possible(yes: bool, what: str) -> None:
    """See that somebody can be asked, before work is put into the question. Raises OperatorError."""
    if not yes and not sys.stdin.isatty():
        raise OperatorError(f"{what} changes things and nobody can be asked here; add --yes")


def consents(yes: bool, question: str) -> bool:
    """Ask at the terminal, unless the answer was given beforehand."""
    if yes:
        return True
    # Not `input(question)`, which would put the question among the results.
    remarks().print(f"{question} [y/N] ", end="", markup=False, highlight=False)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
