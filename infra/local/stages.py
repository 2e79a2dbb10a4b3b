"""What `make run` says while it works: each stage, what it did, and how long that took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape


@dataclass
class Stage:
    """One stage; set `result` to what it did, or to nothing."""

    result: str = ""


class Stages:
    """Prints stages to a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def stage(self, name: str, doing: str) -> Iterator[Stage]:
        """Show what is being done, and afterwards what was done, if anything, and the seconds it took."""
        stage = Stage(doing)
        begun = time.monotonic()
        with self._console.status(f"{name}: {escape(doing)}"):
            yield stage
        if stage.result:
            self.done(name, stage.result, time.monotonic() - begun)

    def done(self, name: str, result: str, seconds: float) -> None:
        """Print one finished stage."""
        line = f"[green]✓[/] [bold]{name:<12}[/]{escape(result)}  [dim]{seconds:.1f} s[/]"
        self._console.print(line, highlight=False, soft_wrap=True)
