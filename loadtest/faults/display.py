"""What is shown while the run is on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from loadtest.faults.ledger import Ledger
from loadtest.faults.site import Site


class Display:
    """Progress on a terminal; elsewhere, a line for each phase."""

    def __init__(self, console: Console, progress: Progress, task: TaskID) -> None:
        self._console = console
        self._progress = progress
        self._task = task
        self._lock = threading.Lock()

    def phase(self, name: str) -> None:
        """Say what is being done now."""
        self._progress.update(self._task, description=name)
        if not self._console.is_terminal:
            self._console.print(name, highlight=False)

    def advance(self, site: Site, ledger: Ledger) -> None:
        """One more step of the script is done."""
        with self._lock:
            self._progress.advance(self._task)
        self.show(site, ledger)

    def show(self, site: Site, ledger: Ledger) -> None:
        """Show how far the pipeline is, and what was done to it."""
        announced, faults, kills = len(site.announced_keys()), ledger.injected(), len(ledger.kills)
        seen = f"{announced} announced, {faults} faults, {kills} kills"
        self._progress.update(self._task, seen=seen)


@contextmanager
def display(console: Console, steps: int) -> Iterator[Display]:
    """Show progress while the block lasts."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[seen]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Display(console, progress, progress.add_task("", total=steps, seen=""))
