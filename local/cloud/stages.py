"""What `make run` says while it works: each stage, what it did, and how long that took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape

from contract.terminal import printable

MOST_NOTES = 10


def console(width: int = 160, *, stderr: bool = False) -> Console:
    """Return a console that is so wide for a file or a pipe, for which nobody wraps lines."""
    return Console(stderr=stderr, width=None if sys.stdout.isatty() else width)


@dataclass
class StageReport:
    """One stage; set `result` to what it did, or to nothing, and `notes` to what is to be known besides."""

    result: str = ""
    notes: list[str] = field(default_factory=list)


class Stages:
    """Prints stages to a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def stage(self, name: str, doing: str) -> Iterator[StageReport]:
        """Show what is being done, and afterwards what was done, if anything, and the seconds it took."""
        stage = StageReport(doing)
        begun = time.monotonic()
        spinner = "line" if self._console.options.ascii_only else "dots"
        with self._console.status(f"{name}: {escape(printable(doing))}", spinner=spinner):
            yield stage
        if stage.result:
            self.done(name, stage.result, time.monotonic() - begun)
        for note in stage.notes[:MOST_NOTES]:
            self._note(note)
        if len(stage.notes) > MOST_NOTES:
            self._note(f"and {len(stage.notes) - MOST_NOTES:,} more")

    def done(self, name: str, result: str, seconds: float) -> None:
        mark = "+" if self._console.options.ascii_only else "✓"
        line = f"[green]{mark}[/] [bold]{name:<12}[/]{escape(printable(result))}  [dim]{seconds:.1f} s[/]"
        self._console.print(line, highlight=False, soft_wrap=True)

    def _note(self, note: str) -> None:
        line = f"[yellow]![/] {'':<12}{escape(printable(note))}"
        self._console.print(line, highlight=False, soft_wrap=True)
