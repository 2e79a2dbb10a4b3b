"""What a person sees and does: results on stdout, progress and remarks on stderr, consent, Ctrl-C."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from types import FrameType
from typing import TypeVar, cast

from rich.console import Console, JustifyMethod
from rich.markup import escape
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
from operations.faults import OperatorError, StoppedError

Step = TypeVar("Step")
Value = TypeVar("Value")
# A long operation that says of each step what it is about to do, and returns something at its end.
Steps = Generator[str, None, Value]

# Nobody wraps lines for a file or a pipe.
_WIDTH_OF_NO_TERMINAL = 200


def results() -> Console:
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


class StepDisplay:
    """A line of progress for a long operation, and whether Ctrl-C was pressed since it began."""

    def __init__(self, display: Progress, title: str, total: int | None) -> None:
        self._display, self._task = display, display.add_task(title, total=total)
        self.is_interrupted = False

    def show(
        self, description: str | None = None, *, done: int | None = None, total: int | None = None
    ) -> None:
        """Show how far it is; what is None stays as it is."""
        text = None if description is None else escape(printable(description))
        self._display.update(self._task, description=text, completed=done, total=total)

    def begin(self, title: str, total: int | None) -> None:
        """Go on to another operation, on a line of its own."""
        self._task = self._display.add_task(title, total=total)

    def until_interrupted(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Yield the steps of an operation, and no more of them once Ctrl-C was pressed."""
        if self.is_interrupted:
            return
        for step in steps:
            yield step
            if self.is_interrupted:
                return

    def follow(self, steps: Steps[Value], stopped: str | None) -> Value:
        """Show each step and return what the operation comes to. Raise StoppedError(stopped) on Ctrl-C.

        Without that message it is not to be stopped.
        """
        with closing(steps):
            while True:
                try:
                    self.show(next(steps))
                except StopIteration as end:
                    return cast(Value, end.value)
                if stopped is not None:
                    self.raise_if_interrupted(stopped)

    def raise_if_interrupted(self, message: str) -> None:
        if self.is_interrupted:
            raise StoppedError(message)


@contextmanager
def stepwise(title: str, total: int | None = None) -> Iterator[StepDisplay]:
    """Show progress, and take Ctrl-C as a request, while the block lasts.

    The first Ctrl-C lets the step that is under way come to its end; the second is a KeyboardInterrupt.
    """
    with progress() as display:
        shown = StepDisplay(display, title, total)

        def on_interrupt(_signal: int, _frame: FrameType | None) -> None:
            if shown.is_interrupted:
                raise KeyboardInterrupt
            shown.is_interrupted = True
            remarks().print("stopping when what is under way is done; Ctrl-C again stops at once")

        before = signal.signal(signal.SIGINT, on_interrupt)
        try:
            yield shown
        finally:
            signal.signal(signal.SIGINT, before)


def first_of(names: Sequence[str], most: int = 3) -> str:
    """Return the first few names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def table(*columns: str) -> Table:
    """Make a plain table; a column that begins with `#` holds numbers."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        justify: JustifyMethod = "right" if column.startswith("#") else "left"
        made.add_column(column.removeprefix("#"), justify=justify, overflow="fold")
    return made


def print_json(document: object) -> None:
    """Write one JSON document to stdout, and nothing else."""
    sys.stdout.write(as_json(document, indent=2) + "\n")


def require_consent_possible(yes: bool, what: str) -> None:
    """Raise OperatorError if nobody can be asked, before work is put into the question."""
    if not yes and not sys.stdin.isatty():
        raise OperatorError(f"{what} changes things and nobody can be asked here; add --yes")


def consents(yes: bool, question: str, otherwise: str) -> bool:
    """Ask at the terminal, unless the answer was given beforehand; print what follows from a no."""
    if yes:
        return True
    # Not `input(question)`, which would put the question among the results.
    remarks().print(f"{question} [y/N] ", end="", markup=False, highlight=False)
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    remarks().print(otherwise)
    return False
