"""What a person sees and does: results on stdout, progress, remarks and errors on stderr, consent, Ctrl-C."""

import math
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from types import FrameType
from typing import TypeVar, cast

from rich.console import Console, JustifyMethod
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from contract.moments import to_seconds
from contract.terminal import as_json
from contract.terminal import printable as printable  # noqa: PLC0414  # for the commands
from contract.timing import DAY_SECONDS
from people.progress import Steps as Steps  # noqa: PLC0414  # for the commands
from people.progress import Value as Value  # noqa: PLC0414  # for the commands

Step = TypeVar("Step")

# Nobody wraps lines for a file or a pipe.
_WIDTH_OF_NO_TERMINAL = 200
_WHOLE_FROM_DOLLARS = 100
_UNITS = ("bytes", "KB", "MB", "GB", "TB", "PB")
_UNIT_STEP = 1000


class OperatorError(Exception):
    """The command cannot do what was asked. The message says what is wrong and what to do; exit code 2."""


class StoppedError(Exception):
    """Ctrl-C, taken between two steps. The message says what was and what was not done; exit code 130."""


def _console(*, stderr: bool = False) -> Console:
    """Return a console that prints text as it is: a key may look like markup, or like an emoji."""
    is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
    width = None if is_terminal else _WIDTH_OF_NO_TERMINAL
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def remark(line: str, end: str = "\n") -> None:
    """Print one line that is not a result to stderr, above the line of progress if there is one."""
    print(printable(line), end=end, file=sys.stderr, flush=True)


def progress() -> Progress:
    """Make a progress display; where nobody watches, it shows nothing."""
    console = _console(stderr=True)
    return Progress(
        SpinnerColumn("line" if console.options.ascii_only else "dots"),
        TextColumn("{task.description}", markup=False),
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
        text = None if description is None else printable(description)
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
            remark("stopping when what is under way is done; Ctrl-C again stops at once")

        before = signal.signal(signal.SIGINT, on_interrupt)
        try:
            yield shown
        finally:
            signal.signal(signal.SIGINT, before)


def first_of(names: Sequence[str], most: int = 3) -> str:
    """Return the first few names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def table_of(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """Return a plain table. A column that begins with `#` holds numbers; a cell is one line."""
    names = [column.removeprefix("#") for column in columns]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", show_header=any(names))
    for name, column in zip(names, columns, strict=True):
        justify: JustifyMethod = "right" if column.startswith("#") else "left"
        table.add_column(name, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(printable(cell) if isinstance(cell, str) else cell for cell in row))
    return table


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print a plain table to stdout, as `table_of` makes it."""
    _console().print(table_of(columns, rows))


def live() -> Live:
    """Make a display on stdout that is drawn over, and whose last state stays. Raise OperatorError."""
    if not sys.stdout.isatty():
        raise OperatorError("there is no terminal to watch on; with --json, each look is a line")
    return Live(console=_console(), auto_refresh=False)


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
    remark(f"{question} [y/N] ", end="")
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    remark(otherwise)
    return False


def money(dollars: float) -> str:
    """Return dollars as text, to the cent where there are few."""
    return f"{dollars:,.2f}" if dollars < _WHOLE_FROM_DOLLARS else f"{dollars:,.0f}"


def size(count: float) -> str:
    """Return a number of bytes in its largest unit."""
    for unit in _UNITS[:-1]:
        if count < _UNIT_STEP:
            return f"{count:,.0f} {unit}" if unit == _UNITS[0] else f"{count:,.1f} {unit}"
        count /= _UNIT_STEP
    return f"{count:,.1f} {_UNITS[-1]}"


def duration(seconds: float) -> str:
    """Return a span of time in its largest unit."""
    if math.isinf(seconds):
        return "for ever, as no calls are allowed"
    for length, unit in ((DAY_SECONDS, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= length:
            return f"{seconds / length:,.1f} {unit}"
    return f"{seconds:,.0f} seconds"


def age_in_words(text: str, now: float) -> str:
    """Return how long ago a time was, in its largest unit."""
    seconds = max(0.0, now - to_seconds(text))
    for length, unit in ((DAY_SECONDS, "d"), (3_600, "h"), (60, "m")):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(seconds)}s"
