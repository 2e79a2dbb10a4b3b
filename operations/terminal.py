"""What a person sees: results on stdout, progress and remarks on stderr."""

from __future__ import annotations

import json
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

from operations.faults import OperatorError

# Nobody wraps lines for a file or a pipe.
_WIDTH_OF_NO_TERMINAL = 200


def results() -> Console:
    """Give the console for results."""
    return Console() if sys.stdout.isatty() else Console(width=_WIDTH_OF_NO_TERMINAL)


def remarks() -> Console:
    """Give the console for everything that is not a result."""
    return Console(stderr=True) if sys.stderr.isatty() else Console(stderr=True, width=_WIDTH_OF_NO_TERMINAL)


def progress() -> Progress:
    """Make a progress display; where nobody watches, it shows nothing."""
    console = remarks()
    return Progress(
        SpinnerColumn(),
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


def printable(text: str) -> str:
    """Write control characters as escapes: a key may hold any, and a terminal obeys them."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def print_json(document: object) -> None:
    """Write one JSON document to stdout, and nothing else."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def print_json_line(document: object) -> None:
    """Write one JSON document on one line to stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")


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
